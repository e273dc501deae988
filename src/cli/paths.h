// Paths as people write them.
#pragma once

#include <string>

namespace slipway::cli {

// "~/" and relative paths made absolute, without a slash at the end; as it is where the current directory is gone.
std::string absolute_path(std::string path);

}  // namespace slipway::cli
