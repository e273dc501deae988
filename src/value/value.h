// Value: one immutable JSON-like tree, shared by reference, changed by copying the path to the change and sharing the
// rest. Everything speaks it: YAML, JSON, patches, templates, store, watch. Copying a Value copies 16 bytes and a
// count. Object keys are sorted bytewise and interned; strings up to 14 bytes live inline. No positions: see
// locate_yaml in value/yaml.h. Any thread may read and copy; a Value is never changed in place once another can see it.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::value {

enum class Type : uint8_t { null, boolean, integer, real, string, array, object };
std::string_view to_string(Type type);  // "null", "boolean", "integer", "number", "string", "array", "object"

class Value;
struct Member;

// An interned object key: a pointer to shared text. Equal keys usually share one pointer; comparing works either way.
// The table of shared keys (key.cc) only takes keys up to 64 bytes, and only so many: hostile input cannot grow it
// without bound. What finds no place there has text of its own, counted and freed like any other.
class Key {
 public:
  Key(std::string_view text);
  Key(const char* text) : Key(std::string_view(text)) {}
  Key(const std::string& text) : Key(std::string_view(text)) {}
  Key(const Key& o) noexcept : bits_(o.bits_) {
    if (own()) text()->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Key(Key&& o) noexcept : bits_(std::exchange(o.bits_, kEmpty)) {}
  Key& operator=(Key o) noexcept {
    std::swap(bits_, o.bits_);
    return *this;
  }
  ~Key() {
    if (own()) release();
  }
  std::string_view view() const noexcept {
    return bits_ == kEmpty ? std::string_view("", 0) : std::string_view(text()->chars, text()->length);
  }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  bool operator==(const Key& o) const { return bits_ == o.bits_ || view() == o.view(); }
  bool operator<(const Key& o) const noexcept;  // bytewise
  size_t own_bytes() const noexcept;            // memory of text of its own; 0 when shared through the table

 private:
  struct Text {
    mutable std::atomic<uint32_t> refs;  // unused for shared text, which lives for ever
    uint32_t length;
    char chars[8];  // longer in truth; zeros follow up to 8 bytes, so that comparing may begin with one load
  };
  // bits_: a pointer to Text whose lowest bit says: shared through the table, never freed.
  static constexpr uintptr_t kShared = 1;
  static constexpr uintptr_t kEmpty = kShared;  // "", and what a moved-from key holds
  const Text* text() const noexcept { return reinterpret_cast<const Text*>(bits_ & ~kShared); }
  bool own() const noexcept { return (bits_ & kShared) == 0; }
  void release() noexcept;
  friend struct KeyTable;
  uintptr_t bits_;
};

class Value {
 public:
  constexpr Value() noexcept : Value(nullptr) {}
  constexpr Value(std::nullptr_t) noexcept : w_{0, {}, Tag::null} {}
  Value(bool b) noexcept : w_{b, {}, Tag::boolean} {}
  Value(int number) noexcept : Value(static_cast<int64_t>(number)) {}
  Value(unsigned number) noexcept : Value(static_cast<int64_t>(number)) {}
  Value(int64_t number) noexcept : w_{static_cast<uint64_t>(number), {}, Tag::integer} {}
  Value(long long number) noexcept : Value(static_cast<int64_t>(number)) {}
  Value(uint64_t number) noexcept;  // above 2^63-1 it becomes a real
  Value(double number) noexcept : w_{std::bit_cast<uint64_t>(number), {}, Tag::real} {}  // not finite: written as null
  Value(std::string_view text);
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(const Key& key) : Value(key.view()) {}
  // Value{{"kind", "Pod"}, {"spec", spec}} is an object; a later member of the same name wins.
  Value(std::initializer_list<Member> members);
  template <class T>
  Value(T*) = delete;  // a pointer is not a bool

