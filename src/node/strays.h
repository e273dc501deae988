// What a killed containerd lost track of.
#pragma once

#include <string>

#include "runtime/world.h"

namespace slipway::node {

// When the containerd with this directory (ContainerdOptions::directory) is ended: kills the shims that were started
// for its socket, with every process below them, and unmounts what is mounted below its directory (root file systems,
// network namespaces). Nobody else's: a shim of another containerd has another -address. Gives how many shims.
Task<Result<int>> end_strays(World& world, std::string containerd_directory);

}  // namespace slipway::node
