#include "value/patch.h"

#include <deque>

namespace slipway::value {

namespace {

constexpr int kMergeDepthMax = 2000;

Value merge(const Value& target, const Value& patch, int depth) {
  if (!patch.is_object() || depth > kMergeDepthMax) return patch;
  if (patch.empty() && target.is_object()) return target;
  auto a = target.members(), b = patch.members();
  std::vector<Member> merged;
  merged.reserve(a.size() + b.size());
  size_t i = 0;
  for (const Member& m : b) {
    while (i < a.size() && a[i].key < m.key) merged.push_back(a[i++]);
    bool there = i < a.size() && a[i].key == m.key;
    if (!m.value.is_null()) merged.push_back({m.key, merge(there ? a[i].value : Value(), m.value, depth + 1)});
    i += there;
  }
  while (i < a.size()) merged.push_back(a[i++]);
  return Value::object(std::move(merged));
}

Value diff(const Value& from, const Value& to, int depth) {
  if (!from.is_object() || !to.is_object() || depth > kMergeDepthMax) return to;
  auto a = from.members(), b = to.members();
  std::vector<Member> changes;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && a[i].key < b[j].key)) {
      changes.push_back({a[i++].key, nullptr});
    } else if (i == a.size() || b[j].key < a[i].key) {
      changes.push_back(b[j++]);
    } else {
      if (!(a[i].value == b[j].value)) changes.push_back({b[j].key, diff(a[i].value, b[j].value, depth + 1)});
      ++i, ++j;
    }
  }
  return Value::object(std::move(changes));
}

}  // namespace

Value merge_patch(const Value& target, const Value& patch) {
  return merge(target, patch, 0);
}

Value merge_diff(const Value& from, const Value& to) {
  return diff(from, to, 0);
}

std::vector<std::string> differences(const Value& a, const Value& b, size_t limit) {
  struct Pair {
    const Value *a, *b;
    std::string pointer;
  };
  std::vector<std::string> found;
  std::deque<Pair> open = {{&a, &b, ""}};
  while (!open.empty() && found.size() < limit) {
    auto [x, y, pointer] = std::move(open.front());
    open.pop_front();
    if (x != nullptr && y != nullptr && *x == *y) continue;
    bool both = x != nullptr && y != nullptr;
    if (both && x->is_object() && y->is_object()) {
      auto p = x->members(), q = y->members();
      for (size_t i = 0, j = 0; i < p.size() || j < q.size();) {
        bool left = j == q.size() || (i < p.size() && !(q[j].key < p[i].key));
        bool right = i == p.size() || (j < q.size() && !(p[i].key < q[j].key));
        std::string below = pointer + "/" + pointer_escape(left ? p[i].key.view() : q[j].key.view());
        open.push_back({left ? &p[i].value : nullptr, right ? &q[j].value : nullptr, std::move(below)});
        i += left;
        j += right;
      }
    } else if (both && x->is_array() && y->is_array()) {
      for (size_t i = 0; i < std::max(x->size(), y->size()); ++i)
        open.push_back({i < x->size() ? &x->items()[i] : nullptr, i < y->size() ? &y->items()[i] : nullptr,
                        fmt::format("{}/{}", pointer, i)});
    } else {
      found.push_back(std::move(pointer));
    }
  }
  return found;
}

}  // namespace slipway::value
