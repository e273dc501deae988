// What no word in a table can say, kind by kind. Each step stands in the list at the end under its type's name.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {
namespace {

void check_label_selector(Checks& c, const Value& v, const Value*, const Path& at) {
  c.label_selector(at, v);
}

void check_immutable_data(Checks& c, const Value& v, const Value* before) {
  if (!before || !(*before)["immutable"].as_bool()) return;
  constexpr std::string_view text = "field is immutable when `immutable` is set";
  if (!v["immutable"].as_bool()) c.forbidden(Path("immutable"), text);
  for (std::string_view name : {"data", "binaryData"})
    if (v[name] != (*before)[name]) c.forbidden(Path(std::string(name)), text);
}

void check_config_map(Checks& c, const Value& v, const Value* before, const Path&) {
  size_t bytes = 0;
  for (const auto& [key, data] : v["data"].members()) {
    c.invalid(Path("data").key(key.view()), Value(key), config_key_problems(key.view()));
    if (v["binaryData"].has(key.view()))
      c.invalid(Path("data").key(key.view()), Value(key), "duplicate of key present in binaryData");
    bytes += data.as_string().size();
  }
  for (const auto& [key, data] : v["binaryData"].members()) {
    c.invalid(Path("binaryData").key(key.view()), Value(key), config_key_problems(key.view()));
    bytes += data.as_string().size() / 4 * 3;
  }
  if (bytes > 1 << 20) c.too_long(Path(), 1 << 20);
  check_immutable_data(c, v, before);
}

void check_secret(Checks& c, const Value& v, const Value* before, const Path&) {
  Path data("data");
  size_t bytes = 0;
  for (const auto& [key, value] : v["data"].members()) {
    c.invalid(data.key(key.view()), Value(key), config_key_problems(key.view()));
    bytes += value.as_string().size() / 4 * 3;
  }
  if (bytes > 1 << 20) c.too_long(data, 1 << 20);
  std::string type = v["type"].str();
  auto need = [&](std::string_view key) {
    if (!v["data"].has(key)) c.required(data.key(key));
    return v["data"].has(key);
  };
  auto need_json = [&](std::string_view key) {
    if (!need(key)) return;
    auto text = base::base64_decode(v["data"][key].as_string());
    if (!text || !value::parse_json(*text))
      c.invalid(data.key(key), "<secret contents redacted>",
                text && text->empty() ? "unexpected end of JSON input" : "unexpected end of JSON input");
  };
  if (type == "kubernetes.io/service-account-token" &&
      v["metadata"]["annotations"]["kubernetes.io/service-account.name"].as_string().empty())
    c.required((Path("metadata") / "annotations").key("kubernetes.io/service-account.name"));
  if (type == "kubernetes.io/dockercfg") need_json(".dockercfg");
  if (type == "kubernetes.io/dockerconfigjson") need_json(".dockerconfigjson");
  if (type == "kubernetes.io/basic-auth" && !v["data"].has("username") && !v["data"].has("password")) {
    c.required(data.key("username"));
    c.required(data.key("password"));
  }
  if (type == "kubernetes.io/ssh-auth") need("ssh-privatekey");
  if (type == "kubernetes.io/tls") need("tls.crt"), need("tls.key");
  if (before) c.unchanged(Path("type"), v["type"], (*before)["type"]);
  check_immutable_data(c, v, before);
}

void check_event(Checks& c, const Value& v, const Value*, const Path&) {
  std::string mine = v["metadata"]["namespace"].str(), theirs = v["involvedObject"]["namespace"].str();
  bool fits = theirs.empty() ? mine == "default" || mine.empty() : theirs == mine || mine.empty();
  if (!fits) c.invalid(Path("involvedObject") / "namespace", theirs, "does not match event.namespace");
}

void check_role_ref(Checks& c, const Value& v, const Value* before, const Path& at) {
  if (v["apiGroup"].as_string() != "rbac.authorization.k8s.io")
    c.not_supported(at / "apiGroup", v["apiGroup"], {"rbac.authorization.k8s.io"});
  std::vector<std::string> kinds = {"ClusterRole"};
  if (c.kind.id.kind == "RoleBinding") kinds.emplace_back("Role");
  if (std::ranges::find(kinds, v["kind"].as_string()) == kinds.end()) c.not_supported(at / "kind", v["kind"], kinds);
  if (v["name"].as_string().empty())
    c.required(at / "name");
  else
    c.invalid(at / "name", v["name"], path_segment_problems(v["name"].as_string()));
  if (before && *before != v) {
    // The field's own rule ("immutable") would print another text.
    c.invalid(at, v, "cannot change roleRef");
  }
}

void check_policy_rules(Checks& c, const Value& role, const Value*, const Path&) {
  const Value& rules = role["rules"];
  for (size_t i = 0; i < rules.size() && !c.full(); ++i) {
    const Value &rule = rules[i], &paths = rule["nonResourceURLs"];
    Path at = Path("rules")[i];
    if (rule["verbs"].empty()) c.required(at / "verbs", "verbs must contain at least one value");
    if (paths.empty()) {
      if (rule["apiGroups"].empty()) c.required(at / "apiGroups", "resource rules must supply at least one api group");
      if (rule["resources"].empty()) c.required(at / "resources", "resource rules must supply at least one resource");
      continue;
    }
    if (c.kind.namespaced)
      c.invalid(at / "nonResourceURLs", paths, "namespaced rules cannot apply to non-resource URLs");
    if (!rule["apiGroups"].empty() || !rule["resources"].empty() || !rule["resourceNames"].empty())
      c.invalid(at / "nonResourceURLs", paths, "rules cannot apply to both regular resources and non-resource URLs");
  }
  const Value& aggregation = role["aggregationRule"];
  if (!aggregation.is_object()) return;
  Path at = Path("aggregationRule") / "clusterRoleSelectors";
  const Value& selectors = aggregation["clusterRoleSelectors"];
  if (selectors.empty()) c.required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil");
  for (size_t i = 0; i < selectors.size() && !c.full(); ++i) {
    size_t wrong = c.causes.size();
    c.label_selector(at[i], selectors[i]);
    if (c.causes.size() > wrong) c.invalid(at[i], Value(), "invalid label selector.");
  }
}

void check_priority_class(Checks& c, const Value& v, const Value* before, const Path& at) {
  constexpr int64_t of_users_max = 1'000'000'000;
  const std::string name = v["metadata"]["name"].str();
  const int64_t value = v["value"].as_int();
  if (!before && name.starts_with("system-")) {
    int64_t known = name == "system-node-critical"      ? 2 * of_users_max + 1000
                    : name == "system-cluster-critical" ? 2 * of_users_max
                                                        : 0;
    std::string why;
    if (known == 0)
      why = fmt::format("{} is not a known system priority class", name);
    else if (value != known)
      why = fmt::format("value of {} PriorityClass must be {}", name, known);
    else if (v["globalDefault"].as_bool())
      why = fmt::format("globalDefault of {} PriorityClass must be false", name);
    if (!why.empty())
      c.forbidden(at / "metadata" / "name",
                  "priority class names with 'system-' prefix are reserved for system use only. error: " + why);
  } else if (!before && value > of_users_max) {
    c.forbidden(at / "value", fmt::format("maximum allowed value of a user defined priority is {}", of_users_max));
  }
  const Type& type = type_named("scheduling.v1.PriorityClass");
  if (before) return c.fields(type, v, before, at);
  c.fields(type, v.without_member("preemptionPolicy"), before, at);
  // In the order in which Kubernetes names them here.
  if (std::string_view policy = v["preemptionPolicy"].as_string("Never");
      policy != "PreemptLowerPriority" && policy != "Never")
    c.not_supported(at / "preemptionPolicy", v["preemptionPolicy"], {"PreemptLowerPriority", "Never"});
}

void check_pod_template_spec(Checks& c, const Value& v, const Value* before, const Path& at) {
  check_pod_template(c, v, before, at);
}

const std::unordered_map<std::string_view, CheckStep>& steps() {
  static const std::unordered_map<std::string_view, CheckStep> all = {
      {"core.v1.Pod", check_pod},
      {"core.v1.PodSpec", check_pod_spec},
      {"core.v1.PodTemplateSpec", check_pod_template_spec},
      {"core.v1.ServiceSpec", check_service_spec},
      {"core.v1.Endpoints", check_endpoints},
      {"core.v1.ConfigMap", check_config_map},
      {"core.v1.Secret", check_secret},
      {"core.v1.Event", check_event},
      {"core.v1.PersistentVolumeClaimSpec", check_claim_spec},
      {"core.v1.PersistentVolumeSpec", check_volume_spec},
      {"networking.v1.NetworkPolicyPort", check_network_policy_port},
      {"scheduling.v1.PriorityClass", check_priority_class},
      {"apps.v1.DeploymentSpec", check_deployment_spec},
      {"apps.v1.ReplicaSetSpec", check_replica_set_spec},
      {"apps.v1.DaemonSetSpec", check_daemon_set_spec},
      {"apps.v1.StatefulSetSpec", check_stateful_set_spec},
      {"batch.v1.Job", check_job},
      {"batch.v1.CronJob", check_cron_job},
      {"discovery.v1.EndpointSlice", check_endpoint_slice},
      {"networking.v1.IngressSpec", check_ingress_spec},
      {"autoscaling.v2.HorizontalPodAutoscalerSpec", check_autoscaler_spec},
      {"policy.v1.PodDisruptionBudgetSpec", check_budget_spec},
      {"rbac.v1.RoleRef", check_role_ref},
      {"rbac.v1.Role", check_policy_rules},
      {"rbac.v1.ClusterRole", check_policy_rules},
      {"core.v1.Node", check_node},
      {"core.v1.LimitRangeSpec", check_limit_range_spec},
      {"core.v1.ResourceQuotaSpec", check_quota_spec},
      {"admissionregistration.v1.ValidatingWebhookConfiguration", check_webhooks},
      {"admissionregistration.v1.MutatingWebhookConfiguration", check_webhooks},
  };
  return all;
}

}  // namespace

CheckStep check_status_step(std::string_view type_name) {
  if (type_name == "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler") return check_autoscaler_status;
  if (type_name == "io.k8s.api.core.v1.ResourceQuota") return check_quota_status;
  return nullptr;
}

CheckStep check_step(std::string_view type_name) {
  if (type_name == "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector") return check_label_selector;
  if (!type_name.starts_with("io.k8s.api.")) return nullptr;
  auto found = steps().find(type_name.substr(11));
  return found == steps().end() ? nullptr : found->second;
}

}  // namespace slipway::kinds
