#include "render/kustomize/transform.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "render/kustomize/shared_labels.h"
#include "render/words.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

bool keeps_its_name(const GroupVersionKind& id) {
  return id.kind == "CustomResourceDefinition" || id.kind == "Namespace" ||
         (id.kind == "APIService" && id.group == "apiregistration.k8s.io");
}

bool is_name_field(const FieldSpec& field) {
  return field.path_text == "metadata/name";
}
bool is_namespace_field(const FieldSpec& field) {
  return field.path_text == "metadata/namespace";
}

Error wrong_subjects(std::string_view path, const char* expected, const Value& found) {
  return fail(ErrorKind::invalid, "setting namespaces on subjects: {}: expected {}, found {}", path, expected,
              words(found.type()));
}

Result<Value> with_subject_namespaces(const Value& object, const NamespaceChange& change) {
  if (!object["subjects"].is_array()) return wrong_subjects("subjects", "a list", object["subjects"]);
  const char* asked = change.subjects == Subjects::default_only ? "name" : "kind";
  std::vector<Value> subjects;
  for (const Value& subject : object["subjects"].items()) {
    if (!subject.is_object()) return wrong_subjects("subjects[]", "a mapping", subject);
    if (const Value& text = subject[asked]; text.is_object() || text.is_array())
      return wrong_subjects(fmt::format("subjects[]/{}", asked), "a text", text);
    bool takes =
        subject[asked].as_string() == (change.subjects == Subjects::default_only ? "default" : "ServiceAccount");
    if (const Value& there = subject["namespace"]; takes && (there.is_object() || there.is_array()))
      return wrong_subjects("subjects[]/namespace", "a text", there);
    if (takes && change.unset_only && !subject["namespace"].as_string().empty()) takes = false;
    subjects.push_back(takes ? subject.with_member("namespace", change.name) : subject);
  }
  return object.with_member("subjects", value::with_note_of(object["subjects"], Value::array(std::move(subjects))));
}

Result<> check_distinct(const ResourceSet& set, const Spot* spot) {
  std::unordered_map<std::string, const Resource*> seen;
  seen.reserve(set.all().size());
  for (const Resource& r : set.all()) {
    if (r.is_removed()) continue;
    auto [at, fresh] = seen.emplace(r.id().key(), &r);
    if (!fresh)
      return fail(ErrorKind::invalid,
                  "namespace transformation produces ID conflict: {} (the other one stands in {}){}", r.id().str(),
                  at->second->origin.str(), spot ? fmt::format("; by the namespace in {}", spot->place().str()) : "")
          .at(r.origin);
  }
  return {};
}

}  // namespace

Result<> set_namespace(Resource& r, const NamespaceChange& change, std::span<const FieldSpec> fields) {
  auto new_name = [&](const Value& old) -> Result<Value> {
    return change.unset_only && !old.as_string().empty() ? old : text_over(old, change.name);
  };
  if (const Value& old = r.object()["metadata"]["namespace"]; !r.is_cluster_scoped() && old.is_object())
    return fail(ErrorKind::invalid, "metadata/namespace of {}: expected a text, found {}", r.id().str(),
                words(old.type()))
        .at(r.origin);
  if (!r.is_cluster_scoped() && !(change.unset_only && !r.scope_name().empty())) {
    const Value& metadata = r.object()["metadata"];
    if (!metadata.has("namespace")) r.labels_made = false;  // it stands behind them now
    r.merged = Resource::Merged::none;                      // a patch writes it without a type
    Value written = text_over(metadata["namespace"], change.name);
    r.set_object(r.object().with("/metadata/namespace", std::move(written)));
  }
  bool binding = r.gvk().kind == "RoleBinding" || r.gvk().kind == "ClusterRoleBinding";
  if (binding && change.subjects != Subjects::none && !r.object()["subjects"].is_null()) {
    auto after = with_subject_namespaces(r.object(), change);
    if (!after) return std::move(after).error().context(r.id().str()).at(r.origin);
    r.set_object(std::move(*after));
  }
  for (const FieldSpec& field : fields) {
    if (is_namespace_field(field) || (is_name_field(field) && r.gvk().api_version() != "v1")) continue;
    if (binding && field.path_text == "subjects/namespace") continue;
    OR_RETURN(change_fields(r, field, Missing::make_scalar, new_name));
  }
  return {};
}

