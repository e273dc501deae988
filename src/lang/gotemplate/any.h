// What a template computes with: values that know their Go type, because Go's types are visible in templates (eq of an
// int and a float64 fails, printf "%T", typeOf, "wrong type for value; expected string; got float64").
//
// An Any is 24 bytes: a type and a number, a text (shared with the Value it came from) or a counted node. Lists never
// change once made; maps are shared and changed in place, as Go's (sprig's set). A Value enters without being copied:
// its objects and arrays become maps and lists one level at a time, when they are looked into.
// Value integers are Go's int64 and reals are float64: who loads a values file turns its whole numbers into reals.
//
// One thread per Heap; the texts and types may be shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::lang::gotemplate {

enum class Kind : uint8_t {
  invalid,
  boolean,
  int_,
  int8,
  int16,
  int32,
  int64,
  uint,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  complex128,
  string,
  slice,
  map,
  structure,
  pointer,
  interface_,  // of parameters and elements; a value never has it
  function,
};
std::string_view to_string(Kind kind);  // as reflect.Kind: "int64", "slice", "ptr", "invalid"

class Any;
class Call;
class Dict;
class List;
class Heap;
struct Type;

// A function's parameters and result.
struct Signature {
  std::vector<const Type*> in;
  bool variadic = false;      // the last of `in` is then the element's type
  const Type* out = nullptr;  // only asked whether it is interface {}; null: some other type
};
struct Method {
  std::string name;
  Signature signature;
  Any (*run)(Call&) = nullptr;  // call.self() is the receiver
  bool of_pointer = false;      // only where the receiver has an address
  std::string refusal;          // Go has the method, but templates cannot call it: why
};
// A struct's field and what its tags say.
struct Field {
  Field(std::string name, std::string json = {}, bool omit_empty = false)  // NOLINT: mostly the name is all
      : name(std::move(name)), json(std::move(json)), omit_empty(omit_empty) {}
  Field(const char* name) : name(name) {}  // NOLINT
  std::string name;
  std::string json;         // empty: the name
  bool omit_empty = false;  // in JSON
  bool yaml_tags = false;   // YAML names and leaves out as JSON does; otherwise small letters, everything
  bool hidden = false;      // begins with a small letter: printed, and nothing else; in the Dict behind a blank
  bool embedded = false;    // JSON and TOML write its fields as the outer struct's own
  const std::string& json_name() const { return json.empty() ? name : json; }
  const Any& of(const Any& structure) const;
};

// A Go type. Types live for ever (or longer than every value of theirs) and are compared by address.
struct Type {
  std::string name;  // as reflect prints it: "map[string]interface {}", "chartutil.Values"
  Kind kind = Kind::invalid;
  const Type* element = nullptr;     // of a slice or map; what a pointer points to
  const Type* underlying = nullptr;  // of a named type: "chartutil.Values" -> "map[string]interface {}"; null: itself
  std::vector<Method> methods;
  // Struct fields in Go's order, of a pointer those of what it points to. A value holds them in a Dict, by name, and
  // beside them those of embedded structs.
  std::vector<Field> fields;
  std::string (*text)(const Any& self) = nullptr;  // fmt.Stringer or error: what printing shows
  // A fmt.Stringer of the pointer alone: what an action shows of a value that has an address.
  std::string (*shown)(const Any& self) = nullptr;
  std::string (*go_text)(const Any& self) = nullptr;  // fmt.GoStringer: %#v
  Value (*json)(const Any& self) = nullptr;           // json.Marshaler
  // The value of fields[index], where no Dict holds them: for printing alone.
  Any (*field)(const Any& self, size_t index) = nullptr;
  std::string go_syntax;  // %#v's name where it differs from `name`; empty: the same
};

namespace types {
extern const Type any;      // interface {}
extern const Type boolean;  // bool
extern const Type int_, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64;
extern const Type float32, float64, complex128;
extern const Type string;
extern const Type any_list;       // []interface {}
extern const Type string_list;    // []string
extern const Type int_list;       // []int
extern const Type bytes;          // []uint8
extern const Type any_map;        // map[string]interface {}
extern const Type string_map;     // map[string]string
extern const Type any_list_list;  // [][]interface {}
extern const Type any_map_list;   // []map[string]interface {}
extern const Type duration;       // time.Duration: an int64 that prints as "1m35s"
extern const Type raw;            // reflect.Value: a builtin's parameter that takes whatever there is
extern const Type error;          // error
}  // namespace types

// What lies behind lists, maps, byte slices and host objects. Counted, not atomically.
class Node {
 public:
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

 protected:
  // Which of the classes below this is, so that nobody takes a host's object for a map; other rooms' are `host`.
  enum class Shape : uint8_t { host, bytes, list, dict };
  explicit Node(Shape shape = Shape::host) : shape_(shape) {}

