// time.ParseDuration.
#include <fmt/format.h>

#include "lang/gotemplate/format.h"
#include "lang/sprig/go_layout.h"
#include "lang/sprig/go_time.h"

namespace slipway::lang::sprig {

bool parse_duration(std::string_view s, int64_t& out, std::string& error) {
  std::string_view whole = s;
  out = 0;
  auto wrong = [&](std::string_view what) {
    error = fmt::format("time: {} {}", what, gotemplate::quote(whole));
    return false;
  };
  bool negative = s.starts_with('-');
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  if (s == "0") return true;
  if (s.empty()) return wrong("invalid duration");
  constexpr uint64_t kMax = uint64_t{1} << 63;
  uint64_t sum = 0;
  while (!s.empty()) {
    if (s[0] != '.' && !digit_at(s, 0)) return wrong("invalid duration");
    uint64_t v = 0, f = 0;
    double scale = 1;
    bool before = digit_at(s, 0), after = false;
    while (digit_at(s, 0)) {
      if (v > kMax / 10) return wrong("invalid duration");
      v = v * 10 + static_cast<uint64_t>(s[0] - '0');
      if (v > kMax) return wrong("invalid duration");
      s.remove_prefix(1);
    }
    if (s.starts_with('.')) {
      s.remove_prefix(1);
      after = digit_at(s, 0);
      bool full = false;
      while (digit_at(s, 0)) {
        if (!full && f <= (kMax - 1) / 10) {
          f = f * 10 + static_cast<uint64_t>(s[0] - '0');
          scale *= 10;
        } else {
          full = true;
        }
        s.remove_prefix(1);
      }
    }
    if (!before && !after) return wrong("invalid duration");
    size_t n = 0;
    while (n < s.size() && s[n] != '.' && !digit_at(s, n)) ++n;
    if (n == 0) return wrong("missing unit in duration");
    static constexpr std::pair<std::string_view, uint64_t> units[] = {
        {"ns", 1},         {"us", 1000},         {"µs", 1000},          {"μs", 1000},
        {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
    uint64_t unit = 0;
    for (auto [text, ns] : units)
      if (text == s.substr(0, n)) unit = ns;
    if (unit == 0) return wrong(fmt::format("unknown unit {} in duration", gotemplate::quote(s.substr(0, n))));
    s.remove_prefix(n);
    if (v > kMax / unit) return wrong("invalid duration");
    v *= unit;
    if (f > 0) {
      v += static_cast<uint64_t>(static_cast<double>(f) * (static_cast<double>(unit) / scale));
      if (v > kMax) return wrong("invalid duration");
    }
    sum += v;
    if (sum > kMax) return wrong("invalid duration");
  }
  if (!negative && sum > kMax - 1) return wrong("invalid duration");
  out = negative ? static_cast<int64_t>(0 - sum) : static_cast<int64_t>(sum);
  return true;
}

}  // namespace slipway::lang::sprig
