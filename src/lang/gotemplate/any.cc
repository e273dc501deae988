#include "lang/gotemplate/any.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <unordered_map>

#include "base/text.h"

namespace slipway::lang::gotemplate {

namespace {

constexpr int kDepthMax = 1000;          // of what is compared or turned into a tree
constexpr size_t kNodesMax = 5'000'000;  // lists may share what they hold, trees and comparisons do not

Type simple(std::string name, Kind kind, const Type* element = nullptr) {
  Type t;
  t.name = std::move(name);
  t.kind = kind;
  t.element = element;
  return t;
}

}  // namespace

namespace types {
const Type any = simple("interface {}", Kind::interface_);
const Type boolean = simple("bool", Kind::boolean);
const Type int_ = simple("int", Kind::int_);
const Type int8 = simple("int8", Kind::int8);
const Type int16 = simple("int16", Kind::int16);
const Type int32 = simple("int32", Kind::int32);
const Type int64 = simple("int64", Kind::int64);
const Type uint = simple("uint", Kind::uint);
const Type uint8 = simple("uint8", Kind::uint8);
const Type uint16 = simple("uint16", Kind::uint16);
const Type uint32 = simple("uint32", Kind::uint32);
const Type uint64 = simple("uint64", Kind::uint64);
const Type float32 = simple("float32", Kind::float32);
const Type float64 = simple("float64", Kind::float64);
const Type complex128 = simple("complex128", Kind::complex128);
const Type string = simple("string", Kind::string);
const Type any_list = simple("[]interface {}", Kind::slice, &any);
const Type string_list = simple("[]string", Kind::slice, &string);
const Type int_list = simple("[]int", Kind::slice, &int_);
const Type bytes = simple("[]uint8", Kind::slice, &uint8);
const Type any_map = simple("map[string]interface {}", Kind::map, &any);
const Type string_map = simple("map[string]string", Kind::map, &string);
const Type any_list_list = simple("[][]interface {}", Kind::slice, &any_list);
const Type any_map_list = simple("[]map[string]interface {}", Kind::slice, &any_map);
const Type raw = simple("reflect.Value", Kind::interface_);
const Type error = simple("error", Kind::interface_);
}  // namespace types

std::string_view to_string(Kind kind) {
  static constexpr std::string_view names[] = {"invalid", "bool",    "int",        "int8",   "int16",  "int32",
                                               "int64",   "uint",    "uint8",      "uint16", "uint32", "uint64",
                                               "float32", "float64", "complex128", "string", "slice",  "map",
                                               "struct",  "ptr",     "interface",  "func"};
  return names[static_cast<size_t>(kind)];
}

Any::Any(const Type& type, Value text) noexcept : type_(reinterpret_cast<uintptr_t>(&type)), words_{} {
  new (&words_) Value(std::move(text));
}

Any::Any(const Type& type, Node* node) noexcept : type_(reinterpret_cast<uintptr_t>(&type)), words_{} {
  words_.node = node;
  if (node != nullptr) ++node->refs_;
}

Any Any::of(bool b) noexcept {
  return number(types::boolean, b ? 1 : 0);
}
Any Any::of(double d) noexcept {
  return real(types::float64, d);
}
Any Any::of_int(int64_t n) noexcept {
  return number(types::int_, n);
}
Any Any::of_int64(int64_t n) noexcept {
  return number(types::int64, n);
}
Any Any::number(const Type& type, int64_t bits) noexcept {
  Any a(reinterpret_cast<uintptr_t>(&type));
  a.words_.i = bits;
  return a;
}
Any Any::real(const Type& type, double d) noexcept {
  Any a(reinterpret_cast<uintptr_t>(&type));
  a.words_.d[0] = d;
  return a;
}
Any Any::complex(double re, double im) noexcept {
  Any a(reinterpret_cast<uintptr_t>(&types::complex128));
  a.words_.d[0] = re;
  a.words_.d[1] = im;
  return a;
}

void Any::copy_content(const Any& o) noexcept {
  Kind k = o.kind();
  if (k == Kind::string) {
    new (&words_) Value(o.value());
  } else {
    words_ = o.words_;
    if (k >= Kind::slice && words_.node != nullptr) ++words_.node->refs_;
  }
}

void Any::drop() noexcept {
  Kind k = kind();
  if (k == Kind::string)
    reinterpret_cast<Value*>(&words_)->~Value();
  else if (k >= Kind::slice && words_.node != nullptr && --words_.node->refs_ == 0)
    release(words_.node);
}

// Lists in lists in lists: what a dying node lets go of waits its turn here, so that depth costs no stack.
void Any::release(Node* node) noexcept {
  thread_local std::vector<Node*>* waiting = nullptr;
  if (waiting != nullptr) {
    waiting->push_back(node);
    return;
  }
  std::vector<Node*> nodes;
  waiting = &nodes;
  delete node;
  while (!nodes.empty()) {
    Node* next = nodes.back();
    nodes.pop_back();
    delete next;
  }
  waiting = nullptr;
}

bool Any::is_bytes() const noexcept {
  return kind() == Kind::slice && type()->element == &types::uint8;
}

bool Any::truth() const noexcept {
  switch (kind()) {
    case Kind::invalid:
      return false;
    case Kind::string:
    case Kind::slice:
    case Kind::map:
      return size() > 0;
    case Kind::float32:
    case Kind::float64:
      return words_.d[0] != 0;
    case Kind::complex128:
      return words_.d[0] != 0 || words_.d[1] != 0;
    case Kind::structure:
      return true;
    case Kind::pointer:
    case Kind::function:
    case Kind::interface_:
      return words_.node != nullptr;
    default:
      return words_.i != 0;
  }
}

Dict* Any::dict() const noexcept {
  return is(Node::Shape::dict) ? static_cast<Dict*>(words_.node) : nullptr;
}
List* Any::list() const noexcept {
  return is(Node::Shape::list) ? static_cast<List*>(words_.node) : nullptr;
}
std::string_view Any::bytes() const noexcept {
  return is(Node::Shape::bytes) ? *static_cast<Bytes*>(words_.node)->content : std::string_view();
}
bool Any::is(Node::Shape shape) const noexcept {
  return kind() >= Kind::slice && words_.node != nullptr && words_.node->shape_ == shape;
}

size_t Any::size() const noexcept {
  switch (kind()) {
    case Kind::string:
      return text().size();
    case Kind::slice:
      return words_.node == nullptr ? 0 : is_bytes() ? bytes().size() : list()->size();
    case Kind::map:
      return words_.node == nullptr ? 0 : dict()->size();
    default:
      return 0;
  }
}

void List::look() const {
  lazy_ = false;
  looked_ = heap_->changes_;
  items_.reserve(backing_.size());
  for (const Value& v : backing_.items()) items_.push_back(heap_->of(v));
}

const Value* List::untouched() const {
  return lazy_ || (heap_ != nullptr && looked_ == heap_->changes_) ? &backing_ : nullptr;
}

Dict::Dict(Heap* heap) : Node(Shape::dict), heap_(heap) {
  next_ = heap->maps_;
  if (next_ != nullptr) next_->previous_ = this;
  heap->maps_ = this;
}

Dict::~Dict() {
  if (heap_ == nullptr) return;
  if (previous_ != nullptr)
    previous_->next_ = next_;
  else
    heap_->maps_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

void Dict::look() const {
  lazy_ = false;
  looked_ = heap_->changes_;
  entries_.reserve(backing_.size());
  for (const value::Member& m : backing_.members()) entries_.push_back({m.key, heap_->of(m.value)});
}

const Value* Dict::untouched() const {
  return lazy_ || (backed_ && looked_ == heap_->changes_) ? &backing_ : nullptr;
}

void Dict::touch() {
  if (lazy_) look();
  if (!backed_) return;
  if (heap_ != nullptr) ++heap_->changes_;
  backed_ = false;
  backing_ = Value();
}

size_t Dict::lower_bound(std::string_view key) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), key,
                             [](const Entry& e, std::string_view k) { return e.key.view() < k; });
  return static_cast<size_t>(at - entries_.begin());
}

