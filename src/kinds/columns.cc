// The server-side Table: what `kubectl get` prints. A column's source is a small word: a path (".spec.type:<none>", the
// text after the colon when it is absent), a verb before a path ("int:", "count:", "names:"), or one of the cell
// functions below. Kinds without columns print Name and Created At, as upstream does.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "kinds/conversion.h"
#include "kinds/object.h"

namespace slipway::kinds {
namespace {

struct Row {
  const Value& o;
  WallTime now;
};

const Value& at_path(const Value& o, std::string_view path) {  // ".spec.type"
  const Value* v = &o;
  for (std::string_view key : base::split(path.substr(1), '.')) v = &(*v)[key];
  return *v;
}

std::string since(const Row& r, const Value& time, std::string_view absent = "<unknown>") {
  auto then = base::parse_rfc3339(time.as_string());
  return then ? base::human_duration(r.now - *then) : std::string(absent);
}

std::string labels_text(const Value& labels) {
  std::vector<std::string> parts;
  for (const auto& m : labels.members()) parts.push_back(m.key.str() + "=" + m.value.str());
  return parts.empty() ? "<none>" : base::join(parts, ",");
}
std::string selector_text(const Value& selector) {
  auto parsed = Selector::from_label_selector(selector);
  if (!parsed) return "<error>";
  std::string text = parsed->str();
  return text.empty() ? "<none>" : text;
}
std::string joined(const Value& list, std::string_view member, std::string_view separator = ",") {
  std::vector<std::string> parts;
  for (const Value& v : list.items()) parts.push_back(member.empty() ? v.str() : v[member].str());
  return base::join(parts, separator);
}
// At most `most` of them, then " + N more...".
std::string some_of(const std::vector<std::string>& list, size_t most, std::string_view none) {
  if (list.empty()) return std::string(none);
  if (list.size() <= most) return base::join(list, ",");
  return fmt::format("{} + {} more...", base::join({list.begin(), list.begin() + static_cast<long>(most)}, ","),
                     list.size() - most);
}
const Value& condition(const Value& o, std::string_view type) {
  static const Value none;
  for (const Value& c : o["status"]["conditions"].items())
    if (c["type"].as_string() == type) return c;
  return none;
}
bool holds(const Value& o, std::string_view type) {
  return condition(o, type)["status"].as_string() == "True";
}

// ---- pods
// ---------------------------------------------------------------------------------------------------------------

struct PodLine {
  int ready = 0, total = 0;
  int64_t restarts = 0;
  std::string reason, last_restart;
};

PodLine pod_line(const Value& o) {
  const Value& status = o["status"];
  PodLine line;
  std::string phase = status["phase"].str();
  line.reason = status["reason"].str(phase);
  if (line.reason.empty()) line.reason = phase;
  if (condition(o, "PodScheduled")["reason"].as_string() == "SchedulingGated") line.reason = "SchedulingGated";
  line.total = static_cast<int>(o["spec"]["containers"].size());
  std::unordered_set<std::string_view> sidecars;
  for (const Value& c : o["spec"]["initContainers"].items())
    if (c["restartPolicy"].as_string() == "Always") sidecars.insert(c["name"].as_string());
  line.total += static_cast<int>(sidecars.size());
  auto later = [](std::string& last, const Value& container) {
    const Value& finished = container["lastState"]["terminated"]["finishedAt"];
    if (finished.as_string() > last) last = finished.str();
  };
  auto ending = [](const Value& terminated) {
    if (!terminated["reason"].as_string().empty()) return terminated["reason"].str();
    if (terminated["signal"].as_int() != 0) return fmt::format("Signal:{}", terminated["signal"].as_int());
    return fmt::format("ExitCode:{}", terminated["exitCode"].as_int());
  };
  int64_t sidecar_restarts = 0;
  std::string sidecar_last;
  bool initializing = false;
  for (size_t i = 0; i < status["initContainerStatuses"].size() && !initializing; ++i) {
    const Value& c = status["initContainerStatuses"][i];
    const Value &terminated = c["state"]["terminated"], &waiting = c["state"]["waiting"];
    bool sidecar = sidecars.contains(c["name"].as_string());
    line.restarts += c["restartCount"].as_int();
    later(line.last_restart, c);
    if (sidecar) sidecar_restarts += c["restartCount"].as_int(), later(sidecar_last, c);
    if (terminated.is_object() && terminated["exitCode"].as_int() == 0) continue;
    if (sidecar && c["started"].as_bool()) {
      line.ready += c["ready"].as_bool();
      continue;
    }
    std::string why = waiting["reason"].str();
    if (terminated.is_object())
      line.reason = "Init:" + ending(terminated);
    else if (!why.empty() && why != "PodInitializing")
      line.reason = "Init:" + why;
    else
      line.reason = fmt::format("Init:{}/{}", i, o["spec"]["initContainers"].size());
    initializing = true;
  }
  if (!initializing || holds(o, "Initialized")) {
    line.restarts = sidecar_restarts;
    line.last_restart = sidecar_last;
    bool running = false;
    std::string failure;
    for (size_t n = status["containerStatuses"].size(); n-- > 0;) {
      const Value& c = status["containerStatuses"][n];
      const Value& terminated = c["state"]["terminated"];
      line.restarts += c["restartCount"].as_int();
      later(line.last_restart, c);
      std::string why = c["state"]["waiting"]["reason"].str();
      if (!why.empty()) {
        line.reason = why;
      } else if (terminated.is_object()) {
        line.reason = ending(terminated);
        if (terminated["exitCode"].as_int() != 0) failure = line.reason;
      } else if (c["ready"].as_bool() && c["state"]["running"].is_object()) {
        running = true;
        ++line.ready;
      }
    }
    if (line.reason == "Completed") {
      if (running && holds(o, "Ready"))
        line.reason = "Running";
      else if (!failure.empty())
        line.reason = failure;
      else if (running)
        line.reason = "NotReady";
    }
  }
  if (!o["metadata"]["deletionTimestamp"].is_null()) {
    if (status["reason"].as_string() == "NodeLost")
      line.reason = "Unknown";
    else if (phase != "Succeeded" && phase != "Failed")
      line.reason = "Terminating";
  }
  return line;
}

Value pod_ready(const Row& r) {
  PodLine line = pod_line(r.o);
  return fmt::format("{}/{}", line.ready, line.total);
}
Value pod_status(const Row& r) {
  return pod_line(r.o).reason;
}
Value pod_restarts(const Row& r) {
  PodLine line = pod_line(r.o);
  if (line.restarts == 0 || line.last_restart.empty()) return std::to_string(line.restarts);
  return fmt::format("{} ({} ago)", line.restarts, since(r, line.last_restart));
}
Value pod_ip(const Row& r) {
  std::string ip = r.o["status"]["podIPs"][0]["ip"].str(r.o["status"]["podIP"].as_string());
  return ip.empty() ? "<none>" : ip;
}
Value pod_readiness_gates(const Row& r) {
  const Value& gates = r.o["spec"]["readinessGates"];
  if (gates.empty()) return "<none>";
  int open = 0;
  for (const Value& gate : gates.items()) open += holds(r.o, gate["conditionType"].as_string());
  return fmt::format("{}/{}", open, gates.size());
}

// ---- workloads
// ------------------------------------------------------------------------------------------------------------

Value deployment_ready(const Row& r) {
  return fmt::format("{}/{}", r.o["status"]["readyReplicas"].as_int(), r.o["spec"]["replicas"].as_int());
}
Value job_status(const Row& r) {
  for (auto [type, text] : {std::pair("Complete", "Complete"), std::pair("Failed", "Failed")})
    if (holds(r.o, type)) return text;
  if (!r.o["metadata"]["deletionTimestamp"].is_null()) return "Terminating";
  for (std::string_view type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"})
    if (holds(r.o, type)) return Value(type);
  return "Running";
}
Value job_completions(const Row& r) {
  int64_t done = r.o["status"]["succeeded"].as_int(), parallel = r.o["spec"]["parallelism"].as_int();
  if (!r.o["spec"]["completions"].is_null()) return fmt::format("{}/{}", done, r.o["spec"]["completions"].as_int());
  return parallel > 1 ? fmt::format("{}/1 of {}", done, parallel) : fmt::format("{}/1", done);
}
Value job_duration(const Row& r) {
  auto from = base::parse_rfc3339(r.o["status"]["startTime"].as_string()),
       to = base::parse_rfc3339(r.o["status"]["completionTime"].as_string());
  return from ? base::human_duration(to.value_or(r.now) - *from) : std::string();
}
Value controller(const Row& r) {
  const Value& c = controller_of(r.o);
  if (c.is_null()) return "<none>";
  auto id = GroupVersionKind::of(c);
  std::string kind = base::to_lower(id.kind);
  return (id.group.empty() ? kind : kind + "." + id.group) + "/" + c["name"].str();
}
Value autoscaler_reference(const Row& r) {
  return r.o["spec"]["scaleTargetRef"]["kind"].str() + "/" + r.o["spec"]["scaleTargetRef"]["name"].str();
}
Value autoscaler_least(const Row& r) {
  return r.o["spec"]["minReplicas"].is_null() ? "<unset>" : std::to_string(r.o["spec"]["minReplicas"].as_int());
}
Value autoscaler_targets(const Row& r) {
  std::vector<std::string> list;
  const Value &metrics = r.o["spec"]["metrics"], &seen = r.o["status"]["currentMetrics"];
  for (size_t i = 0; i < metrics.size(); ++i) {
    std::string type = metrics[i]["type"].str();
    std::string key = type == "ContainerResource" ? "containerResource" : base::to_lower(type);
    const Value &source = metrics[i][key], &target = source["target"], &current = seen[i][key]["current"];
    std::string name = key == "resource" || key == "containerResource" ? source["name"].str() + ": " : "";
    if (!target["averageValue"].is_null())
      list.push_back(fmt::format("{}{}/{}{}", name, current["averageValue"].str("<unknown>"),
                                 target["averageValue"].str(), name.empty() && key != "pods" ? " (avg)" : ""));
    else if (!name.empty())
      list.push_back(fmt::format(
          "{}{}/{}", name,
          current["averageUtilization"].is_null() ? "<unknown>"
                                                  : fmt::format("{}%", current["averageUtilization"].as_int()),
          target["averageUtilization"].is_null() ? "<auto>"
                                                 : fmt::format("{}%", target["averageUtilization"].as_int())));
    else
      list.push_back(fmt::format("{}/{}", current["value"].str("<unknown>"), target["value"].str()));
  }
  if (list.empty()) return "<none>";
  if (list.size() > 2) return fmt::format("{}, {} + {} more...", list[0], list[1], list.size() - 2);
  return base::join(list, ", ");
}

// ---- network
// --------------------------------------------------------------------------------------------------------------

Value load_balancer(const Row& r) {
  std::vector<std::string> list;
  for (const Value& i : r.o["status"]["loadBalancer"]["ingress"].items()) {
    std::string text = i["ip"].str();
    list.push_back(text.empty() ? i["hostname"].str() : text);
  }
  std::ranges::sort(list);
  return base::join(list, ",");
}
Value service_address(const Row& r) {
  std::string address = r.o["spec"]["clusterIPs"][0].str(r.o["spec"]["clusterIP"].as_string());
  return address.empty() ? "<none>" : address;
}
Value service_external(const Row& r) {
  const Value& spec = r.o["spec"];
  std::string type = spec["type"].str(), given = joined(spec["externalIPs"], "");
  if (type == "ExternalName") return spec["externalName"].str();
  if (type == "LoadBalancer") {
    std::string balanced = load_balancer(r).str();
    if (!given.empty()) return balanced.empty() ? given : balanced + "," + given;
    return balanced.empty() ? "<pending>" : balanced;
  }
  if (type != "ClusterIP" && type != "NodePort") return "<unknown>";
  return given.empty() ? "<none>" : given;
}
Value service_ports(const Row& r) {
  std::vector<std::string> list;
  for (const Value& p : r.o["spec"]["ports"].items())
    list.push_back(p["nodePort"].as_int() > 0
                       ? fmt::format("{}:{}/{}", p["port"].as_int(), p["nodePort"].as_int(), p["protocol"].str())
                       : fmt::format("{}/{}", p["port"].as_int(), p["protocol"].str()));
  return list.empty() ? "<none>" : base::join(list, ",");
}
Value ingress_hosts(const Row& r) {
  std::vector<std::string> list;
  for (const Value& rule : r.o["spec"]["rules"].items())
    if (!rule["host"].as_string().empty()) list.push_back(rule["host"].str());
  return some_of(list, 3, "*");
}
Value ingress_ports(const Row& r) {
  return r.o["spec"]["tls"].empty() ? "80" : "80, 443";
}
Value ingress_class_parameters(const Row& r) {
  const Value& p = r.o["spec"]["parameters"];
  if (p.is_null()) return "<none>";
  std::string group = p["apiGroup"].str();
  return (group.empty() ? p["kind"].str() : p["kind"].str() + "." + group) + "/" + p["name"].str();
}
Value endpoints(const Row& r) {
  std::vector<std::string> list;
  for (const Value& subset : r.o["subsets"].items()) {
    if (subset["ports"].empty())
      for (const Value& a : subset["addresses"].items()) list.push_back(a["ip"].str());
    for (const Value& p : subset["ports"].items())
      for (const Value& a : subset["addresses"].items()) {
        std::string ip = a["ip"].str();
        list.push_back(fmt::format("{}:{}", ip.find(':') == ip.npos ? ip : "[" + ip + "]", p["port"].as_int()));
      }
  }
  return r.o["subsets"].empty() ? "<none>" : some_of(list, 3, "");
}
Value slice_ports(const Row& r) {
  std::vector<std::string> list;
  for (const Value& p : r.o["ports"].items())
    list.push_back(p["port"].is_int()      ? std::to_string(p["port"].as_int())
                   : p["name"].is_string() ? p["name"].str()
                                           : "*");
  return some_of(list, 3, "<unset>");
}
Value slice_endpoints(const Row& r) {
  std::vector<std::string> list;
  for (const Value& e : r.o["endpoints"].items())
    for (const Value& a : e["addresses"].items()) list.push_back(a.str());
  return some_of(list, 3, "<unset>");
}
Value address_parent(const Row& r) {
  const Value& p = r.o["spec"]["parentRef"];
  std::vector<std::string> parts;
  for (std::string_view key : {"group", "resource", "namespace", "name"})
    if (!p[key].as_string().empty()) parts.push_back(p[key].str());
  return base::join(parts, "/");
}

// ---- nodes, events, storage and the rest
// -----------------------------------------------------------------------------------

Value node_status(const Row& r) {
  const Value& ready = condition(r.o, "Ready");
  std::string text = ready.is_null() ? "Unknown" : ready["status"].as_string() == "True" ? "Ready" : "NotReady";
  return text + (r.o["spec"]["unschedulable"].as_bool() ? ",SchedulingDisabled" : "");
}
Value node_roles(const Row& r) {
  std::vector<std::string> roles;
  for (const auto& [key, v] : r.o["metadata"]["labels"].members()) {
    constexpr std::string_view prefix = "node-role.kubernetes.io/";
    if (key.view().starts_with(prefix) && key.view().size() > prefix.size())
      roles.emplace_back(key.view().substr(prefix.size()));
    if (key.view() == "kubernetes.io/role" && !v.as_string().empty()) roles.push_back(v.str());
  }
  std::ranges::sort(roles);
  return roles.empty() ? "<none>" : base::join(roles, ",");
}
Value node_address(const Row& r, std::string_view type) {
  for (const Value& a : r.o["status"]["addresses"].items())
    if (a["type"].as_string() == type) return a["address"];
  return "<none>";
}
Value node_internal_ip(const Row& r) {
  return node_address(r, "InternalIP");
}
Value node_external_ip(const Row& r) {
  return node_address(r, "ExternalIP");
}

// Events of both groups: events.k8s.io calls the old members deprecated...
const Value& event_member(const Value& o, std::string_view name, std::string_view newer) {
  return o.has(name) ? o[name] : o[newer];
}
Value event_first(const Row& r) {
  const Value& first = event_member(r.o, "firstTimestamp", "deprecatedFirstTimestamp");
  return since(r, first.is_null() ? r.o["eventTime"] : first);
}
Value event_last(const Row& r) {
  if (r.o["series"].is_object()) return since(r, r.o["series"]["lastObservedTime"]);
  const Value& last = event_member(r.o, "lastTimestamp", "deprecatedLastTimestamp");
  return last.is_null() ? event_first(r) : Value(since(r, last));
}
Value event_count(const Row& r) {
  if (r.o["series"].is_object()) return r.o["series"]["count"].as_int();
  return std::max<int64_t>(1, event_member(r.o, "count", "deprecatedCount").as_int());
}
Value event_object(const Row& r) {
  const Value& about = event_member(r.o, "involvedObject", "regarding");
  std::string kind = base::to_lower(about["kind"].as_string());
  return about["name"].as_string().empty() ? kind : kind + "/" + about["name"].str();
}
Value event_field(const Row& r) {
  return event_member(r.o, "involvedObject", "regarding")["fieldPath"].str();
}
Value event_source(const Row& r) {
  const Value& source = event_member(r.o, "source", "deprecatedSource");
  std::string component = source["component"].str(), host = source["host"].str();
  if (component.empty()) component = event_member(r.o, "reportingComponent", "reportingController").str();
  if (host.empty()) host = r.o["reportingInstance"].str();
  return host.empty() ? component : component + ", " + host;
}
Value event_message(const Row& r) {
  return base::trim(event_member(r.o, "message", "note").as_string());
}

Value config_map_count(const Row& r) {
  return r.o["data"].size() + r.o["binaryData"].size();
}
Value phase(const Row& r) {
  return r.o["metadata"]["deletionTimestamp"].is_null() ? r.o["status"]["phase"].str() : "Terminating";
}
std::string modes(const Value& list) {
  std::vector<std::string> out;
  for (auto [mode, text] : {std::pair("ReadWriteOnce", "RWO"), std::pair("ReadOnlyMany", "ROX"),
                            std::pair("ReadWriteMany", "RWX"), std::pair("ReadWriteOncePod", "RWOP")})
    for (const Value& v : list.items())
      if (v.as_string() == mode) {
        out.emplace_back(text);
        break;
      }
  return base::join(out, ",");
}
Value volume_modes(const Row& r) {
  return modes(r.o["spec"]["accessModes"]);
}
Value volume_claim(const Row& r) {
  const Value& claim = r.o["spec"]["claimRef"];
  return claim.is_null() ? "" : claim["namespace"].str() + "/" + claim["name"].str();
}
bool is_bound(const Row& r) {
  return !r.o["spec"]["volumeName"].as_string().empty();
}
Value claim_capacity(const Row& r) {
  return is_bound(r) ? r.o["status"]["capacity"]["storage"].str("0") : std::string();
}
Value claim_modes(const Row& r) {
  return is_bound(r) ? modes(r.o["status"]["accessModes"]) : std::string();
}
Value storage_class_name(const Row& r) {
  bool is_default = r.o["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"].as_string() == "true";
  return r.o["metadata"]["name"].str() + (is_default ? " (default)" : "");
}
Value quota(const Row& r, bool limits) {
  std::vector<std::string> out;
  for (const auto& [key, hard] : r.o["status"]["hard"].members())
    if (key.view().starts_with("limits.") == limits)
      out.push_back(fmt::format("{}: {}/{}", key.view(), r.o["status"]["used"][key.view()].str("0"), hard.str()));
  return base::join(out, ", ");
}
Value quota_requests(const Row& r) {
  return quota(r, false);
}
Value quota_limits(const Row& r) {
  return quota(r, true);
}
Value binding_role(const Row& r) {
  return r.o["roleRef"]["kind"].str() + "/" + r.o["roleRef"]["name"].str();
}
Value subjects(const Row& r, std::string_view kind) {
  std::vector<std::string> out;
  for (const Value& s : r.o["subjects"].items())
    if (s["kind"].as_string() == kind)
      out.push_back(kind == "ServiceAccount" ? s["namespace"].str() + "/" + s["name"].str() : s["name"].str());
  return base::join(out, ", ");
}
Value binding_users(const Row& r) {
  return subjects(r, "User");
}
Value binding_groups(const Row& r) {
  return subjects(r, "Group");
}
Value binding_accounts(const Row& r) {
  return subjects(r, "ServiceAccount");
}
Value param_kind(const Row& r) {
  const Value& k = r.o["spec"]["paramKind"];
  return k.is_null() ? "<unset>" : k["apiVersion"].str() + "/" + k["kind"].str();
}
Value param_ref(const Row& r) {
  const Value& p = r.o["spec"]["paramRef"];
  if (p.is_null()) return "<unset>";
  if (!p["name"].as_string().empty())
    return p["namespace"].as_string().empty() ? p["name"].str() : p["namespace"].str() + "/" + p["name"].str();
  return selector_text(p["selector"]);
}
Value signing_duration(const Row& r) {
  const Value& seconds = r.o["spec"]["expirationSeconds"];
  return seconds.is_null() ? "<none>" : base::human_duration(std::chrono::seconds(seconds.as_int()));
}
Value signing_condition(const Row& r) {
  bool denied = !condition(r.o, "Denied").is_null(), approved = !condition(r.o, "Approved").is_null(),
       failed = !condition(r.o, "Failed").is_null();
  std::string text = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (failed) text += ",Failed";
  if (!r.o["status"]["certificate"].as_string().empty()) text += ",Issued";
  return text;
}

using Cell = Value (*)(const Row& r);
const std::unordered_map<std::string_view, Cell>& cells() {
  static const std::unordered_map<std::string_view, Cell> all = {
#define CELL(name) {#name, name}
      CELL(pod_ready),
      CELL(pod_status),
      CELL(pod_restarts),
      CELL(pod_ip),
      CELL(pod_readiness_gates),
      CELL(deployment_ready),
      CELL(job_status),
      CELL(job_completions),
      CELL(job_duration),
      CELL(controller),
      CELL(autoscaler_reference),
      CELL(autoscaler_least),
      CELL(autoscaler_targets),
      CELL(load_balancer),
      CELL(service_address),
      CELL(service_external),
      CELL(service_ports),
      CELL(ingress_hosts),
      CELL(ingress_ports),
      CELL(ingress_class_parameters),
      CELL(endpoints),
      CELL(slice_ports),
      CELL(slice_endpoints),
      CELL(address_parent),
      CELL(node_status),
      CELL(node_roles),
      CELL(node_internal_ip),
      CELL(node_external_ip),
      CELL(event_first),
      CELL(event_last),
      CELL(event_count),
      CELL(event_object),
      CELL(event_field),
      CELL(event_source),
      CELL(event_message),
      CELL(config_map_count),
      CELL(phase),
      CELL(volume_modes),
      CELL(volume_claim),
      CELL(claim_capacity),
      CELL(claim_modes),
      CELL(storage_class_name),
      CELL(quota_requests),
      CELL(quota_limits),
      CELL(binding_role),
      CELL(binding_users),
      CELL(binding_groups),
      CELL(binding_accounts),
      CELL(param_kind),
      CELL(param_ref),
      CELL(signing_duration),
      CELL(signing_condition),
#undef CELL
  };
  return all;
}

Value cell(const Row& r, std::string_view source) {
  if (source == "age") return since(r, r.o["metadata"]["creationTimestamp"]);
  std::string_view verb;
  if (source[0] != '.') {
    size_t colon = source.find(':');
    if (colon == source.npos) {
      auto found = cells().find(source);
      SLIPWAY_CHECK(found != cells().end());  // a test asks for every cell of every kind
      return found->second(r);
    }
    verb = source.substr(0, colon);
    source.remove_prefix(colon + 1);
  }
  size_t colon = source.find(':');
  const Value& v = at_path(r.o, source.substr(0, colon));
  std::string absent(colon == source.npos ? "" : source.substr(colon + 1));
  if (verb == "int") return v.as_int();
  if (verb == "bool") return v.as_bool();
  if (verb == "count") return v.size();
  if (verb == "flag") return v.is_bool() ? (v.as_bool() ? "True" : "False") : "<unset>";
  if (verb == "text") return v.is_bool() ? (v.as_bool() ? "true" : "false") : absent;
  if (verb == "names") return joined(v, "name");
  if (verb == "images") return joined(v, "image");
  if (verb == "join") return joined(v, "");
  if (verb == "labels") return labels_text(v);
  if (verb == "selector") return selector_text(v);
  if (verb == "age") return since(r, v, absent);
  if (v.is_bool()) return v;
  if (v.is_int()) return std::to_string(v.as_int());
  return v.as_string().empty() ? Value(absent) : v;
}

// A kind without columns of its own.
const std::vector<Column>& plain_columns(bool builtin) {
  static const std::vector<Column> created = {{"Name", "string", "name", "", 0, ".metadata.name"},
                                              {"Created At", "date", "", "", 0, ".metadata.creationTimestamp"}};
  static const std::vector<Column> aged = {{"Name", "string", "name", "", 0, ".metadata.name"},
                                           {"Age", "string", "", "", 0, "age"}};
  return builtin ? created : aged;
}
const std::vector<Column>& columns_of(const Kind& kind) {
  return kind.columns.empty() ? plain_columns(kind.builtin) : kind.columns;
}

}  // namespace

Value table_columns(const Kind& kind) {
  ArrayBuilder out;
  for (const Column& c : columns_of(kind))
    out.push(Value{{"name", c.name},
                   {"type", c.type},
                   {"format", c.format},
                   {"description", c.description},
                   {"priority", c.priority}});
  return out.build();
}

Value table_cells(const Kind& kind, const Value& object, WallTime now) {
  ArrayBuilder out;
  const Value kept = kept_form(kind, object);
  for (const Column& c : columns_of(kind)) out.push(cell({kept, now}, c.source));
  return out.build();
}

Value table_row_conditions(const Kind& kind, const Value& object) {
  if (kind.id.kind != "Pod" || !kind.id.group.empty()) return nullptr;
  std::string phase = object["status"]["phase"].str();
  if (phase != "Succeeded" && phase != "Failed") return nullptr;
  bool good = phase == "Succeeded";
  return Value::array({Value{{"type", "Completed"},
                             {"status", "True"},
                             {"reason", phase},
                             {"message", good ? "The pod has completed successfully." : "The pod failed."}}});
}

}  // namespace slipway::kinds
