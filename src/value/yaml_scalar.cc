// The rules are go-yaml's resolve: a look at the first character decides what a scalar may be at all; then words by a
// table, then integers as strconv.ParseInt with base 0 reads them, then floats. Base 60 is not read, only quoted.
#include "value/yaml_scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace slipway::value {

namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}

enum Hint : uint8_t { none, number, word, point };
constexpr auto hints = [] {
  std::array<Hint, 256> t{};
  for (char c : std::string_view("+-0123456789")) t[static_cast<unsigned char>(c)] = number;
  for (char c : std::string_view("yYnNtTfFoO~")) t[static_cast<unsigned char>(c)] = word;
  t['.'] = point;
  return t;
}();

// Up to 8 characters as a number, to switch on.
constexpr uint64_t packed(std::string_view s) {
  uint64_t n = 0;
  for (char c : s) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

// Words that mean something; none is longer than 5 characters.
std::optional<Scalar> known_word(std::string_view s, YamlRules rules) {
  using enum Scalar::Kind;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (s.size() > 5) return {};
  switch (packed(s)) {
    case packed("true"):
    case packed("True"):
    case packed("TRUE"):
      return Scalar{.kind = boolean, .boolean = true};
    case packed("false"):
    case packed("False"):
    case packed("FALSE"):
      return Scalar{.kind = boolean, .boolean = false};
    case packed(""):
    case packed("~"):
    case packed("null"):
    case packed("Null"):
    case packed("NULL"):
      return Scalar{.kind = null};
    case packed("y"):
    case packed("Y"):
    case packed("yes"):
    case packed("Yes"):
    case packed("YES"):
    case packed("on"):
    case packed("On"):
    case packed("ON"):
      if (rules != YamlRules::sigs) return {};
      return Scalar{.kind = boolean, .boolean = true};
    case packed("n"):
    case packed("N"):
    case packed("no"):
    case packed("No"):
    case packed("NO"):
    case packed("off"):
    case packed("Off"):
    case packed("OFF"):
      if (rules != YamlRules::sigs) return {};
      return Scalar{.kind = boolean, .boolean = false};
    case packed(".nan"):
    case packed(".NaN"):
    case packed(".NAN"):
      return Scalar{.kind = real, .real = std::nan("")};
    case packed(".inf"):
    case packed(".Inf"):
    case packed(".INF"):
    case packed("+.inf"):
    case packed("+.Inf"):
    case packed("+.INF"):
      return Scalar{.kind = real, .real = infinity};
    case packed("-.inf"):
    case packed("-.Inf"):
    case packed("-.INF"):
      return Scalar{.kind = real, .real = -infinity};
    default:
      return {};
  }
}

// Digits of one base and nothing else, up to 64 bits.
std::optional<uint64_t> magnitude(std::string_view digits, int base) {
  uint64_t n = 0;
  if (digits.empty()) return {};
  auto r = std::from_chars(digits.data(), digits.data() + digits.size(), n, base);
  if (r.ec != std::errc() || r.ptr != digits.data() + digits.size()) return {};
  return n;
}

std::optional<Scalar> signed_integer(bool negative, uint64_t n) {
  using enum Scalar::Kind;
  if (n <= static_cast<uint64_t>(INT64_MAX) + negative)
    return Scalar{.kind = integer, .integer = static_cast<int64_t>(negative ? 0 - n : n)};
  return {};
}

// strconv.ParseInt, then ParseUint (which takes no sign), base 0.
std::optional<Scalar> whole_number(std::string_view s) {
  bool sign = s.starts_with('+') || s.starts_with('-'), negative = s.starts_with('-');
  std::string_view digits = s.substr(sign);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    switch (digits[1] | 0x20) {
      case 'x':
        base = 16;
        break;
      case 'o':
        base = 8;
        break;
      case 'b':
        base = 2;
        break;
      default:
        base = 0;
    }
    digits.remove_prefix(base == 0 ? 1 : 2);
    if (base == 0) base = 8;
  }
  auto n = magnitude(digits, base);
  if (!n) return {};
  if (auto i = signed_integer(negative, *n)) return i;
  if (sign) return {};
  return Scalar{.kind = Scalar::Kind::large, .large = *n};
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view s) {
  size_t i = 0;
  auto digits = [&] {
    size_t from = i;
    while (i < s.size() && digit(s[i])) ++i;
    return i - from;
  };
  if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
  size_t before = digits(), after = 0;
  if (i < s.size() && s[i] == '.') {
    ++i;
    after = digits();
  }
  if (before + after == 0) return false;
  if (i < s.size() && (s[i] | 0x20) == 'e') {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size();
}

// Of a text that looks like a float. Too large for a double: nothing; too small: 0.
std::optional<Scalar> floating(std::string_view s) {
  if (s.starts_with('+')) s.remove_prefix(1);
  double d = 0;
  auto r = std::from_chars(s.data(), s.data() + s.size(), d);
  if (r.ec != std::errc()) d = std::strtod(std::string(s).c_str(), nullptr);
  if (std::isinf(d)) return {};
  return Scalar{.kind = Scalar::Kind::real, .real = d};
}

// Underscores between digits only, as Go allows them in a float; they are taken out.
std::optional<std::string> without_separators(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '_')
      out += s[i];
    else if (i == 0 || !digit(s[i - 1]) || i + 1 == s.size() || !digit(s[i + 1]))
      return {};
  }
  return out;
}

}  // namespace