const Any* Dict::find(std::string_view key) const {
  if (lazy_) look();
  size_t at = lower_bound(key);
  return at < entries_.size() && entries_[at].key.view() == key ? &entries_[at].value : nullptr;
}

const Any* Dict::find(const value::Key& key) const {
  if (lazy_) look();
  if (entries_.size() > 12) return find(key.view());
  for (const Entry& e : entries_)
    if (e.key == key) return &e.value;
  return nullptr;
}

void Dict::set(value::Key key, Any value) {
  touch();
  value = std::move(value).unheld();
  size_t at = lower_bound(key.view());
  if (at < entries_.size() && entries_[at].key == key)
    std::swap(entries_[at].value, value);
  else
    entries_.insert(entries_.begin() + static_cast<ptrdiff_t>(at), Entry{std::move(key), std::move(value)});
}

bool Dict::erase(std::string_view key) {
  touch();
  size_t at = lower_bound(key);
  if (at >= entries_.size() || entries_[at].key.view() != key) return false;
  Any old = std::move(entries_[at].value);
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(at));
  return true;
}

void Dict::clear() {
  if (lazy_) lazy_ = false;
  touch();
  std::vector<Entry> old;
  old.swap(entries_);
}

Heap::~Heap() {
  // Hold every map, so that emptying one frees none; then let go of all.
  std::vector<Any> all;
  for (Dict* d = maps_; d != nullptr; d = d->next_) all.push_back(Any(types::any_map, d));
  for (Any& a : all) a.dict()->clear();
  for (Any& a : all) a.dict()->heap_ = nullptr;
  maps_ = nullptr;
}

