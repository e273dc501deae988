#pragma once

#include "reconcile/reconcile.h"

namespace slipway::workloads {

// Owner garbage collection: an object whose owners are all gone is deleted; foreground deletion waits for dependents
// that block it; orphaning cuts the references. Watches every kind that can be deleted. Source:
// kube-controller-manager 1.35, pkg/controller/garbagecollector.
class GarbageReconciler final : public reconcile::Reconciler {
 public:
  explicit GarbageReconciler(cluster::Cluster& cluster) : cluster_(cluster) {}
  std::string_view name() const override { return "garbage"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  Task<Result<>> finish_foreground(Value owner);
  Task<Result<>> finish_orphan(Value owner);
  Task<Result<>> judge_owners(Value object);
  Task<Result<bool>> owner_exists(std::string ns, Value reference);
  Task<Result<>> drop_finalizer(Value object, std::string finalizer);

  cluster::Cluster& cluster_;
  reconcile::Cache* cache_ = nullptr;  // that of watch()
};

}  // namespace slipway::workloads
