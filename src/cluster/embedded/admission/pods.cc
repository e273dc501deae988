// The admission plugins of a default kube-apiserver 1.35 that touch pods and nodes: ServiceAccount, Priority,
// DefaultTolerationSeconds, TaintNodesByCondition.
#include "cluster/embedded/admission/pods.h"

#include <algorithm>

#include "base/text.h"
#include "cluster/embedded/errors.h"

namespace slipway::cluster {

namespace {

constexpr std::string_view token_path = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr int64_t token_life_s = 3607, toleration_s = 300;

// What every cluster has without an object for it.
struct SystemPriority {
  std::string_view name;
  int64_t value;
};
constexpr SystemPriority system_priorities[] = {{"system-cluster-critical", 2'000'000'000},
                                                {"system-node-critical", 2'000'001'000}};

// A pod whose name is still to be generated is known by its beginning.
std::string shown_name(const Admission::Request& request, const Value& pod) {
  if (!request.write.key.name.empty()) return request.write.key.name;
  return pod["metadata"]["generateName"].str();
}

bool has_mount(const Value& container) {
  for (const Value& mount : container["volumeMounts"].items()) {
    if (mount["mountPath"].as_string() == token_path) return true;
  }
  return false;
}

Value token_volume(std::string_view name) {
  Value token{{"expirationSeconds", token_life_s}, {"path", "token"}};
  Value authority{{"name", "kube-root-ca.crt"},
                  {"items", Value::array({Value{{"key", "ca.crt"}, {"path", "ca.crt"}}})}};
  Value ns{{"path", "namespace"}, {"fieldRef", Value{{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}};
  Value sources = Value::array({Value{{"serviceAccountToken", token}}, Value{{"configMap", authority}},
                                Value{{"downwardAPI", Value{{"items", Value::array({ns})}}}}});
  return Value{{"name", name}, {"projected", Value{{"defaultMode", 420}, {"sources", sources}}}};
}

Value with_item(const Value& list, Value item) {
  ArrayBuilder all;
  for (const Value& there : list.items()) all.push(there);
  return all.push(std::move(item)).build();
}

// Every container that mounts nothing there gets the token; the volume comes with the first of them.
Value with_token(Value spec, std::string_view volume) {
  bool used = false;
  for (auto list : {"initContainers", "containers"}) {
    if (!spec.has(list)) continue;
    ArrayBuilder containers;
    for (const Value& container : spec[list].items()) {
      if (has_mount(container)) {
        containers.push(container);
        continue;
      }
      used = true;
      Value mount{{"name", volume}, {"readOnly", true}, {"mountPath", token_path}};
      containers.push(container.with_member("volumeMounts", with_item(container["volumeMounts"], std::move(mount))));
    }
    spec = spec.with_member(list, containers.build());
  }
  if (used) spec = spec.with_member("volumes", with_item(spec["volumes"], token_volume(volume)));
  return spec;
}

bool tolerates(const Value& spec, std::string_view key) {
  for (const Value& toleration : spec["tolerations"].items()) {
    auto which = toleration["key"].as_string(), effect = toleration["effect"].as_string();
    if ((which.empty() || which == key) && (effect.empty() || effect == "NoExecute")) return true;
  }
  return false;
}

// A node that is gone for a moment shall not cost its pods their lives.
Value with_default_tolerations(Value spec) {
  for (auto key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    if (tolerates(spec, key)) continue;
    Value toleration{
        {"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", toleration_s}};
    spec = spec.with_member("tolerations", with_item(spec["tolerations"], std::move(toleration)));
  }
  return spec;
}

}  // namespace

Result<Value> PodAdmission::with_service_account(const Request& request, const Value& pod) const {
  Value spec = pod["spec"];
  std::string account = spec["serviceAccountName"].str();
  if (account.empty()) account = "default";
  spec = spec.with_member("serviceAccountName", account).with_member("serviceAccount", account);
  const std::string& ns = request.write.key.ns;
  auto there = store_.latest({"serviceaccounts", ns, account});
  if (!there) {
    return refused(
        request.kind, shown_name(request, pod),
        fmt::format("error looking up service account {0}/{1}: serviceaccount \"{1}\" not found", ns, account));
  }
  bool wanted = spec.has("automountServiceAccountToken") ? spec["automountServiceAccountToken"].as_bool()
                                                         : (*there)["automountServiceAccountToken"].as_bool(true);
  if (wanted) spec = with_token(std::move(spec), "kube-api-access-" + world_.random().suffix(5));
  if (spec["imagePullSecrets"].empty() && !(*there)["imagePullSecrets"].empty())
    spec = spec.with_member("imagePullSecrets", (*there)["imagePullSecrets"]);
  return spec;
}

Result<Value> PodAdmission::with_priority(const Request& request, const Value& pod) const {
  Value spec = pod["spec"];
  std::string name = spec["priorityClassName"].str();
  int64_t value = 0;
  std::string preemption = "PreemptLowerPriority";
  auto system = std::find_if(std::begin(system_priorities), std::end(system_priorities),
                             [&](const SystemPriority& s) { return s.name == name; });
  if (system != std::end(system_priorities)) {
    value = system->value;
  } else if (!name.empty()) {
    auto there = store_.latest({"priorityclasses.scheduling.k8s.io", "", name});
    if (!there)
      return refused(request.kind, shown_name(request, pod),
                     fmt::format("no PriorityClass with name {} was found", name));
    value = (*there)["value"].as_int();
    if (there->has("preemptionPolicy")) preemption = (*there)["preemptionPolicy"].str();
  } else if (auto classes = store_.list({.resource = "priorityclasses.scheduling.k8s.io"})) {
    for (const Value& one : classes->items) {
      if (!one["globalDefault"].as_bool()) continue;
      name = kinds::name_of(one);
      value = one["value"].as_int();
      if (one.has("preemptionPolicy")) preemption = one["preemptionPolicy"].str();
    }
    if (!name.empty()) spec = spec.with_member("priorityClassName", name);
  }
  if (spec.has("priority") && spec["priority"].as_int() != value) {
    return refused(
        request.kind, shown_name(request, pod),
        fmt::format("the integer value of priority ({}) must not be provided in pod spec; priority admission "
                    "controller computed {} from the given PriorityClass name",
                    spec["priority"].as_int(), value));
  }
  if (!spec.has("preemptionPolicy")) spec = spec.with_member("preemptionPolicy", preemption);
  return spec.with_member("priority", value);
}

Task<Result<Value>> PodAdmission::admit(Request request, Value object, std::vector<std::string>*) {
  bool created = request.before.is_null() && request.write.subresource.empty();
  if (!created || !request.kind.id.group.empty()) co_return object;
  if (request.kind.id.kind == "Pod") {
    Value spec = OR_CO_RETURN(with_service_account(request, object));
    spec = OR_CO_RETURN(with_priority(request, object.with_member("spec", spec)));
    co_return object.with_member("spec", with_default_tolerations(std::move(spec)));
  }
  if (request.kind.id.kind == "Node") {
    // A node starts unready; who watches over it takes the taint away.
    for (const Value& taint : object["spec"]["taints"].items()) {
      if (taint["key"].as_string() == not_ready_taint) co_return object;
    }
    Value taint{{"key", not_ready_taint}, {"effect", "NoSchedule"}};
    co_return object.with("/spec/taints", with_item(object["spec"]["taints"], std::move(taint)));
  }
  co_return object;
}

}  // namespace slipway::cluster