Result<> change_namespace(ResourceSet& set, const NamespaceChange& change, std::span<const FieldSpec> fields) {
  if (change.name.empty()) return {};
  auto& all = set.all();
  for (size_t i = 0; i < all.size(); ++i) {
    Resource& r = all[i];
    if (r.is_removed() || r.from_chart) continue;
    OR_RETURN(set.charge_name(change.name.size()));
    r.remember_id();
    OR_RETURN(set_namespace(r, change, fields));
    set.touched(i);
  }
  return check_distinct(set, change.spot);
}

namespace {

Result<> rename(ResourceSet& set, std::span<const FieldSpec> fields, std::vector<std::string> Resource::* context,
                const std::string& part, const Change& change) {
  auto& all = set.all();
  for (size_t i = 0; i < all.size(); ++i) {
    Resource& r = all[i];
    if (r.is_removed()) continue;
    GroupVersionKind original = r.original_id().gvk;
    if (keeps_its_name(original)) continue;
    OR_RETURN(set.charge_name(part.size()));
    for (const FieldSpec& field : fields) {
      if (!field.matches(original)) continue;
      if (is_name_field(field) && !part.empty()) {
        r.remember_id();
        for (std::string_view affix : base::split(part, ',')) (r.*context).emplace_back(affix);
      }
      // A field for several kinds is one for each: it must be of one kind then and now.
      if (field.kinds.empty() || original.kind == r.gvk().kind)
        OR_RETURN(change_fields(r, field, Missing::make_scalar, change));
    }
    set.touched(i);
  }
  return {};
}

}  // namespace

namespace {

// "" of one that the field's path has just made.
std::string name_text(const Value& name) {
  return value::note_of(name) == value::Note::made ? "" : scalar_text(name);
}

}  // namespace

Result<> add_prefix(ResourceSet& set, const std::string& prefix, std::span<const FieldSpec> fields) {
  return rename(set, fields, &Resource::prefixes, prefix,
                [&](const Value& name) -> Result<Value> { return untyped_over(name, prefix + name_text(name)); });
}
Result<> add_suffix(ResourceSet& set, const std::string& suffix, std::span<const FieldSpec> fields) {
  return rename(set, fields, &Resource::suffixes, suffix,
                [&](const Value& name) -> Result<Value> { return untyped_over(name, name_text(name) + suffix); });
}

// Whether labels are as kustomize would write them anew once these are added: in order, and none from a file.
static bool stays_made(const Resource& r, std::span<const Pairs* const> steps) {
  const Value& labels = r.object()["metadata"]["labels"];
  std::string_view last;
  if (labels.is_null()) {
    if (r.object()["metadata"].has("labels")) return false;
    last = steps[0]->back().first;
    steps = steps.subspan(1);
  } else if (!r.labels_made || labels.members().empty()) {
    return false;
  } else {
    last = labels.members().back().key.view();
  }
  for (const Pairs* pairs : steps) {
    for (const auto& [key, text] : *pairs)
      if (key <= last && !labels.has(key)) return false;
    last = std::max(last, std::string_view(pairs->back().first));
  }
  return true;
}

// A key that stood there already keeps its quotes.
static Value with_new_odd_keys(const Value& merged, const Value& old, const std::vector<value::Member>& added) {
  Value marks = old[value::repeated_keys];
  if (!marks.is_object()) marks = Value::object();
  for (const value::Member& member : added)
    if (!old.has(member.key.view()) && is_odd_key(member.key.view()))
      marks = marks.with_member(member.key, Value::array());
  return marks.size() ? merged.with_member(value::repeated_keys, marks) : merged;
}

Result<> add_pairs(ResourceSet& set, const Pairs& pairs, std::span<const FieldSpec> fields) {
  if (pairs.empty()) return {};
  const Pairs* one = &pairs;
  return add_joined_pairs(set, {&one, 1}, fields);
}

bool can_join(const Pairs& pairs, std::span<const FieldSpec> fields) {
  int own = 0;
  for (const FieldSpec& field : fields) {
    if (field.path_text == "metadata/annotations") return false;
    bool for_all = field.kinds.empty() && field.group.empty() && field.version.empty() && field.create;
    if (field.path_text == "metadata/labels" && (!for_all || ++own > 1)) return false;
  }
  return std::ranges::none_of(pairs, [&](const auto& pair) {
    return is_odd_key(pair.first) || std::ranges::any_of(fields, [&](const FieldSpec& field) {
             return std::ranges::find(field.path, pair.first) != field.path.end();
           });
  });
}

