#include "cli/helm/explain.h"

#include "render/helm/explain.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

Result<std::string> explain_values(rh::Chart& chart, const rh::LayeredValues& user, const std::string& key,
                                   rh::Compat compat) {
  std::vector<std::string> warnings;
  Value all = OR_RETURN(rh::values_of(chart, user.all, compat, warnings));
  std::vector<rh::Layer> layers = rh::chart_layers(chart);
  layers.insert(layers.end(), user.layers.begin(), user.layers.end());
  return rh::explain_value(chart, layers, all, key);
}

}  // namespace slipway::cli::helm
