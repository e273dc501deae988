// What no word in a table can say, kind by kind. Each step stands in the list at the end under its type's name.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {
namespace {

constexpr std::string_view ip_text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

const Type& type_named(std::string_view name) {
  return *builtin_type(fmt::format("io.k8s.api.{}", name));
}

// ---- selectors and templates
// ----------------------------------------------------------------------------------------------

// The selector of a controller and the labels of its template: there, readable, not empty, matching.
void check_selector_and_template(Checks& c, const Value& spec, const Value* before, const Path& at,
                                 std::string_view whose, bool always_restart) {
  const Value& selector = spec["selector"];
  auto wrong = c.causes.size();
  if (selector.is_null()) {
    c.required(at / "selector");
  } else {
    c.label_selector(at / "selector", selector);
    if (selector["matchLabels"].empty() && selector["matchExpressions"].empty())
      c.invalid(at / "selector", selector, fmt::format("empty selector is invalid for {}", whose));
  }
  auto parsed = Selector::from_label_selector(selector);
  const Value& pod_template = spec["template"];
  Path in = at / "template";
  if (!parsed || (c.causes.size() > wrong && !selector.is_null() && !parsed->matches_everything())) {
    c.invalid(at / "selector", selector, "invalid label selector");
    return;
  }
  const Value& labels = pod_template["metadata"]["labels"];
  if (!parsed->matches_everything() && !parsed->matches(labels))
    c.invalid(in / "metadata" / "labels", labels, "`selector` does not match template `labels`");
  check_pod_template(c, pod_template, before ? &(*before)["template"] : nullptr, in);
  if (always_restart && pod_template["spec"]["restartPolicy"].as_string() != "Always" &&
      !pod_template["spec"]["restartPolicy"].is_null())
    c.not_supported(in / "spec" / "restartPolicy", pod_template["spec"]["restartPolicy"], {"Always"});
  if (always_restart && !pod_template["spec"]["activeDeadlineSeconds"].is_null())
    c.forbidden(in / "spec" / "activeDeadlineSeconds",
                fmt::format("activeDeadlineSeconds in {} is not Supported",
                            c.kind.id.kind == "Deployment" ? "ReplicaSet" : c.kind.id.kind));
}

void check_label_selector(Checks& c, const Value& v, const Value*, const Path& at) {
  c.label_selector(at, v);
}

// ---- apps
// -------------------------------------------------------------------------------------------------------------------

bool is_zero_share(const Value& v) {
  return v.is_int() ? v.as_int() == 0 : v.as_string() == "0%";
}

void check_share(Checks& c, const Value& v, const Path& at) {
  if (v.is_string())
    c.invalid(at, v, percent_problems(v.as_string()));
  else
    c.not_negative(at, v);
}
void check_not_over_100(Checks& c, const Value& v, const Path& at) {
  if (!v.is_string() || !percent_problems(v.as_string()).empty()) return;
  auto number = base::parse_int(v.as_string().substr(0, v.as_string().size() - 1));
  if (!number || *number > 100) c.invalid(at, v, "must not be greater than 100%");
}

void check_deployment_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  c.not_negative(at / "replicas", spec["replicas"]);
  check_selector_and_template(c, spec, before, at, "deployment", true);
  const Value& strategy = spec["strategy"];
  const Value& rolling = strategy["rollingUpdate"];
  Path here = at / "strategy";
  std::string type = strategy["type"].str();
  if (type == "Recreate") {
    if (rolling.is_object())
      c.forbidden(here / "rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
  } else if (type == "RollingUpdate") {
    const Value &unavailable = rolling["maxUnavailable"], &surge = rolling["maxSurge"];
    check_share(c, unavailable, here / "rollingUpdate" / "maxUnavailable");
    check_share(c, surge, here / "rollingUpdate" / "maxSurge");
    if (is_zero_share(unavailable) && is_zero_share(surge))
      c.invalid(here / "rollingUpdate" / "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
    check_not_over_100(c, unavailable, here / "rollingUpdate" / "maxUnavailable");
  } else if (!type.empty()) {
    // Upstream prints its internal struct here.
    base::Cause cause{"FieldValueNotSupported",
                      fmt::format("Unsupported value: {{\"Type\":{},\"RollingUpdate\":{}}}: supported values: "
                                  "\"Recreate\", \"RollingUpdate\"",
                                  value::to_json(strategy["type"]), value::to_json(rolling)),
                      here.str()};
    c.add(std::move(cause));
  }
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  c.not_negative(at / "revisionHistoryLimit", spec["revisionHistoryLimit"]);
  const Value& deadline = spec["progressDeadlineSeconds"];
  if (!deadline.is_null()) {
    c.not_negative(at / "progressDeadlineSeconds", deadline);
    if (deadline.as_int() <= spec["minReadySeconds"].as_int())
      c.invalid(at / "progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
  }
  if (before) c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
}

void check_replica_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  c.not_negative(at / "replicas", spec["replicas"]);
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  check_selector_and_template(c, spec, before, at, "deployment", true);
  if (before) c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
}

void check_daemon_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  check_selector_and_template(c, spec, before, at, "daemonset", true);
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  const Value& strategy = spec["updateStrategy"];
  c.fields(type_named("apps.v1.DaemonSetUpdateStrategy"), strategy, nullptr, at / "updateStrategy");
  if (strategy["type"].as_string() == "RollingUpdate") {
    Path here = at / "updateStrategy" / "rollingUpdate";
    for (std::string_view name : {"maxUnavailable", "maxSurge"})
      check_share(c, strategy["rollingUpdate"][name], here / name);
    bool no_surge = is_zero_share(strategy["rollingUpdate"]["maxSurge"]),
         none = is_zero_share(strategy["rollingUpdate"]["maxUnavailable"]);
    if (no_surge && none) c.required(here / "maxUnavailable", "cannot be 0 when maxSurge is 0");
    if (!no_surge && !none)
      c.invalid(here / "maxSurge", strategy["rollingUpdate"]["maxSurge"],
                "may not be set when maxUnavailable is non-zero");
  }
  c.not_negative(at / "revisionHistoryLimit", spec["revisionHistoryLimit"]);
  if (before) c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
}

void check_stateful_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  for (std::string_view name : {"podManagementPolicy", "updateStrategy"})
    c.value(type_named("apps.v1.StatefulSetSpec").field(name)->type, spec[name], nullptr, at / name);
  c.not_negative(at / "replicas", spec["replicas"]);
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  check_selector_and_template(c, spec, before, at, "statefulset", true);
  if (!before) return;
  Value same = spec;
  for (std::string_view name : {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                                "persistentVolumeClaimRetentionPolicy", "minReadySeconds"})
    same = before->has(name) ? same.with_member(name, (*before)[name]) : same.without_member(name);
  if (same != *before)
    c.forbidden(at,
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                "'updateStrategy', 'revisionHistoryLimit', "
                "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
}

// ---- batch
// ------------------------------------------------------------------------------------------------------------------

void check_job_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  for (std::string_view name :
       {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"})
    c.not_negative(at / name, spec[name]);
  check_pod_template(c, spec["template"], before ? &(*before)["template"] : nullptr, at / "template");
  const Value& restart = spec["template"]["spec"]["restartPolicy"];
  if (restart.as_string() == "Always") {
    base::Cause cause{"FieldValueRequired", "Required value: valid values: \"OnFailure\", \"Never\"",
                      (at / "template" / "spec" / "restartPolicy").str()};
    c.add(std::move(cause));
  }
  c.value(type_named("batch.v1.JobSpec").field("completionMode")->type, spec["completionMode"], nullptr,
          at / "completionMode");
  if (!before) return;
  c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
  // A suspended job that never ran may still get another template.
  if (!(*before)["suspend"].as_bool()) c.unchanged(at / "template", spec["template"], (*before)["template"]);
  c.unchanged(at / "completionMode", spec["completionMode"], (*before)["completionMode"]);
}

// The labels and the selector that every Job gets say whose pods they are; who wrote others of these names is told.
void check_job(Checks& c, const Value& job, const Value* before, const Path&) {
  const Value &spec = job["spec"], &selector = spec["selector"], &labels = spec["template"]["metadata"]["labels"];
  Path at("spec"), labels_at = at / "template" / "metadata" / "labels";
  if (!before && !spec["manualSelector"].as_bool() && selector.is_object() && job["metadata"].has("uid")) {
    const std::string name = job["metadata"]["name"].str(), uid = job["metadata"]["uid"].str();
    const std::pair<std::string_view, const std::string&> expected[] = {{"controller-uid", uid},
                                                                        {"job-name", name},
                                                                        {"batch.kubernetes.io/controller-uid", uid},
                                                                        {"batch.kubernetes.io/job-name", name}};
    Value all = Value::object();
    for (const auto& [label, value] : expected) {
      all = all.with_member(label, value);
      if (!labels.has(label))
        c.required(labels_at.key(label), fmt::format("must be '{}'", value));
      else if (labels[label].as_string() != value)
        c.invalid(labels_at.key(label), labels, fmt::format("must be '{}'", value));
    }
    auto parsed = Selector::from_label_selector(selector);
    if (parsed && !parsed->matches(all)) c.invalid(at / "selector", selector, "`selector` not auto-generated");
  }
  check_job_spec(c, spec, before ? &(*before)["spec"] : nullptr, at);
  // Without a uid the server has yet to add its own: a manifest is looked at.
  if (before || (!spec["manualSelector"].as_bool() && job["metadata"]["uid"].as_string().empty())) return;
  if (selector.is_null()) c.required(at / "selector");
  c.label_selector(at / "selector", selector);
  auto parsed = Selector::from_label_selector(selector);  // of none: nothing, which matches no labels
  if (parsed && !parsed->matches(labels))
    c.invalid(at / "template" / "metadata" / "labels", labels, "`selector` does not match template `labels`");
}

void check_cron_job_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  check_schedule(c, spec, before, at);
  c.not_negative(at / "startingDeadlineSeconds", spec["startingDeadlineSeconds"]);
  if (!before || (*before)["timeZone"] != spec["timeZone"]) check_time_zone(c, spec["timeZone"], at / "timeZone");
  c.value(type_named("batch.v1.CronJobSpec").field("concurrencyPolicy")->type, spec["concurrencyPolicy"], nullptr,
          at / "concurrencyPolicy");
  check_job_spec(c, spec["jobTemplate"]["spec"], nullptr, at / "jobTemplate" / "spec");
  for (std::string_view name : {"successfulJobsHistoryLimit", "failedJobsHistoryLimit"})
    c.not_negative(at / name, spec[name]);
}

// ---- services and endpoints
// -------------------------------------------------------------------------------------------------

void check_service_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  const Type& type = type_named("core.v1.ServiceSpec");
  const Value& ports = spec["ports"];
  std::string kind = spec["type"].str(), address = spec["clusterIP"].str();
  bool headless = address == "None";
  if (ports.empty() && !headless && kind != "ExternalName") c.required(at / "ports");
  if (kind == "ExternalName") {
    if (!address.empty()) c.forbidden(at / "clusterIPs", "may not be set for ExternalName services");
    std::string name = spec["externalName"].str();
    if (name.empty())
      c.required(at / "externalName");
    else
      c.invalid(at / "externalName", name,
                dns_subdomain_problems(name.ends_with('.') ? name.substr(0, name.size() - 1) : name));
  }
  if (kind == "LoadBalancer" && headless)
    c.invalid(at / "clusterIPs[0]", address, "may not be set to 'None' for LoadBalancer services");
  if (kind == "NodePort" && headless)
    c.invalid(at / "clusterIPs[0]", address, "may not be set to 'None' for NodePort services");
  std::set<std::string> names, numbers;
  for (size_t i = 0; i < ports.size(); ++i) {
    const Value& p = ports[i];
    Path here = (at / "ports")[i];
    std::string name = p["name"].str();
    if (name.empty()) {
      if (ports.size() > 1) c.required(here / "name");
    } else {
      auto problems = dns_label_problems(name);
      c.invalid(here / "name", name, problems);
      if (problems.empty() && !names.insert(name).second) c.duplicate(here / "name", name);
    }
    c.port_number(here / "port", p["port"]);
    c.value(type_named("core.v1.ServicePort").field("protocol")->type, p["protocol"], nullptr, here / "protocol");
    c.port_number_or_name(here / "targetPort", p["targetPort"]);
    if (!p["appProtocol"].as_string().empty())
      c.invalid(here / "appProtocol", p["appProtocol"], label_key_problems(p["appProtocol"].as_string()));
  }
  c.labels(at / "selector", spec["selector"]);
  c.value(type.field("sessionAffinity")->type, spec["sessionAffinity"], nullptr, at / "sessionAffinity");
  const Value& timeout = spec.at("/sessionAffinityConfig/clientIP/timeoutSeconds");
  if (!timeout.is_null() && (timeout.as_int() < 1 || timeout.as_int() > 86400))
    c.invalid(at / "sessionAffinityConfig.clientIP.timeoutSeconds", timeout,
              "must be greater than 0 and less than 86400");
  const Value& addresses = spec["clusterIPs"];
  for (size_t i = 0; i < addresses.size(); ++i)
    if (addresses[i].as_string() != "None" && !addresses[i].as_string().empty() &&
        !is_ip_address(addresses[i].as_string()))
      c.invalid((at / "clusterIPs")[i], addresses[i], ip_text);
  for (size_t i = 0; i < spec["externalIPs"].size(); ++i)
    if (!is_ip_address(spec["externalIPs"][i].as_string()))
      c.invalid((at / "externalIPs")[i], spec["externalIPs"][i], ip_text);
  c.value(type.field("type")->type, spec["type"], nullptr, at / "type");
  for (size_t i = 0; i < ports.size(); ++i) {
    const Value& p = ports[i];
    // Upstream prints its internal struct.
    Value as_printed = Value{{"Name", ""},        {"Protocol", p["protocol"]}, {"AppProtocol", nullptr},
                             {"Port", p["port"]}, {"TargetPort", 0},           {"NodePort", 0}};
    if (!numbers.insert(value::to_json(as_printed)).second) {
      base::Cause cause{
          "FieldValueDuplicate",
          fmt::format(
              "Duplicate value: "
              "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
              value::to_json(p["protocol"]), value::to_json(p["port"])),
          (at / "ports")[i].str()};
      c.add(std::move(cause));
    }
    if (p["nodePort"].as_int() != 0 && kind == "ClusterIP")
      c.forbidden((at / "ports")[i] / "nodePort", "may not be used when `type` is 'ClusterIP'");
  }
  for (std::string_view name : {"externalTrafficPolicy", "internalTrafficPolicy"})
    c.value(type.field(name)->type, spec[name], nullptr, at / name);
  if (before && kind != "ExternalName" && (*before)["type"].as_string() != "ExternalName") {
    const Value& was = (*before)["clusterIPs"];
    if (!was.empty() && !addresses.empty() && was[0] != addresses[0])
      c.invalid((at / "clusterIPs")[0], addresses, "may not change once set");
  }
}