Result<> add_joined_pairs(ResourceSet& set, std::span<const Pairs* const> steps, std::span<const FieldSpec> fields) {
  Pairs pairs;
  for (const Pairs* step : steps) pairs.insert(pairs.end(), step->begin(), step->end());
  if (steps.size() > 1) std::ranges::sort(pairs);
  bool may_rename = std::ranges::any_of(pairs, [](const auto& pair) {
    return pair.first == "name" || pair.first == "namespace" || pair.first == "kind" || pair.first == "apiVersion";
  });
  std::vector<value::Member> members;
  for (const auto& [key, text] : pairs) members.push_back({value::Key(key), value::made_text(text)});
  Value made = with_odd_keys(Value::object(members));
  bool odd = made.has(value::repeated_keys);
  size_t bytes = made.memory_bytes();
  for (size_t i = 0; i < set.all().size(); ++i) {
    Resource& r = set.all()[i];
    if (r.is_removed()) continue;
    std::vector<WrittenField> written;
    for (const FieldSpec& field : fields) {
      std::vector<bool> had(pairs.size());
      bool reached = false;
      bool own_labels = field.path_text == "metadata/labels";
      if (own_labels)
        r.labels_made = stays_made(r, steps);
      else if (field.path_text == "metadata/annotations" && !r.has_notes() &&
               !r.object()["metadata"].has("annotations"))
        r.labels_made = false;
      auto change = [&](const Value& old) -> Result<Value> {
        reached = true;
        if (old.is_null() || (old.is_object() && old.empty())) return made;
        if (!old.is_object())
          return fail(ErrorKind::invalid, "expected a mapping of labels or annotations, found {}", words(old.type()));
        for (size_t k = 0; k < pairs.size(); ++k) had[k] = had[k] || old.has(pairs[k].first);
        std::vector<value::Member> merged(old.members().begin(), old.members().end());
        for (const value::Member& member : members) {
          const Value* there = old.find(member.key.view());
          merged.push_back(there ? value::Member{member.key, text_over(*there, member.value.as_string())} : member);
        }
        Value out = value::with_note_of(old, Value::object(std::move(merged)));
        return odd ? with_new_odd_keys(out, old, members) : out;
      };
      OR_RETURN(change_fields(r, field, Missing::make_map, change));
      if (odd && reached && !r.flaw) r.flaw = flaw_of_odd_keys(made, r.origin);
      if (reached) OR_RETURN(set.charge_spread(bytes));
      if (reached) written.push_back({field.path, std::move(had)});
    }
    if (written.size() > 1 || !r.shared_labels.empty()) share_labels(r, pairs, written);
    if (may_rename) set.touched(i);
  }
  return {};
}

Result<> set_replicas(ResourceSet& set, const Replica& replica, std::span<const FieldSpec> fields) {
  bool found = false;
  auto change = [&](const Value& old) -> Result<Value> {
    if (value::note_of(old) != value::Note::quoted) return Value(replica.count);
    return value::noted(Value(std::to_string(replica.count)), value::Note::quoted);  // the quotes stay
  };
  std::vector<size_t> named = set.with_any_name(replica.name);
  for (const FieldSpec& field : fields)
    for (size_t i : named) {
      Resource& r = set.all()[i];
      bool matches = field.matches(r.gvk()) && r.name() == replica.name, by_this_kind = matches;
      for (size_t p = 0; p < r.previous_count() && !by_this_kind; ++p) {
        if (r.previous_name(p) != replica.name || !field.matches(r.previous(p).gvk)) continue;
        matches = true;
        by_this_kind = field.kinds.empty() || r.previous(p).gvk.kind == r.gvk().kind;
      }
      found = found || matches;
      if (!by_this_kind) continue;
      ++r.scalars_written;
      OR_RETURN(change_fields(r, field, Missing::make_scalar, change));
    }
  if (found) return {};
  std::vector<std::string> kinds, names;
  for (const FieldSpec& field : fields)
    for (const std::string& kind : field.kinds)
      kinds.push_back(fmt::format("{}.[noVer].{}", kind, field.group.empty() ? "[noGrp]" : field.group));
  for (const Resource& r : set.all())
    if (std::ranges::any_of(fields, [&](const FieldSpec& f) { return f.matches(r.gvk()); }))
      names.push_back(r.original_id().name);
  auto near = base::nearest(replica.name, names);
  return fail(ErrorKind::invalid, "resource with name {} does not match a config with the following GVK [{}]{}",
              replica.name, base::join(kinds, " "), near ? fmt::format("; did you mean \"{}\"?", *near) : "")
      .at(replica.spot.place());
}

}  // namespace slipway::render::kustomize
