#include "network/kube_dns.h"

#include "base/text.h"

namespace slipway::network {

namespace {

Value metadata(Value labels) {
  return Value{{"name", "kube-dns"}, {"namespace", "kube-system"}, {"labels", std::move(labels)}};
}

// Is everything in `wanted` in `stored` as well? What the server added does not count.
bool holds(const Value& stored, const Value& wanted) {
  if (wanted.is_object()) {
    for (const auto& [key, value] : wanted.members()) {
      if (!holds(stored[key.view()], value)) return false;
    }
    return true;
  }
  if (wanted.is_array()) {
    if (stored.size() != wanted.size()) return false;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (!holds(stored[i], wanted[i])) return false;
    }
    return true;
  }
  return stored == wanted;
}

Task<Result<>> make(cluster::Cluster& cluster, Value wanted) {
  cluster::ObjectKey key = cluster::ObjectKey::of(wanted);
  auto stored = co_await cluster.get(key);
  if (!stored && !stored.error().is(ErrorKind::not_found)) co_return std::move(stored.error());
  if (stored && holds(*stored, wanted)) co_return Result<>();
  bool moved =
      stored && wanted["spec"].has("clusterIP") && (*stored)["spec"]["clusterIP"] != wanted["spec"]["clusterIP"];
  if (moved) OR_CO_RETURN(co_await cluster.write(cluster::remove(key)));
  if (stored && !moved)
    OR_CO_RETURN(co_await cluster.write(cluster::merge_patch(key, wanted)));
  else
    OR_CO_RETURN(co_await cluster.write(cluster::create(wanted)));
  co_return Result<>();
}

}  // namespace

std::vector<Value> kube_dns_objects(const std::string& address) {
  Value labels{{"k8s-app", "kube-dns"}, {"kubernetes.io/cluster-service", "true"}, {"kubernetes.io/name", "CoreDNS"}};
  auto port = [](std::string_view name, std::string_view protocol) {
    return Value{{"name", name}, {"protocol", protocol}, {"port", 53}};
  };
  Value ports = Value::array({port("dns", "UDP"), port("dns-tcp", "TCP")});
  std::vector<Value> service_ports;
  for (const Value& p : ports.items()) service_ports.push_back(p.with_member("targetPort", 53));
  Value service{{"apiVersion", "v1"},
                {"kind", "Service"},
                {"metadata", metadata(labels)},
                {"spec", Value{{"type", "ClusterIP"}, {"clusterIP", address}, {"ports", Value::array(service_ports)}}}};
  Value slice{
      {"apiVersion", "discovery.k8s.io/v1"},
      {"kind", "EndpointSlice"},
      {"metadata", metadata(labels.with_member("kubernetes.io/service-name", "kube-dns")
                                .with_member("endpointslice.kubernetes.io/managed-by", "slipway"))},
      {"addressType", "IPv4"},
      {"endpoints",
       Value::array({Value{{"addresses", Value::array({Value(address)})}, {"conditions", Value{{"ready", true}}}}})},
      {"ports", ports}};
  Value endpoints{
      {"apiVersion", "v1"},
      {"kind", "Endpoints"},
      {"metadata", metadata(labels.with_member("endpointslice.kubernetes.io/skip-mirror", "true"))},
      {"subsets", Value::array({Value{{"addresses", Value::array({Value{{"ip", address}}})}, {"ports", ports}}})}};
  return {service, slice, endpoints};
}

Task<Result<>> make_kube_dns(cluster::Cluster& cluster, std::string address) {
  for (Value& object : kube_dns_objects(address)) {
    auto made = co_await make(cluster, object);
    if (!made) co_return std::move(made.error()).context(cluster::ObjectKey::of(object).str());
  }
  co_return Result<>();
}

}  // namespace slipway::network
