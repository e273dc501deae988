// Quantities, as k8s.io/apimachinery's resource package reads and prints them. Everything is counted in nano units in
// 128 bits: "9E" is 9e27 of them, far below the 1.7e38 that fit, and nothing finer than nano exists.
#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "kinds/object.h"

namespace slipway::kinds {
namespace {

constexpr __int128 one = 1'000'000'000;  // nano units in 1
// Go keeps larger ones in an arbitrary-precision form; here they stop.
constexpr __int128 limit = one * std::numeric_limits<int64_t>::max();

struct Suffix {
  std::string_view text;
  int base, exponent;
};
constexpr Suffix suffixes[] = {{"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3}, {"", 10, 0},   {"k", 10, 3},  {"M", 10, 6},
                               {"G", 10, 9},  {"T", 10, 12}, {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20},
                               {"Gi", 2, 30}, {"Ti", 2, 40}, {"Pi", 2, 50}, {"Ei", 2, 60}};

std::string print(__int128 v) {
  if (v == 0) return "0";
  bool negative = v < 0;
  std::string out;
  for (; v != 0; v /= 10) out += static_cast<char>('0' + static_cast<int>(negative ? -(v % 10) : v % 10));
  if (negative) out += '-';
  return {out.rbegin(), out.rend()};
}

__int128 divide_up(__int128 v, __int128 by) {  // away from zero, as inf.RoundUp
  __int128 q = v / by;
  if (v % by != 0) q += v < 0 ? -1 : 1;
  return q;
}

int64_t saturate(__int128 v) {
  if (v > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (v < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  size_t at = 0;
  bool negative = false;
  if (text[0] == '+' || text[0] == '-') negative = text[at++] == '-';
  std::string_view whole, fraction;
  size_t start = at;
  while (at < text.size() && digit(text[at])) ++at;
  whole = text.substr(start, at - start);
  if (at < text.size() && text[at] == '.') {
    start = ++at;
    while (at < text.size() && digit(text[at])) ++at;
    fraction = text.substr(start, at - start);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  std::string_view rest = text.substr(at);

  Quantity q;
  int base = 10, exponent = 0;
  bool known = false;
  for (const Suffix& s : suffixes) {
    if (s.text != rest) continue;
    base = s.base, exponent = s.exponent, known = true;
    q.format = base == 2 ? Format::binary : Format::decimal;
  }
  if (!known) {  // "e9", "E-3"
    if (rest.size() < 2 || (rest[0] != 'e' && rest[0] != 'E')) return std::nullopt;
    std::string_view number = rest.substr(rest[1] == '+' ? 2 : 1);
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), exponent);
    if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
    q.format = Format::exponent;
    if (exponent > 40 || exponent < -40) exponent = exponent > 0 ? 40 : -40;
  }

  // mantissa * 10^scale, in nano; what does not fit stops at the limit, what is finer than nano is rounded up
  __int128 value = 0;
  int scale = base == 10 ? exponent + 9 : 9;
  bool lost = false, huge = false;
  auto feed = [&](char c) {
    if (value > limit) {
      huge = true;
      return;
    }
    value = value * 10 + (c - '0');
  };
  for (char c : whole) feed(c);
  for (size_t i = 0; i < fraction.size(); ++i) {
    if (value > limit / 10) {  // digits beyond what fits in are below nano
      lost = lost || fraction[i] != '0';
      continue;
    }
    feed(fraction[i]);
    --scale;
  }
  if (base == 2) {
    for (int i = 0; i < exponent && !huge; ++i) {
      value *= 2;
      if (value > limit * one) huge = true;
    }
  }
  for (; scale > 0 && value != 0 && !huge; --scale) {
    value *= 10;
    if (value > limit) huge = true;
  }
  for (; scale < 0 && value != 0; ++scale) {
    lost = lost || value % 10 != 0;
    value /= 10;
  }
  if (lost) value += 1;
  if (huge || value > limit) value = limit;
  q.nano = negative ? -value : value;
  return q;
}

int64_t Quantity::milli() const {
  return saturate(divide_up(nano, one / 1000));
}
int64_t Quantity::value() const {
  return saturate(divide_up(nano, one));
}

std::string Quantity::canonical() const {
  if (nano == 0) return "0";
  Format as = format;
  // A binary suffix needs a whole number of at least 1024.
  if (as == Format::binary && ((nano < 1024 * one && nano > -1024 * one) || nano % one != 0)) as = Format::decimal;
  if (as == Format::binary) {
    __int128 number = nano / one;
    int power = 0;
    while (number % 1024 == 0 && power < 6) number /= 1024, ++power;
    static constexpr std::string_view names[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    return print(number) + std::string(names[power]);
  }
  __int128 number = nano;
  int exponent = -9;
  while (number % 1000 == 0 && exponent < 18) number /= 1000, exponent += 3;
  if (as == Format::exponent) return exponent == 0 ? print(number) : fmt::format("{}e{}", print(number), exponent);
  static constexpr std::string_view names[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  return print(number) + std::string(names[exponent / 3 + 3]);
}

}  // namespace slipway::kinds
