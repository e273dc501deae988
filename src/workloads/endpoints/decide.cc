// Which addresses and ports stand behind a service. Pods with the same resolved ports share a subset (Endpoints) or a
// group of slices (EndpointSlice): a named target port may be another number in each pod.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "workloads/endpoints/endpoints.h"
#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

namespace {

constexpr size_t slice_endpoints_max = 100;

bool is_headless(const Value& service) {
  return service["spec"]["clusterIP"].as_string() == "None";
}

// A service's ports as pods offer them; ports that a pod does not have are left out. Service and pods may both have
// thousands of ports, and there are many pods: those that name the same numbers share one answer.
class Ports {
 public:
  struct Resolved {
    Value list;
    std::string group;  // pods of one group share a subset, or slices
  };
  // Keeps references to the service and to the pods that it is asked for.
  explicit Ports(const Value& service) : service_(service) {
    for (const Value& port : service_["spec"]["ports"].items()) any_named_ = any_named_ || is_named(port["targetPort"]);
  }

  const Resolved& of(const Value& pod) {
    Numbers numbers;
    if (any_named_) {
      for (const Value& container : pod["spec"]["containers"].items()) add(container, numbers);
      for (const Value& container : pod["spec"]["initContainers"].items()) {
        if (container["restartPolicy"].as_string() == "Always") add(container, numbers);
      }
    }
    auto found = resolved_.find(numbers);
    if (found == resolved_.end()) found = resolved_.emplace(numbers, resolve(numbers)).first;
    return found->second;
  }

 private:
  // By name and protocol: the first of a pod's containers, then of its sidecars, that has it.
  using Numbers = std::map<std::pair<std::string_view, std::string_view>, int64_t>;

  static bool is_named(const Value& target) { return target.is_string() && !target.as_string().empty(); }

  static void add(const Value& container, Numbers& numbers) {
    for (const Value& port : container["ports"].items()) {
      int64_t number = port["containerPort"].as_int();
      if (number == 0 || port["name"].as_string().empty()) continue;
      numbers.try_emplace({port["name"].as_string(), port["protocol"].as_string("TCP")}, number);
    }
  }

  // 0: no port of that name.
  static int64_t number_of(const Value& service_port, const Numbers& numbers) {
    const Value& target = service_port["targetPort"];
    if (target.is_int() && target.as_int() != 0) return target.as_int();
    if (!is_named(target)) return service_port["port"].as_int();
    auto found = numbers.find({target.as_string(), service_port["protocol"].as_string("TCP")});
    return found == numbers.end() ? 0 : found->second;
  }

  Resolved resolve(const Numbers& numbers) const {
    ArrayBuilder ports;
    std::string group;
    for (const Value& port : service_["spec"]["ports"].items()) {
      int64_t number = number_of(port, numbers);
      if (number == 0) continue;
      std::string_view protocol = port["protocol"].as_string("TCP");
      ObjectBuilder resolved;
      resolved.set_unless_empty("name", port["name"]).set("port", number).set("protocol", protocol);
      resolved.set_unless_empty("appProtocol", port["appProtocol"]);
      ports.push(resolved.build());
      group += fmt::format("{}/{}/{},", port["name"].as_string(), number, protocol);
    }
    return {ports.build(), std::move(group)};
  }

  const Value& service_;
  bool any_named_ = false;
  std::map<Numbers, Resolved> resolved_;
};

bool is_ended(const Value& pod) {
  auto phase = pod["status"]["phase"].as_string();
  return phase == "Succeeded" || phase == "Failed";
}

Value target_ref(const Value& pod) {
  return Value{{"kind", "Pod"},
               {"name", pod["metadata"]["name"]},
               {"namespace", pod["metadata"]["namespace"]},
               {"uid", pod["metadata"]["uid"]}};
}

// A pod with a hostname under this headless service's subdomain has a name of its own in DNS.
Value dns_hostname(const Value& service, const Value& pod) {
  bool named =
      !pod["spec"]["hostname"].as_string().empty() && pod["spec"]["subdomain"].as_string() == kinds::name_of(service);
  return named ? pod["spec"]["hostname"] : Value();
}

std::set<std::string> ready_addresses(const Value& there) {
  std::set<std::string> ready;
  for (const Value& subset : there["subsets"].items()) {
    for (const Value& address : subset["addresses"].items()) ready.insert(address["ip"].str());
  }
  for (const Value& endpoint : there["endpoints"].items()) {
    if (endpoint["conditions"]["ready"].as_bool()) ready.insert(endpoint["addresses"][0].str());
  }
  return ready;
}

}  // namespace

Value with_trigger_time(const Value& service, const std::vector<Value>& pods, const Value& there, Value object) {
  constexpr const char* key = "endpoints.kubernetes.io/last-change-trigger-time";
  std::string first = there.is_null() ? service["metadata"]["creationTimestamp"].str() : std::string();
  std::set<std::string> known = ready_addresses(there);
  for (const Value& pod : pods) {
    if (!is_ready(pod) || known.contains(pod["status"]["podIP"].str())) continue;
    for (const Value& condition : pod["status"]["conditions"].items()) {
      std::string since = condition["lastTransitionTime"].str();
      if (condition["type"].as_string() != "Ready" || since.empty()) continue;
      if (first.empty() || since < first) first = since;  // both RFC 3339 in UTC
    }
  }
  Value annotations = object["metadata"]["annotations"];
  if (first.empty()) {
    annotations = annotations.without_member(key);
    return annotations.empty() ? object.without("/metadata/annotations")
                               : object.with("/metadata/annotations", annotations);
  }
  if (annotations.is_null()) annotations = Value::object();
  return object.with("/metadata/annotations", annotations.with_member(key, first));
}

