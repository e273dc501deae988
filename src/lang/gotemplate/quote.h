// Texts in quotes, as Go writes and reads them. For this room; quote() and unquote() are in format.h.
#pragma once

#include <string>
#include <string_view>

namespace slipway::lang::gotemplate {

// One character within `quote`s. `byte`: what stands there when the text is no UTF-8 (`valid` false). `ascii`: as %+q.
void append_escaped(std::string& out, char32_t c, bool valid, unsigned char byte, char quote, bool ascii);
std::string quote_with(std::string_view s, bool ascii);
bool can_backquote(std::string_view s);  // strconv.CanBackquote: what %#q may write as it is

}  // namespace slipway::lang::gotemplate
