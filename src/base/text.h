// Text: errors from format strings, splitting, joining, trimming, nearest spelling.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::base {

// return fail(ErrorKind::invalid, "expected {}, got {}", a, b);
template <class... Args>
Error fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

std::vector<std::string_view> split(std::string_view text, char separator);  // "a,,b" gives "a", "", "b"; "" gives {""}
std::vector<std::string_view> split_lines(std::string_view text);            // "\n" and "\r\n"; no empty last line
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);  // ASCII white space at both ends
std::string replace_all(std::string text, std::string_view from, std::string_view to);
std::string to_lower(std::string_view text);                // ASCII only
std::optional<long long> parse_int(std::string_view text);  // whole text, base 10, no white space

// The candidate nearest in spelling to `word`, if any is near enough to be meant (Damerau-Levenshtein, at most a third
// of the word's length). For "did you mean".
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

std::string base64_encode(std::string_view bytes);            // standard alphabet, padded
Result<std::string> base64_decode(std::string_view text);     // standard alphabet; white space between is skipped
std::string base64url_encode(std::string_view bytes);         // unpadded
Result<std::string> base64url_decode(std::string_view text);  // unpadded
std::string hex_encode(std::string_view bytes);               // lower case

}  // namespace slipway::base

namespace slipway {
using base::fail;
}
