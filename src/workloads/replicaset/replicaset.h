#pragma once

#include <vector>

#include "reconcile/reconcile.h"

namespace slipway::workloads {

struct ReplicaSetPlan {
  std::vector<Value> adopt, release, remove;
  int64_t create = 0;
  int64_t terminating = 0;
  Value status;                  // what status says of the pods as they were seen
  Duration look_again_after{0};  // when a pod becomes available without any event; 0: never
};
// `pods`: all of the namespace.
ReplicaSetPlan decide_replica_set(const Value& set, const std::vector<Value>& pods, WallTime now);

// A pod of `pod_template`, controlled by `owner`.
Value pod_from_template(const Value& owner, const Value& pod_template, std::string name);

class ReplicaSetReconciler final : public reconcile::Reconciler {
 public:
  ReplicaSetReconciler(World& world, cluster::Cluster& cluster, reconcile::EventRecorder& events)
      : world_(world), cluster_(cluster), events_(events) {}
  std::string_view name() const override { return "replicaset"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  Task<Result<>> act(Value set, ReplicaSetPlan plan);

  World& world_;
  cluster::Cluster& cluster_;
  reconcile::EventRecorder& events_;
};

}  // namespace slipway::workloads
