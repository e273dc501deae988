// What a name may mean: the resources that ever had it, parted by kind, namespace and affixes, so that a reference
// looks at the few that fit it, however many share their name. Of use while nobody adds resources or changes their
// affixes.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// "Same chain", as kustomize judges prefixes and suffixes: one list ends in the other; an empty one only in an empty
// one, or where `empty_fits` in any.
bool same_affixes(const Resource& a, const Resource& b, bool empty_fits);

class Referents {
 public:
  explicit Referents(ResourceSet& set) : set_(set) {}

  // Some resources in their order, each once; maybe others than those that were asked for.
  class Group {
   public:
    const std::vector<size_t>& members() const { return members_; }
    // Visits at least those whose affixes fit the referrer's, in no order, until `visit` says false.
    template <class Visit>
    void each_fitting(const ResourceSet& set, const Resource& referrer, bool empty_fits, Visit visit) {
      if (members_.size() <= kFew) {
        for (size_t i : members_)
          if (!visit(i)) return;
        return;
      }
      if (by_prefixes_.empty()) index(set);
      Ranges few = ranges(by_prefixes_, referrer.prefixes, empty_fits);
      Ranges other = ranges(by_suffixes_, referrer.suffixes, empty_fits);
      if (length(other) < length(few)) few = std::move(other);
      for (auto range : few)
        for (const Chain& chain : range)
          if (!visit(chain.index)) return;
    }

   private:
    friend class Referents;
    struct Chain {
      std::string key;  // the affixes, the last one first: what ends in others stands in one row
      size_t index;
    };
    using Ranges = std::vector<std::span<const Chain>>;
    static std::string key_of(std::span<const std::string> affixes);
    static Ranges ranges(const std::vector<Chain>& chains, const std::vector<std::string>& affixes, bool empty_fits);
    static size_t length(const Ranges& ranges);
    void index(const ResourceSet& set);
    std::vector<size_t> members_;
    std::vector<Chain> by_prefixes_, by_suffixes_;
  };

  // Where to look: everywhere, or among those of a namespace now ("_": cluster-scoped), or at first.
  enum class By : uint8_t { name, scope, original_scope };
  Group& find(std::string_view name, std::string_view kind, By by = By::name, std::string_view scope = {});

  // Whether any resource was in the namespace `original` at first that is cluster-scoped now, or in namespace `scope`
  // ("_": any), or whose metadata names one of `names`.
  bool any_first_in(std::string_view original, std::string_view scope, const std::set<std::string>& names);

  // The namespaces or kinds of resources changed.
  void forget();

 private:
  static constexpr size_t kFew = 8;  // are looked at one by one
  struct Named {
    Group all;
    std::unordered_map<std::string, Group> groups;  // empty where there are few
  };
  struct FirstThere {
    bool cluster_scoped = false;
    std::set<std::string, std::less<>> scopes;
    std::set<std::string, std::less<>> names;
  };
  Named& named(std::string_view name);
  static std::string key_of(std::string_view kind, By by, std::string_view scope);
  ResourceSet& set_;
  std::unordered_map<std::string, Named> named_;
  std::unordered_map<std::string, FirstThere> first_;
  Group nothing_;
};

}  // namespace slipway::render::kustomize
