// Changes all through a value, each container copied once and only where something below it changes.
#pragma once

#include "value/note.h"
#include "value/value.h"

namespace slipway::value {

// `v` with each item or member as `change(child)` gives it; `v` itself, the same node, when none changes.
template <class F>
Value with_children(const Value& v, F&& change) {
  if (v.is_array()) {
    auto items = v.items();
    std::vector<Value> changed;
    for (size_t i = 0; i < items.size(); ++i) {
      Value after = change(items[i]);
      if (changed.empty() && after.same_node(items[i])) continue;
      if (changed.empty()) {
        changed.reserve(items.size());
        changed.assign(items.begin(), items.begin() + static_cast<ptrdiff_t>(i));
      }
      changed.push_back(std::move(after));
    }
    return changed.empty() ? v : with_note_of(v, Value::array(std::move(changed)));
  }
  auto members = v.members();
  std::vector<Member> changed;
  for (size_t i = 0; i < members.size(); ++i) {
    Value after = change(members[i].value);
    if (changed.empty() && after.same_node(members[i].value)) continue;
    if (changed.empty()) {
      changed.reserve(members.size());
      changed.assign(members.begin(), members.begin() + static_cast<ptrdiff_t>(i));
    }
    changed.push_back({members[i].key, std::move(after)});
  }
  return changed.empty() ? v : with_note_of(v, Value::object(std::move(changed)));
}

}  // namespace slipway::value
