// kustomize asks every resource about every table entry and sieves all resources for each; here a referrer's entries
// are found once per kind, and its candidates by what the sieve asks for (referents.h). The sieve itself is kept, step
// by step.
#include "render/kustomize/name_reference.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "render/kustomize/referents.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

// Written as the old one is, in quotes or plain: a plain name such as 33 reads as a number.
Value in_place_of(const Value& old, std::string_view name) {
  bool plain = value::note_of(old) != value::Note::quoted;
  return plain && value::plain_tag(name) != "str" ? value::noted(Value(name), value::Note::untagged) : Value(name);
}

struct Target {
  std::string group, version, kind;
  bool matches(const GroupVersionKind& id) const {
    return (group.empty() || group == id.group) && (version.empty() || version == id.version) &&
           (kind.empty() || kind == id.kind);
  }
};

struct Entry {
  const FieldSpec* field;
  Target target;
};

// A table of references, of which each kind is given its rows.
class Entries {
 public:
  explicit Entries(std::span<const NameReference> references) {
    for (const NameReference& reference : references)
      for (const FieldSpec& field : reference.fields) {
        for (const std::string& kind : field.kinds) by_kind_[kind].push_back(all_.size());
        if (field.kinds.empty()) of_any_.push_back(all_.size());
        all_.push_back({&field,
                        {reference.target.group, reference.target.version,
                         reference.target.kinds.empty() ? "" : reference.target.kinds[0]}});
      }
  }
  std::vector<Entry> of(const GroupVersionKind& referrer, ReferenceCount& count) const {
    std::vector<size_t> rows = of_any_;
    if (auto there = by_kind_.find(referrer.kind); there != by_kind_.end())
      rows.insert(rows.end(), there->second.begin(), there->second.end());
    std::ranges::sort(rows);
    rows.erase(std::ranges::unique(rows).begin(), rows.end());  // a row may say a kind twice
    std::vector<Entry> out;
    for (size_t row : rows)
      if (++count.rows; all_[row].field->matches(referrer)) out.push_back(all_[row]);
    return out;
  }

 private:
  std::vector<Entry> all_;
  std::vector<size_t> of_any_;
  std::unordered_map<std::string, std::vector<size_t>> by_kind_;
};

class Referrer {
 public:
  Referrer(ResourceSet& set, Referents& referents, Resource& self, ReferenceCount& count)
      : set_(set), referents_(referents), self_(self), id_(self.id()), count_(count) {
    if (self.gvk().kind != "RoleBinding") return;
    for (const Value& subject : self.object()["subjects"].items())
      if (subject["kind"].as_string() == "ServiceAccount" && subject.has("namespace")) {
        if (subject["namespace"].is_string())
          subject_namespaces_.insert(subject["namespace"].str());
        else
          blank_namespace_ = true;
      }
  }

  Result<> update(const FieldSpec& field, const Target& target) {
    if (blank_namespace_)
      return fail(ErrorKind::invalid, "Invalid Input: namespace is blank for resource \"{}\"", id_.str())
          .at(self_.origin);
    bool role_ref = field.path_text.ends_with("roleRef/name");
    auto after = change_fields(self_.object(), field.path, Missing::skip,
                               [&](const Value& at) -> Result<Value> { return follow(at, target, role_ref); });
    if (!after)
      return std::move(after)
          .error()
          .context(fmt::format("updating name reference in '{}' field of '{}'", field.path_text, id_.str()))
          .at(self_.origin);
    if (after->same_node(self_.object())) return {};
    self_.set_object(std::move(*after));
    // Only a field of somebody's own configuration is part of an id.
    if (Id now = self_.id(); now.scope != id_.scope || now.gvk != id_.gvk) referents_.forget();
    return {};
  }

 private:
  Result<Value> follow(const Value& at, const Target& target, bool role_ref) {
    if (at.is_object()) return follow_map(at, target, role_ref);
    if (at.is_array()) {
      std::vector<Value> items(at.items().begin(), at.items().end());
      bool changed = false;
      for (Value& item : items) {
        Value after =
            OR_RETURN(item.is_object() ? follow_map(item, target, role_ref) : follow_name(item, target, role_ref));
        if (after == item) continue;
        item = std::move(after);
        changed = true;
      }
      return changed ? value::with_note_of(at, Value::array(std::move(items))) : at;
    }
    return follow_name(at, target, role_ref);
  }

