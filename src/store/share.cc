#include "store/share.h"

namespace slipway::store {

namespace {

constexpr size_t node_bytes = 32;

Shared share_object(const Value& before, const Value& after) {
  size_t replaced = node_bytes + before.size() * sizeof(value::Member);
  std::vector<value::Member> members;
  members.reserve(after.size());
  bool equal = before.size() == after.size();
  size_t kept = 0;  // members of `before` that have a successor
  for (const value::Member& member : after.members()) {
    const Value* old = before.find(member.key.view());
    if (!old) {
      equal = false;
      members.push_back(member);
      continue;
    }
    ++kept;
    Shared child = share(*old, member.value);
    replaced += child.replaced_bytes;
    if (child.replaced_bytes > 0) equal = false;
    members.push_back({member.key, std::move(child.value)});
  }
  if (equal) return {before, 0};
  if (kept < before.size()) {
    for (const value::Member& member : before.members()) {
      if (!after.has(member.key.view())) replaced += member.value.memory_bytes();
    }
  }
  return {Value::object(std::move(members)), replaced};
}

Shared share_array(const Value& before, const Value& after) {
  size_t replaced = node_bytes + before.size() * sizeof(Value);
  std::vector<Value> items;
  items.reserve(after.size());
  bool equal = before.size() == after.size();
  for (size_t i = 0; i < after.size(); ++i) {
    if (i >= before.size()) {
      items.push_back(after[i]);
      continue;
    }
    Shared child = share(before[i], after[i]);
    replaced += child.replaced_bytes;
    if (child.replaced_bytes > 0) equal = false;
    items.push_back(std::move(child.value));
  }
  if (equal) return {before, 0};
  for (size_t i = after.size(); i < before.size(); ++i) replaced += before[i].memory_bytes();
  return {Value::array(std::move(items)), replaced};
}

}  // namespace

Shared share(const Value& before, const Value& after) {
  if (before.same_node(after)) return {before, 0};
  if (before.type() != after.type()) return {after, before.memory_bytes() + 1};
  if (before.is_object()) return share_object(before, after);
  if (before.is_array()) return share_array(before, after);
  if (before == after) return {before, 0};
  return {after, before.memory_bytes() + 1};
}

}  // namespace slipway::store
