// What is wrong with a JSON text, as Go's encoding/json says it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::value {

// Why it is refused ("unexpected end of JSON input"); nothing when it reads to the end.
std::optional<std::string> go_json_error(std::string_view text);

struct GoJsonFault {
  std::string words;  // json.Decoder's: "unexpected EOF" at the end
  size_t offset = 0;  // how many bytes it had read, the wrong one too
  bool cut = false;   // at the end of the text
};
// The same of the value at the front; nothing where parse_json_prefix() reads one.
std::optional<GoJsonFault> go_json_prefix_error(std::string_view text);

}  // namespace slipway::value
