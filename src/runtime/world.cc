#include "runtime/world.h"

#include "base/text.h"

namespace slipway::runtime {

std::string Random::uuid() {
  std::string raw = bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);
  std::string hex = base::hex_encode(raw);
  for (size_t dash : {8, 13, 18, 23}) hex.insert(dash, 1, '-');
  return hex;
}

std::string Random::suffix(size_t count) {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (size_t i = 0; i < count; ++i) out += letters[below(letters.size())];
  return out;
}

}  // namespace slipway::runtime
