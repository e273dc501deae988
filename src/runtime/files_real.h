// Files of the real World: system calls, stateless, so any thread may use them.
#pragma once

#include <memory>

#include "runtime/loop.h"
#include "runtime/world.h"

namespace slipway::runtime {

std::unique_ptr<Files> create_real_files(Loop& loop, Random& random);

// inotify. A path that is a directory is watched with all below it; one that is not there yet, in its nearest
// directory.
Result<std::unique_ptr<PathWatch>> create_path_watch(Loop& loop, std::vector<std::string> paths);

}  // namespace slipway::runtime
