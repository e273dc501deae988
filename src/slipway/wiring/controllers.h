// Every controller, in one list.
#pragma once

#include <memory>
#include <vector>

#include "reconcile/reconcile.h"

namespace slipway::wiring {

// What runs: reconcilers, the cache that wakes them and the recorder that tells of them. Kept by the caller until its
// group stopped.
struct Controllers {
  std::unique_ptr<reconcile::EventRecorder> events;                  // of the GitOps engine
  std::vector<std::unique_ptr<reconcile::EventRecorder>> recorders;  // of the others
  std::vector<std::unique_ptr<reconcile::Reconciler>> reconcilers;
  std::unique_ptr<cluster::Cache> cache;
};

// The controllers that an embedded cluster needs; their recorders are kept in `controllers`.
std::vector<std::unique_ptr<reconcile::Reconciler>> workload_controllers(World& world, cluster::Cluster& cluster,
                                                                         TaskGroup& group, Controllers& controllers,
                                                                         std::string ca_pem);
// Makes the cache for all kinds that can be watched.
std::unique_ptr<cluster::Cache> cache_of_everything(World& world, cluster::Cluster& cluster);
// Starts them in `group`.
void start(World& world, TaskGroup& group, Controllers& controllers);

}  // namespace slipway::wiring
