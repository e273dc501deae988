#include "render/variables.h"

#include <algorithm>

namespace slipway::render {

std::string expand(std::string_view text, const Variables& variables) {
  std::string out;
  auto is_name = [](char c) { return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'); };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    std::string_view rest = text.substr(i + 1), name;
    if (rest[0] == '{') {
      size_t end = rest.find('}');
      if (end == rest.npos) {
        ++i;  // the brace goes, as there
        continue;
      }
      name = rest.substr(1, end - 1);
      i += end + 1;
    } else if (rest[0] == '$') {
      out += '$';
      ++i;
      continue;
    } else {
      size_t n = 0;
      while (n < rest.size() && is_name(rest[n])) ++n;
      if (n == 0) {
        out += '$';
        continue;
      }
      name = rest.substr(0, n);
      i += n;
    }
    auto found = std::ranges::find(variables, name, &Variables::value_type::first);
    if (found != variables.end()) out += found->second;
  }
  return out;
}

}  // namespace slipway::render