  Result<Value> follow_name(const Value& at, const Target& target, bool role_ref) {
    if (at.is_null()) return at;
    std::string name = scalar_text(at);
    const Resource* found = OR_RETURN(select(name, target, role_ref, nullptr, false));
    note(found);
    if (!found || found->name() == name) return at;
    OR_RETURN(set_.charge(found->name().size()));
    return in_place_of(at, found->name());
  }

  // A mapping with a name and maybe a namespace: subjects, clientConfig/service.
  Result<Value> follow_map(const Value& at, const Target& target, bool role_ref) {
    if (!at.has("name")) return fail(ErrorKind::invalid, "path config error; no 'name' field in node");
    const Value* ns = at.find("namespace");
    std::string name = scalar_text(at["name"]);
    const Resource* found = OR_RETURN(select(name, target, role_ref, ns, true));
    note(found);
    if (!found || (found->name() == name && found->scope_name().empty())) return at;
    Value out = at;
    OR_RETURN(set_.charge(found->name().size() + found->scope_name().size()));
    if (found->name() != name) out = out.with_member("name", in_place_of(at["name"], found->name()));
    if (!found->scope_name().empty() && !(ns && scalar_text(*ns) == found->scope_name()))
      out = out.with_member("namespace", ns ? in_place_of(*ns, found->scope_name()) : Value(found->scope_name()));
    return out;
  }

  // kustomize notes who refers among the annotations, where vars are looked for.
  void note(const Resource* found) {
    if (!found || id_.str().find('$') == std::string::npos) return;
    set_.all()[static_cast<size_t>(found - set_.all().data())].referrers_with_vars.push_back(id_.str());
  }

  bool visible(const Resource& r) const {
    if (id_.scope == "_" || r.is_cluster_scoped()) return true;
    return r.id().scope == id_.scope || subject_namespaces_.contains(std::string(r.scope_name()));
  }

  struct Wanted {
    std::string_view name;
    const Target& target;
    std::optional<Target> role;
    std::optional<std::string> ns;
    bool by_original = false;  // the namespace is the one that they had first
  };

  Result<const Resource*> select(std::string_view name, const Target& target, bool role_ref, const Value* ns,
                                 bool of_map) {
    Wanted wanted{name, target, {}, {}};
    const Value& ref = self_.object()["roleRef"];
    if (role_ref && ref.has("apiGroup") && ref.has("kind"))
      wanted.role = Target{ref["apiGroup"].str(), "", ref["kind"].str()};
    if (ns) {
      // kustomize groups all that this one may see by the namespace they had first, and only when that group is empty
      // by the one they have now. The group counts before any other sieve.
      wanted.ns = scalar_text(*ns);
      wanted.by_original = first_there(*wanted.ns);
    }
    std::vector<Referents::Group*> groups = groups_of(wanted);
    // One alone need not have the same affixes; and of those whose affixes are the same in the wider sense, neither.
    size_t fit = 0;
    const Resource* only = nullptr;
    auto count_two = [&](const Resource& r) {
      if (fits(r, wanted)) only = &r, ++fit;
      return fit < 2;
    };
    for (Referents::Group* group : groups)
      for (size_t i : group->members())
        if (!count_two(set_.all()[i])) break;
    if (fit == 1) return only;
    if (fit == 0) return static_cast<const Resource*>(nullptr);
    fit = 0;
    for (Referents::Group* group : groups)
      group->each_fitting(set_, self_, true, [&](size_t i) {
        const Resource& r = set_.all()[i];
        ++count_.candidates;
        return !same_affixes(r, self_, true) || count_two(r);
      });
    if (fit == 1) return only;
    if (fit == 0) return static_cast<const Resource*>(nullptr);
    std::vector<size_t> left;
    for (Referents::Group* group : groups)
      group->each_fitting(set_, self_, false, [&](size_t i) {
        ++count_.candidates;
        if (const Resource& r = set_.all()[i]; same_affixes(r, self_, false) && fits(r, wanted)) left.push_back(i);
        return true;
      });
    std::ranges::sort(left);
    return same_of(left, of_map);
  }

