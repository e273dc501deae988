#include "lang/gotemplate/literal.h"

#include <fmt/format.h>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/number.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

bool fits_int(double d) {
  return d >= -9223372036854775808.0 && d < 9223372036854775808.0;
}
bool fits_uint(double d) {
  return d >= 0 && d < 18446744073709551616.0;
}

}  // namespace

std::string read_number(Number& n, const Token& t) {
  std::string_view s = t.text;
  if (t.type == Token::Type::character_constant) {
    std::string text;
    if (!unquote(s, text)) {
      value::Rune r = s.size() > 2 ? value::decode_rune(s.substr(1)) : value::Rune{};
      if (s.size() > 2 && s[1] != '\\' && static_cast<size_t>(r.length) + 2 < s.size())
        return fmt::format("malformed character constant: {}", s);
      return "invalid syntax";
    }
    n.is_int = n.is_uint = n.is_float = true;
    n.int_value = static_cast<int64_t>(value::decode_rune(text).code);
    n.uint_value = static_cast<uint64_t>(n.int_value);
    n.float_value = static_cast<double>(n.int_value);
    n.ideal = Number::Ideal::int_;
    return {};
  }
  auto simplify = [&n] {
    n.is_complex = true;
    n.is_float = n.imaginary == 0;
    if (n.is_float) {
      n.is_int = fits_int(n.float_value) && static_cast<double>(static_cast<int64_t>(n.float_value)) == n.float_value;
      if (n.is_int) n.int_value = static_cast<int64_t>(n.float_value);
      n.is_uint =
          fits_uint(n.float_value) && static_cast<double>(static_cast<uint64_t>(n.float_value)) == n.float_value;
      if (n.is_uint) n.uint_value = static_cast<uint64_t>(n.float_value);
    }
    n.ideal = Number::Ideal::complex;
  };
  if (t.type == Token::Type::complex) {
    size_t cut = s.find_last_of("+-");
    while (cut > 0 && cut != s.npos && (s[cut - 1] == 'e' || s[cut - 1] == 'E' || s[cut - 1] == 'p'))
      cut = s.find_last_of("+-", cut - 1);
    if (cut == 0 || cut == s.npos || read_float(s.substr(0, cut), n.float_value) != ReadNumber::ok ||
        read_float(s.substr(cut, s.size() - cut - 1), n.imaginary) != ReadNumber::ok)
      return "syntax error scanning complex number";
    simplify();
    return {};
  }
  if (s.ends_with('i') && read_float(s.substr(0, s.size() - 1), n.imaginary) == ReadNumber::ok) {
    simplify();
    return {};
  }
  n.imaginary = 0;
  uint64_t u;
  ReadNumber ru = read_uint(s, 0, u);
  n.is_uint = ru == ReadNumber::ok;
  if (n.is_uint) n.uint_value = u;
  int64_t i;
  if (read_int(s, 0, i) == ReadNumber::ok) {
    n.is_int = true;
    n.int_value = i;
    if (i == 0) {
      n.is_uint = true;
      n.uint_value = 0;
    }
  }
  bool looks_real = s.find_first_of(".eEpP") != s.npos;
  if (n.is_int || n.is_uint) {
    n.is_float = true;
    n.float_value = n.is_int ? static_cast<double>(n.int_value) : static_cast<double>(n.uint_value);
  } else {
    double d;
    if (read_float(s, d) == ReadNumber::ok) {
      if (!looks_real) return "integer overflow: " + quote(s);
      n.is_float = true;
      n.float_value = d;
      if (fits_int(d) && static_cast<double>(static_cast<int64_t>(d)) == d) {
        n.is_int = true;
        n.int_value = static_cast<int64_t>(d);
      }
      if (fits_uint(d) && static_cast<double>(static_cast<uint64_t>(d)) == d) {
        n.is_uint = true;
        n.uint_value = static_cast<uint64_t>(d);
      }
    }
  }
  if (!n.is_int && !n.is_uint && !n.is_float) return "illegal number syntax: " + quote(s);
  bool hex_int = s.size() > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && s.find_first_of("pP") == s.npos;
  if (n.is_float && !hex_int && looks_real)
    n.ideal = Number::Ideal::float_;
  else if (n.is_int)
    n.ideal = Number::Ideal::int_;
  else if (n.is_uint)
    n.ideal = Number::Ideal::overflow;
  return {};
}

}  // namespace slipway::lang::gotemplate
