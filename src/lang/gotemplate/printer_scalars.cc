// Numbers and texts, as fmt/format.go writes them.
#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/printer.h"
#include "lang/gotemplate/quote.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

size_t rune_count(std::string_view s) {
  size_t n = 0;
  while (!s.empty()) {
    s.remove_prefix(static_cast<size_t>(value::decode_rune(s).length));
    ++n;
  }
  return n;
}

char32_t valid_rune(uint64_t u) {
  return u > 0x10FFFF || (u >= 0xD800 && u < 0xE000) ? 0xFFFD : static_cast<char32_t>(u);
}

void keep_zeros(std::string& num, char32_t verb, int precision) {
  int digits = 0;
  if (verb == 'v' || verb == 'g' || verb == 'G' || verb == 'x') digits = precision == -1 ? 6 : precision;
  std::string tail;
  bool point = false, nonzero = false;
  for (size_t i = 1; i < num.size(); ++i) {
    char c = num[i];
    if (c == '.') {
      point = true;
      continue;
    }
    if (c == 'p' || c == 'P' || ((c == 'e' || c == 'E') && verb != 'x' && verb != 'X')) {
      tail = num.substr(i);
      num.resize(i);
      break;
    }
    if (c != '0') nonzero = true;
    if (nonzero) --digits;
  }
  if (!point) {
    if (num.size() == 2 && num[1] == '0') --digits;
    num += '.';
  }
  for (; digits > 0; --digits) num += '0';
  num += tail;
}

}  // namespace

void Printer::integer(const Any& v, char32_t verb) {
  uint64_t u = v.as_uint();
  bool is_signed = v.is_int();
  switch (verb) {
    case 'v':
      if (f_.sharp_v && !is_signed) return hexadecimal(u);
      return digits(u, 10, is_signed, verb);
    case 'd':
      return digits(u, 10, is_signed, verb);
    case 'b':
      return digits(u, 2, is_signed, verb);
    case 'o':
    case 'O':
      return digits(u, 8, is_signed, verb);
    case 'x':
    case 'X':
      return digits(u, 16, is_signed, verb);
    case 'c': {
      std::string s;
      value::append_rune(s, valid_rune(u));
      return pad(s);
    }
    case 'q':
      return pad(quoted_rune(valid_rune(u), f_.plus));
    case 'U':
      return unicode(u);
    default:
      bad_verb(v, verb);
  }
}

void Printer::hexadecimal(uint64_t u) {
  bool sharp = std::exchange(f_.sharp, true);
  digits(u, 16, false, 'v');
  f_.sharp = sharp;
}

void Printer::digits(uint64_t u, unsigned base, bool is_signed, char32_t verb) {
  bool negative = is_signed && static_cast<int64_t>(u) < 0;
  if (negative) u = 0 - u;
  int precision = 0;
  if (f_.precision_given) {
    precision = f_.precision;
    if (precision == 0 && u == 0) return spaces(f_.width);
  } else if (f_.zero && !f_.minus && f_.width_given) {
    precision = f_.width - (negative || f_.plus || f_.space ? 1 : 0);
  }
  if (!room(static_cast<size_t>(std::max(precision, 0)))) return;
  std::string s;  // backwards
  const char* letters = verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  do {
    s += letters[u % base];
    u /= base;
  } while (u != 0);
  while (static_cast<int>(s.size()) < precision) s += '0';
  if (f_.sharp) {
    if (base == 2) s += "b0";
    if (base == 8 && s.back() != '0') s += '0';
    if (base == 16) {
      s += verb == 'X' ? 'X' : 'x';
      s += '0';
    }
  }
  if (verb == 'O') s += "o0";
  if (negative)
    s += '-';
  else if (f_.plus)
    s += '+';
  else if (f_.space)
    s += ' ';
  std::reverse(s.begin(), s.end());
  bool zero = std::exchange(f_.zero, false);
  pad(s);
  f_.zero = zero;
}

void Printer::unicode(uint64_t u) {
  int least = f_.precision_given && f_.precision > 4 ? f_.precision : 4;
  if (!room(static_cast<size_t>(least))) return;
  std::string s = "U+" + fmt::format("{:0{}X}", u, least);
  if (f_.sharp && u <= 0x10FFFF && is_print(static_cast<char32_t>(u))) {
    s += " '";
    value::append_rune(s, static_cast<char32_t>(u));
    s += '\'';
  }
  bool zero = std::exchange(f_.zero, false);
  pad(s);
  f_.zero = zero;
}