  // Groups with all that fit, no resource in two of them.
  std::vector<Referents::Group*> groups_of(const Wanted& wanted) {
    using By = Referents::By;
    std::string_view kind = wanted.target.kind;
    if (kind.empty() && wanted.role) kind = wanted.role->kind;
    if (wanted.ns)
      return {&referents_.find(wanted.name, kind, wanted.by_original ? By::original_scope : By::scope, *wanted.ns)};
    if (id_.scope == "_") return {&referents_.find(wanted.name, kind)};
    std::set<std::string_view> scopes = {"_", id_.scope};
    for (const std::string& ns : subject_namespaces_) scopes.insert(ns.empty() ? "default" : std::string_view(ns));
    std::vector<Referents::Group*> out;
    for (std::string_view scope : scopes) {
      Referents::Group* group = &referents_.find(wanted.name, kind, By::scope, scope);
      if (std::ranges::find(out, group) == out.end()) out.push_back(group);
    }
    return out;
  }

  bool fits(const Resource& r, const Wanted& wanted) {
    ++count_.candidates;
    if (!visible(r)) return false;
    bool named = false, of_kind = false, of_role = !wanted.role;
    for (size_t p = 0; p < r.previous_count(); ++p) {
      named = named || r.previous_name(p) == wanted.name;
      GroupVersionKind before = r.previous(p).gvk;
      of_kind = of_kind || wanted.target.matches(before);
      of_role = of_role || wanted.role->matches(before);
    }
    if (!named || !of_kind || !of_role) return false;
    if (wanted.ns) {
      std::string scope = wanted.by_original ? r.original_id().scope : r.id().scope;
      if (scope == "_" || scope != *wanted.ns) return false;
    }
    return id_.scope == "_" || r.is_cluster_scoped() || r.gvk().kind == "ServiceAccount" || r.id().scope == id_.scope;
  }

  // Error: invalid, where they are not called the same.
  Result<const Resource*> same_of(const std::vector<size_t>& left, bool of_map) const {
    if (left.empty()) return static_cast<const Resource*>(nullptr);
    const Resource& first = set_.all()[left[0]];
    bool identical = std::ranges::all_of(left, [&](size_t i) {
      const Resource& r = set_.all()[i];
      return r.name() == first.name() && (!of_map || r.scope_name() == first.scope_name());
    });
    if (left.size() == 1 || identical) return &first;
    std::vector<std::string> ids;
    for (size_t i : left) {
      const Resource& r = set_.all()[i];
      ids.push_back(fmt::format("{} ({})", r.id().str(), r.origin.str()));
    }
    return fail(ErrorKind::invalid, "found multiple possible referrals: {}", base::join(ids, ", "));
  }

  bool first_there(const std::string& ns) {
    auto [at, fresh] = first_there_.try_emplace(ns);
    if (fresh) at->second = referents_.any_first_in(ns, id_.scope, subject_namespaces_);
    return at->second;
  }

  ResourceSet& set_;
  Referents& referents_;
  Resource& self_;
  Id id_;
  ReferenceCount& count_;
  std::set<std::string> subject_namespaces_;
  std::map<std::string, bool> first_there_;
  bool blank_namespace_ = false;
};

}  // namespace

Result<> update_name_references(ResourceSet& set, std::span<const NameReference> references, ReferenceCount* count) {
  ReferenceCount own;
  Referents referents(set);
  Entries entries(references);
  std::map<GroupVersionKind, std::vector<Entry>> by_kind;
  for (Resource& r : set.all()) {
    if (r.is_removed()) continue;
    GroupVersionKind original = r.original_id().gvk;
    auto [at, fresh] = by_kind.try_emplace(original);
    if (fresh) at->second = entries.of(original, count ? *count : own);
    if (at->second.empty()) continue;
    Referrer referrer(set, referents, r, count ? *count : own);
    for (const Entry& entry : at->second) OR_RETURN(referrer.update(*entry.field, entry.target));
  }
  return {};
}

}  // namespace slipway::render::kustomize
