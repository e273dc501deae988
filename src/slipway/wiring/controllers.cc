#include "slipway/wiring/controllers.h"

#include "cluster/watched_kinds.h"
#include "workloads/deployment/deployment.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/garbage/garbage.h"
#include "workloads/namespaces/namespaces.h"
#include "workloads/nodes/nodes.h"
#include "workloads/replicaset/replicaset.h"
#include "workloads/scheduler/scheduler.h"

namespace slipway::wiring {

std::vector<std::unique_ptr<reconcile::Reconciler>> workload_controllers(World& world, cluster::Cluster& cluster,
                                                                         TaskGroup& group, Controllers& controllers,
                                                                         std::string ca_pem) {
  // An Event names who speaks as kube-controller-manager's controllers do.
  auto recorder = [&](const char* component) -> reconcile::EventRecorder& {
    controllers.recorders.push_back(reconcile::make_recorder(world, cluster, group, component));
    return *controllers.recorders.back();
  };
  std::vector<std::unique_ptr<reconcile::Reconciler>> list;
  list.push_back(std::make_unique<workloads::NamespaceReconciler>(world, cluster, std::move(ca_pem)));
  list.push_back(std::make_unique<workloads::DeploymentReconciler>(world, cluster, recorder("deployment-controller")));
  list.push_back(std::make_unique<workloads::ReplicaSetReconciler>(world, cluster, recorder("replicaset-controller")));
  list.push_back(std::make_unique<workloads::SchedulerReconciler>(world, cluster, recorder("default-scheduler")));
  list.push_back(std::make_unique<workloads::NodeReconciler>(cluster));
  list.push_back(std::make_unique<workloads::EndpointsReconciler>(cluster));
  list.push_back(std::make_unique<workloads::GarbageReconciler>(cluster, recorder("garbage-collector-controller")));
  return list;
}

std::unique_ptr<cluster::Cache> cache_of_everything(World& world, cluster::Cluster& cluster) {
  return cluster::make_cache(world, cluster, cluster::watched_kinds(cluster.catalog()));
}

void start(World& world, TaskGroup& group, Controllers& controllers) {
  for (auto& reconciler : controllers.reconcilers)
    group.spawn(reconcile::run_controller(world, *controllers.cache, *reconciler));
  group.spawn(controllers.cache->run());
}

}  // namespace slipway::wiring
