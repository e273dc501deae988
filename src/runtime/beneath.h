// Bind mounts of what lies beneath a directory that somebody else writes into. Mounts exist in the real world only, so
// this is no part of World: callers on a simulated machine have nothing to mount.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::runtime {

// Mounts `root`/`below` at `target`, a path in directories that only we write into (made when missing; what was mounted
// there before is unmounted). Links are followed as long as they stay beneath `root`; what is missing is made as
// directories with root's own permissions. What was checked is what is mounted, whatever is renamed or linked
// meanwhile. Errors: forbidden (it leads out of root), not_found, unsupported (no openat2: Linux before 5.6), io.
Result<> bind_beneath(std::string root, std::string below, std::string target);

// Unmounts what is mounted at `target` (not what it links to), as often as something is; nothing there is fine.
Result<> unbind(std::string target);

}  // namespace slipway::runtime
