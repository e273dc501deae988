// Writes that name a subresource with a body of another kind: Scale, Binding, Eviction, and a namespace's finalize.
#include "base/text.h"
#include "base/time.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/patched.h"

namespace slipway::cluster {

namespace {

std::string selector_text(const kinds::Kind& kind, const Value& object) {
  const Value& selector = object["spec"]["selector"];
  if (kind.id.kind == "ReplicationController" && kind.id.group.empty())
    return kinds::Selector::from_map(selector).str();
  auto parsed = kinds::Selector::from_label_selector(selector);
  return parsed ? parsed->str() : std::string();
}

Error bad_scale(std::string_view name, int64_t replicas) {
  std::string why = fmt::format("Invalid value: {}: must be greater than or equal to 0", replicas);
  return fail(ErrorKind::invalid, "Scale.autoscaling \"{}\" is invalid: spec.replicas: {}", name, why)
      .cause({"FieldValueInvalid", why, "spec.replicas"});
}

// With this condition of a pod true since `now`, as binding and eviction set one themselves.
Value with_condition(const Value& pod, std::string_view type, std::string_view reason, std::string_view message,
                     WallTime now) {
  ArrayBuilder conditions;
  for (const Value& condition : pod["status"]["conditions"].items()) {
    if (condition["type"].as_string() != type) conditions.push(condition);
  }
  ObjectBuilder added;
  added.set("type", type).set("status", "True").set("lastProbeTime", nullptr);
  added.set("lastTransitionTime", base::format_rfc3339(now));
  added.set_unless_empty("reason", reason).set_unless_empty("message", message);
  conditions.push(added.build());
  return pod.with("/status/conditions", conditions.build());
}

// What a binding and an eviction answer.
Value success() {
  return Value{
      {"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Value::object()}, {"status", "Success"}, {"code", 201}};
}

}  // namespace

Value scale_of(const kinds::Kind& kind, const Value& object) {
  const Value& from = object["metadata"];
  ObjectBuilder metadata;
  for (auto member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    metadata.set_unless_empty(member, from[member]);
  }
  ObjectBuilder spec, status;
  spec.set_unless_empty("replicas", object["spec"]["replicas"]);
  status.set("replicas", object["status"]["replicas"].as_int());
  status.set_unless_empty("selector", selector_text(kind, object));
  return Value{{"kind", "Scale"},
               {"apiVersion", "autoscaling/v1"},
               {"metadata", metadata.build()},
               {"spec", spec.build()},
               {"status", status.build()}};
}

Task<Result<Written>> EmbeddedCluster::scale(Request& request) {
  const std::string name = request.write.key.name;
  for (int attempt = 1;; ++attempt) {
    auto before = store_.latest(request.key());
    if (!before) co_return no_such_object(request.kind, name);
    Value asked = request.write.body;
    if (request.write.verb == Verb::patch) {
      asked = OR_CO_RETURN(patched(request.kind, scale_of(request.kind, *before), request.write));
    }
    if (request.write.verb == Verb::update && asked["metadata"]["name"].as_string() != name) {
      co_return fail(ErrorKind::bad_request, "the name of the object ({}) does not match the name on the URL ({})",
                     asked["metadata"]["name"].as_string(), name);
    }
    const Value& replicas = asked["spec"]["replicas"];
    if (!replicas.is_null() && !replicas.is_int()) {
      co_return fail(ErrorKind::bad_request,
                     "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal {} into Go struct "
                     "field ScaleSpec.spec.replicas of type int32",
                     value::to_string(replicas.type()));
    }
    if (replicas.as_int() < 0) co_return bad_scale(name, replicas.as_int());
    Value wanted = before->with("/spec/replicas", replicas.as_int());
    Value revision = asked["metadata"]["resourceVersion"];
    bool names_revision = !revision.is_null();
    if (names_revision) wanted = wanted.with("/metadata/resourceVersion", revision);
    auto written = co_await replace(request, *before, std::move(wanted), Part::main);
    bool again = written.failed_with(ErrorKind::conflict) && attempt < attempts_max &&
                 (request.write.verb == Verb::patch || !names_revision);
    if (again) continue;
    if (written) written->object = scale_of(request.kind, written->object);
    co_return written;
  }
}

Task<Result<Written>> EmbeddedCluster::bind(Request& request) {
  const Value& body = request.write.body;
  const std::string name = request.write.key.name;
  if (body["metadata"]["name"].as_string() != name)
    co_return fail(ErrorKind::bad_request, "name in URL does not match name in Binding object");
  std::string node = body["target"]["name"].str();
  if (node.empty()) {
    co_return Error(ErrorKind::invalid, fmt::format("Binding \"{}\" is invalid: target.name: Required value", name))
        .cause({"FieldValueRequired", "Required value", "target.name"});
  }
  auto before = store_.latest(request.key());
  if (!before) co_return no_such_object(request.kind, name);
  auto not_bound = [&](std::string why) {
    return fail(ErrorKind::conflict, "Operation cannot be fulfilled on pods/binding \"{}\": {}", name, why);
  };
  std::string uid = body["metadata"]["uid"].str();
  if (!uid.empty() && uid != kinds::uid_of(*before)) {
    co_return not_bound(fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", uid,
                                    kinds::uid_of(*before)));
  }
  if (is_deleting(*before))
    co_return not_bound(fmt::format("pod {} is being deleted, cannot be assigned to a host", name));
  std::string there = (*before)["spec"]["nodeName"].str();
  if (!there.empty()) co_return not_bound(fmt::format("pod {} is already assigned to node \"{}\"", name, there));
  if ((*before)["spec"]["schedulingGates"].size() > 0) {
    co_return not_bound(fmt::format("pod {} has non-empty .spec.schedulingGates", name));
  }
  Value after = before->with("/spec/nodeName", node);
  for (auto member : {"labels", "annotations"}) {
    auto more = body["metadata"][member].members();
    if (more.empty()) continue;
    after = after.with(std::string("/metadata/") + member,
                       after["metadata"][member].with_members({more.begin(), more.end()}));
  }
  after = with_condition(after, "PodScheduled", "", "", world_.now());
  OR_CO_RETURN(co_await put(request, *before, after));
  co_return Written{.object = success(), .created = true};
}

// Books the pod's end on the PodDisruptionBudget that covers it, if it allows one more.
Task<Result<>> EmbeddedCluster::book_disruption(Request& request, Value pod) {
  auto budgets = store_.list({.resource = "poddisruptionbudgets.policy", .ns = request.write.key.ns});
  std::vector<Value> matching;
  if (budgets) {
    for (const Value& budget : budgets->items) {
      auto selector = kinds::Selector::from_label_selector(budget["spec"]["selector"]);
      if (selector && selector->matches(pod["metadata"]["labels"])) matching.push_back(budget);
    }
  }
  if (matching.size() > 1) {
    co_return Error(ErrorKind::internal,
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  }
  std::string_view phase = pod["status"]["phase"].as_string();
  bool counts = phase != "Succeeded" && phase != "Failed" && phase != "Pending" && !is_deleting(pod);
  if (!counts || matching.empty()) co_return {};
  const Value& status = matching[0]["status"];
  int64_t allowed = status["disruptionsAllowed"].as_int();
  if (allowed <= 0) {
    co_return Error(ErrorKind::unavailable, "Cannot evict pod as it would violate the pod's disruption budget.")
        .cause({"DisruptionBudget",
                fmt::format("The disruption budget {} needs {} healthy pods and has {} currently",
                            kinds::name_of(matching[0]), status["desiredHealthy"].as_int(),
                            status["currentHealthy"].as_int()),
                {}});
  }
  if (request.dry_run()) co_return {};
  Value booked = matching[0].with("/status/disruptionsAllowed", allowed - 1);
  std::vector<store::Change> changes;
  changes.push_back({{"poddisruptionbudgets.policy", request.write.key.ns, std::string(kinds::name_of(booked))},
                     booked,
                     kinds::revision_of(booked)});
  OR_CO_RETURN(co_await store_.commit(std::move(changes)));
  co_return {};
}

// Deletes the pod unless a PodDisruptionBudget forbids it, and books the disruption on the budget.
// The body's deleteOptions are in the write already, as those of any deletion.
// Budget and pod may change meanwhile: each is then read again, as kube-apiserver does; what is booked stays booked.
Task<Result<Written>> EmbeddedCluster::evict(Request& request) {
  if (request.write.body["metadata"]["name"].as_string() != request.write.key.name)
    co_return fail(ErrorKind::bad_request, "name in URL does not match name in Eviction object");
  bool booked = false;
  for (int attempt = 1;; ++attempt) {
    auto pod = store_.latest(request.key());
    if (!pod) co_return no_such_object(request.kind, request.write.key.name);
    OR_CO_RETURN(check_delete_preconditions(request, *pod));  // before anything is booked
    if (!booked) {
      auto booking = co_await book_disruption(request, *pod);
      if (booking.failed_with(ErrorKind::conflict) && attempt < attempts_max) continue;
      OR_CO_RETURN(std::move(booking));
      booked = true;
    }
    if (request.dry_run()) break;
    Value marked =  // who watches the pod end learns why
        with_condition(*pod, "DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting", world_.now());
    auto written = co_await put(request, *pod, std::move(marked));
    bool again = written.failed_with(ErrorKind::conflict) && !request.write.resource_version && attempt < attempts_max;
    if (again) continue;
    OR_CO_RETURN(std::move(written));
    if (request.write.resource_version) request.write.resource_version = kinds::revision_of(written->object);
    break;
  }
  OR_CO_RETURN(co_await remove(request));
  co_return Written{.object = success(), .created = true};
}

// namespaces/finalize: spec.finalizers as the body says; the namespace goes when none is left.
Task<Result<Written>> EmbeddedCluster::finalize(Request& request) {
  auto before = store_.latest(request.key());
  if (!before) co_return no_such_object(request.kind, request.write.key.name);
  Value asked = request.write.body;
  if (request.write.verb == Verb::patch) asked = OR_CO_RETURN(patched(request.kind, *before, request.write));
  OR_CO_RETURN(check_preconditions(request, *before, asked));
  const Value& finalizers = asked["spec"]["finalizers"];
  Value after =
      finalizers.size() > 0 ? before->with("/spec/finalizers", finalizers) : before->without("/spec/finalizers");
  co_return co_await put(request, *before, std::move(after));
}

}  // namespace slipway::cluster
