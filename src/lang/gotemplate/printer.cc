// Values, as fmt/print.go prints them.
#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/printer.h"
#include "lang/gotemplate/quote.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

constexpr int kDepthMax = 2000;

}  // namespace

void Printer::argument(const Any& v, char32_t verb) {
  if (v.is_nil()) {
    if (verb == 'T' || verb == 'v') return pad("<nil>");
    return bad_verb(v, verb);
  }
  if (verb == 'T') return string_plain(v.type_name());
  if (verb == 'p') return pointer(v, verb);
  if (methods(v, verb)) return;
  value(v, verb, 0);
}

bool Printer::methods(const Any& v, char32_t verb) {
  if (!erroring_ && f_.sharp_v && v.type()->go_text != nullptr) return out_ += v.type()->go_text(v), true;
  if (erroring_ || v.type()->text == nullptr || f_.sharp_v) return false;
  if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return false;
  if (v.kind() == Kind::pointer && v.node() == nullptr) return out_ += "<nil>", true;
  string(v.type()->text(v), verb);
  return true;
}

void Printer::bad_verb(const Any& v, char32_t verb) {
  erroring_ = true;
  out_ += "%!";
  value::append_rune(out_, verb);
  out_ += '(';
  if (v.is_nil()) {
    out_ += "<nil>";
  } else {
    out_ += v.type_name();
    out_ += '=';
    value(v, 'v', 0);
  }
  out_ += ')';
  erroring_ = false;
}

void Printer::value(const Any& v, char32_t verb, int depth) {
  if (depth > kDepthMax || out_.size() > end_) {
    deep_ = true;
    return;
  }
  if (v.is_nil()) {
    out_ += f_.sharp_v ? "interface {}(nil)" : "<nil>";
    return;
  }
  if (depth > 0 && methods(v, verb)) return;
  switch (v.kind()) {
    case Kind::boolean:
      if (verb != 't' && verb != 'v') return bad_verb(v, verb);
      return pad(v.as_bool() ? "true" : "false");
    case Kind::float32:
    case Kind::float64:
      return real(v, v.as_float(), verb, v.kind() == Kind::float32 ? 32 : 64);
    case Kind::complex128: {
      if (!is_float_verb(verb)) return bad_verb(v, verb);
      bool plus = f_.plus;
      out_ += '(';
      real(v, v.as_float(), verb, 64);
      f_.plus = true;
      real(v, v.imaginary(), verb, 64);
      out_ += "i)";
      f_.plus = plus;
      return;
    }
    case Kind::string:
      if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return bad_verb(v, verb);
      return string(v.text(), verb);
    case Kind::slice:
      return slice(v, verb, depth);
    case Kind::map:
      return map(v, verb, depth);
    case Kind::structure:
      return structure(v, verb, depth);
    case Kind::pointer:
      if (depth == 0 && (v.dict() != nullptr || (v.node() != nullptr && v.type()->field != nullptr))) {
        out_ += '&';
        return structure(v, verb, depth);
      }
      return pointer(v, verb);
    case Kind::function:
    case Kind::interface_:
    case Kind::invalid:
      return pointer(v, verb);
    default:
      return integer(v, verb);
  }
}

void Printer::slice(const Any& v, char32_t verb, int depth) {
  if (v.is_bytes() && (verb == 's' || verb == 'q' || verb == 'x' || verb == 'X')) return string(v.bytes(), verb);
  if (f_.sharp_v) {
    out_ += v.is_bytes() && depth == 0 ? "[]byte" : go_syntax(v);
    if (v.node() == nullptr) {
      out_ += "(nil)";
      return;
    }
  }
  out_ += f_.sharp_v ? '{' : '[';
  bool first = true;
  if (v.is_bytes()) {
    for (char c : v.bytes()) {
      between(std::exchange(first, false));
      Any byte = Any::number(types::uint8, static_cast<unsigned char>(c));
      if (f_.sharp_v)
        hexadecimal(byte.as_uint());
      else
        integer(byte, verb);
    }
  } else if (v.node() != nullptr) {
    for (const Any& item : v.list()->items()) {
      between(std::exchange(first, false));
      value(item, verb, depth + 1);
      if (deep_) return;
    }
  }
  out_ += f_.sharp_v ? '}' : ']';
}

void Printer::map(const Any& v, char32_t verb, int depth) {
  if (f_.sharp_v) {
    out_ += go_syntax(v);
    if (v.node() == nullptr) {
      out_ += "(nil)";
      return;
    }
    out_ += '{';
  } else {
    out_ += "map[";
  }
  bool first = true;
  if (v.node() != nullptr)
    for (const Dict::Entry& e : v.dict()->entries()) {
      between(std::exchange(first, false));
      string_value(e.key.view(), verb);
      out_ += ':';
      value(e.value, verb, depth + 1);
      if (deep_) return;
    }
  out_ += f_.sharp_v ? '}' : ']';
}

void Printer::structure(const Any& v, char32_t verb, int depth) {
  if (f_.sharp_v) out_ += go_syntax(v);
  out_ += '{';
  bool first = true;
  const Type& type = *v.type();
  for (size_t i = 0; i < type.fields.size(); ++i) {
    between(std::exchange(first, false));
    if (f_.plus_v || f_.sharp_v) out_ += type.fields[i].name + ":";
    value(type.field != nullptr ? type.field(v, i) : type.fields[i].of(v), verb, depth + 1);
    if (deep_) return;
  }
  out_ += '}';
}

std::string_view Printer::go_syntax(const Any& v) {
  std::string_view name = v.type()->go_syntax.empty() ? std::string_view(v.type()->name) : v.type()->go_syntax;
  if (v.kind() == Kind::pointer && name.starts_with('*')) name.remove_prefix(1);
  return name;
}

void Printer::pointer(const Any& v, char32_t verb) {
  Kind k = v.kind();
  bool points = k == Kind::map || k == Kind::slice || k == Kind::pointer || k == Kind::function;
  if (!points) return bad_verb(v, verb);
  if (v.node() == nullptr && verb == 'v' && !f_.sharp_v) return pad("<nil>");
  if (v.node() == nullptr && verb == 'p') return pad("0x0");
  if (verb != 'v' && verb != 'p' && verb != 'x' && verb != 'X' && verb != 'd' && verb != 'o' && verb != 'b')
    return bad_verb(v, verb);
  const uint64_t address = v.node() == nullptr ? 0 : 0xc000000000;  // it means nothing to anybody
  if (verb == 'v' && f_.sharp_v)
    out_ += fmt::format("({})({})", v.type_name(), address == 0 ? "nil" : fmt::format("{:#x}", address));
  else if (verb == 'v' || verb == 'p')
    hexadecimal(address);
  else
    integer(Any::number(types::uint64, static_cast<int64_t>(address)), verb);
}

}  // namespace slipway::lang::gotemplate
