#include "workloads/nodes/nodes.h"

#include "kinds/object.h"
#include "workloads/kinds.h"

namespace slipway::workloads {

using reconcile::Outcome;

namespace {

constexpr std::string_view not_ready = "node.kubernetes.io/not-ready", unreachable = "node.kubernetes.io/unreachable";
const cluster::GroupVersionKind lease_kind{"coordination.k8s.io", "v1", "Lease"};

}  // namespace

Value taints_for(const Value& node) {
  auto ready = reconcile::find_condition(node["status"]["conditions"], "Ready")["status"].as_string();
  ArrayBuilder taints;
  for (const Value& taint : node["spec"]["taints"].items()) {
    auto key = taint["key"].as_string();
    if (key != not_ready && key != unreachable) taints.push(taint);
  }
  if (ready != "True") {
    std::string_view key = ready == "False" ? not_ready : unreachable;
    taints.push(Value{{"key", key}, {"effect", "NoSchedule"}});
    taints.push(Value{{"key", key}, {"effect", "NoExecute"}});
  }
  return taints.build();
}

void NodeReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  reconcile::wake_self(cache, node_kind, enqueue);
  cache.on_change(lease_kind, [enqueue](const Value& before, const Value& after) {
    if (before.is_null()) enqueue({node_kind, "", std::string(kinds::name_of(after))});
  });
}

std::vector<cluster::GroupVersionKind> NodeReconciler::needs() const {
  return {node_kind, lease_kind};
}

Task<Outcome> NodeReconciler::reconcile(cluster::ObjectKey key) {
  auto node = co_await cluster_.get(key);
  if (node.failed_with(ErrorKind::not_found)) co_return Outcome::done();
  if (!node) co_return Outcome::failed(node.error());
  // A node that says nothing yet is left with the taint that it was made with.
  if (reconcile::find_condition((*node)["status"]["conditions"], "Ready").is_null()) co_return Outcome::done();
  auto lease = co_await cluster_.get({lease_kind, "kube-node-lease", key.name});
  if (lease.failed_with(ErrorKind::not_found)) co_return Outcome::done();
  Value taints = taints_for(*node);
  if (taints == (*node)["spec"]["taints"] || (taints.empty() && (*node)["spec"]["taints"].empty())) {
    co_return Outcome::done();
  }
  Value patch{{"spec", Value{{"taints", taints.empty() ? Value() : taints}}},
              {"metadata", Value{{"resourceVersion", (*node)["metadata"]["resourceVersion"]}}}};
  auto written = co_await cluster_.write(cluster::merge_patch(key, patch));
  if (!written && !written.error().is(ErrorKind::conflict)) co_return Outcome::failed(written.error());
  co_return Outcome::done();
}

}  // namespace slipway::workloads
