// The tree: nodes, reading, deep comparison. Changing is in value_change.cc, keys in key.cc.
#include "value/value.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

#include "value/tree_stack.h"

namespace slipway::value {

namespace {
constinit const Value null_value;
constexpr int kRecursionMax = 200;  // deeper levels wait in a list on the heap: no tree is too deep for the stack
}  // namespace

Value::Node* Value::allocate(size_t size, size_t bytes) {
  if (size > UINT32_MAX) throw std::length_error("slipway: more than 4 billion bytes or elements in one value");
  void* memory = std::malloc(sizeof(Node) + bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) Node{1, static_cast<uint32_t>(size)};
}

struct Value::Graveyard {
  std::vector<std::pair<Node*, Tag>> nodes;
};

void Value::destroy(Node* node, Tag tag) noexcept {
  if (tag == Tag::string) {
    std::free(node);
    return;
  }
  Graveyard later;
  bury(node, tag, later, 0);
  while (!later.nodes.empty()) {
    auto [n, t] = later.nodes.back();
    later.nodes.pop_back();
    bury(n, t, later, 0);
  }
}

void Value::bury(Node* node, Tag tag, Graveyard& later, int depth) noexcept {
  auto drop = [&](Value& v) {
    Node* n = v.node();
    if (n == nullptr || n->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (v.w_.tag == Tag::string)
      std::free(n);
    else if (depth < kRecursionMax)
      bury(n, v.w_.tag, later, depth + 1);
    else
      later.nodes.emplace_back(n, v.w_.tag);
  };
  if (tag == Tag::array) {
    for (uint32_t i = 0; i < node->size; ++i) drop(node->values()[i]);
  } else {
    for (uint32_t i = 0; i < node->size; ++i) {
      drop(node->members()[i].value);
      node->members()[i].key.~Key();
    }
  }
  std::free(node);
}

Value::Value(uint64_t number) noexcept
    : Value(number <= INT64_MAX ? Value(static_cast<int64_t>(number)) : Value(static_cast<double>(number))) {}

Value::Value(std::string_view text) {
  if (text.size() <= kShortMax) {
    w_ = {0, {}, Tag::short_string};
    if (!text.empty()) std::memcpy(s_.text, text.data(), text.size());
    s_.length = static_cast<uint8_t>(text.size());
    return;
  }
  Node* n = allocate(text.size(), text.size());
  std::memcpy(n->chars(), text.data(), text.size());
  w_ = {reinterpret_cast<uint64_t>(n), {}, Tag::string};
}

Value::Value(std::initializer_list<Member> members) : Value(object(std::vector<Member>(members))) {}

Value Value::object() {
  return Value(nullptr, Tag::object);
}
Value Value::array() {
  return Value(nullptr, Tag::array);
}

Value Value::array(std::vector<Value> items) {
  Value v = TreeStack::array_of(items.data(), items.size());
  // the bytes were taken: what is left in the vector must not be released again
  for (Value& item : items) new (&item) Value();
  return v;
}

Value Value::object(std::vector<Member> members) {
  TreeStack stack;
  for (Member& m : members) stack.members.push(std::move(m));
  return stack.close_object(0, [](const Key&) {});
}

Value TreeStack::array_of(Value* v, size_t n) {
  if (n == 0) return Value::array();
  Value::Node* node = Value::allocate(n, n * sizeof(Value));
  std::memcpy(static_cast<void*>(node->values()), v, n * sizeof(Value));
  return Value(node, Value::Tag::array);
}

Value TreeStack::object_of(Member* m, size_t n) {
  if (n == 0) return Value::object();
  Value::Node* node = Value::allocate(n, n * sizeof(Member));
  std::memcpy(static_cast<void*>(node->members()), m, n * sizeof(Member));
  return Value(node, Value::Tag::object);
}

Value TreeStack::close_array(size_t mark) {
  Value v = array_of(values.data() + mark, values.size() - mark);
  values.forget_above(mark);
  return v;
}

size_t TreeStack::sort_unique(Member* m, size_t n, void (*on_duplicate)(void*, const Key&), void* context) {
  if (n <= 16) {  // insertion, stable
    for (size_t i = 1; i < n; ++i) {
      if (!(m[i].key < m[i - 1].key)) continue;
      Member moving = std::move(m[i]);
      size_t j = i;
      for (; j > 0 && moving.key < m[j - 1].key; --j) m[j] = std::move(m[j - 1]);
      m[j] = std::move(moving);
    }
  } else {
    std::vector<uint32_t> order(n);
    for (uint32_t i = 0; i < n; ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [m](uint32_t a, uint32_t b) { return m[a].key < m[b].key || (a < b && !(m[b].key < m[a].key)); });
    ByteStack<Member> sorted;
    for (uint32_t i : order) sorted.push(std::move(m[i]));
    std::memcpy(static_cast<void*>(m), sorted.data(), n * sizeof(Member));  // moved-from members hold nothing
    sorted.forget_above(0);
  }
  size_t kept = 0;
  for (size_t i = 1; i < n; ++i) {
    if (m[kept].key == m[i].key) {
      on_duplicate(context, m[i].key);
      m[kept] = std::move(m[i]);
    } else if (++kept != i) {
      m[kept] = std::move(m[i]);
    }
  }
  for (size_t i = kept + 1; i < n; ++i) m[i].~Member();
  return n == 0 ? 0 : kept + 1;
}

std::string_view to_string(Type type) {
  switch (type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "boolean";
    case Type::integer:
      return "integer";
    case Type::real:
      return "number";
    case Type::string:
      return "string";
    case Type::array:
      return "array";
    case Type::object:
      return "object";
  }
  return "unknown";
}

bool Value::as_bool(bool fallback) const noexcept {
  return is_bool() ? w_.word != 0 : fallback;
}

int64_t Value::as_int(int64_t fallback) const noexcept {
  if (is_int()) return static_cast<int64_t>(w_.word);
  if (type() != Type::real) return fallback;
  double d = std::bit_cast<double>(w_.word);
  return d >= -0x1p63 && d < 0x1p63 && d == std::trunc(d) ? static_cast<int64_t>(d) : fallback;
}

double Value::as_double(double fallback) const noexcept {
  if (is_int()) return static_cast<double>(static_cast<int64_t>(w_.word));
  return type() == Type::real ? std::bit_cast<double>(w_.word) : fallback;
}

std::string_view Value::as_string(std::string_view fallback) const& noexcept {
  if (w_.tag == Tag::short_string) return {s_.text, static_cast<size_t>(s_.length & 15)};
  if (w_.tag == Tag::string) return {node()->chars(), node()->size};
  return fallback;
}

Note TreeStack::note_of(const Value& v) {
  if (v.w_.tag == Value::Tag::short_string) return static_cast<Note>(v.s_.length >> 4);
  bool has_one = v.w_.tag == Value::Tag::null || v.w_.tag >= Value::Tag::string;
  return has_one ? static_cast<Note>(v.w_.rest[0]) : Note::none;
}
Value TreeStack::noted(Value v, Note note) {
  uint8_t bits = static_cast<uint8_t>(note);
  if (v.w_.tag == Value::Tag::short_string)
    v.s_.length = static_cast<uint8_t>((v.s_.length & 15) | (bits << 4));
  else if (v.w_.tag == Value::Tag::null || v.w_.tag >= Value::Tag::string)
    v.w_.rest[0] = bits;
  return v;
}
Note note_of(const Value& v) {
  return TreeStack::note_of(v);
}
Value noted(Value v, Note note) {
  return TreeStack::noted(std::move(v), note);
}

size_t Value::size() const noexcept {
  if (!is_array() && !is_object()) return 0;
  Node* n = node();
  return n == nullptr ? 0 : n->size;
}

std::span<const Value> Value::items() const noexcept {
  if (size() == 0 || !is_array()) return {};
  return {node()->values(), node()->size};
}

std::span<const Member> Value::members() const noexcept {
  if (size() == 0 || !is_object()) return {};
  return {node()->members(), node()->size};
}

const Value& Value::operator[](std::string_view key) const noexcept {
  const Value* v = find(key);
  return v == nullptr ? null_value : *v;
}

const Value& Value::operator[](size_t index) const noexcept {
  auto all = items();
  return index < all.size() ? all[index] : null_value;
}

bool Value::same_node(const Value& o) const noexcept {
  return std::memcmp(&w_, &o.w_, sizeof w_) == 0;  // equal scalars share all they have
}

bool Value::operator==(const Value& o) const noexcept {
  std::vector<std::pair<const Value*, const Value*>> later;
  auto equal = [&later](auto& self, const Value& a, const Value& b, int depth) -> bool {
    if (a.same_node(b)) return !(a.type() == Type::real && std::isnan(a.as_double()));
    if (a.is_number() && b.is_number()) {
      if (a.type() == b.type()) return a.is_int() ? false : a.as_double() == b.as_double();
      const Value& real = a.is_int() ? b : a;
      const Value& integer = a.is_int() ? a : b;
      double d = real.as_double();
      return d == std::trunc(d) && d >= -0x1p63 && d < 0x1p63 && static_cast<int64_t>(d) == integer.as_int();
    }
    if (a.type() != b.type()) return false;
    if (a.is_null()) return true;
    if (a.is_string()) return a.as_string() == b.as_string();
    if (a.size() != b.size() || a.size() == 0) return a.size() == b.size() && (a.is_array() || a.is_object());
    if (depth > kRecursionMax) {
      later.emplace_back(&a, &b);
      return true;
    }
    if (a.is_array()) {
      auto x = a.items(), y = b.items();
      for (size_t i = 0; i < x.size(); ++i)
        if (!self(self, x[i], y[i], depth + 1)) return false;
    } else {
      auto x = a.members(), y = b.members();
      for (size_t i = 0; i < x.size(); ++i)
        if (x[i].key != y[i].key || !self(self, x[i].value, y[i].value, depth + 1)) return false;
    }
    return true;
  };
  if (!equal(equal, *this, o, 0)) return false;
  while (!later.empty()) {
    auto [a, b] = later.back();
    later.pop_back();
    if (!equal(equal, *a, *b, 0)) return false;
  }
  return true;
}

size_t Value::hash() const noexcept {
  auto mix = [](size_t h, size_t x) { return (std::rotl(h, 23) ^ x) * 0x9e3779b97f4a7c15ull; };
  auto of = [&mix](auto& self, const Value& v, int depth) -> size_t {
    switch (v.type()) {
      case Type::null:
        return 0x51;
      case Type::boolean:
        return v.as_bool() ? 0x52 : 0x53;
      case Type::integer:
        return mix(0x54, static_cast<size_t>(v.as_int()));
      case Type::real: {  // what equals an integer hashes like it
        double d = v.as_double();
        if (d == std::trunc(d) && d >= -0x1p63 && d < 0x1p63) return mix(0x54, static_cast<size_t>(v.as_int()));
        return mix(0x55, std::bit_cast<size_t>(d));
      }
      case Type::string:
        return mix(0x56, std::hash<std::string_view>()(v.as_string()));
      case Type::array:
      case Type::object:
        break;
    }
    size_t h = mix(v.is_array() ? 0x57 : 0x58, v.size());
    if (depth > kRecursionMax) return h;  // deeper levels do not count: equal values still have equal hashes
    for (const Value& item : v.items()) h = mix(h, self(self, item, depth + 1));
    for (const Member& m : v.members())
      h = mix(mix(h, std::hash<std::string_view>()(m.key.view())), self(self, m.value, depth + 1));
    return h;
  };
  return of(of, *this, 0);
}

size_t Value::memory_bytes() const {
  size_t total = sizeof(Value);
  std::vector<const Value*> open;
  auto count = [&](const Value& v) {
    Node* n = v.node();
    if (n == nullptr) return;
    total += sizeof(Node);
    if (v.is_string())
      total += n->size;
    else if (v.is_array() || v.is_object())
      open.push_back(&v);
  };
  count(*this);
  while (!open.empty()) {
    const Value& v = *open.back();
    open.pop_back();
    for (const Value& item : v.items()) {
      total += sizeof(Value);
      count(item);
    }
    for (const Member& m : v.members()) {
      total += sizeof(Member) + m.key.own_bytes();
      count(m.value);
    }
  }
  return total;
}

}  // namespace slipway::value