Any Heap::of(const Value& v) {
  switch (v.type()) {
    case value::Type::null:
      return Any();
    case value::Type::boolean:
      return Any::of(v.as_bool());
    case value::Type::integer:
      return Any::of_int64(v.as_int());
    case value::Type::real:
      return Any::of(v.as_double());
    case value::Type::string:
      return Any(types::string, v);
    case value::Type::array:
      return Any(types::any_list, new List(*this, v));
    case value::Type::object:
      return map(types::any_map, v);
  }
  return Any();
}

Any Heap::map(const Type& type) {
  return Any(type, new Dict(this));
}

Any Heap::map(const Type& type, const Value& object) {
  Dict* d = new Dict(this);
  d->backing_ = object;
  d->lazy_ = d->backed_ = true;
  return Any(type, d);
}

Any Heap::structure(const Type& type, std::vector<Dict::Entry> fields) {
  Dict* d = new Dict(this);
  std::sort(fields.begin(), fields.end(),
            [](const Dict::Entry& a, const Dict::Entry& b) { return a.key.view() < b.key.view(); });
  d->entries_ = std::move(fields);
  return Any(type, d);
}

Any Heap::strings(const std::vector<std::string>& items) {
  std::vector<Any> all;
  all.reserve(items.size());
  for (const std::string& s : items) all.push_back(Any::of(s));
  return list(std::move(all), types::string_list);
}

namespace {

Result<Value> tree_of(const Any& v, int depth, size_t& nodes);

Result<> add_fields(const Any& v, int depth, size_t& nodes, std::vector<value::Member>& members) {
  for (const Field& field : v.type()->fields) {
    const Any& held = field.of(v);
    if (field.hidden || (field.omit_empty && is_omitted(held))) continue;
    if (field.embedded)
      OR_RETURN(add_fields(held, depth + 1, nodes, members));
    else
      members.push_back({value::Key(field.json_name()), OR_RETURN(tree_of(held, depth + 1, nodes))});
  }
  return {};
}

Result<Value> tree_of_map(const Any& v, int depth, size_t& nodes) {
  if (v.node() == nullptr) return Value();
  std::vector<value::Member> members;
  if (v.kind() != Kind::map) {
    OR_RETURN(add_fields(v, depth, nodes, members));
    return Value::object(std::move(members));
  }
  if (const Value* whole = v.dict()->untouched()) return *whole;
  members.reserve(v.dict()->size());
  for (const Dict::Entry& e : v.dict()->entries())
    members.push_back({e.key, OR_RETURN(tree_of(e.value, depth + 1, nodes))});
  return Value::object(std::move(members));
}

Result<Value> tree_of(const Any& v, int depth, size_t& nodes) {
  if (++nodes > kNodesMax) return fail(ErrorKind::too_large, "more than {} values", kNodesMax);
  if (depth > kDepthMax) return fail(ErrorKind::too_large, "nested deeper than {} levels", kDepthMax);
  const Type* type = v.type();
  if (type == nullptr) return Value();
  if (type->json != nullptr) return type->json(v);
  switch (type->kind) {
    case Kind::boolean:
      return Value(v.as_bool());
    case Kind::float32:
    case Kind::float64:
      if (!std::isfinite(v.as_float())) return fail(ErrorKind::invalid, "json: unsupported value");
      return Value(v.as_float());
    case Kind::string:
      return v.value();
    case Kind::slice: {
      if (v.node() == nullptr) return Value();
      if (v.is_bytes()) return Value(base::base64_encode(v.bytes()));
      if (const Value* whole = v.list()->untouched()) return *whole;
      std::vector<Value> items;
      items.reserve(v.size());
      for (const Any& item : v.list()->items()) items.push_back(OR_RETURN(tree_of(item, depth + 1, nodes)));
      return Value::array(std::move(items));
    }
    case Kind::map:
    case Kind::structure:
    case Kind::pointer:
      return tree_of_map(v, depth, nodes);
    case Kind::uint:
    case Kind::uint8:
    case Kind::uint16:
    case Kind::uint32:
    case Kind::uint64:
      return Value(v.as_uint());
    case Kind::invalid:
    case Kind::interface_:
    case Kind::function:
    case Kind::complex128:
      return fail(ErrorKind::invalid, "json: unsupported type: {}", type->name);
    default:
      return Value(v.as_int());
  }
}

// Walks down; what stands above on the way is remembered, and what was left is not entered again.
struct Cycle {
  std::unordered_map<const Node*, bool> seen;  // whether it stands above

