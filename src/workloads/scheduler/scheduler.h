#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconcile/reconcile.h"

namespace slipway::workloads {

// Where a pod can run, or why nowhere: "0/1 nodes are available: 1 Insufficient cpu."
struct Placement {
  std::string node;  // empty: nowhere
  std::string refusal;
};
// `pods`: all of the cluster. Pure. Filters: readiness and taints, nodeSelector and required node affinity, resources,
// host ports; of the nodes that pass, the one with the most room.
Placement place(const Value& pod, const std::vector<Value>& nodes, const std::vector<Value>& pods);

// Several pods are bound at a time: a pod whose binding is being written counts as placed for all others.
class SchedulerReconciler final : public reconcile::Reconciler {
 public:
  SchedulerReconciler(World& world, cluster::Cluster& cluster, reconcile::EventRecorder& events)
      : world_(world), cluster_(cluster), events_(events) {}
  std::string_view name() const override { return "scheduler"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  World& world_;
  // All pods as the cache has them, with what is being bound.
  std::vector<Value> placed_pods() const;

  cluster::Cluster& cluster_;
  reconcile::EventRecorder& events_;
  reconcile::Cache* cache_ = nullptr;                        // that of watch()
  std::map<std::string, std::string, std::less<>> assumed_;  // uid of a pod to its node, until the cache shows it
};

}  // namespace slipway::workloads
