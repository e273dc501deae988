// go-yaml v3 looks ahead from a comment for the next one, and on its way passes over tabs that libyaml refuses: on
// lines between two comments, and before the second.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::value {

// `tab`: a byte of `text` where libyaml found that it begins no token. The text with blanks for the tabs of these
// comments, of the same length; nothing where go-yaml refuses it too.
std::optional<std::string> with_tabs_between_comments_blank(std::string_view text, size_t tab);

}  // namespace slipway::value
