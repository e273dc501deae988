// UTF-8, one character at a time, judged as Go judges it: overlong forms, surrogates and what lies past U+10FFFF are no
// characters, and a wrong sequence counts byte by byte. For the parsers and writers of this room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slipway::value {

struct Rune {
  char32_t code = 0xFFFD;
  int length = 1;
  bool valid = false;
};

// The first character of a text that is not empty.
inline Rune decode_rune(std::string_view s) {
  auto byte = [&s](size_t i) { return static_cast<unsigned char>(s[i]); };
  auto tail = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < s.size() && byte(i) >= low && byte(i) <= high;
  };
  unsigned a = byte(0);
  if (a < 0x80) return {a, 1, true};
  if (a >= 0xC2 && a <= 0xDF && tail(1)) return {(a & 0x1Fu) << 6 | (byte(1) & 0x3Fu), 2, true};
  if (a >= 0xE0 && a <= 0xEF && tail(1, a == 0xE0 ? 0xA0 : 0x80, a == 0xED ? 0x9F : 0xBF) && tail(2))
    return {(a & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu), 3, true};
  if (a >= 0xF0 && a <= 0xF4 && tail(1, a == 0xF0 ? 0x90 : 0x80, a == 0xF4 ? 0x8F : 0xBF) && tail(2) && tail(3))
    return {(a & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu), 4, true};
  return {};
}

inline void append_rune(std::string& out, char32_t c) {
  auto put = [&out](char32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace slipway::value
