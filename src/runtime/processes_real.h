// Processes of the real World.
#pragma once

#include <memory>

#include "runtime/loop.h"
#include "runtime/world.h"

namespace slipway::runtime {

// How the end of a child is noticed. pidfd: Linux 5.3 and later. child_signal: SIGCHLD, for kernels before that.
enum class ChildWatch { pidfd_or_signal, child_signal };

// Lets this process hold as many descriptors as it may; children get the limit that we were started with.
void raise_descriptor_limit();

std::unique_ptr<Processes> create_real_processes(Loop& loop, ChildWatch watch = ChildWatch::pidfd_or_signal);

}  // namespace slipway::runtime
