#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconcile/reconcile.h"

namespace slipway::workloads {

// Namespace lifecycle: a terminating namespace is emptied (pods first), then lets go of its finalizer. A live one gets
// the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`, again whenever they are lost.
class NamespaceReconciler final : public reconcile::Reconciler {
 public:
  NamespaceReconciler(World& world, cluster::Cluster& cluster, std::string ca_pem)
      : world_(world), cluster_(cluster), ca_pem_(std::move(ca_pem)) {}
  std::string_view name() const override { return "namespace"; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override;
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;

 private:
  Task<Result<>> furnish(std::string ns);
  Task<Result<std::string>> empty(Value object);  // what is left, in words; "": nothing
  Duration rest_of(const std::string& ns, const std::string& left);

  World& world_;
  cluster::Cluster& cluster_;
  std::string ca_pem_;
  struct Waiting {
    std::string left;
    Duration rest{};
  };
  std::map<std::string, Waiting> waiting_;  // namespaces that could not end yet
};

}  // namespace slipway::workloads