Value endpoints_for(const Value& service, const std::vector<Value>& pods) {
  struct Subset {
    Value ports;
    std::vector<Value> ready, not_ready;
  };
  std::map<std::string, Subset> subsets;
  Ports ports(service);
  bool publish_not_ready = service["spec"]["publishNotReadyAddresses"].as_bool();
  for (const Value& pod : pods) {
    auto ip = pod["status"]["podIP"].as_string();
    if (ip.empty() || is_ended(pod) || (is_terminating(pod) && !publish_not_ready)) continue;
    const Ports::Resolved& offered = ports.of(pod);
    if (offered.list.empty() && !is_headless(service)) continue;
    if (offered.list.empty() && !service["spec"]["ports"].empty()) continue;
    ObjectBuilder address;
    address.set("ip", ip).set_unless_empty("hostname", dns_hostname(service, pod));
    address.set_unless_empty("nodeName", pod["spec"]["nodeName"]).set("targetRef", target_ref(pod));
    Subset& subset = subsets[offered.group];
    subset.ports = offered.list;
    (is_ready(pod) || publish_not_ready ? subset.ready : subset.not_ready).push_back(address.build());
  }
  auto by_ip = [](const Value& a, const Value& b) { return a["ip"].as_string() < b["ip"].as_string(); };
  ArrayBuilder list;
  for (auto& [_, subset] : subsets) {
    std::sort(subset.ready.begin(), subset.ready.end(), by_ip);
    std::sort(subset.not_ready.begin(), subset.not_ready.end(), by_ip);
    ObjectBuilder s;
    s.set_unless_empty("addresses", Value::array(subset.ready));
    s.set_unless_empty("notReadyAddresses", Value::array(subset.not_ready)).set_unless_empty("ports", subset.ports);
    list.push(s.build());
  }
  Value labels = service["metadata"]["labels"];
  if (labels.is_null()) labels = Value::object();
  if (is_headless(service)) labels = labels.with_member("service.kubernetes.io/headless", "");
  labels = labels.with_member("endpoints.kubernetes.io/managed-by", "endpoint-controller");
  ObjectBuilder metadata;
  metadata.set("name", service["metadata"]["name"]).set("namespace", service["metadata"]["namespace"]);
  metadata.set("labels", labels);
  ObjectBuilder endpoints;
  endpoints.set("apiVersion", "v1").set("kind", "Endpoints").set("metadata", metadata.build());
  endpoints.set_unless_empty("subsets", list.build());
  return endpoints.build();
}

std::vector<Value> slices_for(const Value& service, const std::vector<Value>& pods,
                              const std::vector<Value>& existing) {
  struct Group {
    Value ports;
    std::vector<Value> endpoints;
  };
  std::map<std::string, Group> groups;
  Ports offers(service);
  bool publish_not_ready = service["spec"]["publishNotReadyAddresses"].as_bool();
  for (const Value& pod : pods) {
    auto ip = pod["status"]["podIP"].as_string();
    if (ip.empty() || is_ended(pod)) continue;
    const Ports::Resolved& offered = offers.of(pod);
    bool terminating = is_terminating(pod), ready = is_ready(pod);
    ObjectBuilder endpoint;
    endpoint.set("addresses", Value::array({Value(ip)}));
    endpoint.set("conditions", Value{{"ready", publish_not_ready || (ready && !terminating)},
                                     {"serving", ready},
                                     {"terminating", terminating}});
    endpoint.set_unless_empty("hostname", dns_hostname(service, pod));
    endpoint.set_unless_empty("nodeName", pod["spec"]["nodeName"]).set("targetRef", target_ref(pod));
    Group& group = groups[offered.group];
    group.ports = offered.list;
    group.endpoints.push_back(endpoint.build());
  }
  if (groups.empty()) groups[""] = {Value(), {}};  // a selector without pods has one empty slice

  Value labels = service["metadata"]["labels"];
  if (labels.is_null()) labels = Value::object();
  if (is_headless(service)) labels = labels.with_member("service.kubernetes.io/headless", "");
  labels = labels.with_member("kubernetes.io/service-name", service["metadata"]["name"])
               .with_member("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
  std::vector<Value> free_slices = existing;
  std::vector<Value> slices;
  for (auto& [_, group] : groups) {
    std::sort(group.endpoints.begin(), group.endpoints.end(), [](const Value& a, const Value& b) {
      return a["addresses"][0].as_string() < b["addresses"][0].as_string();
    });
    // The EndpointSlice API wants a name in every port, empty or not.
    ArrayBuilder ports;
    for (const Value& port : group.ports.items()) ports.push(port.has("name") ? port : port.with_member("name", ""));
    for (size_t begin = 0; begin == 0 || begin < group.endpoints.size(); begin += slice_endpoints_max) {
      size_t end = std::min(group.endpoints.size(), begin + slice_endpoints_max);
      ObjectBuilder metadata;
      if (!free_slices.empty()) {  // an old slice keeps its name and identity
        metadata.set("name", free_slices.front()["metadata"]["name"]);
        free_slices.erase(free_slices.begin());
      } else {
        metadata.set("generateName", fmt::format("{}-", kinds::name_of(service)));
      }
      metadata.set("namespace", service["metadata"]["namespace"]).set("labels", labels);
      metadata.set("ownerReferences", Value::array({controller_reference(service)}));
      slices.push_back(
          Value{{"apiVersion", "discovery.k8s.io/v1"},
                {"kind", "EndpointSlice"},
                {"metadata", metadata.build()},
                {"addressType", "IPv4"},
                {"endpoints", Value::array(std::vector<Value>(group.endpoints.begin() + static_cast<long>(begin),
                                                              group.endpoints.begin() + static_cast<long>(end)))},
                {"ports", ports.build()}});
    }
  }
  return slices;
}

}  // namespace slipway::workloads
