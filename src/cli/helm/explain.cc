#include "cli/helm/explain.h"

#include "base/text.h"
#include "render/helm/set.h"
#include "value/json.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

struct Layer {
  std::string name;
  Value values;
};

// The defaults of a chart and, below its name, of its sub-charts: the innermost chart lies lowest.
void add_defaults(const rh::Chart& chart, const std::vector<std::string>& prefix, std::vector<Layer>& out) {
  for (const auto& child : chart.dependencies) {
    auto path = prefix;
    path.push_back(child->name());
    add_defaults(*child, path, out);
  }
  Value values = chart.values;
  for (size_t i = prefix.size(); i-- > 0;) values = Value::object().with_member(prefix[i], std::move(values));
  out.push_back({chart.full_path() + "/values.yaml", std::move(values)});
}

const Value* at(const Value& values, const std::string& key) {
  const Value* here = &values;
  for (std::string_view part : base::split(key, '.')) {
    size_t bracket = part.find('[');
    here = here->find(part.substr(0, bracket));
    while (here && bracket != part.npos) {
      auto index = base::parse_int(part.substr(bracket + 1, part.find(']', bracket) - bracket - 1));
      if (!index || *index < 0 || static_cast<size_t>(*index) >= here->size()) return nullptr;
      here = &(*here)[static_cast<size_t>(*index)];
      bracket = part.find('[', bracket + 1);
    }
    if (!here) return nullptr;
  }
  return here;
}

}  // namespace

Task<Result<std::string>> explain_values(World& world, std::shared_ptr<rh::Chart> chart, std::string key, Flags flags) {
  std::vector<Layer> layers;
  add_defaults(*chart, {}, layers);
  // One flag at a time through the reader that merges them all.
  for (const char* option : {"--values", "--set-json", "--set", "--set-string", "--set-file", "--set-literal"}) {
    for (const std::string& word : flags.all(option)) {
      std::vector<std::string> words = {option, word};
      for (const char* access : {"--ca-file", "--cert-file", "--key-file", "--username", "--password"})
        if (flags.has(access)) words.insert(words.end(), {access, flags.text(access)});
      Flags one = OR_CO_RETURN(Flags::parse(joined({value_flags(), chart_flags(), global_flags()}), words));
      Value values = OR_CO_RETURN(co_await read_values(world, one));
      layers.push_back({std::string(option) + " " + word, std::move(values)});
    }
  }
  std::string out;
  for (const Layer& layer : layers) {
    const Value* said = at(layer.values, key);
    if (said) out += fmt::format("{}: {}\n", layer.name, value::to_json(*said));
  }
  if (out.empty()) out = "no layer sets it\n";
  Value user = OR_CO_RETURN(co_await read_values(world, flags));
  std::vector<std::string> warnings;
  Value all = OR_CO_RETURN(rh::values_of(*chart, user, OR_CO_RETURN(compat_of(flags)), warnings));
  const Value* result = at(all, key);
  co_return fmt::format("{}\n{}result: {}\n", key, out, result ? value::to_json(*result) : "not set");
}

}  // namespace slipway::cli::helm
