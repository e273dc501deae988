// The table of functions, and Go's own: and or not len index slice call print printf println html js urlquery and the
// comparisons. Kinds, coercions and messages are text/template's funcs.go's.
#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/template.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

Signature parse_signature(std::string_view go, std::span<const Type* const> more) {
  auto type_of = [more](std::string_view name) -> const Type* {
    static const std::pair<std::string_view, const Type*> known[] = {
        {"any", &types::any},
        {"interface {}", &types::any},
        {"bool", &types::boolean},
        {"int", &types::int_},
        {"int64", &types::int64},
        {"float64", &types::float64},
        {"uint32", &types::uint32},
        {"uint64", &types::uint64},
        {"string", &types::string},
        {"[]any", &types::any_list},
        {"[]string", &types::string_list},
        {"[]int", &types::int_list},
        {"[]byte", &types::bytes},
        {"[]uint8", &types::bytes},
        {"[][]any", &types::any_list_list},
        {"[]map[string]any", &types::any_map_list},
        {"map[string]any", &types::any_map},
        {"map[string]string", &types::string_map},
        {"reflect.Value", &types::raw},
    };
    for (const Type* t : more)
      if (t->name == name) return t;
    for (auto [known_name, t] : known)
      if (known_name == name) return t;
    return nullptr;
  };
  Signature s;
  size_t close = go.find(')');
  SLIPWAY_CHECK(go.starts_with('(') && close != go.npos);
  std::string_view in = go.substr(1, close - 1), out = go.substr(close + 1);
  while (!in.empty()) {
    size_t comma = in.find(", ");
    std::string_view name = in.substr(0, comma);
    in = comma == in.npos ? std::string_view() : in.substr(comma + 2);
    if (name.starts_with("...")) {
      s.variadic = true;
      name.remove_prefix(3);
    }
    const Type* t = type_of(name);
    SLIPWAY_CHECK(t != nullptr);
    if (s.in.empty()) s.in.reserve(2 + static_cast<size_t>(std::ranges::count(in, ',')));
    s.in.push_back(t);
  }
  while (out.starts_with(' ')) out.remove_prefix(1);
  s.out = type_of(out);
  SLIPWAY_CHECK(s.out != nullptr);
  return s;
}

void Functions::add(std::string_view name, std::string_view signature, std::function<Any(Call&)> run,
                    std::span<const Type* const> more) {
  add(name, parse_signature(signature, more), std::move(run));
}
void Functions::add(std::string_view name, Signature signature, std::function<Any(Call&)> run) {
  table_[std::string(name)] =
      std::make_shared<const Function>(Function{std::string(name), std::move(signature), std::move(run)});
}
void Functions::remove(std::string_view name) {
  auto at = table_.find(name);
  if (at != table_.end()) table_.erase(at);
}
const Function* Functions::find(std::string_view name) const {
  auto at = table_.find(name);
  return at == table_.end() ? nullptr : at->second.get();
}
std::shared_ptr<const Function> Functions::share(std::string_view name) const {
  auto at = table_.find(name);
  return at == table_.end() ? nullptr : at->second;
}
std::vector<std::string> Functions::names() const {
  std::vector<std::string> all;
  for (const auto& [name, f] : table_) all.push_back(name);
  std::sort(all.begin(), all.end());
  return all;
}