bool Printer::is_float_verb(char32_t verb) {
  return verb < 0x80 && std::string_view("vbgGxXfFeE").find(static_cast<char>(verb)) != std::string_view::npos;
}

void Printer::real(const Any& whole, double d, char32_t verb, int bits) {
  if (!is_float_verb(verb)) return bad_verb(whole, verb);
  int precision = -1;
  char format = verb == 'v' ? 'g' : verb == 'F' ? 'f' : static_cast<char>(verb);
  if (verb == 'f' || verb == 'F' || verb == 'e' || verb == 'E') precision = 6;
  if (f_.precision_given) precision = f_.precision;
  if (!room(static_cast<size_t>(std::max(precision, 0)))) return;
  std::string num = format_float(d, format, precision, bits);
  if (num[0] != '-' && num[0] != '+') num.insert(num.begin(), '+');
  if (f_.space && num[0] == '+' && !f_.plus) num[0] = ' ';
  if (num[1] == 'I' || num[1] == 'N') {
    bool zero = std::exchange(f_.zero, false);
    if (num[1] == 'N' && !f_.space && !f_.plus) num.erase(0, 1);
    pad(num);
    f_.zero = zero;
    return;
  }
  if (f_.sharp && verb != 'b') keep_zeros(num, verb, precision);
  if (f_.plus || num[0] != '+') {
    if (f_.zero && !f_.minus && f_.width_given && f_.width > static_cast<int>(num.size())) {
      out_ += num[0];
      padding(f_.width - static_cast<int>(num.size()));
      out_ += std::string_view(num).substr(1);
      return;
    }
    return pad(num);
  }
  pad(std::string_view(num).substr(1));
}

void Printer::string_value(std::string_view s, char32_t verb) {
  if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return bad_verb(Any::of(s), verb);
  string(s, verb);
}

void Printer::string(std::string_view s, char32_t verb) {
  switch (verb) {
    case 'x':
    case 'X':
      return hex(s, verb == 'X');
    case 'q':
      return quoted(s);
    default:
      return f_.sharp_v && verb == 'v' ? quoted(s) : string_plain(s);
  }
}

std::string_view Printer::truncated(std::string_view s) const {
  if (!f_.precision_given) return s;
  int n = f_.precision;
  for (size_t i = 0; i < s.size();) {
    if (--n < 0) return s.substr(0, i);
    i += static_cast<size_t>(value::decode_rune(s.substr(i)).length);
  }
  return s;
}

void Printer::hex(std::string_view s, bool upper) {
  size_t length = s.size();
  if (f_.precision_given && static_cast<size_t>(f_.precision) < length) length = static_cast<size_t>(f_.precision);
  if (length == 0) {
    if (f_.width_given) padding(f_.width);
    return;
  }
  const char* letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string body;
  for (size_t i = 0; i < length; ++i) {
    if (i > 0 && f_.space) body += ' ';
    if (f_.sharp && (i == 0 || f_.space)) body += upper ? "0X" : "0x";
    auto c = static_cast<unsigned char>(s[i]);
    body += letters[c >> 4];
    body += letters[c & 15];
  }
  int missing = f_.width_given ? f_.width - static_cast<int>(body.size()) : 0;
  if (!f_.minus) padding(missing);
  out_ += body;
  if (f_.minus) padding(missing);
}

void Printer::pad(std::string_view s) {
  if (!f_.width_given || f_.width == 0) {
    out_ += s;
    return;
  }
  int missing = f_.width - static_cast<int>(rune_count(s));
  if (!f_.minus) padding(missing);
  out_ += s;
  if (f_.minus) padding(missing);
}

void Printer::quoted(std::string_view s) {
  s = truncated(s);
  if (f_.sharp && can_backquote(s)) return pad("`" + std::string(s) + "`");
  pad(quote_with(s, f_.plus));
}

std::string Printer::quoted_rune(char32_t c, bool ascii) {
  std::string out = "'";
  append_escaped(out, c, true, 0, '\'', ascii);
  return out + "'";
}

}  // namespace slipway::lang::gotemplate
