// What a strategic merge asks of the built-in kinds (which members a type has, which lists are merged, by which keys),
// each type read from the tables when a merge first comes to it. A merge meets some thirty types of nine hundred, and
// reading them all (builtin_tables()) takes longer than building a small kustomization.
#pragma once

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kinds/kind.h"

namespace slipway::kinds {

class MergeOutline {
 public:
  struct Field {
    std::string_view name, type, package;  // the type as it is written, and in whose words
    bool merges = false;
    std::vector<std::string_view> keys;
  };
  struct Type {
    std::string_view package, name, body;
    std::string_view group_version = {};  // of a kind; else empty
    bool served = false;
    size_t number = 0;                       // in table order
    mutable bool is_read = false;            // whether `fields` are there
    mutable std::vector<Field> fields = {};  // inlined ones too
  };
  // An object with members, a map of `values` (a type as tables write it), or anything.
  struct Place {
    const Type* type = nullptr;
    std::string_view values = {}, package = {};
    bool is_map() const { return !values.empty(); }
  };
  struct Member {
    bool known = false;  // the type has it, or it is one of a map
    Place below = {};    // of the member, or of the elements where it is a list
    bool merges = false;
    std::vector<std::string_view> keys = {};  // that a merged list is merged by
  };

  MergeOutline();
  MergeOutline(const MergeOutline&) = delete;
  MergeOutline& operator=(const MergeOutline&) = delete;

  // The type of a built-in kind, of another version where there is none of this one; null: no such kind.
  const Type* find(const GroupVersionKind& id) const;
  // What all objects have.
  const Type& metadata_only() const { return types_.front(); }
  Member member(const Place& place, std::string_view name) const;

 private:
  const Type* find_type(std::string_view package, std::string_view name) const;
  const Type* resolve(std::string_view word, std::string_view package) const;
  void read(const Type& type) const;
  Place below(std::string_view word, std::string_view package) const;

  std::deque<Type> types_;
  std::unordered_multimap<std::string_view, const Type*> by_name_;
};

}  // namespace slipway::kinds
