// What Go says of an expression that RE2 refuses.
#pragma once

#include <re2/re2.h>

#include <string>
#include <string_view>

namespace slipway::lang::sprig {

// "error parsing regexp: missing closing ): `(`"
std::string go_regex_error(const re2::RE2& refused, std::string_view pattern);

}  // namespace slipway::lang::sprig
