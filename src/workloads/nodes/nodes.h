#pragma once

#include "reconcile/reconcile.h"

namespace slipway::workloads {

// The node's spec.taints as its Ready condition asks: not-ready or unreachable while it is not, neither while it is.
// Pure. Source: kube-controller-manager 1.35, pkg/controller/nodelifecycle.
Value taints_for(const Value& node);

// Keeps scheduling away from nodes that are not ready. Only nodes with a lease: one that a person wrote by hand has
// nobody who would report for it.
class NodeReconciler final : public reconcile::Reconciler {
 public:
  explicit NodeReconciler(cluster::Cluster& cluster) : cluster_(cluster) {}
  std::string_view name() const override { return "node"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  cluster::Cluster& cluster_;
};

}  // namespace slipway::workloads
