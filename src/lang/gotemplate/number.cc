#include "lang/gotemplate/number.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace slipway::lang::gotemplate {

namespace {

char lower(char c) {
  return static_cast<char>(c | 0x20);
}

// An underscore stands between two digits, or between a base prefix and a digit.
bool underscores_are_well(std::string_view s) {
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.remove_prefix(1);
  char saw = '^';
  size_t i = 0;
  bool hex = false;
  if (s.size() >= 2 && s[0] == '0' && (lower(s[1]) == 'b' || lower(s[1]) == 'o' || lower(s[1]) == 'x')) {
    i = 2;
    saw = '0';
    hex = lower(s[1]) == 'x';
  }
  for (; i < s.size(); ++i) {
    char c = s[i];
    if ((c >= '0' && c <= '9') || (hex && lower(c) >= 'a' && lower(c) <= 'f')) {
      saw = '0';
    } else if (c == '_') {
      if (saw != '0') return false;
      saw = '_';
    } else {
      if (saw == '_') return false;
      saw = '!';
    }
  }
  return saw != '_';
}

}  // namespace

ReadNumber read_uint(std::string_view s, int base, uint64_t& out) {
  out = 0;
  std::string_view whole = s;
  bool free_base = base == 0, underscores = false;
  if (s.empty()) return ReadNumber::syntax;
  if (free_base) {
    base = 10;
    if (s[0] == '0') {
      char c = s.size() >= 3 ? lower(s[1]) : ' ';
      if (c == 'b' || c == 'o' || c == 'x') {
        base = c == 'b' ? 2 : c == 'o' ? 8 : 16;
        s.remove_prefix(2);
      } else {
        base = 8;
        s.remove_prefix(1);
      }
    }
  }
  bool over = false;
  for (char c : s) {
    int digit;
    if (c == '_' && free_base) {
      underscores = true;
      continue;
    }
    if (c >= '0' && c <= '9')
      digit = c - '0';
    else if (lower(c) >= 'a' && lower(c) <= 'z')
      digit = lower(c) - 'a' + 10;
    else
      return ReadNumber::syntax;
    if (digit >= base) return ReadNumber::syntax;
    if (over) continue;  // the rest must still be digits
    unsigned __int128 next =
        static_cast<unsigned __int128>(out) * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
    if (next > UINT64_MAX) {
      over = true;
      out = UINT64_MAX;
    } else {
      out = static_cast<uint64_t>(next);
    }
  }
  if (over) return ReadNumber::range;
  if (underscores && !underscores_are_well(whole)) {
    out = 0;
    return ReadNumber::syntax;
  }
  return ReadNumber::ok;
}

ReadNumber read_int(std::string_view s, int base, int64_t& out) {
  out = 0;
  if (s.empty()) return ReadNumber::syntax;
  bool negative = s[0] == '-';
  if (s[0] == '-' || s[0] == '+') s.remove_prefix(1);
  uint64_t u;
  ReadNumber r = read_uint(s, base, u);
  if (r == ReadNumber::syntax) return r;
  uint64_t limit = uint64_t{1} << 63;
  if (!negative && u >= limit) {
    out = INT64_MAX;
    return ReadNumber::range;
  }
  if (negative && u > limit) {
    out = INT64_MIN;
    return ReadNumber::range;
  }
  out = negative ? static_cast<int64_t>(0 - u) : static_cast<int64_t>(u);
  return ReadNumber::ok;
}

ReadNumber read_float(std::string_view s, double& out) {
  out = 0;
  std::string_view t = s;
  bool negative = !t.empty() && t[0] == '-';
  if (!t.empty() && (t[0] == '-' || t[0] == '+')) t.remove_prefix(1);
  auto is_word = [&t](std::string_view word) {
    if (t.size() != word.size()) return false;
    for (size_t i = 0; i < t.size(); ++i)
      if (lower(t[i]) != word[i]) return false;
    return true;
  };
  if (is_word("inf") || is_word("infinity")) {
    out = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return ReadNumber::ok;
  }
  if (is_word("nan") && t.size() == s.size()) {
    out = std::numeric_limits<double>::quiet_NaN();
    return ReadNumber::ok;
  }
  if (t.empty()) return ReadNumber::syntax;
  bool hex = t.size() >= 2 && t[0] == '0' && lower(t[1]) == 'x';
  std::string digits;
  bool underscores = false;
  size_t mantissa = 0;
  bool point = false, exponent = false;
  size_t i = hex ? 2 : 0;
  for (; i < t.size(); ++i) {
    char c = t[i];
    if (c == '_') {
      underscores = true;
      continue;
    }
    if (!exponent && ((c >= '0' && c <= '9') || (hex && lower(c) >= 'a' && lower(c) <= 'f'))) {
      ++mantissa;
    } else if (c == '.' && !point && !exponent) {
      point = true;
    } else if (!exponent && mantissa > 0 && lower(c) == (hex ? 'p' : 'e')) {
      exponent = true;
      digits += c;
      if (i + 1 < t.size() && (t[i + 1] == '+' || t[i + 1] == '-')) {
        ++i;
        if (t[i] == '-') digits += '-';
      }
      if (i + 1 >= t.size() || t[i + 1] < '0' || t[i + 1] > '9') return ReadNumber::syntax;
      continue;
    } else if (!exponent || c < '0' || c > '9') {
      return ReadNumber::syntax;
    }
    digits += c;
  }
  if (mantissa == 0 || (hex && !exponent)) return ReadNumber::syntax;
  if (underscores && !underscores_are_well(s)) return ReadNumber::syntax;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out,
                                      hex ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::result_out_of_range) {
    // Too large is infinite; too small is zero, which Go takes for well read.
    size_t e = digits.find_last_of(hex ? "pP" : "eE");
    bool small = e != digits.npos && e + 1 < digits.size() && digits[e + 1] == '-';
    if (e == digits.npos) small = digits.starts_with("0.") || digits.starts_with(".");
    out = small ? 0 : std::numeric_limits<double>::infinity();
    if (negative) out = -out;
    return small ? ReadNumber::ok : ReadNumber::range;
  }
  if (error != std::errc() || end != digits.data() + digits.size()) return ReadNumber::syntax;
  if (negative) out = -out;
  return ReadNumber::ok;
}

int64_t float_to_int(double d) {
  return d >= -9223372036854775808.0 && d < 9223372036854775808.0 ? static_cast<int64_t>(d) : INT64_MIN;
}

}  // namespace slipway::lang::gotemplate
