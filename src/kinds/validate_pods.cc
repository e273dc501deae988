// What makes a pod, or the template of one, acceptable. The order of the checks is upstream's, since people read the
// first of several.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"
#include "kinds/resource_names.h"

namespace slipway::kinds {
namespace {

// ---- field references
// -------------------------------------------------------------------------------------------------

bool is_known_field(std::string_view path) {
  static const std::set<std::string_view> known = {
      "metadata.name",           "metadata.namespace", "metadata.uid",       "metadata.labels",
      "metadata.annotations",    "spec.nodeName",      "spec.restartPolicy", "spec.schedulerName",
      "spec.serviceAccountName", "spec.hostNetwork",   "status.phase",       "status.hostIP",
      "status.hostIPs",          "status.podIP",       "status.podIPs",      "status.nominatedNodeName"};
  size_t bracket = path.find('[');
  if (bracket != path.npos) {
    std::string_view map = path.substr(0, bracket);
    return map == "metadata.labels" || map == "metadata.annotations";
  }
  return known.contains(path);
}

void check_field_ref(Checks& c, const Value& ref, const Path& at, const std::vector<std::string>& allowed) {
  std::string path = ref["fieldPath"].str();
  if (ref["apiVersion"].as_string().empty()) return c.required(at / "apiVersion");
  if (path.empty()) return c.required(at / "fieldPath");
  if (!is_known_field(path))
    return c.invalid(at / "fieldPath", path, "error converting fieldPath: field label not supported: " + path);
  if (path.find('[') == path.npos && std::ranges::find(allowed, path) == allowed.end())
    c.not_supported(at / "fieldPath", path, allowed);
}

void check_key_ref(Checks& c, const Value& ref, const Path& at) {
  if (ref["name"].as_string().empty()) c.required(at / "name");
  if (ref["key"].as_string().empty())
    c.required(at / "key");
  else
    c.invalid(at / "key", ref["key"], config_key_problems(ref["key"].as_string()));
}

// ---- containers
// ---------------------------------------------------------------------------------------------------------

void check_ports(Checks& c, const Value& ports, const Path& at) {
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const Value& p = ports[i];
    std::string name = p["name"].str();
    if (!name.empty()) {
      auto problems = port_name_problems(name);
      c.invalid(at[i] / "name", name, problems);
      if (problems.empty() && !names.insert(name).second) c.duplicate(at[i] / "name", name);
    }
    if (p["containerPort"].as_int() == 0)
      c.required(at[i] / "containerPort");
    else
      c.port_number(at[i] / "containerPort", p["containerPort"]);
    if (p["hostPort"].as_int() != 0) c.port_number(at[i] / "hostPort", p["hostPort"]);
    c.value(type_named("core.v1.ContainerPort").field("protocol")->type, p["protocol"], nullptr, at[i] / "protocol");
  }
}

void check_env(Checks& c, const Value& env, const Path& at) {
  static const std::vector<std::string> allowed = {
      "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
      "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
  for (size_t i = 0; i < env.size(); ++i) {
    const Value& e = env[i];
    if (e["name"].as_string().empty())
      c.required(at[i] / "name");
    else
      c.invalid(at[i] / "name", e["name"], env_name_problems(e["name"].as_string()));
    const Value& from = e["valueFrom"];
    if (!from.is_object()) continue;
    Path here = at[i] / "valueFrom";
    if (from.has("fieldRef")) check_field_ref(c, from["fieldRef"], here / "fieldRef", allowed);
    if (from.has("resourceFieldRef") && from["resourceFieldRef"]["resource"].as_string().empty())
      c.required(here / "resourceFieldRef" / "resource");
    for (std::string_view key : {"configMapKeyRef", "secretKeyRef"})
      if (from.has(key)) check_key_ref(c, from[key], here / key);
    if (from.empty())
      c.invalid(here, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
    else if (!e["value"].as_string().empty())
      c.invalid(here, "", "may not be specified when `value` is not empty");
    else if (from.size() > 1)
      c.invalid(here, "", "may not have more than one field specified at a time");
  }
}

void check_env_from(Checks& c, const Value& list, const Path& at) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Value& e = list[i];
    if (!e["prefix"].as_string().empty())
      c.invalid(at[i] / "prefix", e["prefix"], env_name_problems(e["prefix"].as_string()));
    int sources = 0;
    for (std::string_view key : {"configMapRef", "secretRef"})
      if (e.has(key)) {
        ++sources;
        if (e[key]["name"].as_string().empty()) c.required(at[i] / key / "name");
      }
    if (sources == 0) c.invalid(at[i], "", "must specify one of: `configMapRef` or `secretRef`");
    if (sources > 1) c.invalid(at[i], "", "may not have more than one field specified at a time");
  }
}

void check_mounts(Checks& c, const Value& mounts, const std::set<std::string>& volumes, const Path& at) {
  std::set<std::string> paths;
  for (size_t i = 0; i < mounts.size(); ++i) {
    const Value& m = mounts[i];
    std::string name = m["name"].str(), path = m["mountPath"].str();
    if (name.empty()) c.required(at[i] / "name");
    if (!volumes.contains(name)) c.not_found(at[i] / "name", name);
    if (path.empty()) c.required(at[i] / "mountPath");
    if (!paths.insert(path).second) c.invalid(at[i] / "mountPath", path, "must be unique");
    std::string sub = m["subPath"].str(), expression = m["subPathExpr"].str();
    if (!sub.empty() && !expression.empty())
      c.invalid(at[i] / "subPathExpr", expression, "subPathExpr and subPath are mutually exclusive");
    if (sub.starts_with('/')) c.invalid(at[i] / "subPath", sub, "must be a relative path");
    for (std::string_view part : base::split(sub, '/'))
      if (part == "..") c.invalid(at[i] / "subPath", sub, "must not contain '..'");
    if (m.has("mountPropagation"))
      c.value(type_named("core.v1.VolumeMount").field("mountPropagation")->type, m["mountPropagation"], nullptr,
              at[i] / "mountPropagation");
  }
}

void check_resource_names_and_amounts(Checks& c, const Value& amounts, const Path& at) {
  for (const auto& [key, amount] : amounts.members()) {
    std::string_view name = key.view();
    Path here = at.key(name);
    c.invalid(here, Value(key), container_resource_problems(name));
    auto quantity = Quantity::parse(amount.as_string());
    if (quantity && quantity->nano < 0) c.invalid(here, amount, "must be greater than or equal to 0");
    if (quantity && name.find('/') != name.npos && quantity->nano % 1'000'000'000 != 0)
      c.invalid(here, amount, "must be an integer");
  }
}

void check_resources(Checks& c, const Value& resources, const Path& at) {
  const Value &limits = resources["limits"], &requests = resources["requests"];
  check_resource_names_and_amounts(c, limits, at / "limits");
  for (const auto& [key, amount] : requests.members()) {
    check_resource_names_and_amounts(c, Value{{key, amount}}, at / "requests");
    auto wanted = Quantity::parse(amount.as_string()), limit = Quantity::parse(limits[key.view()].as_string());
    if (wanted && limit && wanted->nano > limit->nano)
      c.invalid(at / "requests", amount,
                fmt::format("must be less than or equal to {} limit of {}", key.view(), limit->canonical()));
    if (wanted && limit && key.view().find('/') != std::string_view::npos && wanted->nano != limit->nano)
      c.invalid(at / "requests", amount,
                fmt::format("must be equal to {} limit of {}", key.view(), limit->canonical()));
  }
}

void check_handler(Checks& c, const Value& h, const Path& at) {
  int handlers = 0;
  for (std::string_view kind : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    if (!h[kind].is_object()) continue;
    Path here = at / kind;
    if (handlers++ > 0) {
      c.forbidden(here, "may not specify more than 1 handler type");
      continue;
    }
    const Value& v = h[kind];
    if (kind == "exec" && v["command"].empty()) c.required(here / "command");
    if (kind == "httpGet") {
      if (v["path"].as_string().empty()) c.required(here / "path");
      c.port_number_or_name(here / "port", v["port"]);
      c.value(type_named("core.v1.HTTPGetAction").field("scheme")->type, v["scheme"], nullptr, here / "scheme");
      for (const Value& header : v["httpHeaders"].items())
        c.invalid(here / "httpHeaders", header["name"], header_name_problems(header["name"].as_string()));
    }
    if (kind == "tcpSocket") c.port_number_or_name(here / "port", v["port"]);
    if (kind == "grpc") c.port_number(here / "port", v["port"]);
  }
  if (handlers == 0) c.required(at, "must specify a handler type");
}

void check_probe(Checks& c, const Value& probe, const Path& at, bool readiness) {
  if (!probe.is_object()) return;
  check_handler(c, probe, at);
  for (std::string_view name :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
    c.not_negative(at / name, probe[name]);
  const Value& grace = probe["terminationGracePeriodSeconds"];
  if (!grace.is_null()) {
    if (readiness)
      c.invalid(at / "terminationGracePeriodSeconds", grace, "must not be set for readinessProbes");
    else if (grace.as_int() <= 0)
      c.invalid(at / "terminationGracePeriodSeconds", grace, "must be greater than 0");
  }
  if (!readiness && probe["successThreshold"].as_int() != 1)
    c.invalid(at / "successThreshold", probe["successThreshold"], "must be 1");
}

void check_security_context(Checks& c, const Value& s, const Path& at) {
  for (std::string_view id : {"runAsUser", "runAsGroup", "fsGroup"})
    if (s[id].is_int() && (s[id].as_int() < 0 || s[id].as_int() > INT32_MAX))
      c.invalid(at / id, s[id], "must be between 0 and 2147483647, inclusive");
  if (s["privileged"].as_bool() && s["allowPrivilegeEscalation"].is_bool() && !s["allowPrivilegeEscalation"].as_bool())
    c.invalid(at, s, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
}

void check_containers(Checks& c, const Value& containers, const Path& at, const std::set<std::string>& volumes,
                      const Value& claims, std::set<std::string>& names, bool init) {
  const Type& type = type_named("core.v1.Container");
  for (size_t i = 0; i < containers.size(); ++i) {
    const Value& v = containers[i];
    Path here = at[i];
    std::string name = v["name"].str();
    if (name.empty())
      c.required(here / "name");
    else
      c.invalid(here / "name", name, dns_label_problems(name));
    if (v["image"].as_string().empty()) c.required(here / "image");
    c.value(type.field("terminationMessagePolicy")->type, v["terminationMessagePolicy"], nullptr,
            here / "terminationMessagePolicy");
    // Where there is nothing no place is spelt: of ten thousand containers that is most of what this costs.
    if (v.has("ports")) check_ports(c, v["ports"], here / "ports");
    if (v.has("env")) check_env(c, v["env"], here / "env");
    if (v.has("envFrom")) check_env_from(c, v["envFrom"], here / "envFrom");
    if (v.has("volumeMounts")) check_mounts(c, v["volumeMounts"], volumes, here / "volumeMounts");
    c.value(type.field("imagePullPolicy")->type, v["imagePullPolicy"], nullptr, here / "imagePullPolicy");
    if (const Value& resources = v["resources"]; !resources.empty()) {
      check_resources(c, resources, here / "resources");
      if (resources.has("claims"))
        check_container_claims(c, resources["claims"], claims, here / "resources" / "claims");
    }
    if (v.has("securityContext")) check_security_context(c, v["securityContext"], here / "securityContext");
    if (!names.insert(name).second && !name.empty()) c.duplicate(here / "name", name);
    bool sidecar = init && v["restartPolicy"].as_string() == "Always";
    for (std::string_view hook : {"postStart", "preStop"})
      if (v["lifecycle"][hook].is_object()) {
        if (init && !sidecar) {
          c.forbidden(here / "lifecycle", "may not be set for init containers without restartPolicy=Always");
          break;
        }
        check_handler(c, v["lifecycle"][hook], here / "lifecycle" / hook);
      }
    for (std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
      if (!v[probe].is_object()) continue;
      if (init && !sidecar) {
        c.forbidden(here / probe, "may not be set for init containers without restartPolicy=Always");
        continue;
      }
      check_probe(c, v[probe], here / probe, probe == "readinessProbe");
    }
  }
}

// ---- volumes
// ------------------------------------------------------------------------------------------------------------

void check_items(Checks& c, const Value& items, const Path& at) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i]["key"].as_string().empty()) c.required(at[i] / "key");
    std::string path = items[i]["path"].str();
    if (path.empty()) c.required(at[i] / "path");
    if (path.starts_with('/')) c.invalid(at[i] / "path", path, "must be a relative path");
    for (std::string_view part : base::split(path, '/'))
      if (part == "..") c.invalid(at[i] / "path", path, "must not contain '..'");
  }
}

