#include "render/kustomize/kustomization_file.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "render/kustomize/field_names.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/kustomization.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

// The order in which new fields are written, and all that are recognized at the start of a line.
constexpr const char* order[] = {"apiVersion",
                                 "kind",
                                 "metadata",
                                 "sortOptions",
                                 "resources",
                                 "bases",
                                 "namePrefix",
                                 "nameSuffix",
                                 "namespace",
                                 "crds",
                                 "commonLabels",
                                 "labels",
                                 "commonAnnotations",
                                 "patchesStrategicMerge",
                                 "patchesJson6902",
                                 "patches",
                                 "configMapGenerator",
                                 "secretGenerator",
                                 "helmCharts",
                                 "helmChartInflationGenerator",
                                 "helmGlobals",
                                 "generatorOptions",
                                 "vars",
                                 "images",
                                 "replacements",
                                 "replicas",
                                 "configurations",
                                 "generators",
                                 "transformers",
                                 "validators",
                                 "components",
                                 "openapi",
                                 "buildMetadata"};

Value joined(const Value& a, const Value& b) {
  std::vector<Value> items(a.items().begin(), a.items().end());
  items.insert(items.end(), b.items().begin(), b.items().end());
  return Value::array(std::move(items));
}

Value with_moved(Value v, const char* from, const char* to) {
  if (v[from].size()) v = v.with_member(to, joined(v[to], v[from]));
  return v.without_member(from);
}

Value with_envs(const Value& generators) {
  std::vector<Value> items;
  for (Value item : generators.items()) {
    if (const Value* env = item.find("env"); env && !env->as_string().empty())
      item = item.with_member("envs", item["envs"].appended(*env));
    items.push_back(item.without_member("env"));
  }
  return Value::array(std::move(items));
}

// The older way to say helmCharts.
Value with_charts(Value v) {
  if (!v.has("helmChartInflationGenerator")) return v;
  std::vector<Value> charts(v["helmCharts"].items().begin(), v["helmCharts"].items().end());
  Value globals = v["helmGlobals"];
  bool had = globals.is_object();
  for (const Value& old : v["helmChartInflationGenerator"].items()) {
    Value chart = Value::object();
    for (auto [from, to] : {std::pair{"chartName", "name"},
                            {"chartVersion", "version"},
                            {"chartRepoUrl", "repo"},
                            {"releaseName", "releaseName"},
                            {"releaseNamespace", "namespace"},
                            {"values", "valuesFile"},
                            {"valuesLocal", "valuesInline"},
                            {"valuesMerge", "valuesMerge"},
                            {"includeCRDs", "includeCRDs"}})
      if (const Value* found = old.find(from)) chart = chart.with_member(to, *found);
    charts.push_back(std::move(chart));
    if (had) continue;
    for (auto [from, to] : {std::pair{"chartHome", "chartHome"}, {"helmHome", "configHome"}})
      if (const Value* found = old.find(from)) globals = globals.with_member(to, *found);
  }
  v = v.without_member("helmChartInflationGenerator").with_member("helmCharts", Value::array(std::move(charts)));
  return globals.size() ? v.with_member("helmGlobals", globals) : v;
}

bool is_comment_or_blank(std::string_view line) {
  while (line.starts_with(' ')) line.remove_prefix(1);
  while (line.ends_with('\n')) line.remove_suffix(1);
  return line.empty() || line.starts_with('#');
}

const char* field_at(std::string_view line) {
  for (const char* name : order) {
    std::string_view known = name;
    if (line.size() > known.size() && line[known.size()] == ':' &&
        base::to_lower(line.substr(0, known.size())) == base::to_lower(known))
      return name;
  }
  return nullptr;
}

}  // namespace

namespace {

// What kustomize brings up to date whenever it edits.
Value up_to_date(Value v) {
  bool component = v["kind"].as_string() == "Component";
  if (v["kind"].as_string().empty()) v = v.with_member("kind", "Kustomization");
  if (v["apiVersion"].as_string().empty())
    v = v.with_member("apiVersion", component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1");
  v = with_moved(std::move(v), "bases", "resources");
  v = with_moved(std::move(v), "imageTags", "images");
  for (const char* field : {"configMapGenerator", "secretGenerator"})
    if (v.has(field)) v = v.with_member(field, with_envs(v[field]));
  return with_charts(std::move(v));
}

}  // namespace

Result<KustomizationFile> KustomizationFile::read(std::string text, const std::string& file, As as) {
  auto shared = std::make_shared<const std::string>(std::move(text));
  Value v = OR_RETURN(read_first_document(*shared, file));
  auto checked = read_kustomization(shared, file, true);
  if (!checked) return std::move(checked).error();
  KustomizationFile out;
  out.written_ = v;
  v = with_field_names(v);
  if (as == As::edited) v = up_to_date(std::move(v));
  out.source_ = {shared, file, ""};
  out.fields = as_go_writes(v);
  out.note_places(*shared);
  return out;
}

// A last line without a line break is not seen, as there.
void KustomizationFile::note_places(std::string_view text) {
  std::string comments;
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    std::string_view line = text.substr(0, end + 1);
    if (is_comment_or_blank(line)) {
      comments += line;
    } else if (const char* name = field_at(line)) {
      placed_.push_back({name, std::exchange(comments, {})});
    } else if (!comments.empty() && !placed_.empty()) {
      placed_.back().comment += std::exchange(comments, {});
    }
  }
}

base::Place KustomizationFile::place(std::string_view pointer) const {
  Spot spot = source_;
  spot.pointer = pointer_as_written(written_, pointer);
  return spot.place();
}

std::string KustomizationFile::text() const {
  std::string out;
  auto write = [&](const char* name) {
    const Value* field = fields.find(name);
    if (!field || field->is_null() || (field->is_string() && field->as_string().empty()) ||
        (field->is_array() && field->empty()) || (field->is_object() && field->empty() && !is_written_empty(name)))
      return;
    out += value::to_yaml(Value{{value::Key(name), *field}});
  };
  for (const Placed& placed : placed_) {
    out += placed.comment;
    write(placed.name.c_str());
  }
  for (const char* name : order)
    if (std::ranges::find(placed_, name, &Placed::name) == placed_.end()) write(name);
  return out;
}

}  // namespace slipway::render::kustomize
