#include "value/yaml_tag_end.h"

#include <algorithm>

namespace slipway::value {

std::optional<std::string> with_tag_prolonged(std::string_view text, size_t behind) {
  constexpr std::string_view taken = ",[]";
  if (behind == 0 || behind >= text.size() || taken.find(text[behind]) == taken.npos) return std::nullopt;
  if (text[behind - 1] == '>') return std::nullopt;  // `!<...>` ends there
  std::string prolonged(text);
  size_t end = std::min(text.find_first_of(" \t\r\n{}", behind), text.size());
  for (size_t i = behind; i < end; ++i)
    if (taken.find(prolonged[i]) != taken.npos) prolonged[i] = ';';
  return prolonged;
}

}  // namespace slipway::value