 private:
  friend class Any;
  uint32_t refs_ = 0;
  const Shape shape_;
};

class Any {
 public:
  Any() noexcept : type_(0), words_{} {}  // no value at all: reflect's invalid Value; prints <no value>
  Any(const Any& o) noexcept : type_(o.type_) { copy(o); }
  Any(Any&& o) noexcept : type_(o.type_), words_(o.words_) { o.type_ = 0; }
  Any& operator=(const Any& o) noexcept {
    if (this != &o) {
      Any copied(o);
      *this = std::move(copied);
    }
    return *this;
  }
  Any& operator=(Any&& o) noexcept {
    if (this != &o) {
      Any old(std::move(*this));
      type_ = o.type_;
      words_ = o.words_;
      o.type_ = 0;
    }
    return *this;
  }
  ~Any() {
    if (type_ > kHeld) drop();
  }

  static Any nil() noexcept { return Any(kHeld); }  // a nil interface {}: a member that is null or missing
  static Any of(bool b) noexcept;
  static Any of(double d) noexcept;
  static Any of(std::string_view text) { return Any(types::string, Value(text)); }
  static Any of(const std::string& text) { return of(std::string_view(text)); }
  static Any of(const char* text) { return of(std::string_view(text)); }
  static Any of_int(int64_t n) noexcept;                       // Go's int
  static Any of_int64(int64_t n) noexcept;                     // int64: what --set and sprig's arithmetic give
  static Any number(const Type& type, int64_t bits) noexcept;  // any integer kind, named types too
  static Any real(const Type& type, double d) noexcept;
  static Any complex(double re, double im) noexcept;
  Any(const Type& type, Value text) noexcept;  // a string kind; the Value is a string
  Any(const Type& type, Node* node) noexcept;  // slice, map, structure, pointer, function

  const Type* type() const noexcept { return reinterpret_cast<const Type*>(type_ & ~kFlags); }  // null: nil or nothing
  Kind kind() const noexcept { return type() ? type()->kind : Kind::invalid; }
  std::string_view type_name() const noexcept { return type() ? std::string_view(type()->name) : "<nil>"; }
  bool is_nil() const noexcept { return type_ <= kHeld; }  // nil interface or no value
  bool is_valid() const noexcept { return type_ != 0; }    // false only for no value at all
  bool is_string() const noexcept { return kind() == Kind::string; }
  bool is_list() const noexcept { return kind() == Kind::slice; }  // bytes too
  bool is_map() const noexcept { return kind() == Kind::map; }
  bool is_int() const noexcept { return kind() >= Kind::int_ && kind() <= Kind::int64; }
  bool is_uint() const noexcept { return kind() >= Kind::uint && kind() <= Kind::uint64; }
  bool is_float() const noexcept { return kind() == Kind::float32 || kind() == Kind::float64; }
  bool is_bytes() const noexcept;
  bool truth() const noexcept;  // as `if` sees it

  // The content; undefined for other kinds. Of nodes: null (empty) where something else stands, as behind a time.Time,
  // which is a structure but no Dict, and behind nil maps and lists.
  bool as_bool() const noexcept { return words_.i != 0; }
  int64_t as_int() const noexcept { return words_.i; }
  uint64_t as_uint() const noexcept { return static_cast<uint64_t>(words_.i); }
  double as_float() const noexcept { return words_.d[0]; }
  double imaginary() const noexcept { return words_.d[1]; }
  const Value& value() const noexcept { return *reinterpret_cast<const Value*>(&words_); }  // of a string
  std::string_view text() const& noexcept { return value().as_string(); }
  std::string_view text() && = delete;
  Node* node() const noexcept { return words_.node; }
  Dict* dict() const noexcept;              // of a map, and of what Heap::structure made
  List* list() const noexcept;              // of a slice that is not bytes
  std::string_view bytes() const noexcept;  // of []uint8
  size_t size() const noexcept;             // elements, members, bytes of a text; 0 for all else

  // Whether this came out of an interface {} (a map member, a list element): Go's messages then name "interface {}".
  bool held() const noexcept { return (type_ & kHeld) != 0; }
  Any as_held() const& noexcept {
    Any a(*this);
    a.type_ |= kHeld;
    return a;
  }
  Any as_held() && noexcept {
    type_ |= kHeld;
    return std::move(*this);
  }
  Any unheld() && noexcept {
    type_ &= ~kHeld;
    return std::move(*this);
  }

  // Whether this is a field where it stands, which has an address: methods of its pointer count. What is handed over in
  // an interface {} (to a function, in a map) is a copy.
  bool placed() const noexcept { return (type_ & kPlaced) != 0; }
  Any as_placed() const& noexcept {
    Any a(*this);
    if (a.type_ > kFlags) a.type_ |= kPlaced;
    return a;
  }
  void hand_over() noexcept { type_ &= ~kPlaced; }

  bool same_node(const Any& o) const noexcept { return words_.node == o.words_.node; }

