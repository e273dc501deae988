// time.Duration: its text, and its type as templates see it.
#include <fmt/format.h>

#include "lang/gotemplate/format.h"

namespace slipway::lang::gotemplate {

std::string duration_text(int64_t d) {
  if (d == 0) return "0s";
  bool negative = d < 0;
  uint64_t u = negative ? 0 - static_cast<uint64_t>(d) : static_cast<uint64_t>(d);
  std::string out;
  auto fraction = [](uint64_t v, uint64_t unit) {  // v / unit with what is left as decimals, without zeros at the end
    std::string s = std::to_string(v / unit);
    uint64_t rest = v % unit;
    if (rest == 0) return s;
    std::string decimals;
    for (uint64_t u = unit / 10; u > 0; u /= 10) {
      decimals += static_cast<char>('0' + rest / u);
      rest %= u;
    }
    while (decimals.back() == '0') decimals.pop_back();
    return s + "." + decimals;
  };
  constexpr uint64_t second = 1'000'000'000;
  if (u < second) {
    if (u < 1000)
      out = std::to_string(u) + "ns";
    else if (u < 1'000'000)
      out = fraction(u, 1000) + "µs";
    else
      out = fraction(u, 1'000'000) + "ms";
  } else {
    uint64_t minutes = u / (60 * second), hours = minutes / 60;
    if (hours > 0) out += fmt::format("{}h", hours);
    if (minutes > 0) out += fmt::format("{}m", minutes % 60);
    out += fraction(u % (60 * second), second) + "s";
  }
  return negative ? "-" + out : out;
}

namespace types {
namespace {
Type make_duration() {
  Type t;
  t.name = "time.Duration";
  t.kind = Kind::int64;
  t.text = [](const Any& self) { return duration_text(self.as_int()); };
  return t;
}
}  // namespace
const Type duration = make_duration();
}  // namespace types

}  // namespace slipway::lang::gotemplate
