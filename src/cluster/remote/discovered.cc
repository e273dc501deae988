#include "cluster/remote/discovered.h"

#include "base/text.h"

namespace slipway::cluster {

using kinds::Kind;

// As far as discovery tells.
static bool is_same(const Kind& a, const Kind& b) {
  return a.plural == b.plural && a.singular == b.singular && a.namespaced == b.namespaced &&
         a.subresources == b.subresources && a.verbs == b.verbs && a.short_names == b.short_names;
}

void DiscoveredCatalog::replace(const std::vector<Value>& lists) {
  std::vector<std::unique_ptr<Kind>> found;
  for (const Value& list : lists) {
    std::string group_version = list["groupVersion"].str();
    size_t slash = group_version.find('/');
    std::string group = slash == std::string::npos ? "" : group_version.substr(0, slash);
    std::string version = slash == std::string::npos ? group_version : group_version.substr(slash + 1);
    std::map<std::string, Kind*> by_plural;
    for (const Value& resource : list["resources"].items()) {
      std::string name = resource["name"].str();
      if (size_t sub = name.find('/'); sub != std::string::npos) {
        auto parent = by_plural.find(name.substr(0, sub));
        if (parent != by_plural.end()) parent->second->subresources.push_back(name.substr(sub + 1));
        continue;
      }
      kinds::GroupVersionKind id{group, version, resource["kind"].str()};
      const Kind* known = kinds::builtin_catalog().find(id);
      auto kind = known ? std::make_unique<Kind>(*known) : std::make_unique<Kind>();
      kind->id = id;
      kind->builtin = known && known->builtin;
      kind->plural = name;
      kind->singular = resource["singularName"].str(base::to_lower(id.kind));
      kind->namespaced = resource["namespaced"].as_bool();
      kind->subresources.clear();
      kind->verbs.clear();
      kind->short_names.clear();
      for (const Value& verb : resource["verbs"].items()) kind->verbs.push_back(verb.str());
      for (const Value& shorter : resource["shortNames"].items()) kind->short_names.push_back(shorter.str());
      by_plural[name] = kind.get();
      found.push_back(std::move(kind));
    }
  }
  // What is as it was stays the same object.
  std::map<kinds::GroupVersionKind, const Kind*> before = std::exchange(by_id_, {});
  bool is_new = false;
  for (auto& kind : found) {
    auto same = before.find(kind->id);
    if (same != before.end() && is_same(*same->second, *kind)) {
      by_id_[kind->id] = same->second;
    } else {
      by_id_[kind->id] = kind.get();
      kinds_.push_back(std::move(kind));
      is_new = true;
    }
  }
  if (is_new || before.size() != by_id_.size()) ++generation_;
}

const Kind* DiscoveredCatalog::find(const kinds::GroupVersionKind& id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

const Kind* DiscoveredCatalog::find_resource(std::string_view group, std::string_view version,
                                             std::string_view plural) const {
  for (const auto& [id, kind] : by_id_) {
    if (id.group == group && id.version == version && kind->plural == plural) return kind;
  }
  return nullptr;
}

const Kind* DiscoveredCatalog::find_kind(std::string_view group, std::string_view name) const {
  // The version that our tables prefer, else the last in order (v1 after v1beta1, v2 after v1).
  const Kind* preferred = kinds::builtin_catalog().find_kind(group, name);
  if (preferred) {
    if (const Kind* same = find(preferred->id)) return same;
  }
  const Kind* found = nullptr;
  for (const auto& [id, kind] : by_id_) {
    if (id.group == group && id.kind == name && (!found || id.version.find("beta") == std::string::npos)) found = kind;
  }
  return found;
}

const Kind* DiscoveredCatalog::find_word(std::string_view word) const {
  std::string lower = base::to_lower(word), name = lower, group;
  if (size_t dot = lower.find('.'); dot != std::string::npos) {
    name = lower.substr(0, dot);
    group = lower.substr(dot + 1);
  }
  const Kind* found = nullptr;
  for (const auto& [id, kind] : by_id_) {
    bool named = kind->plural == name || kind->singular == name || base::to_lower(id.kind) == name;
    for (const auto& shorter : kind->short_names) named |= shorter == name;
    if (!named || (!group.empty() && id.group != group && id.group + "." + id.version != group)) continue;
    if (!found || id.group.empty()) found = kind;
  }
  return found ? find_kind(found->id.group, found->id.kind) : nullptr;
}

std::vector<const Kind*> DiscoveredCatalog::all() const {
  std::vector<const Kind*> list;
  for (const auto& [_, kind] : by_id_) list.push_back(kind);
  return list;
}

}  // namespace slipway::cluster