  const Any* find(const Any& v, int depth) {
    if (v.node() == nullptr || v.is_bytes() || depth > 5 * kDepthMax) return nullptr;
    if (!v.is_list() && v.dict() == nullptr) return nullptr;
    if (v.is_list() ? v.list()->untouched() != nullptr : v.dict()->untouched() != nullptr) return nullptr;
    auto [at, fresh] = seen.try_emplace(v.node(), true);
    if (!fresh) return at->second ? &v : nullptr;
    const Any* found = nullptr;
    if (v.is_list()) {
      for (const Any& item : v.list()->items())
        if ((found = find(item, depth + 1))) return found;
    } else {
      for (const Dict::Entry& e : v.dict()->entries())
        if (find(e.value, depth + 1)) return &v;
    }
    seen[v.node()] = false;
    return nullptr;
  }
};

bool equal_at(const Any& a, const Any& b, int depth, size_t& nodes) {
  if (a.type() != b.type()) return false;
  if (depth > kDepthMax || ++nodes > kNodesMax) return false;
  switch (a.kind()) {
    case Kind::invalid:
      return true;
    case Kind::float32:
    case Kind::float64:
      return a.as_float() == b.as_float();
    case Kind::complex128:
      return a.as_float() == b.as_float() && a.imaginary() == b.imaginary();
    case Kind::string:
      return a.text() == b.text();
    case Kind::slice: {
      if ((a.node() == nullptr) != (b.node() == nullptr) || a.size() != b.size()) return false;
      if (a.same_node(b)) return true;
      if (a.is_bytes()) return a.bytes() == b.bytes();
      const auto &x = a.list()->items(), &y = b.list()->items();
      for (size_t i = 0; i < x.size(); ++i)
        if (!equal_at(x[i], y[i], depth + 1, nodes)) return false;
      return true;
    }
    case Kind::map:
    case Kind::structure:
    case Kind::pointer: {
      if (a.same_node(b)) return true;
      if (a.node() == nullptr || b.node() == nullptr) return false;
      Dict *p = a.dict(), *q = b.dict();
      if (p == nullptr && q == nullptr && a.type()->json != nullptr) return a.type()->json(a) == a.type()->json(b);
      if (p == nullptr && q == nullptr && a.type()->text != nullptr) return a.type()->text(a) == a.type()->text(b);
      if (p == nullptr || q == nullptr || p->size() != q->size()) return false;
      auto x = p->entries(), y = q->entries();
      for (size_t i = 0; i < x.size(); ++i)
        if (!(x[i].key == y[i].key) || !equal_at(x[i].value, y[i].value, depth + 1, nodes)) return false;
      return true;
    }
    case Kind::function:
    case Kind::interface_:
      return false;
    default:
      return a.as_int() == b.as_int();
  }
}

}  // namespace

const Any& Field::of(const Any& structure) const {
  static const Any none;
  const Dict* fields = structure.dict();
  const Any* found = fields == nullptr ? nullptr : fields->find(std::string_view(hidden ? " " + name : name));
  return found == nullptr ? none : *found;
}

bool is_omitted(const Any& v) {
  return v.kind() != Kind::structure && !v.truth();
}

Result<Value> to_value(const Any& v) {
  size_t nodes = 0;
  auto tree = tree_of(v, 0, nodes);
  if (tree || !tree.failed_with(ErrorKind::too_large)) return tree;
  const Any* itself = holding_itself(v);
  return itself ? fail(ErrorKind::invalid, "json: unsupported value: encountered a cycle via {}", itself->type_name())
                : std::move(tree).error();
}

const Any* holding_itself(const Any& v) {
  Cycle cycle;
  return cycle.find(v, 0);
}

bool deep_equal(const Any& a, const Any& b) {
  size_t nodes = 0;
  return equal_at(a, b, 0, nodes);
}

}  // namespace slipway::lang::gotemplate
