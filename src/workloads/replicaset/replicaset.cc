// ReplicaSet: as many pods of one template as spec.replicas says. Adopts orphans that match, lets go of those that no
// longer do. Source of semantics: kube-controller-manager 1.35, pkg/controller/replicaset.
#include "workloads/replicaset/replicaset.h"

#include <fmt/format.h>

#include <algorithm>

#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

using cluster::ObjectKey;
using reconcile::Outcome;

namespace {

// The lower ranks are deleted first: unscheduled, pending, not ready, cheaper, doubled up on a node, younger.
bool deleted_before(const Value& a, const Value& b) {
  auto scheduled = [](const Value& p) { return !p["spec"]["nodeName"].as_string().empty(); };
  if (scheduled(a) != scheduled(b)) return !scheduled(a);
  auto phase = [](const Value& p) {
    auto text = p["status"]["phase"].as_string();
    return text == "Running" ? 2 : text == "Unknown" ? 1 : 0;
  };
  if (phase(a) != phase(b)) return phase(a) < phase(b);
  if (is_ready(a) != is_ready(b)) return !is_ready(a);
  auto cost = [](const Value& p) {
    auto text = p["metadata"]["annotations"]["controller.kubernetes.io/pod-deletion-cost"].str();
    return std::strtoll(text.c_str(), nullptr, 10);
  };
  if (cost(a) != cost(b)) return cost(a) < cost(b);
  if (restarts(a) != restarts(b)) return restarts(a) > restarts(b);
  auto born = [](const Value& p) { return p["metadata"]["creationTimestamp"].str(); };
  if (born(a) != born(b)) return born(a) > born(b);
  return kinds::name_of(a) < kinds::name_of(b);
}

}  // namespace

ReplicaSetPlan decide_replica_set(const Value& set, const std::vector<Value>& all_pods, WallTime now) {
  ReplicaSetPlan plan;
  auto selector = kinds::Selector::from_label_selector(set["spec"]["selector"]);
  if (!selector || selector->matches_everything()) return plan;
  std::vector<Value> mine;
  for (const Value& pod : all_pods) {
    bool matches = selector->matches(pod["metadata"]["labels"]);
    bool owned = is_controlled_by(pod, set);
    if (owned && !matches) plan.release.push_back(pod);
    if (!matches || !is_active(pod)) {
      if (owned && matches && is_terminating(pod)) ++plan.terminating;
      continue;
    }
    if (owned) mine.push_back(pod);
    if (!owned && kinds::controller_of(pod).is_null() && !is_terminating(set)) {
      plan.adopt.push_back(pod);
      mine.push_back(pod);
    }
  }

  int64_t wanted = set["spec"]["replicas"].as_int(1);
  int64_t have = static_cast<int64_t>(mine.size());
  if (!is_terminating(set)) {
    if (have < wanted) plan.create = std::min<int64_t>(wanted - have, 500);
    if (have > wanted) {
      std::sort(mine.begin(), mine.end(), deleted_before);
      plan.remove.assign(mine.begin(), mine.begin() + (have - wanted));
    }
  }

  auto template_labels = kinds::Selector::from_map(set["spec"]["template"]["metadata"]["labels"]);
  int64_t min_ready = set["spec"]["minReadySeconds"].as_int();
  int64_t labeled = 0, ready = 0, available = 0;
  for (const Value& pod : mine) {
    if (template_labels.matches(pod["metadata"]["labels"])) ++labeled;
    if (is_ready(pod)) ++ready;
    if (is_available(pod, min_ready, now, &plan.look_again_after)) ++available;
  }
  ObjectBuilder status;
  status.set("replicas", have)
      .set_unless_empty("fullyLabeledReplicas", labeled)
      .set_unless_empty("readyReplicas", ready);
  status.set_unless_empty("availableReplicas", available).set("observedGeneration", set["metadata"]["generation"]);
  status.set_unless_empty("conditions", set["status"]["conditions"]);
  status.set("terminatingReplicas", plan.terminating);
  plan.status = status.build();
  return plan;
}

Value pod_from_template(const Value& owner, const Value& pod_template, std::string name) {
  const Value& meta = pod_template["metadata"];
  ObjectBuilder metadata;
  metadata.set("name", name);
  metadata.set("generateName", fmt::format("{}-", kinds::name_of(owner)));
  metadata.set("namespace", owner["metadata"]["namespace"]);
  metadata.set_unless_empty("labels", meta["labels"]).set_unless_empty("annotations", meta["annotations"]);
  metadata.set_unless_empty("finalizers", meta["finalizers"]);
  metadata.set("ownerReferences", Value::array({controller_reference(owner)}));
  return Value{{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata.build()}, {"spec", pod_template["spec"]}};
}

void ReplicaSetReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  reconcile::wake_self(cache, replica_set_kind, enqueue);
  reconcile::wake_owner(cache, pod_kind, replica_set_kind, enqueue);
  // An orphan may be somebody's to adopt.
  cache.on_change(pod_kind, [&cache, enqueue](const Value&, const Value& pod) {
    if (pod.is_null() || !kinds::controller_of(pod).is_null()) return;
    for (const Value& set : cache.list(replica_set_kind, kinds::namespace_of(pod))) {
      auto selector = kinds::Selector::from_label_selector(set["spec"]["selector"]);
      if (selector && !selector->matches_everything() && selector->matches(pod["metadata"]["labels"])) {
        enqueue(ObjectKey::of(set));
      }
    }
  });
}

std::vector<cluster::GroupVersionKind> ReplicaSetReconciler::needs() const {
  return {replica_set_kind, pod_kind};
}

Task<Outcome> ReplicaSetReconciler::reconcile(ObjectKey key) {
  auto found = co_await cluster_.get(key);
  if (found.failed_with(ErrorKind::not_found)) co_return Outcome::done();
  if (!found) co_return Outcome::failed(found.error());
  Value set = *found;
  auto pods = co_await cluster_.list(pod_kind, {.ns = key.ns, .controller = std::string(kinds::uid_of(set))});
  if (!pods) co_return Outcome::failed(pods.error());
  ReplicaSetPlan plan = decide_replica_set(set, pods->items, world_.now());
  auto acted = co_await act(set, plan);
  if (!acted) co_return Outcome::failed(acted.error());
  if (plan.look_again_after > Duration::zero()) co_return Outcome::again_after(plan.look_again_after);
  co_return Outcome::done();
}

Task<Result<>> ReplicaSetReconciler::act(Value set, ReplicaSetPlan plan) {
  for (const Value& pod : plan.adopt) {
    auto patched = co_await cluster_.write(cluster::merge_patch(ObjectKey::of(pod), adopting_patch(pod, set)));
    if (!patched && !patched.error().is(ErrorKind::not_found)) co_return patched.error();
  }
  for (const Value& pod : plan.release) {
    std::vector<Value> owners;
    for (const Value& owner : pod["metadata"]["ownerReferences"].items()) {
      if (owner["uid"].as_string() != kinds::uid_of(set)) owners.push_back(owner);
    }
    Value patch{{"metadata", Value{{"ownerReferences", owners.empty() ? Value() : Value::array(owners)}}}};
    auto patched = co_await cluster_.write(cluster::merge_patch(ObjectKey::of(pod), patch));
    if (!patched && !patched.error().is(ErrorKind::not_found)) co_return patched.error();
  }

  std::optional<Error> failure;
  for (int64_t i = 0; i < plan.create; ++i) {
    std::string name = fmt::format("{}-{}", kinds::name_of(set), world_.random().suffix(5));
    auto made = co_await cluster_.write(cluster::create(pod_from_template(set, set["spec"]["template"], name)));
    if (!made) {
      if (made.error().str().find("because it is being terminated") != std::string::npos) co_return Result<>();
      // The first refusal stops the rest: they would be refused alike.
      events_.record(set, "Warning", "FailedCreate", fmt::format("Error creating: {}", made.error().str()));
      failure = made.error();
      break;
    }
    events_.record(set, "Normal", "SuccessfulCreate", fmt::format("Created pod: {}", name));
  }
  for (const Value& pod : plan.remove) {
    auto gone = co_await cluster_.write(cluster::remove(ObjectKey::of(pod)));
    if (!gone && !gone.error().is(ErrorKind::not_found)) {
      events_.record(set, "Warning", "FailedDelete", fmt::format("Error deleting: {}", gone.error().str()));
      failure = gone.error();
      break;
    }
    events_.record(set, "Normal", "SuccessfulDelete", fmt::format("Deleted pod: {}", kinds::name_of(pod)));
  }

  Value status = plan.status;
  const Value& old_conditions = set["status"]["conditions"];
  // The words of the first refusal stay: they name a pod that is called otherwise with each try, and a status that
  // changed would wake us before the back-off has passed.
  bool told = !reconcile::find_condition(old_conditions, "ReplicaFailure").is_null();
  if (failure && !failure->is(ErrorKind::conflict)) {
    Value conditions = told ? old_conditions
                            : reconcile::set_condition(old_conditions, "ReplicaFailure", "True",
                                                       plan.create > 0 ? "FailedCreate" : "FailedDelete",
                                                       failure->str(), world_.now());
    status = status.with_member("conditions", conditions);
  } else if (told) {
    std::vector<Value> kept;
    for (const Value& c : old_conditions.items()) {
      if (c["type"].as_string() != "ReplicaFailure") kept.push_back(c);
    }
    status = kept.empty() ? status.without_member("conditions") : status.with_member("conditions", Value::array(kept));
  }
  if (!(status == set["status"])) {
    auto written = co_await cluster_.write(cluster::update(set.with_member("status", status), "status"));
    if (!written && !written.error().is(ErrorKind::not_found)) co_return written.error();
  }
  if (failure) co_return *failure;
  co_return Result<>();
}

}  // namespace slipway::workloads
