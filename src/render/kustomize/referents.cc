// kustomize sieves all resources for every reference. Of its sieves those by name, kind and namespace are keys here,
// and that by affixes is a row of sorted chains: in "b a" (a first, then b) ends what begins with "b a" written
// backwards. A name that few had needs none of this, and gets none.
#include "render/kustomize/referents.h"

#include <algorithm>

namespace slipway::render::kustomize {
namespace {

bool same_ending(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto& shorter = a.size() < b.size() ? a : b;
  const auto& longer = a.size() < b.size() ? b : a;
  if (shorter.empty()) return longer.empty();
  return std::equal(shorter.rbegin(), shorter.rend(), longer.rbegin());
}

}  // namespace

bool same_affixes(const Resource& a, const Resource& b, bool empty_fits) {
  auto fit = [&](const std::vector<std::string>& x, const std::vector<std::string>& y) {
    return (empty_fits && (x.empty() || y.empty())) || same_ending(x, y);
  };
  return fit(a.prefixes, b.prefixes) && fit(a.suffixes, b.suffixes);
}

Referents::Group& Referents::find(std::string_view name, std::string_view kind, By by, std::string_view scope) {
  Named& those = named(name);
  if (those.groups.empty() || (kind.empty() && by == By::name)) return those.all;
  auto there = those.groups.find(key_of(kind, by, scope));
  return there == those.groups.end() ? nothing_ : there->second;
}

Referents::Named& Referents::named(std::string_view name) {
  auto [at, fresh] = named_.try_emplace(std::string(name));
  Named& made = at->second;
  if (!fresh) return made;
  made.all.members_ = set_.with_any_name(name);
  if (made.all.members_.size() <= kFew) return made;
  for (size_t i : made.all.members_) {
    const Resource& r = set_.all()[i];
    std::string scope = r.id().scope, first = r.original_id().scope;
    std::vector<std::string> kinds = {""};
    for (size_t p = 0; p < r.previous_count(); ++p)
      if (const std::string& kind = r.earlier().kinds[p]; std::ranges::find(kinds, kind) == kinds.end())
        kinds.push_back(kind);
    for (const std::string& kind : kinds) {
      if (!kind.empty()) made.groups[key_of(kind, By::name, "")].members_.push_back(i);
      made.groups[key_of(kind, By::scope, scope)].members_.push_back(i);
      made.groups[key_of(kind, By::original_scope, first)].members_.push_back(i);
    }
  }
  return made;
}

std::string Referents::key_of(std::string_view kind, By by, std::string_view scope) {
  return fmt::format("{}\n{}\n{}", kind, static_cast<int>(by), scope);
}

void Referents::forget() {
  named_.clear();
  first_.clear();
}

bool Referents::any_first_in(std::string_view original, std::string_view scope, const std::set<std::string>& names) {
  if (first_.empty())
    for (const Resource& r : set_.all()) {
      FirstThere& there = first_[r.original_id().scope];
      there.cluster_scoped = there.cluster_scoped || r.is_cluster_scoped();
      there.scopes.insert(r.id().scope);
      there.names.emplace(r.scope_name());
    }
  auto at = first_.find(std::string(original));
  if (at == first_.end()) return false;
  const FirstThere& there = at->second;
  return scope == "_" || there.cluster_scoped || there.scopes.contains(scope) ||
         std::ranges::any_of(names, [&](const std::string& name) { return there.names.contains(name); });
}

std::string Referents::Group::key_of(std::span<const std::string> affixes) {
  std::string key;
  for (auto affix = affixes.rbegin(); affix != affixes.rend(); ++affix) {
    key += *affix;
    key += '\0';
  }
  return key;
}

void Referents::Group::index(const ResourceSet& set) {
  for (auto [chains, affixes] :
       {std::pair(&by_prefixes_, &Resource::prefixes), std::pair(&by_suffixes_, &Resource::suffixes)}) {
    for (size_t i : members_) chains->push_back({key_of(set.all()[i].*affixes), i});
    std::ranges::sort(*chains, {}, &Chain::key);
  }
}

Referents::Group::Ranges Referents::Group::ranges(const std::vector<Chain>& chains,
                                                  const std::vector<std::string>& affixes, bool empty_fits) {
  if (affixes.empty() && empty_fits) return {chains};
  Ranges out;
  auto add = [&](auto&& range) {
    if (!range.empty()) out.emplace_back(range.begin(), range.end());
  };
  if (affixes.empty() || empty_fits) add(std::ranges::equal_range(chains, std::string_view(), {}, &Chain::key));
  if (affixes.empty()) return out;
  for (size_t n = 1; n < affixes.size(); ++n)
    add(std::ranges::equal_range(chains, key_of(std::span(affixes).last(n)), {}, &Chain::key));
  std::string whole = key_of(affixes);
  auto begin = std::ranges::lower_bound(chains, whole, {}, &Chain::key);
  auto end = std::partition_point(begin, chains.end(), [&](const Chain& c) { return c.key.starts_with(whole); });
  add(std::span(begin, end));
  return out;
}

size_t Referents::Group::length(const Ranges& ranges) {
  size_t sum = 0;
  for (const auto& range : ranges) sum += range.size();
  return sum;
}

}  // namespace slipway::render::kustomize
