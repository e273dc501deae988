// Services, their endpoints, Ingresses and NetworkPolicies.
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {

namespace {

constexpr std::string_view ip_text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

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

}  // namespace

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

}  // namespace slipway::kinds
