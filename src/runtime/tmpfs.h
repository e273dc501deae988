// File systems in memory. Mounts exist in the real world only, so this is no part of World: callers on a simulated
// machine have nothing to mount.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::runtime {

// Mounts a fresh tmpfs over the directory `target`, with tmpfs's own options ("mode=0755,size=1048576"). It goes with
// unbind (beneath.h), or with the machine. Errors: forbidden (not root), not_found, io.
Result<> mount_tmpfs(std::string target, std::string options);

}  // namespace slipway::runtime
