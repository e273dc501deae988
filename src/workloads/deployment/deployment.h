#pragma once

#include <optional>
#include <vector>

#include "reconcile/reconcile.h"

namespace slipway::workloads {

struct DeploymentEvent {
  std::string type, reason, message;
};

// One step of a rollout: everything that may be done now without waiting for pods.
struct DeploymentPlan {
  std::vector<Value> adopt;             // replica sets without an owner that match
  std::optional<Value> create;          // the new replica set
  std::vector<Value> update;            // replica sets with changed replicas or annotations
  std::vector<Value> remove;            // over revisionHistoryLimit
  std::optional<std::string> revision;  // for the deployment's annotation, when it differs
  Value status;
  std::vector<DeploymentEvent> events;
  Duration look_again_after{0};  // progress deadline; 0: never
};
// `sets` and `pods`: all of the namespace. Source: kube-controller-manager 1.35, pkg/controller/deployment.
DeploymentPlan decide_deployment(const Value& deployment, const std::vector<Value>& sets,
                                 const std::vector<Value>& pods, WallTime now);

// FNV-1a of the template, in the letters that Kubernetes uses; `collisions` makes another one.
std::string pod_template_hash(const Value& pod_template, int64_t collisions);

// spec.strategy.rollingUpdate as numbers of pods; surge is rounded up, unavailable down, and never both are 0.
struct RolloutBounds {
  int64_t surge_max = 0, unavailable_max = 0;
};
RolloutBounds rollout_bounds(const Value& deployment);

class DeploymentReconciler final : public reconcile::Reconciler {
 public:
  DeploymentReconciler(World& world, cluster::Cluster& cluster, reconcile::EventRecorder& events)
      : world_(world), cluster_(cluster), events_(events) {}
  std::string_view name() const override { return "deployment"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  Task<Result<>> act(Value deployment, DeploymentPlan plan);
  Task<Result<>> create_set(Value deployment, Value set);

  World& world_;
  cluster::Cluster& cluster_;
  reconcile::EventRecorder& events_;
};

}  // namespace slipway::workloads
