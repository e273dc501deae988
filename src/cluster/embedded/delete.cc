// Deletion: at once, or marked and waiting for grace (pods), for finalizers, or for a controller (namespaces,
// foreground).
#include "base/text.h"
#include "base/timestamp.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"

namespace slipway::cluster {

namespace {

constexpr std::string_view orphan_finalizer = "orphan", foreground_finalizer = "foregroundDeletion";

bool is_core(const kinds::Kind& kind, std::string_view name) {
  return kind.id.group.empty() && kind.id.kind == name;
}

bool has_finalizer(const Value& object, std::string_view name) {
  for (const Value& finalizer : object["metadata"]["finalizers"].items()) {
    if (finalizer.as_string() == name) return true;
  }
  return false;
}

// What happens to dependents: the client's word, else a finalizer that is there already, else the kind's habit.
Propagation propagation_of(Request& request, const Value& object) {
  if (request.write.propagation != Propagation::unset) return request.write.propagation;
  if (has_finalizer(object, orphan_finalizer)) return Propagation::orphan;
  if (has_finalizer(object, foreground_finalizer)) return Propagation::foreground;
  bool job = request.kind.id.kind == "Job" && request.kind.id.group == "batch";
  if (job) {
    request.warnings.push_back(
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
        "set propagationPolicy=Orphan to suppress this warning");
  }
  return job || is_core(request.kind, "ReplicationController") ? Propagation::orphan : Propagation::background;
}

Value with_collector_finalizers(Value object, Propagation propagation) {
  ArrayBuilder finalizers;
  for (const Value& finalizer : object["metadata"]["finalizers"].items()) {
    std::string_view name = finalizer.as_string();
    if (name != orphan_finalizer && name != foreground_finalizer) finalizers.push(finalizer);
  }
  if (propagation == Propagation::orphan) finalizers.push(orphan_finalizer);
  if (propagation == Propagation::foreground) finalizers.push(foreground_finalizer);
  if (finalizers.size() == 0) return object.without("/metadata/finalizers");
  return object.with("/metadata/finalizers", finalizers.build());
}

// Seconds that a pod gets to end; only pods get any.
int64_t grace_of(const kinds::Kind& kind, const Value& object, std::optional<int64_t> asked) {
  if (!is_core(kind, "Pod")) return 0;
  std::string_view phase = object["status"]["phase"].as_string();
  if (object["spec"]["nodeName"].as_string().empty() || phase == "Succeeded" || phase == "Failed") return 0;
  int64_t grace = asked.value_or(object["spec"]["terminationGracePeriodSeconds"].as_int(30));
  return grace < 0 ? 1 : grace;
}

Result<> check_may_be_deleted(const kinds::Kind& kind, std::string_view name) {
  bool everlasting =
      is_core(kind, "Namespace") && (name == "default" || name == "kube-system" || name == "kube-public");
  if (everlasting) return refused(kind, name, "this namespace may not be deleted");
  return {};
}

// What a first deletion leaves of the object. When it may go at once, `last` is the state that the client sees.
struct Farewell {
  Value last;
  bool now;
};

Farewell first_deletion(Request& request, const Value& object, WallTime time) {
  const kinds::Kind& kind = request.kind;
  Value held = with_collector_finalizers(object, propagation_of(request, object));
  if (is_core(kind, "Namespace")) {
    held = mark_deleting(std::move(held), time, 0).without("/metadata/deletionGracePeriodSeconds");
    bool empty = held["spec"]["finalizers"].size() == 0 && held["metadata"]["finalizers"].size() == 0;
    return {held.with("/status/phase", "Terminating"), empty};
  }
  int64_t grace = grace_of(kind, object, request.write.grace_period_s);
  bool finalizers = held["metadata"]["finalizers"].size() > 0;
  if (finalizers || is_core(kind, "Pod")) {
    return {mark_deleting(std::move(held), time + base::whole_seconds(grace), grace), !finalizers && grace == 0};
  }
  return {object, true};
}

// A deletion that is under way already: its grace can be shortened, never lengthened.
Farewell further_deletion(const Request& request, const Value& object) {
  const Value& metadata = object["metadata"];
  bool finalizers = metadata["finalizers"].size() > 0;
  if (is_core(request.kind, "Namespace")) return {object, !finalizers && object["spec"]["finalizers"].size() == 0};
  int64_t grace = metadata["deletionGracePeriodSeconds"].as_int();
  std::optional<int64_t> asked = request.write.grace_period_s;
  if (!asked || *asked >= grace) return {object, !finalizers && grace == 0};
  auto marked = base::parse_rfc3339(metadata["deletionTimestamp"].as_string());
  int64_t shorter = std::max<int64_t>(*asked, 0);
  WallTime end = marked.value_or(WallTime()) - base::whole_seconds(grace) + base::whole_seconds(shorter);
  return {mark_deleting(object, end, shorter), !finalizers && shorter == 0};
}

}  // namespace

Result<> check_delete_preconditions(const Request& request, const Value& object) {
  std::string_view name = kinds::name_of(object), uid = kinds::uid_of(object);
  auto unmet = [&](std::string_view what, std::string_view asked, std::string_view found) {
    return fail(ErrorKind::conflict,
                "Operation cannot be fulfilled on {} \"{}\": the {} in the precondition ({}) does not match the {} in "
                "record ({}). The object might have been {}",
                request.kind.id.kind, name, what, asked, what, found,
                what == "UID" ? "deleted and then recreated" : "modified");
  };
  if (request.write.uid && *request.write.uid != uid) return unmet("UID", *request.write.uid, uid);
  uint64_t revision = kinds::revision_of(object);
  if (request.write.resource_version && *request.write.resource_version != revision) {
    return unmet("ResourceVersion", std::to_string(*request.write.resource_version), std::to_string(revision));
  }
  return {};
}

Task<Result<Written>> EmbeddedCluster::remove(Request& request) {
  if (!request.kind.namespaced) request.write.key.ns.clear();
  const std::string name = request.write.key.name;
  for (int attempt = 1;; ++attempt) {
    auto before = store_.latest(request.key());
    if (!before) co_return no_such_object(request.kind, name);
    OR_CO_RETURN(check_delete_preconditions(request, *before));
    OR_CO_RETURN(check_may_be_deleted(request.kind, name));
    OR_CO_RETURN(co_await admit(request, *before, Value()));
    request.warnings.clear();
    Farewell farewell =
        is_deleting(*before) ? further_deletion(request, *before) : first_deletion(request, *before, world_.now());
    Task<Result<Written>> writing =
        farewell.now ? remove_now(request, *before, farewell.last) : put(request, *before, farewell.last);
    Result<Written> written = co_await writing;
    bool again = written.failed_with(ErrorKind::conflict) && !request.write.resource_version && attempt < attempts_max;
    if (!again) co_return written;
  }
}

}  // namespace slipway::cluster
