// PodRuntime on containerd: CRI v1 over gRPC, and containerd's own event service on the same socket.
#pragma once

#include <memory>

#include "node/pod_runtime.h"
#include "runtime/world.h"

namespace slipway::node::cri {

// `socket` is containerd's gRPC socket; nothing is connected until the first call, and again after a break.
// Streaming URLs point to containerd's streaming server on loopback.
std::unique_ptr<PodRuntime> connect(World& world, std::string socket);

}  // namespace slipway::node::cri