void check_endpoint_address(Checks& c, const Value& address, const Path& at, bool slice) {
  std::string text = address.str();
  if (!is_ip_address(text)) {
    c.invalid(at, address, ip_text);
    if (!slice) c.invalid(at, address, "must be a valid IP address");
    return;
  }
  if (text == "0.0.0.0" || text == "::") c.invalid(at, address, fmt::format("may not be unspecified ({})", text));
  if (text.starts_with("127.") || text == "::1")
    c.invalid(at, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (text.starts_with("169.254."))
    c.invalid(at, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (text.starts_with("224.0.0."))
    c.invalid(at, address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

void check_endpoints(Checks& c, const Value& v, const Value*, const Path&) {
  for (size_t i = 0; i < v["subsets"].size(); ++i) {
    const Value& subset = v["subsets"][i];
    Path here = Path("subsets")[i];
    if (subset["addresses"].empty() && subset["notReadyAddresses"].empty())
      c.required(here, "must specify `addresses` or `notReadyAddresses`");
    for (std::string_view list : {"addresses", "notReadyAddresses"})
      for (size_t j = 0; j < subset[list].size(); ++j)
        check_endpoint_address(c, subset[list][j]["ip"], (here / list)[j] / "ip", false);
    const Value& ports = subset["ports"];
    for (size_t j = 0; j < ports.size(); ++j) {
      Path port = (here / "ports")[j];
      std::string name = ports[j]["name"].str();
      if (name.empty() && ports.size() > 1) c.required(port / "name");
      if (!name.empty()) c.invalid(port / "name", name, dns_label_problems(name));
      c.port_number(port / "port", ports[j]["port"]);
      c.value(type_named("core.v1.EndpointPort").field("protocol")->type, ports[j]["protocol"], nullptr,
              port / "protocol");
    }
  }
}

void check_endpoint_slice(Checks& c, const Value& v, const Value* before, const Path&) {
  const Type& type = type_named("discovery.v1.EndpointSlice");
  std::string family = v["addressType"].str();
  if (family.empty())
    c.required(Path("addressType"));
  else
    c.value(type.field("addressType")->type, v["addressType"], nullptr, Path("addressType"));
  for (size_t i = 0; i < v["endpoints"].size(); ++i) {
    const Value& addresses = v["endpoints"][i]["addresses"];
    Path here = Path("endpoints")[i] / "addresses";
    if (addresses.empty()) c.required(here, "must contain at least 1 address");
    for (size_t j = 0; j < addresses.size(); ++j)
      if (family == "IPv4" || family == "IPv6") check_endpoint_address(c, addresses[j], here[j], true);
  }
  std::set<std::string> names;
  for (size_t i = 0; i < v["ports"].size(); ++i) {
    const Value& p = v["ports"][i];
    std::string name = p["name"].str();
    if (!name.empty()) c.invalid(Path("ports")[i] / "name", name, dns_label_problems(name));
    if (!names.insert(name).second) c.duplicate(Path("ports")[i] / "name", name);
    c.value(type_named("discovery.v1.EndpointPort").field("protocol")->type, p["protocol"], nullptr,
            Path("ports")[i] / "protocol");
  }
  if (before) c.unchanged(Path("addressType"), v["addressType"], (*before)["addressType"]);
}

// ---- data
// -------------------------------------------------------------------------------------------------------------------

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

// ---- the rest
// ---------------------------------------------------------------------------------------------------------------

void check_ingress_spec(Checks& c, const Value& spec, const Value*, const Path& at) {
  if (spec["rules"].empty() && !spec["defaultBackend"].is_object())
    c.invalid(at, "", "either `defaultBackend` or `rules` must be specified");
  auto backend = [&](const Value& b, const Path& here) {
    const Value &resource = b["resource"], &service = b["service"], &port = service["port"];
    if (resource.is_object() == service.is_object())
      return c.invalid(here, "",
                       resource.is_object() ? "cannot set both resource and service backends"
                                            : "resource or service backend is required");
    if (resource.is_object()) {
      for (std::string_view name : {"kind", "name"})
        if (resource[name].as_string().empty()) c.required(here / "resource" / name);
      return;
    }
    if (service["name"].as_string().empty())
      c.required(here / "service" / "name");
    else
      c.invalid(here / "service" / "name", service["name"], dns_1035_label_problems(service["name"].as_string()));
    bool named = !port["name"].as_string().empty(), numbered = port["number"].as_int() != 0;
    if (named && numbered)
      c.invalid(here, "", "cannot set both port name & port number");
    else if (named)
      c.invalid(here / "service" / "port" / "name", port["name"], port_name_problems(port["name"].as_string()));
    else if (numbered)
      c.port_number(here / "service" / "port" / "number", port["number"]);
    else
      c.required(here, "port name or number is required");
  };
  if (spec["defaultBackend"].is_object()) backend(spec["defaultBackend"], at / "defaultBackend");
  for (size_t i = 0; i < spec["rules"].size(); ++i) {
    const Value& rule = spec["rules"][i];
    Path here = (at / "rules")[i];
    std::string host = rule["host"].str();
    if (!host.empty()) {
      if (is_ip_address(host)) c.invalid(here / "host", host, "must be a DNS name, not an IP address");
      c.invalid(here / "host", host, dns_subdomain_problems(host.starts_with("*.") ? host.substr(2) : host));
    }
    const Value& paths = rule["http"]["paths"];
    if (rule["http"].is_object() && paths.empty()) c.required(here / "http" / "paths");
    for (size_t j = 0; j < paths.size(); ++j) {
      Path at_path = (here / "http" / "paths")[j];
      std::string kind = paths[j]["pathType"].str(), path = paths[j]["path"].str();
      if (kind.empty())
        c.required(at_path / "pathType", "pathType must be specified");
      else
        c.value(type_named("networking.v1.HTTPIngressPath").field("pathType")->type, paths[j]["pathType"], nullptr,
                at_path / "pathType");
      if ((kind == "Exact" || kind == "Prefix") && !path.starts_with('/'))
        c.invalid(at_path / "path", path, "must be an absolute path");
      backend(paths[j]["backend"], at_path / "backend");
    }
  }
}

void check_budget_spec(Checks& c, const Value& spec, const Value*, const Path& at) {
  bool both = !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null();
  if (both) c.invalid(at, spec, "minAvailable and maxUnavailable cannot be both set");
  for (std::string_view name : {"minAvailable", "maxUnavailable"})
    if (!spec[name].is_null()) {
      check_share(c, spec[name], at / name);
      check_not_over_100(c, spec[name], at / name);
    }
  c.label_selector(at / "selector", spec["selector"]);
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

void check_network_policy_port(Checks& c, const Value& v, const Value*, const Path& at) {
  // In the order in which Kubernetes names them here.
  if (std::string_view protocol = v["protocol"].as_string("TCP");
      protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
    c.not_supported(at / "protocol", v["protocol"], {"TCP", "UDP", "SCTP"});
  const Value &port = v["port"], &end = v["endPort"];
  if (!port.is_null()) c.port_number_or_name(at / "port", port);
  if (end.is_null()) return;
  if (port.is_null()) {
    c.invalid(at / "endPort", end, "may not be specified when `port` is not specified");
  } else if (port.is_string()) {
    c.invalid(at / "endPort", end, "may not be specified when `port` is non-numeric");
  } else {
    if (end.as_int() < port.as_int()) c.invalid(at / "endPort", port, "must be greater than or equal to `port`");
    c.port_number(at / "endPort", end);
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
      {"batch.v1.JobSpec", check_job_spec},
      {"batch.v1.CronJobSpec", check_cron_job_spec},
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

CheckStep check_step(std::string_view type_name) {
  if (type_name == "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector") return check_label_selector;
  if (!type_name.starts_with("io.k8s.api.")) return nullptr;
  auto found = steps().find(type_name.substr(11));
  return found == steps().end() ? nullptr : found->second;
}

}  // namespace slipway::kinds
