// time.Duration: its text, and its type as templates see it.
#include "lang/gotemplate/duration.h"

#include <fmt/format.h>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/template.h"

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

// As Go divides: exact for whole units.
double duration_in(int64_t d, int64_t unit) {
  return static_cast<double>(d / unit) + static_cast<double>(d % unit) / static_cast<double>(unit);
}

int64_t duration_truncated(int64_t d, int64_t unit) {
  return unit <= 0 ? d : d - d % unit;
}

// What does not fit becomes the furthest that does.
int64_t duration_rounded(int64_t d, int64_t unit) {
  if (unit <= 0) return d;
  __int128 rest = d % unit, whole = static_cast<__int128>(d) - rest;
  if (rest < 0 ? -rest * 2 >= unit : rest * 2 >= unit) whole += d < 0 ? -static_cast<__int128>(unit) : unit;
  return whole > INT64_MAX ? INT64_MAX : whole < INT64_MIN ? INT64_MIN : static_cast<int64_t>(whole);
}

namespace types {
namespace {
Type make_duration() {
  Type t;
  t.name = "time.Duration";
  t.kind = Kind::int64;
  t.text = [](const Any& self) { return duration_text(self.as_int()); };
  auto method = [&t](const char* name, std::vector<const Type*> in, const Type& out, Any (*run)(Call&)) {
    t.methods.push_back({name, {std::move(in), false, &out}, run});
  };
  method("Hours", {}, float64, [](Call& c) { return Any::of(duration_in(c.self().as_int(), 3'600'000'000'000)); });
  method("Minutes", {}, float64, [](Call& c) { return Any::of(duration_in(c.self().as_int(), 60'000'000'000)); });
  method("Seconds", {}, float64, [](Call& c) { return Any::of(duration_in(c.self().as_int(), 1'000'000'000)); });
  method("Milliseconds", {}, int64, [](Call& c) { return Any::of_int64(c.self().as_int() / 1'000'000); });
  method("Microseconds", {}, int64, [](Call& c) { return Any::of_int64(c.self().as_int() / 1'000); });
  method("Nanoseconds", {}, int64, [](Call& c) { return Any::of_int64(c.self().as_int()); });
  method("String", {}, string, [](Call& c) { return Any::of(duration_text(c.self().as_int())); });
  method("Abs", {}, duration, [](Call& c) {
    int64_t d = c.self().as_int();
    return Any::number(duration, d == INT64_MIN ? INT64_MAX : d < 0 ? -d : d);
  });
  method("Truncate", {&duration}, duration,
         [](Call& c) { return Any::number(duration, duration_truncated(c.self().as_int(), c[0].as_int())); });
  method("Round", {&duration}, duration,
         [](Call& c) { return Any::number(duration, duration_rounded(c.self().as_int(), c[0].as_int())); });
  return t;
}
}  // namespace
const Type duration = make_duration();
}  // namespace types

}  // namespace slipway::lang::gotemplate
