#include "render/kustomize/field_names.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>

#include "base/text.h"

namespace slipway::render::kustomize {
namespace {

enum class Written {
  filled,    // unless it is empty
  said,      // a pointer: unless it is null
  always,    // with nothing in it when nothing was said: "", 0, a struct's own
  null,      // always; null when nothing was said
  free,      // not empty, and whatever is in it
  pointers,  // a list of pointers: null stays null
};

// A field of a struct, and of the struct (or the structs of a list) that it holds. A mapping that is none has keys of
// the user's.
struct Field {
  std::string_view name;
  std::span<const Field> below = {};
  Written written = Written::filled;
};

constexpr Field selector[] = {{"group"},        {"version"}, {"kind"}, {"name"}, {"namespace"}, {"annotationSelector"},
                              {"labelSelector"}};
constexpr Field field_spec[] = {{"group"}, {"version"}, {"kind"}, {"path"}, {"create"}};
constexpr Field metadata[] = {{"name"}, {"namespace"}, {"labels"}, {"annotations"}};
constexpr Field patch_options[] = {{"allowNameChange"}, {"allowKindChange"}};
constexpr Field patch[] = {
    {"path"}, {"patch"}, {"target", selector, Written::said}, {"options", patch_options, Written::said}};
constexpr Field image[] = {{"name"}, {"newName"}, {"tagSuffix"}, {"newTag"}, {"digest"}};
constexpr Field labels[] = {
    {"pairs"}, {"includeSelectors"}, {"includeTemplates"}, {"includeVolumeClaimTemplates"}, {"fields", field_spec}};
constexpr Field replica[] = {{"name"}, {"count", {}, Written::always}};
constexpr Field field_options[] = {{"delimiter"}, {"index"}, {"encoding"}, {"create"}};
constexpr Field source[] = {{"group"},
                            {"version"},
                            {"kind"},
                            {"name"},
                            {"namespace"},
                            {"fieldPath"},
                            {"options", field_options, Written::said}};
constexpr Field target[] = {{"select", selector, Written::null},
                            {"reject", selector, Written::pointers},
                            {"fieldPaths"},
                            {"options", field_options, Written::said}};
constexpr Field replacement[] = {{"source", source, Written::said},
                                 {"targets", target, Written::pointers},
                                 {"sourceValue", {}, Written::said},
                                 {"path"}};
constexpr Field object[] = {{"apiVersion"}, {"group"}, {"version"}, {"kind"}, {"name", {}, Written::always},
                            {"namespace"}};
constexpr Field field_path[] = {{"fieldPath"}};
constexpr Field var[] = {
    {"name", {}, Written::always}, {"objref", object, Written::always}, {"fieldref", field_path, Written::always}};
constexpr Field generator_options[] = {{"labels"}, {"annotations"}, {"disableNameSuffixHash"}, {"immutable"}};
constexpr Field generator[] = {{"namespace"}, {"name"}, {"behavior"}, {"literals"},
                               {"files"},     {"envs"}, {"env"},      {"options", generator_options, Written::said},
                               {"type"}};
constexpr Field chart_globals[] = {{"chartHome"}, {"configHome"}};
constexpr Field chart[] = {{"name"},        {"version"},
                           {"repo"},        {"releaseName"},
                           {"namespace"},   {"additionalValuesFiles"},
                           {"valuesFile"},  {"valuesInline", {}, Written::free},
                           {"valuesMerge"}, {"includeCRDs"},
                           {"skipHooks"},   {"apiVersions"},
                           {"kubeVersion"}, {"nameTemplate"},
                           {"skipTests"},   {"debug"},
                           {"devel"}};
constexpr Field old_chart[] = {{"chartName"},   {"chartVersion"},  {"chartRepoUrl"},
                               {"chartHome"},   {"chartRepoName"}, {"helmBin"},
                               {"helmHome"},    {"values"},        {"valuesLocal", {}, Written::free},
                               {"valuesMerge"}, {"releaseName"},   {"releaseNamespace"},
                               {"extraArgs"}};
constexpr Field sort_lists[] = {{"orderFirst", {}, Written::null}, {"orderLast", {}, Written::null}};
constexpr Field sort_options[] = {{"order"}, {"legacySortOptions", sort_lists, Written::said}};
constexpr Field fields[] = {{"apiVersion"},
                            {"kind"},
                            {"metadata", metadata, Written::said},
                            {"openapi"},
                            {"namePrefix"},
                            {"nameSuffix"},
                            {"namespace"},
                            {"commonLabels"},
                            {"labels", labels},
                            {"commonAnnotations"},
                            {"patchesStrategicMerge"},
                            {"patchesJson6902", patch},
                            {"patches", patch},
                            {"images", image},
                            {"imageTags", image},
                            {"replacements", replacement},
                            {"replicas", replica},
                            {"vars", var},
                            {"sortOptions", sort_options, Written::said},
                            {"resources"},
                            {"components"},
                            {"crds"},
                            {"bases"},
                            {"configMapGenerator", generator},
                            {"secretGenerator", generator},
                            {"helmGlobals", chart_globals, Written::said},
                            {"helmCharts", chart},
                            {"helmChartInflationGenerator", old_chart},
                            {"generatorOptions", generator_options, Written::said},
                            {"configurations"},
                            {"generators"},
                            {"transformers"},
                            {"validators"},
                            {"buildMetadata"}};

std::string folded(std::string_view key) {
  std::string lower = base::to_lower(key);
  if (lower.find_first_of("\xc5\xe2") == lower.npos) return lower;
  return base::replace_all(base::replace_all(lower, "\u017f", "s"), "\u212a", "k");
}

// What a second spelling of a field does to the first: a mapping is filled further, all else is replaced.
Value joined(const Value& first, const Value& second) {
  if (!first.is_object() || !second.is_object()) return second;
  Value out = first;
  for (const auto& [key, item] : second.members()) out = out.with_member(key, joined(out[key.view()], item));
  return out;
}

Value named(const Value& v, std::span<const Field> known) {
  if (v.is_array()) {
    std::vector<Value> items;
    for (const Value& item : v.items()) items.push_back(named(item, known));
    return Value::array(std::move(items));
  }
  if (!v.is_object()) return v;
  std::map<std::string, Value> in_order;
  for (const auto& [key, item] : v.members()) in_order.emplace(key.str(), item);
  Value out = Value::object();
  for (const auto& [key, item] : in_order) {
    auto field = std::ranges::find_if(known, [&](const Field& f) { return names_field(key, f.name); });
    if (field == known.end()) {
      out = out.with_member(key, item);
      continue;
    }
    Value below = field->below.empty() ? item : named(item, field->below);
    const Value* there = out.find(field->name);
    if (there && below.is_null() && !there->is_object() && !there->is_array()) continue;  // null leaves a scalar alone
    out = out.with_member(field->name, there ? joined(*there, below) : below);
  }
  return out;
}

bool is_empty(const Value& v) {
  if (v.is_array() || v.is_object()) return v.empty();
  return v.is_null() || (v.is_string() && v.as_string().empty()) || (v.is_bool() && !v.as_bool()) ||
         (v.is_number() && v.as_double() == 0);
}

Value written(const Value& v, const Field& field);

Value struct_written(const Value& v, std::span<const Field> known) {
  std::vector<value::Member> members;
  for (const Field& field : known) {
    const Value* said = v.find(field.name);
    Value text = said ? written(*said, field) : Value();
    bool is_pointer = field.written == Written::said && said && !said->is_null();
    if (field.written == Written::always && text.is_null())
      text = !field.below.empty() ? struct_written(Value(), field.below) : field.name == "count" ? Value(0) : Value("");
    if (field.written == Written::always || field.written == Written::null || is_pointer || !is_empty(text))
      members.push_back({value::Key(field.name), std::move(text)});
  }
  return Value::object(std::move(members));
}

Value written(const Value& v, const Field& field) {
  if (field.written == Written::free || v.is_null()) return v;
  if (v.is_array()) {
    std::vector<Value> items;
    for (const Value& item : v.items())
      items.push_back(field.below.empty()                                    ? (item.is_null() ? Value("") : item)
                      : field.written == Written::pointers && item.is_null() ? item
                                                                             : struct_written(item, field.below));
    return Value::array(std::move(items));
  }
  if (!v.is_object()) return v;
  if (!field.below.empty()) return struct_written(v, field.below);
  Value texts = v;
  for (const auto& [key, item] : v.members())
    if (item.is_null()) texts = texts.with_member(key, "");
  return texts;
}

}  // namespace

bool names_field(std::string_view key, std::string_view field) {
  if (key == field) return true;
  if (key.size() < field.size()) return false;
  return folded(key) == base::to_lower(field);
}

Value with_field_names(const Value& kustomization) {
  return named(kustomization, fields);
}

Value as_go_writes(const Value& kustomization) {
  return struct_written(kustomization, fields);
}

bool is_written_empty(std::string_view field) {
  return std::ranges::any_of(fields, [&](const Field& f) { return f.name == field && f.written == Written::said; });
}

std::string pointer_as_written(const Value& written, std::string_view pointer) {
  std::string out;
  const Value* at = &written;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    std::string_view part = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(part.size());
    std::string_view key = part;
    if (at->is_object() && !at->has(part))
      for (const auto& member : at->members())
        if (names_field(member.key.view(), part)) key = member.key.view();
    out += fmt::format("/{}", key);
    auto index = base::parse_int(part);
    at = at->is_array() && index ? &(*at)[static_cast<size_t>(*index)] : &(*at)[key];
  }
  return out;
}

}  // namespace slipway::render::kustomize