Scalar resolve_plain(std::string_view s, YamlRules rules) {
  Hint hint = s.empty() ? word : hints[static_cast<unsigned char>(s[0])];
  if (hint == none) return s == "<<" ? Scalar{.kind = Scalar::Kind::merge} : Scalar{};
  if (auto w = known_word(s, rules)) return *w;
  if (hint == word) return {};
  if (hint == point) {
    auto plain = without_separators(s);
    if (plain && looks_like_float(*plain))
      if (auto f = floating(*plain)) return *f;
    return {};
  }
  if (rules == YamlRules::kustomize && is_timestamp(s)) return {.kind = Scalar::Kind::timestamp};
  std::string stripped;
  std::string_view plain = s;
  if (s.find('_') != s.npos) {
    std::copy_if(s.begin(), s.end(), std::back_inserter(stripped), [](char c) { return c != '_'; });
    plain = stripped;
  }
  if (auto n = whole_number(plain)) return *n;
  if (looks_like_float(plain))
    if (auto f = floating(plain)) return *f;
  // go-yaml's own reading of binary numbers, after ParseInt refused: only a sign behind the prefix comes here
  if (plain.starts_with("0b") && plain.size() > 3 && (plain[2] == '+' || plain[2] == '-'))
    if (auto n = magnitude(plain.substr(3), 2))
      if (auto i = signed_integer(plain[2] == '-', *n)) return *i;
  return {};
}

namespace {

class TimeReader {
 public:
  explicit TimeReader(std::string_view s) : s_(s) {}
  bool one(char c) { return !s_.empty() && s_[0] == c && (s_.remove_prefix(1), true); }
  // one or two digits (exactly `exact`, when given), between low and high
  bool number(int& n, int low, int high, size_t exact = 0) {
    size_t count = 0;
    n = 0;
    while (count < (exact ? exact : 2) && count < s_.size() && digit(s_[count])) n = n * 10 + (s_[count++] - '0');
    if (count == 0 || (exact && count != exact) || n < low || n > high) return false;
    s_.remove_prefix(count);
    return true;
  }
  void fraction(std::string& digits) {
    if (s_.size() < 2 || (s_[0] != '.' && s_[0] != ',') || !digit(s_[1])) return;
    size_t n = 1;
    while (n < s_.size() && digit(s_[n])) ++n;
    digits = s_.substr(1, std::min<size_t>(n - 1, 9));
    s_.remove_prefix(n);
  }
  bool blanks() {
    if (!one(' ')) return false;
    while (one(' ')) {
    }
    return true;
  }
  bool done() const { return s_.empty(); }

 private:
  std::string_view s_;
};

int days_in(int month, int year) {
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

}  // namespace

bool is_timestamp(std::string_view text, std::string* rfc3339) {
  if (text.size() < 8 || text[4] != '-' || !std::all_of(text.begin(), text.begin() + 4, digit)) return false;
  TimeReader r(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone_hour = 0, zone_minute = 0;
  std::string fraction, zone = "Z";
  if (!r.number(year, 0, 9999, 4) || !r.one('-') || !r.number(month, 1, 12) || !r.one('-') || !r.number(day, 1, 31))
    return false;
  if (day > days_in(month, year)) return false;
  if (!r.done()) {
    bool zoned = r.one('T') || r.one('t');
    if (!zoned && !r.blanks()) return false;
    if (!r.number(hour, 0, 23) || !r.one(':') || !r.number(minute, 0, 59) || !r.one(':') || !r.number(second, 0, 59))
      return false;
    r.fraction(fraction);
    if (zoned && !r.one('Z')) {
      char sign = r.one('+') ? '+' : '-';
      if (sign == '-' && !r.one('-')) return false;
      if (!r.number(zone_hour, 0, 24, 2) || !r.one(':') || !r.number(zone_minute, 0, 60, 2)) return false;
      if (zone_hour + zone_minute > 0) zone = fmt::format("{}{:02}:{:02}", sign, zone_hour, zone_minute);
    }
    if (!r.done()) return false;
  }
  if (rfc3339 != nullptr) {
    while (fraction.ends_with('0')) fraction.pop_back();
    *rfc3339 = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}{}", year, month, day, hour, minute, second,
                           fraction.empty() ? "" : ".", fraction, zone);
  }
  return true;
}

namespace {

// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
bool is_base60(std::string_view s) {
  size_t i = s.starts_with('+') || s.starts_with('-');
  if (i >= s.size() || !digit(s[i])) return false;
  while (i < s.size() && (digit(s[i]) || s[i] == '_')) ++i;
  size_t parts = 0;
  for (; i < s.size() && s[i] == ':'; ++parts) {
    size_t n = 0;
    while (n < 3 && i + 1 + n < s.size() && digit(s[i + 1 + n])) ++n;
    if (n == 0 || n == 3 || (n == 2 && s[i + 1] > '5')) return false;
    i += 1 + n;
  }
  if (parts == 0) return false;
  if (i < s.size() && s[i] == '.') {
    ++i;
    while (i < s.size() && (digit(s[i]) || s[i] == '_')) ++i;
  }
  return i == s.size();
}

}  // namespace

bool plain_is_no_string(std::string_view s) {
  Hint hint = s.empty() ? word : hints[static_cast<unsigned char>(s[0])];
  if (hint == none) return false;
  if (resolve_plain(s, YamlRules::sigs).kind != Scalar::Kind::string) return true;
  return hint == number && (is_timestamp(s) || is_base60(s));
}

std::string_view tag_name(Scalar::Kind kind) {
  switch (kind) {
    case Scalar::Kind::null:
      return "null";
    case Scalar::Kind::boolean:
      return "bool";
    case Scalar::Kind::integer:
    case Scalar::Kind::large:
      return "int";
    case Scalar::Kind::real:
      return "float";
    case Scalar::Kind::timestamp:
      return "timestamp";
    case Scalar::Kind::merge:
      return "merge";
    case Scalar::Kind::string:
      return "str";
  }
  return "";
}

}  // namespace slipway::value