void check_mode(Checks& c, const Value& mode, const Path& at) {
  if (mode.is_int() && (mode.as_int() < 0 || mode.as_int() > 0777))
    c.invalid(at, mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

void check_source(Checks& c, std::string_view kind, const Value& v, const Path& at) {
  static const std::vector<std::string> allowed = {"metadata.annotations", "metadata.labels", "metadata.name",
                                                   "metadata.namespace", "metadata.uid"};
  auto need = [&](std::string_view name) {
    if (v[name].as_string().empty()) c.required(at / name);
  };
  if (kind == "configMap") need("name");
  if (kind == "secret") need("secretName");
  if (kind == "persistentVolumeClaim") need("claimName");
  if (kind == "nfs") need("server"), need("path");
  if (kind == "csi") need("driver");
  if (kind == "hostPath") {
    need("path");
    for (std::string_view part : base::split(v["path"].as_string(), '/'))
      if (part == "..") c.invalid(at / "path", v["path"], "must not contain '..'");
    c.value(type_named("core.v1.HostPathVolumeSource").field("type")->type, v["type"], nullptr, at / "type");
  }
  check_mode(c, v["defaultMode"], at / "defaultMode");
  if (kind == "configMap" || kind == "secret") check_items(c, v["items"], at / "items");
  if (kind == "downwardAPI")
    for (size_t i = 0; i < v["items"].size(); ++i) {
      const Value& item = v["items"][i];
      Path here = (at / "items")[i];
      if (item["path"].as_string().empty()) c.required(here / "path");
      if (item.has("fieldRef")) check_field_ref(c, item["fieldRef"], here / "fieldRef", allowed);
    }
  if (kind == "projected")
    for (size_t i = 0; i < v["sources"].size(); ++i) {
      Path here = (at / "sources")[i];
      int sources = 0;
      for (const auto& [key, source] : v["sources"][i].members()) {
        if (!source.is_object()) continue;
        if (sources++ > 0) c.forbidden(here, "may not specify more than 1 volume type per source");
        if ((key.view() == "configMap" || key.view() == "secret") && source["name"].as_string().empty())
          c.required(here / key.view() / "name");
        if (key.view() == "serviceAccountToken" && source["path"].as_string().empty())
          c.required(here / key.view() / "path");
        check_items(c, key.view() == "downwardAPI" ? Value() : source["items"], here / key.view() / "items");
      }
    }
}

std::set<std::string> check_volumes(Checks& c, const Value& volumes, const Path& at) {
  std::set<std::string> names;
  static const std::vector<std::string> kinds = [] {
    std::vector<std::string> list = {"emptyDir"};  // looked at first
    for (const Field& source : type_named("core.v1.VolumeSource").fields)
      if (source.name != "emptyDir") list.push_back(source.name);
    return list;
  }();
  for (size_t i = 0; i < volumes.size(); ++i) {
    const Value& v = volumes[i];
    size_t before = c.causes.size();
    int count = 0;
    for (const std::string& kind : kinds) {
      if (!v[kind].is_object()) continue;
      if (count++ > 0)
        c.forbidden(at[i] / kind, "may not specify more than 1 volume type");
      else
        check_source(c, kind, v[kind], at[i] / kind);
    }
    std::string name = v["name"].str();
    if (name.empty())
      c.required(at[i] / "name");
    else
      c.invalid(at[i] / "name", name, dns_label_problems(name));
    if (names.contains(name)) c.duplicate(at[i] / "name", name);
    if (c.causes.size() == before) names.insert(name);
  }
  return names;
}

void check_tolerations(Checks& c, const Value& tolerations, const Path& at) {
  const Type& type = type_named("core.v1.Toleration");
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const Value& t = tolerations[i];
    std::string key = t["key"].str(), op = t["operator"].str();
    if (!key.empty()) c.invalid(at[i] / "key", key, label_key_problems(key));
    if (key.empty() && op != "Exists")
      c.invalid(at[i] / "operator", op,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    if (!t["tolerationSeconds"].is_null() && t["effect"].as_string() != "NoExecute")
      c.invalid(at[i] / "effect", t["effect"].str(), "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (op.empty() || op == "Equal")
      c.invalid(at[i] / "operator", t["value"].str(), label_value_problems(t["value"].as_string()));
    else if (op == "Exists" && !t["value"].as_string().empty())
      c.invalid(at[i] / "operator", t["value"], "value must be empty when `operator` is 'Exists'");
    c.value(type.field("operator")->type, t["operator"], nullptr, at[i] / "operator");
    c.value(type.field("effect")->type, t["effect"], nullptr, at[i] / "effect");
  }
}

}  // namespace

void check_pod_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  if (before && spec.same_node(*before)) return;
  const Type& type = type_named("core.v1.PodSpec");
  auto volumes = check_volumes(c, spec["volumes"], at / "volumes");
  const Value& claims = spec["resourceClaims"];
  check_pod_claims(c, claims, at / "resourceClaims");
  std::set<std::string> names;
  if (spec["containers"].empty()) c.required(at / "containers");
  check_containers(c, spec["containers"], at / "containers", volumes, claims, names, false);
  check_containers(c, spec["initContainers"], at / "initContainers", volumes, claims, names, true);
  c.value(type.field("restartPolicy")->type, spec["restartPolicy"], nullptr, at / "restartPolicy");
  // In the order in which Kubernetes names them here.
  static const std::vector<std::string> dns = {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"};
  if (const Value& policy = spec["dnsPolicy"];
      !policy.as_string().empty() && std::ranges::find(dns, policy.as_string()) == dns.end())
    c.not_supported(at / "dnsPolicy", policy, dns);
  c.labels(at / "nodeSelector", spec["nodeSelector"]);
  check_security_context(c, spec["securityContext"], at / "securityContext");
  for (size_t i = 0; i < spec["imagePullSecrets"].size(); ++i)
    if (spec["imagePullSecrets"][i]["name"].as_string().empty()) c.required((at / "imagePullSecrets")[i] / "name");
  if (spec["affinity"].is_object())
    c.fields(type_named("core.v1.Affinity"), spec["affinity"], nullptr, at / "affinity");
  if (spec["dnsPolicy"].as_string() == "None") {
    if (!spec["dnsConfig"].is_object())
      c.required(at / "dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
    else if (spec["dnsConfig"]["nameservers"].empty())
      c.required(at / "dnsConfig" / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  c.value(type.field("topologySpreadConstraints")->type, spec["topologySpreadConstraints"], nullptr,
          at / "topologySpreadConstraints");
  auto subdomain = [&](std::string_view name) {
    if (!spec[name].as_string().empty())
      c.invalid(at / name, spec[name], dns_subdomain_problems(spec[name].as_string()));
  };
  subdomain("serviceAccountName");
  subdomain("nodeName");
  const Value& deadline = spec["activeDeadlineSeconds"];
  if (deadline.is_int() && (deadline.as_int() < 1 || deadline.as_int() > INT32_MAX))
    c.invalid(at / "activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
  for (std::string_view name : {"hostname", "subdomain"})
    if (!spec[name].as_string().empty()) c.invalid(at / name, spec[name], dns_label_problems(spec[name].as_string()));
  check_tolerations(c, spec["tolerations"], at / "tolerations");
  for (size_t i = 0; i < spec["hostAliases"].size(); ++i)
    if (!is_ip_address(spec["hostAliases"][i]["ip"].as_string()))
      c.invalid((at / "hostAliases")[i] / "ip", spec["hostAliases"][i]["ip"],
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  subdomain("priorityClassName");
  subdomain("runtimeClassName");
  c.value(type.field("preemptionPolicy")->type, spec["preemptionPolicy"], nullptr, at / "preemptionPolicy");
}

void check_pod_template(Checks& c, const Value& pod_template, const Value* before, const Path& at) {
  if (before && pod_template.same_node(*before)) return;
  c.labels(at / "labels", pod_template["metadata"]["labels"]);
  c.annotations(at / "annotations", pod_template["metadata"]["annotations"]);
  check_pod_spec(c, pod_template["spec"], before ? &(*before)["spec"] : nullptr, at / "spec");
}

void check_pod(Checks& c, const Value& pod, const Value* before, const Path& at) {
  const Value& spec = pod["spec"];
  if (before && spec.same_node((*before)["spec"])) return;
  check_pod_spec(c, spec, nullptr, at / "spec");
  for (std::string_view list : {"containers", "initContainers"})
    for (size_t i = 0; i < spec[list].size(); ++i) {
      std::string_view image = spec[list][i]["image"].as_string();
      if (image != base::trim(image))
        c.invalid((at / "spec" / list)[i] / "image", spec[list][i]["image"],
                  "must not have leading or trailing whitespace");
    }
  if (!before || !c.causes.empty()) return;
  // Few fields of a running pod may change; everything else is put back before comparing.
  const Value& was = (*before)["spec"];
  if (was["containers"].size() != spec["containers"].size())
    return c.forbidden(at / "spec" / "containers", "pod updates may not add or remove containers");
  if (was["initContainers"].size() != spec["initContainers"].size())
    return c.forbidden(at / "spec" / "initContainers", "pod updates may not add or remove containers");
  Value same = spec;
  for (std::string_view list : {"containers", "initContainers"}) {
    if (spec[list].empty()) continue;
    ArrayBuilder restored;
    for (size_t i = 0; i < spec[list].size(); ++i)
      restored.push(
          spec[list][i].with_members({{"image", was[list][i]["image"]}, {"resources", was[list][i]["resources"]}}));
    same = same.with_member(list, restored.build());
  }
  auto restore = [&](std::string_view name) {
    same = was.has(name) ? same.with_member(name, was[name]) : same.without_member(name);
  };
  for (std::string_view name : {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations",
                                "schedulingGates", "nodeName", "ephemeralContainers"}) {
    if (name == "nodeName" && !was[name].as_string().empty()) continue;  // bound once
    restore(name);
  }
  if (same != was)
    c.forbidden(at / "spec",
                "pod updates may not change fields other than "
                "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
                "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
                "(allow it to be set to 1 if it was "
                "previously negative)");
}

}  // namespace slipway::kinds
