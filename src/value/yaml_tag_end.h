// A tag takes, for go-yaml, what libyaml ends it at: in `[!!null, x]` it is `!!null,`, of x.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::value {

// `behind`: the byte of `text` where libyaml ended a tag. The text with `;` in it for what belongs to the tag from
// there on, of the same length: a tag that means as little. Nothing where go-yaml refuses it, too.
std::optional<std::string> with_tag_prolonged(std::string_view text, size_t behind);

}  // namespace slipway::value
