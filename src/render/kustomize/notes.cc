#include "render/kustomize/notes.h"

#include <algorithm>

#include "base/text.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

constexpr std::string_view names = "internal.config.kubernetes.io/previousNames";
constexpr std::string_view namespaces = "internal.config.kubernetes.io/previousNamespaces";
constexpr std::string_view kinds_before = "internal.config.kubernetes.io/previousKinds";
constexpr std::string_view prefixes = "internal.config.kubernetes.io/prefixes";
constexpr std::string_view suffixes = "internal.config.kubernetes.io/suffixes";
constexpr std::string_view behavior = "internal.config.kubernetes.io/generatorBehavior";
constexpr std::string_view hash = "internal.config.kubernetes.io/needsHashSuffix";
constexpr std::string_view name_allowed = "internal.config.kubernetes.io/allowNameChange";
constexpr std::string_view kind_allowed = "internal.config.kubernetes.io/allowKindChange";
constexpr std::string_view origin = "config.kubernetes.io/origin";
constexpr std::string_view transformations = "alpha.config.kubernetes.io/transformations";

constexpr std::string_view internal = "internal.config.kubernetes.io/";
constexpr std::string_view from_chart = "internal.config.kubernetes.io/helm-generated";
// What is taken off at the end beside the notes above: of the build, and of who reads and writes resources for
// functions.
constexpr std::string_view build_notes[] = {"refBy",
                                            "allowNameChange",
                                            "allowKindChange",
                                            "helm-generated",
                                            "path",
                                            "index",
                                            "seqindent",
                                            "id",
                                            "annotations-migration-resource-id"};
constexpr std::string_view reader_notes[] = {"config.kubernetes.io/path", "config.kubernetes.io/index",
                                             "config.k8s.io/id"};

// "_" stands for what has no namespace.
constexpr std::string_view nowhere = "_non_namespaceable_";

Provenance read_provenance(const Value& v) {
  const Value& by = v["configuredBy"];
  return {.path = v["path"].str(),
          .repo = v["repo"].str(),
          .ref = v["ref"].str(),
          .configured_in = v["configuredIn"].str(),
          .api_version = by["apiVersion"].str(),
          .kind = by["kind"].str(),
          .name = by["name"].str(),
          .ns = by["namespace"].str()};
}

std::vector<std::string> list_of(const Value& text) {
  std::vector<std::string> out;
  if (text.is_string())
    for (std::string_view part : base::split(text.as_string(), ',')) out.emplace_back(part);
  return out;
}

}  // namespace

Value with_notes(const Resource& r) {
  if (!r.has_notes()) return r.object();
  Value annotations = r.object()["metadata"]["annotations"];
  if (!annotations.is_object()) annotations = Value::object();
  auto note = [&](std::string_view key, const std::string& text) {
    annotations = annotations.with_member(key, Value(text));
  };
  const Resource::Earlier& earlier = r.earlier();
  std::vector<std::string> scopes = earlier.scopes;
  std::ranges::replace(scopes, "_", std::string(nowhere));
  if (!earlier.names.empty()) note(names, base::join(earlier.names, ","));
  if (!scopes.empty()) note(namespaces, base::join(scopes, ","));
  if (!earlier.kinds.empty()) note(kinds_before, base::join(earlier.kinds, ","));
  if (!r.prefixes.empty()) note(prefixes, base::join(r.prefixes, ","));
  if (!r.suffixes.empty()) note(suffixes, base::join(r.suffixes, ","));
  if (r.generated) note(behavior, std::string(word_of(r.behavior)));
  if (r.needs_hash) note(hash, "enabled");
  if (r.name_allowed) note(name_allowed, "enabled");
  if (r.kind_allowed) note(kind_allowed, "enabled");
  if (r.from) note(origin, r.from->text(""));
  if (!r.changed_by.empty()) note(transformations, text_of(r.changed_by));
  return r.object().with("/metadata/annotations", annotations);
}

