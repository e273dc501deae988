// Numbers as Go reads and writes them. For the writers of this room and for those who print JSON numbers elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::value {

constexpr size_t kJsonRealMax = 40;
// As encoding/json: the shortest digits that read back the same; an exponent from 1e21 on and below 1e-6. What is not
// finite has no JSON: "null". Writes at most kJsonRealMax bytes, gives their number.
size_t write_json_real(char* out, double d);

// As Go's strconv.FormatFloat(d, 'g', -1, 64), or 32 when `single`, which is also fmt's %v; but .inf, -.inf and .nan as
// in YAML.
std::string go_format_g(double d, bool single = false);

// As strconv.Atoi: a sign or none, digits, 64 bits.
std::optional<int64_t> go_atoi(std::string_view text);

}  // namespace slipway::value