namespace {

// ---- index, slice, len

bool index_of(Call& call, const Any& index, size_t limit, size_t& out) {
  int64_t x = 0;
  if (index.is_int() || index.is_uint()) {
    x = index.as_int();
  } else {
    call.fail(index.is_nil() ? "cannot index slice/array with nil"
                             : fmt::format("cannot index slice/array with type {}", index.type_name()));
    return false;
  }
  if (x < 0 || static_cast<uint64_t>(x) > limit) {
    call.fail(fmt::format("index out of range: {}", x));
    return false;
  }
  out = static_cast<size_t>(x);
  return true;
}

Any panic_index(Call& call, size_t i, size_t n, std::string_view what) {
  return call.fail(fmt::format("reflect: {} index out of range", what) + (i >= n ? "" : ""));
}

Any element(const Any& list, size_t i) {
  if (list.is_bytes()) return Any::number(types::uint8, static_cast<unsigned char>(list.bytes()[i]));
  const Any& item = list.list()->items()[i];
  return list.type()->element == &types::any ? item.as_held() : item;
}

Any go_index(Call& call) {
  Any item = call[0];
  if (item.is_nil()) return call.fail("index of untyped nil");
  for (size_t i = 1; i < call.size(); ++i) {
    const Any& index = call[i];
    if (item.is_nil()) return call.fail("index of nil pointer");
    switch (item.kind()) {
      case Kind::string:
      case Kind::slice: {
        size_t at;
        size_t n = item.size();
        if (!index_of(call, index, n, at)) return Any();
        if (at >= n) return panic_index(call, at, n, item.is_string() ? "string" : "slice");
        if (item.is_string()) {
          auto c = static_cast<unsigned char>(item.text()[at]);
          item = Any::number(types::uint8, c);
        } else {
          item = element(item, at);
        }
        break;
      }
      case Kind::map: {
        if (index.is_nil()) return call.fail("value is nil; should be of type string");
        if (index.type() != &types::string)
          return call.fail(fmt::format("value has type {}; should be string", index.type_name()));
        const Any* found = item.node() != nullptr ? item.dict()->find(index.text()) : nullptr;
        const Type* of = item.type()->element;
        if (found != nullptr)
          item = of == &types::any ? found->as_held() : Any(*found);
        else if (of->kind == Kind::interface_)
          item = Any::nil();
        else if (of->kind == Kind::string)
          item = Any(*of, Value(""));
        else
          item = Any(*of, static_cast<Node*>(nullptr));
        break;
      }
      default:
        return call.fail(
            fmt::format("can't index item of type {}", item.type_name().substr(item.kind() == Kind::pointer ? 1 : 0)));
    }
  }
  return item;
}

Any go_slice(Call& call) {
  const Any& item = call[0];
  if (item.is_nil()) return call.fail("slice of untyped nil");
  if (call.size() > 4) return call.fail(fmt::format("too many slice indexes: {}", call.size() - 1));
  if (item.is_string() && call.size() == 4) return call.fail("cannot 3-index slice a string");
  if (!item.is_string() && !item.is_list())
    return call.fail(fmt::format("can't slice item of type {}", item.type_name()));
  size_t n = item.size(), bounds[3] = {0, n, n};
  for (size_t i = 1; i < call.size(); ++i)
    if (!index_of(call, call[i], n, bounds[i - 1])) return Any();
  if (bounds[0] > bounds[1]) return call.fail(fmt::format("invalid slice index: {} > {}", bounds[0], bounds[1]));
  if (call.size() == 4 && bounds[1] > bounds[2])
    return call.fail(fmt::format("invalid slice index: {} > {}", bounds[1], bounds[2]));
  if (item.is_string()) return Any(*item.type(), Value(item.text().substr(bounds[0], bounds[1] - bounds[0])));
  if (item.is_bytes())
    return Any(*item.type(), new Bytes(std::string(item.bytes().substr(bounds[0], bounds[1] - bounds[0]))));
  const auto& items = item.list()->items();
  return call.heap().list(
      {items.begin() + static_cast<ptrdiff_t>(bounds[0]), items.begin() + static_cast<ptrdiff_t>(bounds[1])},
      *item.type());
}

Any go_len(Call& call) {
  const Any& item = call[0];
  if (!item.is_valid()) return call.fail("reflect: call of reflect.Value.Type on zero Value");
  switch (item.kind()) {
    case Kind::invalid:
      return call.fail("len of nil pointer");
    case Kind::string:
    case Kind::slice:
    case Kind::map:
      return Any::of_int(static_cast<int64_t>(item.size()));
    default:
      return call.fail(fmt::format("len of type {}", item.type_name()));
  }
}

// ---- comparison

enum class Basic { invalid, boolean, complex, integer, real, string, natural };

Basic basic(const Any& v) {
  switch (v.kind()) {
    case Kind::boolean:
      return Basic::boolean;
    case Kind::float32:
    case Kind::float64:
      return Basic::real;
    case Kind::complex128:
      return Basic::complex;
    case Kind::string:
      return Basic::string;
    default:
      return v.is_int() ? Basic::integer : v.is_uint() ? Basic::natural : Basic::invalid;
  }
}

std::string incompatible(const Any& a, const Any& b) {
  return fmt::format("incompatible types for comparison: {} and {}", a.type_name(), b.type_name());
}

bool is_nil_value(const Any& v) {
  if (v.is_nil()) return true;
  Kind k = v.kind();
  return (k == Kind::slice || k == Kind::map || k == Kind::pointer || k == Kind::function) && v.node() == nullptr;
}

bool equals(Call& call, const Any& a, const Any& b) {
  Basic p = basic(a), q = basic(b);
  if (p != q) {
    if (p == Basic::integer && q == Basic::natural) return a.as_int() >= 0 && a.as_uint() == b.as_uint();
    if (p == Basic::natural && q == Basic::integer) return b.as_int() >= 0 && a.as_uint() == b.as_uint();
    if (!a.is_nil() && !b.is_nil()) call.fail(incompatible(a, b));
    return false;
  }
  switch (p) {
    case Basic::boolean:
    case Basic::integer:
    case Basic::natural:
      return a.as_int() == b.as_int();
    case Basic::complex:
      return a.as_float() == b.as_float() && a.imaginary() == b.imaginary();
    case Basic::real:
      return a.as_float() == b.as_float();
    case Basic::string:
      return a.text() == b.text();
    case Basic::invalid:
      break;
  }
  if (a.kind() != b.kind() && !a.is_nil() && !b.is_nil()) {
    Any four[] = {a, Any::of(a.type_name()), Any::of(b.type_name()), b};
    call.fail(sprintf("non-comparable types %s: %v, %s: %v", four));
    return false;
  }
  if (is_nil_value(a) || is_nil_value(b)) return is_nil_value(a) == is_nil_value(b);
  if (b.kind() == Kind::slice || b.kind() == Kind::map || b.kind() == Kind::function) {
    Any two[] = {b, Any::of(b.type_name())};
    call.fail(sprintf("non-comparable type %s: %v", two));
    return false;
  }
  return a.kind() == Kind::pointer ? a.same_node(b) : deep_equal(a, b);
}

bool less(Call& call, const Any& a, const Any& b) {
  Basic p = basic(a), q = basic(b);
  if (p == Basic::invalid || q == Basic::invalid) return call.fail("invalid type for comparison"), false;
  if (p != q) {
    if (p == Basic::integer && q == Basic::natural) return a.as_int() < 0 || a.as_uint() < b.as_uint();
    if (p == Basic::natural && q == Basic::integer) return b.as_int() >= 0 && a.as_uint() < b.as_uint();
    return call.fail(incompatible(a, b)), false;
  }
  switch (p) {
    case Basic::real:
      return a.as_float() < b.as_float();
    case Basic::integer:
      return a.as_int() < b.as_int();
    case Basic::natural:
      return a.as_uint() < b.as_uint();
    case Basic::string:
      return a.text() < b.text();
    default:
      return call.fail("invalid type for comparison"), false;
  }
}

bool less_or_equal(Call& call, const Any& a, const Any& b) {
  bool l = less(call, a, b);
  return l || call.failed() ? l : equals(call, a, b);
}

Any go_eq(Call& call) {
  if (call.size() == 1) return call.fail("missing argument for comparison");
  for (size_t i = 1; i < call.size(); ++i) {
    bool same = equals(call, call[0], call[i]);
    if (call.failed()) return Any();
    if (same) return Any::of(true);
  }
  return Any::of(false);
}

template <bool (*F)(Call&, const Any&, const Any&), bool Negated>
Any compare(Call& call) {
  return Any::of(F(call, call[0], call[1]) != Negated);
}

// ---- escaping

std::string evaluated(Call& call) {
  if (call.size() == 1 && call[0].is_string()) return std::string(call[0].text());
  for (Any& a : call.arguments())
    if (a.is_nil()) a = Any::of("<no value>");
  return sprint(call.arguments());
}

Any go_html(Call& call) {
  std::string out;
  for (char c : evaluated(call)) {
    switch (c) {
      case '\0':
        out += "\xef\xbf\xbd";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return Any::of(out);
}

Any go_js(Call& call) {
  std::string text = evaluated(call), out;
  for (std::string_view s = text; !s.empty();) {
    value::Rune r = value::decode_rune(s);
    std::string_view c = s.substr(0, static_cast<size_t>(r.length));
    s.remove_prefix(c.size());
    switch (r.code) {
      case '\\':
        out += "\\\\";
        break;
      case '\'':
        out += "\\'";
        break;
      case '"':
        out += "\\\"";
        break;
      case '<':
        out += "\\u003C";
        break;
      case '>':
        out += "\\u003E";
        break;
      case '&':
        out += "\\u0026";
        break;
      case '=':
        out += "\\u003D";
        break;
      default:
        if (r.code < 0x20 || (r.code >= 0x80 && !is_print(r.code)))
          out += fmt::format("\\u{:04X}", static_cast<uint32_t>(r.code));
        else
          out += c;
    }
  }
  return Any::of(out);
}

Any go_urlquery(Call& call) {
  std::string out;
  for (char ch : evaluated(call)) {
    auto c = static_cast<unsigned char>(ch);
    if (is_digit(c) || (c < 0x80 && is_letter(c)) || c == '-' || c == '_' || c == '.' || c == '~')
      out += ch;
    else if (c == ' ')
      out += '+';
    else
      out += fmt::format("%{:02X}", c);
  }
  return Any::of(out);
}

Any printed_result(Call& call, std::string text) {
  if (!call.charge(text.size() > kPrintedMax ? SIZE_MAX : text.size())) return Any();
  return Any::of(text);
}

}  // namespace

Functions::Functions() {
  table_.reserve(300);  // with sprig's
  auto add_builtin = [this](std::string_view name, Function::Builtin builtin) {
    Function f{std::string(name), parse_signature("(reflect.Value, ...reflect.Value) reflect.Value"),
               [](Call&) { return Any(); }, builtin};
    table_[std::string(name)] = std::make_shared<const Function>(std::move(f));
  };
  add_builtin("and", Function::Builtin::and_);
  add_builtin("or", Function::Builtin::or_);
  add_builtin("call", Function::Builtin::call);
  add("not", "(reflect.Value) bool", [](Call& c) { return Any::of(!c[0].truth()); });
  add("len", "(reflect.Value) int", go_len);
  add("index", "(reflect.Value, ...reflect.Value) reflect.Value", go_index);
  add("slice", "(reflect.Value, ...reflect.Value) reflect.Value", go_slice);
  add("eq", "(reflect.Value, ...reflect.Value) bool", go_eq);
  add("ne", "(reflect.Value, reflect.Value) bool", compare<equals, true>);
  add("lt", "(reflect.Value, reflect.Value) bool", compare<less, false>);
  add("le", "(reflect.Value, reflect.Value) bool", compare<less_or_equal, false>);
  add("gt", "(reflect.Value, reflect.Value) bool", compare<less_or_equal, true>);
  add("ge", "(reflect.Value, reflect.Value) bool", compare<less, true>);
  add("print", "(...any) string", [](Call& c) { return printed_result(c, sprint(c.arguments())); });
  add("println", "(...any) string", [](Call& c) { return printed_result(c, sprintln(c.arguments())); });
  add("printf", "(string, ...any) string",
      [](Call& c) { return printed_result(c, sprintf(c.text(0), c.arguments().subspan(1))); });
  add("html", "(...any) string", go_html);
  add("js", "(...any) string", go_js);
  add("urlquery", "(...any) string", go_urlquery);
}

}  // namespace slipway::lang::gotemplate
