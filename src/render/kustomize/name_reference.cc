// kustomize asks every resource about every table entry and sieves all resources for each; here a referrer's entries
// are found once per kind, and its candidates by name. The sieve itself is kept, step by step.
#include "render/kustomize/name_reference.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

// "Same chain": one list ends in the other; an empty one only in an empty one.
bool same_ending(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto& shorter = a.size() < b.size() ? a : b;
  const auto& longer = a.size() < b.size() ? b : a;
  if (shorter.empty()) return longer.empty();
  return std::equal(shorter.rbegin(), shorter.rend(), longer.rbegin());
}

bool same_affixes(const Resource& a, const Resource& b, bool empty_fits) {
  auto fit = [&](const std::vector<std::string>& x, const std::vector<std::string>& y) {
    return (empty_fits && (x.empty() || y.empty())) || same_ending(x, y);
  };
  return fit(a.prefixes, b.prefixes) && fit(a.suffixes, b.suffixes);
}

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

class Referrer {
 public:
  Referrer(ResourceSet& set, Resource& self) : set_(set), self_(self), id_(self.id()) {
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
    if (!after->same_node(self_.object())) self_.set_object(std::move(*after));
    return {};
  }

 private:
  Result<Value> follow(const Value& at, const Target& target, bool role_ref) {
    if (at.is_object()) return follow_map(at, target, role_ref);
    if (at.is_array()) {
      Value out = at;
      for (size_t i = 0; i < at.size(); ++i) {
        Value after = at[i];
        if (at[i].is_object())
          after = OR_RETURN(follow_map(at[i], target, role_ref));
        else
          after = OR_RETURN(follow_name(at[i], target, role_ref));
        if (!(after == at[i])) out = out.with_item(i, std::move(after));
      }
      return out;
    }
    return follow_name(at, target, role_ref);
  }

  Result<Value> follow_name(const Value& at, const Target& target, bool role_ref) {
    if (at.is_null()) return at;
    std::string name = scalar_text(at);
    const Resource* found = OR_RETURN(select(name, target, role_ref, nullptr, false));
    note(found);
    return found && found->name() != name ? in_place_of(at, found->name()) : at;
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

  Result<const Resource*> select(std::string_view name, const Target& target, bool role_ref, const Value* ns,
                                 bool of_map) {
    std::vector<const Resource*> left;
    Target role;
    const Value& ref = self_.object()["roleRef"];
    role_ref = role_ref && ref.has("apiGroup") && ref.has("kind");
    if (role_ref) role = {ref["apiGroup"].str(), "", ref["kind"].str()};
    for (size_t i : set_.with_any_name(name)) {
      const Resource& r = set_.all()[i];
      if (!visible(r)) continue;
      bool named = false, of_kind = false, of_role = !role_ref;
      for (size_t p = 0; p < r.previous_count(); ++p) {
        named = named || r.previous_name(p) == name;
        GroupVersionKind before = r.previous(p).gvk;
        of_kind = of_kind || target.matches(before);
        of_role = of_role || role.matches(before);
      }
      if (named && of_kind && of_role) left.push_back(&r);
    }
    if (ns) keep_namespace(left, scalar_text(*ns));
    if (id_.scope != "_")
      std::erase_if(left, [&](const Resource* r) {
        return !r->is_cluster_scoped() && r->gvk().kind != "ServiceAccount" && r->id().scope != id_.scope;
      });
    if (left.size() == 1) return left[0];
    std::erase_if(left, [&](const Resource* r) { return !same_affixes(*r, self_, true); });
    if (left.size() > 1) std::erase_if(left, [&](const Resource* r) { return !same_affixes(*r, self_, false); });
    if (left.empty()) return static_cast<const Resource*>(nullptr);
    bool identical = std::ranges::all_of(left, [&](const Resource* r) {
      return r->name() == left[0]->name() && (!of_map || r->scope_name() == left[0]->scope_name());
    });
    if (left.size() == 1 || identical) return left[0];
    std::vector<std::string> ids;
    for (const Resource* r : left) ids.push_back(fmt::format("{} ({})", r->id().str(), r->origin.str()));
    return fail(ErrorKind::invalid, "found multiple possible referrals: {}", base::join(ids, ", "));
  }

  // kustomize groups all that this one may see by the namespace they had first, and only when that group is empty by
  // the one they have now. The group counts before any other sieve.
  void keep_namespace(std::vector<const Resource*>& left, std::string_view ns) {
    bool by_original = namespaces().contains(std::string(ns));
    std::erase_if(left, [&](const Resource* r) {
      std::string scope = by_original ? r->original_id().scope : r->id().scope;
      return scope == "_" || scope != ns;
    });
  }
  const std::set<std::string>& namespaces() {
    if (namespaces_.empty())
      for (const Resource& r : set_.all())
        if (visible(r)) namespaces_.insert(r.original_id().scope);
    return namespaces_;
  }

  ResourceSet& set_;
  Resource& self_;
  Id id_;
  std::set<std::string> subject_namespaces_, namespaces_;
  bool blank_namespace_ = false;
};

}  // namespace

Result<> update_name_references(ResourceSet& set, std::span<const NameReference> references) {
  struct Entry {
    const FieldSpec* field;
    Target target;
  };
  std::map<GroupVersionKind, std::vector<Entry>> by_kind;
  for (Resource& r : set.all()) {
    if (r.is_removed()) continue;
    GroupVersionKind original = r.original_id().gvk;
    auto [at, fresh] = by_kind.try_emplace(original);
    if (fresh)
      for (const NameReference& reference : references)
        for (const FieldSpec& field : reference.fields)
          if (field.matches(original))
            at->second.push_back({&field,
                                  {reference.target.group, reference.target.version,
                                   reference.target.kinds.empty() ? "" : reference.target.kinds[0]}});
    if (at->second.empty()) continue;
    Referrer referrer(set, r);
    for (const Entry& entry : at->second) OR_RETURN(referrer.update(*entry.field, entry.target));
  }
  return {};
}

}  // namespace slipway::render::kustomize
