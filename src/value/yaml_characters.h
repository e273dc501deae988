// Characters as libyaml's and go-yaml's emitters see them. For the writers of this room.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "value/yaml.h"

namespace slipway::value {

inline bool is_break(char32_t c) {
  return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}
inline bool is_printable(char32_t c) {  // go-yaml's: nothing beyond the basic plane
  return c == '\n' || (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c < 0xD800) ||
         (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF);
}

// What an emitter must know of a text before it chooses a style.
struct Analysis {
  bool multiline = false, plain_allowed = true, flow_plain_allowed = true, single_allowed = true, block_allowed = true;
};
Analysis analyze(std::string_view text, YamlStyle style);

// As it stands between double quotes: \n, \x01, \u2028.
inline void append_escaped(std::string& out, char32_t c) {
  static constexpr std::pair<char32_t, char> names[] = {
      {0, '0'},    {7, 'a'},   {8, 'b'},     {9, 't'},    {10, 'n'},   {11, 'v'},     {12, 'f'},    {13, 'r'},
      {0x1B, 'e'}, {'"', '"'}, {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
  out += '\\';
  for (auto [code, name] : names) {
    if (code != c) continue;
    out += name;
    return;
  }
  int digits = c <= 0xFF ? 2 : c <= 0xFFFF ? 4 : 8;
  out += digits == 2 ? 'x' : digits == 4 ? 'u' : 'U';
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789ABCDEF"[c >> shift & 0xF];
}

}  // namespace slipway::value
