// What single kinds need beyond what the tables say: initial status, and fields that the server derives.
#include "base/text.h"
#include "base/time.h"
#include "cluster/embedded/embedded_cluster.h"
#include "kinds/pod_resources.h"

namespace slipway::cluster {

namespace {

bool is(const kinds::Kind& kind, std::string_view group, std::string_view name) {
  return kind.id.group == group && kind.id.kind == name;
}

}  // namespace

Value with_quality(Value pod) {
  return pod.with("/status/qosClass", kinds::quality_of(pod));
}

namespace {

// podIP and podIPs say the same; a client that knows only the first changes both.
Value with_pod_ips(const Value& before, Value pod) {
  const Value& status = pod["status"];
  auto first = status["podIP"].as_string();
  if (first.empty() || status["podIPs"][0]["ip"].as_string() == first) return pod;
  bool only_first = status["podIPs"].empty() || status["podIPs"] == before["status"]["podIPs"];
  if (!only_first) return pod;
  return pod.with("/status/podIPs", Value::array({Value{{"ip", first}}}));
}

// A claim's dataSource and dataSourceRef say the same, the newer one more. A source that the older field does not know
// falls away, as it always did there.
Value with_data_sources(const Value& before, Value claim) {
  Value source = claim["spec"]["dataSource"], reference = claim["spec"]["dataSourceRef"];
  if (source.is_object() && reference.is_null() && before["spec"]["dataSource"].is_null()) {
    std::string_view group = source["apiGroup"].as_string(), kind = source["kind"].as_string();
    bool known = (group.empty() && kind == "PersistentVolumeClaim") ||
                 (group == "snapshot.storage.k8s.io" && kind == "VolumeSnapshot");
    if (!known) return claim.without("/spec/dataSource");
  }
  if (source.is_object() && reference.is_null()) return claim.with("/spec/dataSourceRef", source);
  if (reference.is_object() && source.is_null() && reference["namespace"].as_string().empty())
    return claim.with("/spec/dataSource", reference.without_member("namespace"));
  return claim;
}

Value namespace_for_create(Value object) {
  bool has = false;
  for (const Value& finalizer : object["spec"]["finalizers"].items()) has |= finalizer.as_string() == "kubernetes";
  if (!has) {
    ArrayBuilder finalizers;
    for (const Value& finalizer : object["spec"]["finalizers"].items()) finalizers.push(finalizer);
    object = object.with("/spec/finalizers", finalizers.push("kubernetes").build());
  }
  return object.with("/status", Value{{"phase", "Active"}});
}

}  // namespace

Value prepare_for_create(const kinds::Kind& kind, Value object, WallTime now) {
  // A Node says its own status when it registers; everybody else's begins empty.
  if (kind.status_subresource() && !is(kind, "", "Node")) {
    object = object.without_member("status");
    // What Go writes for a status that was never set.
    if (kind.builtin) object = object.with_member("status", kinds::conform(kind, Value::object())->object["status"]);
  }
  if (is(kind, "", "Namespace")) return namespace_for_create(std::move(object));
  if (is(kind, "", "PersistentVolumeClaim")) return with_data_sources(Value(), std::move(object));
  if (is(kind, "", "Pod")) {
    ObjectBuilder status;
    status.set("phase", "Pending").set("qosClass", kinds::quality_of(object));
    if (object["spec"]["schedulingGates"].size() > 0) {
      Value gated{{"type", "PodScheduled"},      {"status", "False"},
                  {"reason", "SchedulingGated"}, {"message", "Scheduling is blocked due to non-empty scheduling gates"},
                  {"lastProbeTime", nullptr},    {"lastTransitionTime", base::format_rfc3339(now)}};
      status.set("conditions", Value::array({gated}));
    }
    return object.with_member("status", status.build());
  }
  return object;
}

Value prepare_identified(const kinds::Kind& kind, Value object) {
  // A Job selects its own pods, unless somebody does it by hand. What is there already is judged by validation. Labels
  // that it has of its template only, by default, stay the template's.
  if (!is(kind, "batch", "Job") || object["spec"]["manualSelector"].as_bool()) return object;
  const Value own = object["metadata"]["labels"], name = object["metadata"]["name"], uid = object["metadata"]["uid"];
  bool of_template = own.empty() || own.same_node(object["spec"]["template"]["metadata"]["labels"]);
  auto set = [&](std::string_view where, std::string_view label, const Value& value) {
    std::string at = fmt::format("/spec/{}/{}", where, base::replace_all(std::string(label), "/", "~1"));
    if (object.at(at).is_null()) object = object.with(at, value);
  };
  for (auto label : {"job-name", "batch.kubernetes.io/job-name"}) set("template/metadata/labels", label, name);
  for (auto label : {"controller-uid", "batch.kubernetes.io/controller-uid"})
    set("template/metadata/labels", label, uid);
  set("selector/matchLabels", "batch.kubernetes.io/controller-uid", uid);
  return of_template ? object.with("/metadata/labels", object["spec"]["template"]["metadata"]["labels"]) : object;
}

Value prepare_for_update(const kinds::Kind& kind, const Value& before, Value after, Part part) {
  switch (part) {
    case Part::everything:
      return after;
    case Part::main: {
      const Value* status = before.find("status");
      after = status ? after.with_member("status", *status) : after.without_member("status");
      if (is(kind, "", "Namespace")) {  // finalizers change by namespaces/finalize only
        after = after.with("/spec/finalizers", before["spec"]["finalizers"]);
        after = after.with("/metadata/labels/kubernetes.io~1metadata.name", before["metadata"]["name"]);
      }
      if (is(kind, "", "PersistentVolumeClaim")) after = with_data_sources(before, std::move(after));
      return after;
    }
    case Part::status: {
      Value object = before.with_member("metadata", after["metadata"]);
      object = after.has("status") ? object.with_member("status", after["status"]) : object.without_member("status");
      if (is(kind, "", "Pod") && object["status"].is_object() && !object["status"].has("qosClass")) {
        object = object.with("/status/qosClass", before["status"]["qosClass"]);
      }
      if (is(kind, "", "Pod")) object = with_pod_ips(before, std::move(object));
      return object;
    }
  }
  return after;
}

}  // namespace slipway::cluster