void set_with_notes(Resource& r, Value object) {
  Value annotations = object["metadata"]["annotations"], left = annotations;
  auto take = [&](std::string_view key) {
    if (!annotations.is_object() || !annotations.has(key)) return Value();
    left = left.without_member(key);
    return annotations[key];
  };
  Resource::Earlier earlier{list_of(take(names)), list_of(take(namespaces)), list_of(take(kinds_before))};
  std::ranges::replace(earlier.scopes, nowhere, "_");
  r.prefixes = list_of(take(prefixes));
  r.suffixes = list_of(take(suffixes));
  Value made = take(behavior);
  r.generated = made.is_string();
  r.behavior = behavior_of(made.as_string());
  r.needs_hash = take(hash) == Value("enabled");
  r.name_allowed = take(name_allowed) == Value("enabled");
  r.kind_allowed = take(kind_allowed) == Value("enabled");
  r.from.reset();
  r.changed_by.clear();
  if (Value text = take(origin); text.is_string())
    if (auto read = value::parse_yaml(text.as_string())) r.from = read_provenance(*read);
  if (Value text = take(transformations); text.is_string())
    if (auto read = value::parse_yaml(text.as_string()))
      for (const Value& item : read->items()) r.changed_by.push_back(read_provenance(item));
  if (left.is_object() && left.empty() && !annotations.empty())
    object = object.without("/metadata/annotations");
  else if (!left.same_node(annotations))
    object = object.with("/metadata/annotations", left);
  r.set_earlier(std::move(earlier));
  r.labels_made = false;
  r.set_object(std::move(object));
}

void change_but_notes(Resource& r, Value object) {
  Resource before = r;
  set_with_notes(r, std::move(object));
  Resource::Earlier earlier = r.earlier();
  for (auto list : {&Resource::Earlier::names, &Resource::Earlier::scopes, &Resource::Earlier::kinds})
    if (!(before.earlier().*list).empty()) earlier.*list = before.earlier().*list;
  r.set_earlier(std::move(earlier));
  if (!before.prefixes.empty()) r.prefixes = before.prefixes;
  if (!before.suffixes.empty()) r.suffixes = before.suffixes;
  if (before.generated) {
    r.generated = true;
    r.behavior = before.behavior;
  }
  r.needs_hash = r.needs_hash || before.needs_hash;
  r.name_allowed = r.name_allowed || before.name_allowed;
  r.kind_allowed = r.kind_allowed || before.kind_allowed;
}

Value texts_of(const Value& pairs) {
  std::vector<value::Member> members;
  Value once = last_of_equal_keys(pairs);
  for (const auto& [key, item] : once.members())
    if (key.view() != value::repeated_keys) members.push_back({key, value::made_text(scalar_text(item))});
  return Value::object(std::move(members));
}

void rewrite_annotations(Resource& r) {
  const Value& annotations = r.object()["metadata"]["annotations"];
  auto is_done = [](const value::Member& m) {
    return m.value.is_string() && value::note_of(m.value) == value::note_of(value::made_text(m.value.as_string()));
  };
  if (annotations.empty() || std::ranges::all_of(annotations.members(), is_done)) return;
  Value texts = with_odd_keys(texts_of(annotations));
  if (!r.flaw) r.flaw = flaw_of_odd_keys(texts, r.origin);
  r.set_object(r.object().with("/metadata/annotations", std::move(texts)));
}

void read_notes(Resource& r) {
  for (const auto& [key, text] : r.object()["metadata"]["annotations"].members())
    if (key.view().starts_with(internal)) {
      r.from_chart = r.from_chart || key.view() == from_chart;
      auto from = r.from;
      set_with_notes(r, r.object());
      r.from = from;
      return;
    }
}

Value without_build_annotations(Value annotations) {
  std::vector<std::string> gone;
  for (const auto& [key, text] : annotations.members()) {
    std::string_view name = key.view();
    bool is_ours = name.starts_with(internal) &&
                   std::ranges::find(build_notes, name.substr(internal.size())) != std::end(build_notes);
    if (is_ours || std::ranges::find(reader_notes, name) != std::end(reader_notes)) gone.emplace_back(name);
  }
  for (const std::string& name : gone) annotations = annotations.without_member(name);
  return annotations;
}

}  // namespace slipway::render::kustomize
