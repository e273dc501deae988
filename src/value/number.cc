#include "value/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace slipway::value {

size_t write_json_real(char* out, double d) {
  if (!std::isfinite(d)) {
    std::memcpy(out, "null", 4);
    return 4;
  }
  double size = std::fabs(d);
  if (size < 0x1p53 && (size >= 1e-6 || size == 0))
    return static_cast<size_t>(std::to_chars(out, out + kJsonRealMax, d, std::chars_format::fixed).ptr - out);
  char* end = std::to_chars(out, out + kJsonRealMax, d, std::chars_format::scientific).ptr;
  if (size >= 1 && size < 1e21) {  // the shortest digits, then zeros; fixed would print the digits behind them
    char* e = std::find(out, end, 'e');
    int exponent = 0;
    std::from_chars(e + 2, end, exponent);  // behind "e+"
    char* digits = out + (d < 0);
    char* last = e;
    if (e - digits > 1) last = std::copy(digits + 2, e, digits + 1);  // without the point
    while (last - digits <= exponent) *last++ = '0';
    return static_cast<size_t>(last - out);
  }
  if (end - out >= 4 && end[-4] == 'e' && end[-3] == '-' && end[-2] == '0') {  // e-09 is written e-9
    end[-2] = end[-1];
    --end;
  }
  return static_cast<size_t>(end - out);
}

std::string go_format_g(double d, bool single) {
  char text[64];
  auto print = [&](std::chars_format format) {
    auto r = single ? std::to_chars(text, text + sizeof text, static_cast<float>(d), format)
                    : std::to_chars(text, text + sizeof text, d, format);
    return std::string(text, r.ptr);
  };
  if (std::isnan(d)) return ".nan";
  if (std::isinf(single ? static_cast<float>(d) : d)) return d > 0 ? ".inf" : "-.inf";
  std::string exponential = print(std::chars_format::scientific);
  int exponent = std::atoi(exponential.c_str() + exponential.find('e') + 1);
  return exponent < -4 || exponent >= 6 ? exponential : print(std::chars_format::fixed);
}

std::optional<int64_t> go_atoi(std::string_view text) {
  if (text.starts_with("+-")) return std::nullopt;
  return base::parse_int(text.starts_with('+') ? text.substr(1) : text);
}

}  // namespace slipway::value
