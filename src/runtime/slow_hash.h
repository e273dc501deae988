// A hash that is slow to guess through (scrypt, RFC 7914): what may lie on a disk of something that a person may have
// made up.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::runtime {

// 32 raw bytes, after some 50 ms and 16 MiB: not on the loop. Error: internal.
Result<std::string> slow_hash(std::string_view secret, std::string_view salt);

}  // namespace slipway::runtime
