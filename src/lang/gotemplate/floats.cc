// strconv.FormatFloat.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "lang/gotemplate/format.h"

namespace slipway::lang::gotemplate {

namespace {

// %e and %g digits: "d.ddd" without the point, and the exponent of the first digit.
struct Digits {
  std::string digits;
  int exponent = 0;
};

Digits digits_of(double d, int precision, int bits) {  // precision: digits after the first; -1: the shortest
  char buffer[2048];
  char* end;
  if (precision < 0)
    end = (bits == 32
               ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(d), std::chars_format::scientific)
               : std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific))
              .ptr;
  else
    end =
        std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific, std::min(precision, 1200)).ptr;
  Digits out;
  std::string_view s(buffer, static_cast<size_t>(end - buffer));
  size_t e = s.find('e');
  for (char c : s.substr(0, e))
    if (c != '.') out.digits += c;
  std::string_view exponent = s.substr(e + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.exponent);
  return out;
}

std::string scientific(const Digits& d, int precision, char e) {
  std::string out(1, d.digits[0]);
  if (precision > 0) {
    out += '.';
    for (int i = 1; i <= precision; ++i)
      out += static_cast<size_t>(i) < d.digits.size() ? d.digits[static_cast<size_t>(i)] : '0';
  }
  out += e;
  out += d.exponent < 0 ? '-' : '+';
  out += fmt::format("{:02}", std::abs(d.exponent));
  return out;
}

std::string fixed(const Digits& d, int precision) {
  std::string out;
  if (d.exponent >= 0) {
    for (int i = 0; i <= d.exponent; ++i)
      out += static_cast<size_t>(i) < d.digits.size() ? d.digits[static_cast<size_t>(i)] : '0';
  } else {
    out += '0';
  }
  if (precision > 0) {
    out += '.';
    for (int i = 1; i <= precision; ++i) {
      int at = d.exponent + i;
      out += at >= 0 && static_cast<size_t>(at) < d.digits.size() ? d.digits[static_cast<size_t>(at)] : '0';
    }
  }
  return out;
}

}  // namespace

std::string format_float(double d, char format, int precision, int bits) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Inf" : "+Inf";
  std::string sign = std::signbit(d) ? "-" : "";
  d = std::fabs(d);
  switch (format) {
    case 'b': {
      int exponent = 0;
      double m = std::frexp(d, &exponent);
      int mantissa_bits = bits == 32 ? 24 : 53;
      auto mantissa = static_cast<uint64_t>(std::ldexp(m, mantissa_bits));
      int e = d == 0 ? (bits == 32 ? -149 : -1074) : exponent - mantissa_bits;
      return fmt::format("{}{}p{:+}", sign, mantissa, e);
    }
    case 'x':
    case 'X': {
      char buffer[64];
      if (precision < 0)
        std::snprintf(buffer, sizeof buffer, "%a", d);
      else
        std::snprintf(buffer, sizeof buffer, "%.*a", std::min(precision, 40), d);
      std::string s = buffer;
      size_t p = s.find('p');
      int e = std::atoi(s.c_str() + p + 1);
      if (s[2] == '2') {  // rounded up to the next power, which Go writes with a 1
        s[2] = '1';
        ++e;
      }
      s = s.substr(0, p) + fmt::format("p{}{:02}", e < 0 ? '-' : '+', std::abs(e));
      if (format == 'X')
        std::transform(s.begin(), s.end(), s.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      return sign + s;
    }
    case 'e':
    case 'E': {
      Digits n = digits_of(d, precision, bits);
      return sign + scientific(n, precision < 0 ? static_cast<int>(n.digits.size()) - 1 : precision, format);
    }
    case 'f': {
      if (precision >= 0) return sign + fmt::format("{:.{}f}", d, precision);
      Digits n = digits_of(d, -1, bits);
      return sign + fixed(n, std::max(static_cast<int>(n.digits.size()) - 1 - n.exponent, 0));
    }
    default: {  // g, G
      bool shortest = precision < 0;
      if (precision == 0) precision = 1;
      Digits n = digits_of(d, shortest ? -1 : precision - 1, bits);
      while (n.digits.size() > 1 && n.digits.back() == '0') n.digits.pop_back();
      auto count = static_cast<int>(n.digits.size());
      int point = d == 0 ? 0 : n.exponent + 1;
      if (d == 0) count = 0;
      int limit = shortest ? 6 : precision;
      if (!shortest && limit > count && count >= point) limit = count;
      if (shortest) limit = 6;
      int x = point - 1;
      if (x < -4 || x >= limit) return sign + scientific(n, count - 1, format == 'G' ? 'E' : 'e');
      return sign + fixed(n, std::max(count - point, 0));
    }
  }
}

}  // namespace slipway::lang::gotemplate
