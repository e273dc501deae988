// The Node object and its lease: that this machine is there, what it offers, and that it lives.
#pragma once

#include "node/agent.h"

namespace slipway::node {

// Creates or adopts the Node, then renews its lease and refreshes its status until canceled. What others wrote into it
// (labels, taints, unschedulable) stays. Asks the runtime as often as it renews the lease: a Node whose runtime gave no
// answer for half a minute is not ready, and says so.
// When `deleted` says that the Node went away, it is made again at once.
Task<void> keep_registered(World& world, cluster::Cluster& cluster, PodRuntime& runtime, NodeOptions options,
                           runtime::Signal& deleted);

}  // namespace slipway::node
