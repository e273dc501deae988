// What the system said, as an Error of ours.
#pragma once

#include <string_view>

#include "base/result.h"

namespace slipway::runtime {

// "WHAT: No such file or directory". Kinds: not_found (ENOENT, ENOTDIR), already_exists (EEXIST, EADDRINUSE), forbidden
// (EACCES, EPERM, EROFS), unavailable (nobody listens, no route), timeout (ETIMEDOUT), else io.
Error system_error(int number, std::string_view what);
// Whether it says EROFS: forbidden, and yet no matter of rights.
bool is_read_only_file_system(const Error& error);

}  // namespace slipway::runtime
