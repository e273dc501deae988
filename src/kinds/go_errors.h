// The texts in which Go's parsers refuse what a person wrote; kubectl prints them as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "value/value.h"

namespace slipway::kinds {

inline constexpr std::string_view quantity_format_text =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
// Why Quantity::parse() refuses `text`.
std::string_view quantity_error(std::string_view text);
// time.Parse with RFC 3339 (micro: six digits of fraction): the refusal, or nothing when the shape is right.
std::optional<std::string> go_time_error(std::string_view text, bool micro);
// encoding/base64: the offset it complains about; line breaks are skipped.
std::optional<size_t> bad_base64_at(std::string_view text);

}  // namespace slipway::kinds
