// Network of the real World, and streams on any descriptor (sockets and pipes alike).
#pragma once

#include <memory>

#include "runtime/loop.h"
#include "runtime/world.h"

namespace slipway::runtime {

std::unique_ptr<Network> create_real_network(Loop& loop);

// Owns the descriptor. shutdown_write() closes a pipe and half-closes a socket.
std::unique_ptr<Stream> create_stream(std::shared_ptr<Descriptor> descriptor, std::string peer);

}  // namespace slipway::runtime
