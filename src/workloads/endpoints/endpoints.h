#pragma once

#include <vector>

#include "reconcile/reconcile.h"

namespace slipway::workloads {

// What stands behind a service: its Endpoints subsets (one list) and its EndpointSlices (at most 100 endpoints each).
// Pure. Source: kube-controller-manager 1.35, pkg/controller/{endpoint,endpointslice}.
Value endpoints_for(const Value& service, const std::vector<Value>& pods);
// `existing`: the slices that stand now, whose names are used again.
std::vector<Value> slices_for(const Value& service, const std::vector<Value>& pods, const std::vector<Value>& existing);
// `object` (an Endpoints or a slice) with the time since which what is new in it was so: of the service when nothing is
// `there` yet, of the pods that became ready. Null `there`: it is new.
Value with_trigger_time(const Value& service, const std::vector<Value>& pods, const Value& there, Value object);

class EndpointsReconciler final : public reconcile::Reconciler {
 public:
  explicit EndpointsReconciler(cluster::Cluster& cluster) : cluster_(cluster) {}
  std::string_view name() const override { return "endpoints"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  Task<Result<>> write_endpoints(Value service, std::vector<Value> pods);
  Task<Result<>> write_slices(Value service, std::vector<Value> pods);

  cluster::Cluster& cluster_;
};

}  // namespace slipway::workloads
