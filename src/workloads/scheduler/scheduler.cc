#include "workloads/scheduler/scheduler.h"

#include "base/time.h"
#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

using cluster::ObjectKey;
using reconcile::Outcome;

namespace {

bool waits_for_us(const Value& pod) {
  return !pod.is_null() && pod["spec"]["nodeName"].as_string().empty() && !is_terminating(pod) &&
         pod["spec"]["schedulerName"].as_string("default-scheduler") == "default-scheduler" && is_active(pod);
}

}  // namespace

void SchedulerReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  cache_ = &cache;
  auto wake_waiting = [&cache, enqueue] {
    for (const Value& pod : cache.list(pod_kind)) {
      if (waits_for_us(pod)) enqueue(ObjectKey::of(pod));
    }
  };
  cache.on_change(pod_kind, [this, enqueue, wake_waiting](const Value& before, const Value& after) {
    bool settled =
        !waits_for_us(after) && assumed_.erase(std::string(kinds::uid_of(before.is_null() ? after : before)));
    if (waits_for_us(after)) enqueue(ObjectKey::of(after));
    // Room came free.
    bool was_placed = !before["spec"]["nodeName"].as_string().empty() && is_active(before);
    if ((was_placed || settled) && (after.is_null() || !is_active(after))) wake_waiting();
  });
  cache.on_change(node_kind, [wake_waiting](const Value& before, const Value& after) {
    bool same = before["spec"] == after["spec"] && before["status"]["allocatable"] == after["status"]["allocatable"] &&
                before["metadata"]["labels"] == after["metadata"]["labels"];
    if (!after.is_null() && !same) wake_waiting();
  });
}

std::vector<cluster::GroupVersionKind> SchedulerReconciler::needs() const {
  return {pod_kind, node_kind};
}

std::vector<Value> SchedulerReconciler::placed_pods() const {
  std::vector<Value> pods = cache_->list(pod_kind);
  if (assumed_.empty()) return pods;
  for (Value& pod : pods) {
    if (auto to = assumed_.find(kinds::uid_of(pod)); to != assumed_.end()) pod = pod.with("/spec/nodeName", to->second);
  }
  return pods;
}

Task<Outcome> SchedulerReconciler::reconcile(ObjectKey key) {
  auto found = co_await cluster_.get(key);
  if (found.failed_with(ErrorKind::not_found)) co_return Outcome::done();
  if (!found) co_return Outcome::failed(found.error());
  Value pod = *found;
  if (!waits_for_us(pod)) co_return Outcome::done();
  if (!pod["spec"]["schedulingGates"].empty()) co_return Outcome::done();
  auto nodes = co_await cluster_.list(node_kind, {});
  if (!nodes) co_return Outcome::failed(nodes.error());
  // From here to assumed_ nothing is awaited: nobody else places a pod by the same view.
  std::string uid(kinds::uid_of(pod));
  assumed_.erase(uid);
  Placement placement = place(pod, nodes->items, placed_pods());
  if (!placement.node.empty()) {
    assumed_[uid] = placement.node;  // also when it fails: it is tried again, or its end is heard of
    cluster::Write bind = cluster::create(
        Value{{"apiVersion", "v1"},
              {"kind", "Binding"},
              {"metadata", Value{{"name", key.name}, {"namespace", key.ns}, {"uid", pod["metadata"]["uid"]}}},
              {"target", Value{{"kind", "Node"}, {"name", placement.node}}}});
    bind.key = key;
    bind.subresource = "binding";
    auto bound = co_await cluster_.write(std::move(bind));
    if (bound.failed_with(ErrorKind::not_found)) {
      if (!cache_->get(key)) assumed_.erase(uid);  // its end has been heard of already
      co_return Outcome::done();
    }
    if (!bound) co_return Outcome::failed(bound.error());
    events_.record(pod, "Normal", "Scheduled",
                   "Successfully assigned " + key.ns + "/" + key.name + " to " + placement.node);
    co_return Outcome::done();
  }
  const Value& scheduled = reconcile::find_condition(pod["status"]["conditions"], "PodScheduled");
  if (scheduled["message"].as_string() != placement.refusal) {
    Value conditions = reconcile::set_condition(pod["status"]["conditions"], "PodScheduled", "False", "Unschedulable",
                                                placement.refusal, world_.now());
    auto written = co_await cluster_.write(cluster::update(pod.with("/status/conditions", conditions), "status"));
    if (!written) co_return Outcome::failed(written.error());
    events_.record(pod, "Warning", "FailedScheduling", placement.refusal);
  }
  co_return Outcome::done();
}

}  // namespace slipway::workloads
