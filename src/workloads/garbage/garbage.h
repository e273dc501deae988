#pragma once

#include "reconcile/reconcile.h"

namespace slipway::workloads {

// Owner garbage collection: an object whose owners are all gone is deleted; foreground deletion waits for dependents
// that block it; orphaning cuts the references. An object without a namespace that names an owner in one is kept, with
// an Event: nobody can say which owner is meant. Watches every kind that can be deleted. Source:
// kube-controller-manager 1.35, pkg/controller/garbagecollector.
class GarbageReconciler final : public reconcile::Reconciler {
 public:
  GarbageReconciler(cluster::Cluster& cluster, reconcile::EventRecorder& events) : cluster_(cluster), events_(events) {}
  std::string_view name() const override { return "garbage"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  Task<Result<>> finish_foreground(Value owner);
  Task<Result<>> finish_orphan(Value owner);
  Task<Result<>> judge_owners(Value object);
  const kinds::Kind* kind_of_owner(const Value& reference) const;  // null: nobody knows it
  bool is_unresolvable(const Value& object, const Value& reference) const;
  Task<Result<bool>> owner_exists(std::string ns, Value reference);
  Task<Result<>> drop_finalizer(Value object, std::string finalizer);

  cluster::Cluster& cluster_;
  reconcile::EventRecorder& events_;
  reconcile::Cache* cache_ = nullptr;  // that of watch()
};

}  // namespace slipway::workloads
