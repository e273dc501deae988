// What is wrong with a JSON text, as Go's encoding/json says it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::value {

// Why it is refused ("unexpected end of JSON input"); nothing when it reads to the end.
std::optional<std::string> go_json_error(std::string_view text);

}  // namespace slipway::value
