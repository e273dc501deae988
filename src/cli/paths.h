// Paths as people write them.
#pragma once

#include <string>

namespace slipway::cli {

// "~/" and relative paths made absolute, without a slash at the end; as it is where the current directory is gone.
std::string absolute_path(std::string path);

// And where links lead to, as far as they are there: the path by which the system names it, in its table of mounts too.
std::string real_path(std::string path);

}  // namespace slipway::cli
