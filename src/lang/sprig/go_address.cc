#include "lang/sprig/go_address.h"

#include <fmt/format.h>

#include "lang/gotemplate/format.h"

namespace slipway::lang::sprig {

namespace {

using Fault = std::optional<std::string>;

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

struct Parser {
  std::string_view in;

  Fault wrong(std::string_view what, std::string_view at = {}) const {
    std::string out = fmt::format("ParseAddr({}): {}", gotemplate::quote(in), what);
    return at.empty() ? out : fmt::format("{} (at {})", out, gotemplate::quote(at));
  }

  Fault four(std::string_view s) const {
    int value = 0, dots = 0, digits = 0;
    for (size_t i = 0; i < s.size(); ++i) {
      char c = s[i];
      if (c >= '0' && c <= '9') {
        if (digits == 1 && value == 0) return wrong("IPv4 field has octet with leading zero");
        value = value * 10 + (c - '0');
        ++digits;
        if (value > 255) return wrong("IPv4 field has value >255");
      } else if (c == '.') {
        if (i == 0 || i + 1 == s.size() || s[i - 1] == '.')
          return wrong("IPv4 field must have at least one digit", s.substr(i));
        if (dots == 3) return wrong("IPv4 address too long");
        ++dots;
        value = digits = 0;
      } else {
        return wrong("unexpected character", s.substr(i));
      }
    }
    return dots < 3 ? wrong("IPv4 address too short") : Fault();
  }

  Fault six() const {
    std::string_view s = in;
    if (size_t percent = in.find('%'); percent != in.npos) {
      if (percent + 1 == in.size()) return wrong("zone must be a non-empty string");
      s = in.substr(0, percent);
    }
    bool ellipsis = s.starts_with("::");
    if (ellipsis) s.remove_prefix(2);
    if (ellipsis && s.empty()) return std::nullopt;
    int bytes = 0;
    while (bytes < 16) {
      size_t length = 0;
      for (; length < s.size() && hex_digit(s[length]) >= 0; ++length)
        if (length > 3) return wrong("each group must have 4 or less digits", s);
      if (length == 0) return wrong("each colon-separated field must have at least one digit", s);
      if (length < s.size() && s[length] == '.') {
        if (!ellipsis && bytes != 12)
          return wrong("embedded IPv4 address must replace the final 2 fields of the address", s);
        if (bytes + 4 > 16) return wrong("too many hex fields to fit an embedded IPv4 at the end of the address", s);
        if (auto fault = four(s)) return fault;
        s = {};
        bytes += 4;
        break;
      }
      bytes += 2;
      s.remove_prefix(length);
      if (s.empty()) break;
      if (s[0] != ':') return wrong("unexpected character, want colon", s);
      if (s.size() == 1) return wrong("colon must be followed by more characters", s);
      s.remove_prefix(1);
      if (s[0] != ':') continue;
      if (ellipsis) return wrong("multiple :: in address", s);
      ellipsis = true;
      s.remove_prefix(1);
      if (s.empty()) break;
    }
    if (!s.empty()) return wrong("trailing garbage after address", s);
    if (bytes < 16 && !ellipsis) return wrong("address string too short");
    if (bytes == 16 && ellipsis) return wrong("the :: must expand to at least one field of zeros");
    return std::nullopt;
  }
};

}  // namespace

Fault address_fault(std::string_view text) {
  Parser parser{text};
  size_t first = text.find_first_of(".:%");
  if (first == text.npos) return parser.wrong("unable to parse IP");
  if (text[first] == '%') return parser.wrong("missing IPv6 address");
  return text[first] == '.' ? parser.four(text) : parser.six();
}

}  // namespace slipway::lang::sprig
