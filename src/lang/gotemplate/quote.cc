// strconv.Quote and Unquote.
#include "lang/gotemplate/quote.h"

#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

std::string quote(std::string_view s) {
  return quote_with(s, false);
}

bool unquote(std::string_view s, std::string& out) {
  out.clear();
  if (s.size() < 2 || s[0] != s.back()) return false;
  char mark = s[0];
  s = s.substr(1, s.size() - 2);
  if (mark == '`') {
    if (s.find('`') != s.npos) return false;
    for (char c : s)
      if (c != '\r') out += c;
    return true;
  }
  if (mark != '"' && mark != '\'') return false;
  if (mark == '"' && std::ranges::all_of(s, [](char c) { return c >= ' ' && c != '"' && c != '\\'; })) {
    out = s;  // nearly all: as they stand
    return true;
  }
  size_t characters = 0;
  while (!s.empty()) {
    ++characters;
    char c = s[0];
    if (c == mark || c == '\n') return false;
    if (c != '\\') {
      value::Rune r = value::decode_rune(s);
      value::append_rune(out, r.code);
      if (!r.valid && mark == '"') {  // kept as it is
        out.resize(out.size() - 3);
        out += c;
      }
      s.remove_prefix(static_cast<size_t>(r.length));
      continue;
    }
    if (s.size() < 2) return false;
    c = s[1];
    s.remove_prefix(2);
    auto hex = [&s](size_t n, uint32_t& v) {
      v = 0;
      if (s.size() < n) return false;
      for (size_t i = 0; i < n; ++i) {
        char d = s[i];
        uint32_t x = d >= '0' && d <= '9'   ? static_cast<uint32_t>(d - '0')
                     : d >= 'a' && d <= 'f' ? static_cast<uint32_t>(d - 'a' + 10)
                     : d >= 'A' && d <= 'F' ? static_cast<uint32_t>(d - 'A' + 10)
                                            : 16u;
        if (x == 16) return false;
        v = v << 4 | x;
      }
      s.remove_prefix(n);
      return true;
    };
    uint32_t v = 0;
    static constexpr std::string_view from = "abfnrtv", to = "\a\b\f\n\r\t\v";
    if (size_t at = from.find(c); at != from.npos) {
      out += to[at];
    } else if (c == 'x') {
      if (!hex(2, v)) return false;
      if (mark == '\'')
        value::append_rune(out, v);
      else
        out += static_cast<char>(v);
    } else if (c == 'u' || c == 'U') {
      if (!hex(c == 'u' ? 4 : 8, v) || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000)) return false;
      value::append_rune(out, v);
    } else if (c >= '0' && c <= '7') {
      v = static_cast<uint32_t>(c - '0');
      if (s.size() < 2) return false;
      for (int i = 0; i < 2; ++i) {
        if (s[static_cast<size_t>(i)] < '0' || s[static_cast<size_t>(i)] > '7') return false;
        v = v << 3 | static_cast<uint32_t>(s[static_cast<size_t>(i)] - '0');
      }
      s.remove_prefix(2);
      if (v > 255) return false;
      if (mark == '\'')
        value::append_rune(out, v);
      else
        out += static_cast<char>(v);
    } else if (c == '\\' || (c == mark && (c == '"' || c == '\''))) {
      out += c;
    } else {
      return false;
    }
  }
  return mark == '"' || characters == 1;
}

void append_escaped(std::string& out, char32_t c, bool valid, unsigned char byte, char quote, bool ascii) {
  if (!valid) {
    out += fmt::format("\\x{:02x}", byte);
    return;
  }
  if (c == static_cast<char32_t>(quote) || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
    return;
  }
  if (ascii ? c < 0x80 && is_print(c) : is_print(c)) {
    value::append_rune(out, c);
    return;
  }
  switch (c) {
    case '\a':
      out += "\\a";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\v':
      out += "\\v";
      break;
    default:
      if (c < ' ' || c == 0x7F)
        out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
      else if (c < 0x10000)
        out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
      else
        out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }
}

std::string quote_with(std::string_view s, bool ascii) {
  std::string out = "\"";
  while (!s.empty()) {
    value::Rune r = value::decode_rune(s);
    append_escaped(out, r.code, r.valid, static_cast<unsigned char>(s[0]), '"', ascii);
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  out += '"';
  return out;
}

bool can_backquote(std::string_view s) {
  while (!s.empty()) {
    value::Rune r = value::decode_rune(s);
    if (!r.valid || r.code == 0xFEFF || (r.code < ' ' && r.code != '\t') || r.code == '`' || r.code == 0x7F)
      return false;
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  return true;
}

}  // namespace slipway::lang::gotemplate