  Value(const Value& o) noexcept : w_(o.w_) {
    if (Node* n = node()) n->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Value(Value&& o) noexcept : w_(std::exchange(o.w_, Words{0, {}, Tag::null})) {}
  Value& operator=(const Value& o) noexcept {
    Value copy(o);
    std::swap(w_, copy.w_);
    return *this;
  }
  Value& operator=(Value&& o) noexcept {
    Value taken(std::move(o));
    std::swap(w_, taken.w_);
    return *this;
  }
  ~Value() {
    if (Node* n = node()) release(n, w_.tag);
  }

  static Value object();                             // {}
  static Value object(std::vector<Member> members);  // any order; a later member of the same name wins
  static Value array();                              // []
  static Value array(std::vector<Value> items);
  static Value array(std::initializer_list<Value> items) { return array(std::vector<Value>(items)); }

  Type type() const noexcept { return w_.tag == Tag::short_string ? Type::string : static_cast<Type>(w_.tag); }
  bool is_null() const noexcept { return type() == Type::null; }
  bool is_bool() const noexcept { return type() == Type::boolean; }
  bool is_int() const noexcept { return type() == Type::integer; }
  bool is_number() const noexcept { return type() == Type::integer || type() == Type::real; }
  bool is_string() const noexcept { return type() == Type::string; }
  bool is_array() const noexcept { return type() == Type::array; }
  bool is_object() const noexcept { return type() == Type::object; }

  // The content, or the fallback when the type is another one. The view lives as long as this Value (or any copy, when
  // longer than 14 bytes): do not keep it past a temporary; take str() then.
  bool as_bool(bool fallback = false) const noexcept;
  int64_t as_int(int64_t fallback = 0) const noexcept;   // a real with an integral value counts
  double as_double(double fallback = 0) const noexcept;  // an integer counts
  std::string_view as_string(std::string_view fallback = {}) const& noexcept;
  std::string_view as_string(std::string_view fallback = {}) && = delete;
  std::string str(std::string_view fallback = {}) const { return std::string(as_string(fallback)); }

  // Elements of an array or members of an object; 0 for everything else.
  size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  std::span<const Value> items() const noexcept;     // empty unless an array
  std::span<const Member> members() const noexcept;  // sorted by key; empty unless an object

  // Absent members and elements read as null, all the way down: pod["spec"]["nodeName"].as_string().
  const Value& operator[](std::string_view key) const noexcept;
  const Value& operator[](const char* key) const noexcept { return (*this)[std::string_view(key)]; }
  const Value& operator[](size_t index) const noexcept;
  const Value& operator[](int index) const noexcept { return (*this)[static_cast<size_t>(index)]; }
  const Value* find(std::string_view key) const noexcept;  // null when absent
  bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  const Value& at(std::string_view json_pointer) const;  // "/spec/containers/0/name"; null when absent

  // Changed copies. A missing parent becomes an object; "-" appends to an array. A path through a scalar, or an index
  // past the end, replaces nothing and gives this Value back: use value/patch.h where that must be an error.
  Value with(std::string_view json_pointer, Value v) const;
  Value without(std::string_view json_pointer) const;
  Value with_member(std::string_view key,
                    Value v) const;                    // one level; the key is taken as it is. Not an object: a new one
  Value with_members(std::vector<Member> more) const;  // all at once: with_member in a loop copies the object each time
  Value without_member(std::string_view key) const;
  Value with_item(size_t index, Value v) const;  // index == size() appends
  Value appended(Value v) const;

  bool same_node(const Value& o) const noexcept;   // shares memory: surely equal
  bool operator==(const Value& o) const noexcept;  // deep; 1 == 1.0
  size_t hash() const noexcept;                    // deep; equal values have equal hashes
  size_t memory_bytes() const;  // what this tree holds, shared nodes counted once each time they are met

 private:
  // One allocation: this head, then the characters, Values or Members. Empty arrays and objects have none.
  struct Node {
    mutable std::atomic<uint32_t> refs;
    uint32_t size;
    char* chars() { return reinterpret_cast<char*>(this + 1); }
    Value* values() { return reinterpret_cast<Value*>(this + 1); }
    Member* members() { return reinterpret_cast<Member*>(this + 1); }
  };
  enum class Tag : uint8_t { null, boolean, integer, real, string, array, object, short_string };
  // The first word is the Node's address, the number or the bool; a short string lies in the 14 bytes before length.
  struct Words {
    uint64_t word;
    uint8_t rest[7];
    Tag tag;
  };
  struct Short {
    char text[14];
    uint8_t length;
    Tag tag;
  };
  static constexpr size_t kShortMax = sizeof(Short::text);
  union {
    Words w_;
    Short s_;
  };

  Value(Node* node, Tag tag) noexcept : w_{reinterpret_cast<uint64_t>(node), {}, tag} {}
  Node* node() const noexcept {  // null unless this is a long string, or an array or object that is not empty
    return w_.tag >= Tag::string && w_.tag <= Tag::object ? reinterpret_cast<Node*>(w_.word) : nullptr;
  }
  static Node* allocate(size_t size, size_t bytes);
  static void release(Node* node, Tag tag) noexcept {
    if (node->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(node, tag);
  }
  static void destroy(Node* node, Tag tag) noexcept;
  struct Graveyard;
  static void bury(Node* node, Tag tag, Graveyard& later, int depth) noexcept;
  friend class TreeStack;  // tree_stack.h: how parsers build
};
static_assert(sizeof(Value) == 16);

struct Member {
  Key key;
  Value value;
  bool operator==(const Member&) const = default;
};

// Collects members or items and gives one Value; cheaper than a chain of with().
class ObjectBuilder {
 public:
  ObjectBuilder& set(std::string_view key, Value v) {
    members_.push_back({Key(key), std::move(v)});
    return *this;
  }
  // leaves out what is null, false, 0, "" or empty: Go's omitempty
  ObjectBuilder& set_unless_empty(std::string_view key, Value v);
  bool empty() const { return members_.empty(); }
  Value build() { return Value::object(std::move(members_)); }

 private:
  std::vector<Member> members_;
};

class ArrayBuilder {
 public:
  ArrayBuilder& push(Value v) {
    items_.push_back(std::move(v));
    return *this;
  }
  size_t size() const { return items_.size(); }
  Value build() { return Value::array(std::move(items_)); }

 private:
  std::vector<Value> items_;
};

// JSON pointer text (RFC 6901): escape one key ("a/b~c" gives "a~1b~0c"); split a pointer into unescaped keys.
std::string pointer_escape(std::string_view key);
std::vector<std::string> pointer_split(std::string_view pointer);

}  // namespace slipway::value

namespace slipway {
using value::ArrayBuilder;
using value::ObjectBuilder;
using value::Value;
}  // namespace slipway

template <>
struct std::hash<slipway::value::Value> {
  size_t operator()(const slipway::value::Value& v) const noexcept { return v.hash(); }
};
