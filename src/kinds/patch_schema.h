// What strategic merge needs to know of a place in an object: the merge words of its members, and what is below them.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "kinds/kind.h"

namespace slipway::kinds {

using PatchObject = std::map<std::string, Value, std::less<>>;  // an object while it is being patched

inline constexpr std::string_view patch_directive = "$patch";
inline constexpr std::string_view retain_keys_directive = "$retainKeys";
inline constexpr std::string_view delete_from_list_prefix = "$deleteFromPrimitiveList/";
inline constexpr std::string_view element_order_prefix = "$setElementOrder/";

struct PatchSchema {
  const Type* type = nullptr;          // an object with fields
  const FieldType* element = nullptr;  // or a map; neither: anything
  struct Member;
  inline Member member(std::string_view key) const;
};
struct PatchSchema::Member {
  PatchSchema below;  // of the member, or of the elements when it is a list
  bool merge = false, replace = false, retain_keys = false;
  std::string merge_key;
};

inline PatchSchema::Member PatchSchema::member(std::string_view key) const {
  Member m;
  const Field* field = type ? type->field(key) : nullptr;
  const FieldType* is = field ? &field->type : element;
  if (field) {
    m.merge = field->merge;
    m.merge_key = field->merge_key;
    m.retain_keys = field->retain_keys;
    m.replace = std::ranges::find(field->rules, "patch-replace") != field->rules.end();
  }
  if (is && is->shape == Shape::list) is = is->element.get();
  if (is && is->shape == Shape::object) m.below.type = is->type;
  if (is && is->shape == Shape::map) m.below.element = is->element.get();
  return m;
}

inline PatchObject to_patch_object(const Value& v) {
  PatchObject out;
  for (const auto& member : v.members()) out.emplace_hint(out.end(), member.key.str(), member.value);
  return out;
}
inline Value to_value(PatchObject object) {
  std::vector<value::Member> members;
  members.reserve(object.size());
  for (auto& [key, v] : object) members.push_back({value::Key(key), std::move(v)});
  return Value::object(std::move(members));
}

// Items in the order that `order` gives their merge keys (or themselves, without a key); elements that delete come
// last.
std::vector<Value> in_order_of(std::vector<Value> items, std::span<const Value> order, std::string_view merge_key);
Error no_merge_key(const Value& item, std::string_view merge_key);

// Merges `patch` into `target`. as_patch: both are patches and so is the result; directives are kept, not obeyed.
Result<PatchObject> merge_patch_maps(PatchObject target, PatchObject patch, PatchSchema schema, bool as_patch);

}  // namespace slipway::kinds
