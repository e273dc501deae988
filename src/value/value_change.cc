// Changed copies, and JSON pointers. A change copies the nodes on its path and shares everything else.
#include <algorithm>

#include "value/in_place.h"
#include "value/tree_stack.h"
#include "value/value.h"

namespace slipway::value {

namespace {

// "0", "17": an array index without sign or leading zero; "-" is the place behind the last. Nothing else: npos.
constexpr size_t npos = static_cast<size_t>(-1);
size_t index_of(std::string_view segment, size_t size) {
  if (segment == "-") return size;
  if (segment.empty() || segment.size() > 9 || (segment[0] == '0' && segment.size() > 1)) return npos;
  size_t n = 0;
  for (char c : segment) {
    if (c < '0' || c > '9') return npos;
    n = n * 10 + static_cast<size_t>(c - '0');
  }
  return n;
}

// A changed list stays written as it was, and a mapping too; what replaces something else has nothing to keep.
Value kept_as_written(const Value& old, Value made) {
  return old.type() == made.type() ? with_note_of(old, std::move(made)) : made;
}

}  // namespace

Value Value::with(std::string_view json_pointer, Value v) const {
  std::vector<std::string> segments = pointer_split(json_pointer);
  // The values on the way down that exist; past the last of them everything is made anew, as objects.
  std::vector<const Value*> way = {this};
  for (size_t i = 0; i < segments.size(); ++i) {
    const Value& here = *way.back();
    const Value* next = nullptr;
    if (here.is_object()) {
      next = here.find(segments[i]);
    } else if (here.is_array()) {
      size_t at = index_of(segments[i], here.size());
      if (at == npos || at > here.size()) return *this;
      next = at < here.size() ? &here.items()[at] : nullptr;
    } else if (!here.is_null()) {
      return *this;
    }
    if (next == nullptr) break;
    way.push_back(next);
  }
  for (size_t i = segments.size(); i > 0; --i) {
    if (i > way.size())
      v = Value{{segments[i - 1], std::move(v)}};
    else if (const Value& parent = *way[i - 1]; parent.is_array())
      v = parent.with_item(index_of(segments[i - 1], parent.size()), std::move(v));
    else
      v = parent.with_member(segments[i - 1], std::move(v));
  }
  return v;
}

Value Value::without(std::string_view json_pointer) const {
  std::vector<std::string> segments = pointer_split(json_pointer);
  if (segments.empty()) return Value();
  std::vector<const Value*> way = {this};
  for (const std::string& segment : segments) {
    const Value& here = *way.back();
    const Value* next = nullptr;
    if (here.is_object()) {
      next = here.find(segment);
    } else if (here.is_array()) {
      size_t at = index_of(segment, here.size());
      if (at < here.size()) next = &here.items()[at];
    }
    if (next == nullptr) return *this;  // nothing there to take out
    way.push_back(next);
  }
  const Value& last = *way[segments.size() - 1];
  Value v;
  if (last.is_array()) {
    size_t at = index_of(segments.back(), last.size());
    std::vector<Value> items(last.items().begin(), last.items().end());
    items.erase(items.begin() + static_cast<ptrdiff_t>(at));
    v = kept_as_written(last, array(std::move(items)));
  } else {
    v = last.without_member(segments.back());
  }
  for (size_t i = segments.size() - 1; i > 0; --i) {
    const Value& parent = *way[i - 1];
    v = parent.is_array() ? parent.with_item(index_of(segments[i - 1], parent.size()), std::move(v))
                          : parent.with_member(segments[i - 1], std::move(v));
  }
  return v;
}

Value Value::with_member(std::string_view key, Value v) const {
  auto all = members();
  auto at = std::lower_bound(all.begin(), all.end(), key,
                             [](const Member& m, std::string_view k) { return m.key.view() < k; });
  bool there = at != all.end() && at->key.view() == key;
  ByteStack<Member> copy;
  for (auto it = all.begin(); it != at; ++it) copy.push(*it);
  copy.push(there ? at->key : Key(key), std::move(v));
  for (auto it = there ? at + 1 : at; it != all.end(); ++it) copy.push(*it);
  Value made = TreeStack::object_of(copy.data(), copy.size());
  copy.forget_above(0);
  return kept_as_written(*this, std::move(made));
}

Value Value::with_members(std::vector<Member> more) const {
  if (more.empty() && is_object()) return *this;
  auto there = members();
  more.insert(more.begin(), there.begin(), there.end());
  return kept_as_written(*this, object(std::move(more)));
}

Value Value::without_member(std::string_view key) const {
  if (!has(key)) return *this;
  ByteStack<Member> copy;
  for (const Member& m : members())
    if (m.key.view() != key) copy.push(m);
  Value made = TreeStack::object_of(copy.data(), copy.size());
  copy.forget_above(0);
  return kept_as_written(*this, std::move(made));
}

Value Value::with_item(size_t index, Value v) const {
  if (index > size() || (!is_array() && index > 0)) return *this;
  auto all = items();
  std::vector<Value> copy(all.begin(), all.end());
  if (index == copy.size())
    copy.push_back(std::move(v));
  else
    copy[index] = std::move(v);
  return kept_as_written(*this, array(std::move(copy)));
}

Value Value::appended(Value v) const {
  return with_item(is_array() ? size() : 0, std::move(v));
}

Value* TreeStack::own_child(Value& v, std::string_view key) {
  size_t at = v.is_array() ? index_of(key, v.size()) : 0;
  const Value* there = v.is_array() ? (at < v.size() ? &v.items()[at] : nullptr) : v.find(key);
  if (there == nullptr) return nullptr;
  if (v.node()->refs.load(std::memory_order_acquire) != 1) {
    Value same = *there;
    v = v.is_array() ? v.with_item(at, std::move(same)) : v.with_member(key, std::move(same));
    there = v.is_array() ? &v.items()[at] : v.find(key);
  }
  return const_cast<Value*>(there);
}

Value* own_child(Value& v, std::string_view key) {
  return TreeStack::own_child(v, key);
}

const Value& Value::at(std::string_view json_pointer) const {
  static constinit const Value null_value;
  const Value* here = this;
  for (const std::string& segment : pointer_split(json_pointer)) {
    if (here->is_array()) {
      size_t at = index_of(segment, here->size());
      here = at < here->size() ? &here->items()[at] : nullptr;
    } else {
      here = here->find(segment);
    }
    if (here == nullptr) return null_value;
  }
  return *here;
}

ObjectBuilder& ObjectBuilder::set_unless_empty(std::string_view key, Value v) {
  bool keep = false;
  switch (v.type()) {
    case Type::null:
      break;
    case Type::boolean:
      keep = v.as_bool();
      break;
    case Type::integer:
    case Type::real:
      keep = v.as_double() != 0;
      break;
    case Type::string:
      keep = !v.as_string().empty();
      break;
    case Type::array:
    case Type::object:
      keep = !v.empty();
      break;
  }
  return keep ? set(key, std::move(v)) : *this;
}

std::string pointer_escape(std::string_view key) {
  std::string out;
  for (char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::vector<std::string> pointer_split(std::string_view pointer) {
  std::vector<std::string> segments;
  if (pointer.empty()) return segments;
  if (pointer[0] == '/') pointer.remove_prefix(1);  // "spec/replicas" is read like "/spec/replicas"
  segments.emplace_back();
  for (size_t i = 0; i < pointer.size(); ++i) {
    char c = pointer[i];
    if (c == '/') {
      segments.emplace_back();
    } else if (c == '~' && i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      segments.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

}  // namespace slipway::value
