#include "workloads/deployment/deployment.h"

#include <fmt/format.h>

#include "base/text.h"
#include "value/json.h"
#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

using cluster::ObjectKey;
using reconcile::Outcome;

void DeploymentReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  reconcile::wake_self(cache, deployment_kind, enqueue);
  reconcile::wake_owner(cache, replica_set_kind, deployment_kind, enqueue);
  // Recreate waits for the last old pod to go.
  cache.on_change(pod_kind, [&cache, enqueue](const Value& pod, const Value& after) {
    if (!after.is_null()) return;
    const Value& owner = kinds::controller_of(pod);
    if (owner["kind"].as_string() != "ReplicaSet") return;
    ObjectKey set_key{replica_set_kind, std::string(kinds::namespace_of(pod)), owner["name"].str()};
    const Value* set = cache.get(set_key);
    if (!set) return;
    const Value& deployment = kinds::controller_of(*set);
    if (deployment["kind"].as_string() == "Deployment") {
      enqueue({deployment_kind, set_key.ns, deployment["name"].str()});
    }
  });
}

std::vector<cluster::GroupVersionKind> DeploymentReconciler::needs() const {
  return {deployment_kind, replica_set_kind, pod_kind};
}

Task<Outcome> DeploymentReconciler::reconcile(ObjectKey key) {
  auto found = co_await cluster_.get(key);
  if (found.failed_with(ErrorKind::not_found)) co_return Outcome::done();
  if (!found) co_return Outcome::failed(found.error());
  Value deployment = *found;
  std::string uid(kinds::uid_of(deployment));
  auto sets = co_await cluster_.list(replica_set_kind, {.ns = key.ns, .controller = uid});
  if (!sets) co_return Outcome::failed(sets.error());
  // The pods of old sets: only Recreate waits for them.
  cluster::List pods;
  if (deployment["spec"]["strategy"]["type"].as_string() == "Recreate") {
    auto listed = co_await cluster_.list(pod_kind, {.ns = key.ns});
    if (!listed) co_return Outcome::failed(listed.error());
    pods = std::move(*listed);
  }
  DeploymentPlan plan = decide_deployment(deployment, sets->items, pods.items, world_.now());
  Duration look_again_after = plan.look_again_after;
  auto acted = co_await act(deployment, std::move(plan));
  if (!acted) co_return Outcome::failed(acted.error());
  if (look_again_after > Duration::zero()) co_return Outcome::again_after(look_again_after);
  co_return Outcome::done();
}

Task<Result<>> DeploymentReconciler::act(Value deployment, DeploymentPlan plan) {
  for (const Value& set : plan.adopt) {
    OR_CO_RETURN(co_await cluster_.write(cluster::merge_patch(ObjectKey::of(set), adopting_patch(set, deployment))));
  }
  if (!plan.adopt.empty()) co_return Result<>();  // seen again with its new revision
  if (plan.create) OR_CO_RETURN(co_await create_set(deployment, *plan.create));
  for (const Value& set : plan.update) OR_CO_RETURN(co_await cluster_.write(cluster::update(set)));
  for (const auto& event : plan.events) events_.record(deployment, event.type, event.reason, event.message);
  for (const Value& set : plan.remove) {
    cluster::Write remove = cluster::remove(ObjectKey::of(set));
    remove.uid = kinds::uid_of(set);
    auto removed = co_await cluster_.write(std::move(remove));
    if (!removed && !removed.error().is(ErrorKind::not_found)) co_return removed.error();
  }
  if (plan.revision) {
    Value annotations{{"deployment.kubernetes.io/revision", *plan.revision}};
    // Through /status, where an annotation raises no generation.
    Value patch{{"metadata", Value{{"annotations", annotations}}}};
    auto patched = co_await cluster_.write(cluster::merge_patch(ObjectKey::of(deployment), patch, "status"));
    if (!patched) co_return patched.error();
    deployment = patched->object;
  }
  if (!(plan.status == deployment["status"])) {
    OR_CO_RETURN(co_await cluster_.write(cluster::update(deployment.with_member("status", plan.status), "status")));
  }
  co_return Result<>();
}

// A set of that name may stand there already: ours from a lost answer (fine), or another template with the same hash;
// then collisionCount goes up and the next look finds another name.
Task<Result<>> DeploymentReconciler::create_set(Value deployment, Value set) {
  auto made = co_await cluster_.write(cluster::create(set));
  if (made) co_return Result<>();
  if (!made.error().is(ErrorKind::already_exists)) {
    events_.record(deployment, "Warning", "ReplicaSetCreateError",
                   fmt::format("Failed to create new replica set \"{}\": {}", kinds::name_of(set), made.error().str()));
    co_return made.error();
  }
  auto there = co_await cluster_.get(ObjectKey::of(set));
  if (!there) co_return there.error();
  if (is_controlled_by(*there, deployment) && (*there)["spec"]["template"] == set["spec"]["template"])
    co_return Result<>();
  int64_t collisions = deployment["status"]["collisionCount"].as_int() + 1;
  Value counted = deployment.with("/status/collisionCount", collisions);
  OR_CO_RETURN(co_await cluster_.write(cluster::update(counted, "status")));
  co_return fail(ErrorKind::conflict, "the name {} is taken by another replica set", kinds::name_of(set));
}

std::string pod_template_hash(const Value& pod_template, int64_t collisions) {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  uint32_t hash = 2166136261u;
  auto mix = [&hash](std::string_view bytes) {
    for (unsigned char c : bytes) hash = (hash ^ c) * 16777619u;
  };
  mix(value::to_json(pod_template));
  if (collisions > 0) mix(std::to_string(collisions));
  std::string text = std::to_string(hash);
  for (char& c : text) c = letters[static_cast<size_t>(c) % letters.size()];
  return text;
}

}  // namespace slipway::workloads
