#include "cli/helm/explain.h"

#include "base/text.h"
#include "render/helm/explain.h"
#include "value/json.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

Result<std::string> explain_values(rh::Chart& chart, const rh::LayeredValues& user, const std::string& key,
                                   rh::Compat compat) {
  std::vector<rh::Layer> layers = rh::chart_layers(chart);
  layers.insert(layers.end(), user.layers.begin(), user.layers.end());
  std::string out;
  for (const rh::Layer& layer : layers) {
    const Value* said = rh::value_at(layer.values, key);
    if (said) out += fmt::format("{}: {}\n", layer.name, value::to_json(*said));
  }
  if (out.empty()) out = "no layer sets it\n";
  std::vector<std::string> warnings;
  Value all = OR_RETURN(rh::values_of(chart, user.all, compat, warnings));
  const Value* result = rh::value_at(all, key);
  return fmt::format("{}\n{}result: {}\n", key, out, result ? value::to_json(*result) : "not set");
}

}  // namespace slipway::cli::helm