 private:
  static constexpr uintptr_t kHeld = 1, kPlaced = 2, kFlags = kHeld | kPlaced;
  explicit Any(uintptr_t type) noexcept : type_(type), words_{} {}
  void copy(const Any& o) noexcept {
    if (type_ <= kHeld)
      words_ = o.words_;
    else
      copy_content(o);
  }
  void copy_content(const Any& o) noexcept;
  void drop() noexcept;
  static void release(Node* node) noexcept;
  bool is(Node::Shape shape) const noexcept;

  uintptr_t type_;  // a Type's address; the lowest bits: held in an interface, placed
  union Words {
    int64_t i;
    double d[2];
    Node* node;
    struct {
      uint64_t a, b;
    } raw;  // a Value
  } words_;
};

// A []uint8.
class Bytes : public Node {
 public:
  explicit Bytes(std::shared_ptr<const std::string> content) : Node(Shape::bytes), content(std::move(content)) {}
  explicit Bytes(std::string content) : Bytes(std::make_shared<const std::string>(std::move(content))) {}
  const std::shared_ptr<const std::string> content;
};
inline Any bytes_of(std::shared_ptr<const std::string> content) {
  return Any(types::bytes, new Bytes(std::move(content)));
}
inline Any bytes_of(std::string content) {
  return Any(types::bytes, new Bytes(std::move(content)));
}

// A slice: elements, made from an array of a Value when they are first looked at.
class List : public Node {
 public:
  explicit List(std::vector<Any> items) : Node(Shape::list), items_(std::move(items)) {}
  List(Heap& heap, Value backing) : Node(Shape::list), heap_(&heap), backing_(std::move(backing)), lazy_(true) {}
  size_t size() const { return lazy_ ? backing_.size() : items_.size(); }
  const std::vector<Any>& items() const {
    if (lazy_) look();
    return items_;
  }
  const Value* untouched() const;  // the array behind it, if nothing below it can have changed

 private:
  void look() const;
  Heap* heap_ = nullptr;  // null: not made from a Value
  Value backing_;
  mutable bool lazy_ = false;  // the elements are still in backing_ alone
  mutable uint64_t looked_ = 0;
  mutable std::vector<Any> items_;
};

// A map with string keys, or a struct's fields. Entries are sorted by key, bytewise.
class Dict : public Node {
 public:
  struct Entry {
    value::Key key;
    Any value;
  };
  ~Dict() override;
  size_t size() const { return lazy_ ? backing_.size() : entries_.size(); }
  std::span<const Entry> entries() const {
    if (lazy_) look();
    return entries_;
  }
  const Any* find(std::string_view key) const;  // null: absent
  const Any* find(const value::Key& key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  void set(value::Key key, Any value);
  bool erase(std::string_view key);
  void clear();
  const Value* untouched() const;  // the object behind it, if nothing below it can have changed

 private:
  friend class Heap;
  explicit Dict(Heap* heap);
  void look() const;
  void touch();
  size_t lower_bound(std::string_view key) const;

  Heap* heap_;
  Dict *next_ = nullptr, *previous_ = nullptr;  // all maps of the heap
  bool backed_ = false;
  mutable bool lazy_ = false;  // the entries are still in backing_ alone
  Value backing_;
  mutable uint64_t looked_ = 0;
  mutable std::vector<Entry> entries_;
};

// Where maps are made. Maps may contain themselves; the heap takes them all apart when it goes, so it must outlive the
// use of every value made with it (values may be destroyed later).
class Heap {
 public:
  Heap() = default;
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  Any of(const Value& v);                          // null is nil; objects are map[string]interface {}
  Any map(const Type& type = types::any_map);      // empty
  Any map(const Type& type, const Value& object);  // an object under another type's name: chartutil.Values
  Any structure(const Type& type, std::vector<Dict::Entry> fields);  // any order
  Any list(std::vector<Any> items, const Type& type = types::any_list) { return Any(type, new List(std::move(items))); }
  Any strings(const std::vector<std::string>& items);  // []string

 private:
  friend class Dict;
  friend class List;
  Dict* maps_ = nullptr;
  uint64_t changes_ = 0;  // of maps that were made from Values
};

// What `omitempty` leaves out: false, 0, "", nil, and lists and maps of nothing.
bool is_omitted(const Any& v);

// The tree behind a value, as encoding/json sees it: bytes as base64, structs by Type::json. Untouched parts are
// shared, not copied. Errors: invalid for what has no JSON (NaN, complex numbers, functions, a map that holds itself),
// too_large past 1000 levels.
Result<Value> to_value(const Any& v);
// A list or map somewhere in it that holds itself; null when there is none.
const Any* holding_itself(const Any& v);

// reflect.DeepEqual: types must agree too.
bool deep_equal(const Any& a, const Any& b);

}  // namespace slipway::lang::gotemplate
