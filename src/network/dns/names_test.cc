#include "network/dns/names.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "value/yaml.h"

namespace slipway::network::dns {

namespace {

Value yaml(std::string_view text) {
  return value::parse_yaml(text).value();
}

std::string address_text(std::string_view data) {
  std::vector<std::string> parts;
  for (char c : data) parts.push_back(std::to_string(static_cast<uint8_t>(c)));
  return base::join(parts, ".");
}

// "A 10.42.0.2", "SRV 0 100 80 web.shop.svc.cluster.local", ...
std::string text_of(const Record& record) {
  switch (record.type) {
    case type_a:
      return "A " + address_text(record.data);
    case type_cname:
      return "CNAME " + target_of(record)->str();
    case type_ptr:
      return "PTR " + target_of(record)->str();
    case type_ns:
      return "NS " + target_of(record)->str();
    case type_txt:
      return "TXT " + record.data.substr(1);
    case type_soa:
      return "SOA " + record.name.str();
    case type_srv: {
      auto number = [&](size_t at) {
        return static_cast<uint8_t>(record.data[at]) << 8 | static_cast<uint8_t>(record.data[at + 1]);
      };
      Record target = record;
      target.type = type_ptr;
      target.data = record.data.substr(6);
      return fmt::format("SRV {} {} {} {}", number(0), number(2), number(4), target_of(target)->str());
    }
    default:
      return fmt::format("TYPE{}", record.type);
  }
}

Names cluster() {
  Names names(*Name::parse("cluster.local"), *parse_ipv4("10.43.0.10"),
              {Cidr::parse("10.43.0.0/16").value(), Cidr::parse("10.42.0.0/24").value()});
  auto meta = [](std::string name) { return Value{{"name", name}, {"namespace", "shop"}}; };
  auto service = [&](std::string name, std::string_view spec) {
    names.set_service(Value(), Value{{"metadata", meta(name)}, {"spec", yaml(spec)}});
  };
  auto slice = [&](std::string name, std::string_view endpoints) {
    Value labels{{"kubernetes.io/service-name", name}};
    names.set_endpoint_slice(Value(), Value{{"metadata", meta(name + "-1").with_member("labels", labels)},
                                            {"addressType", "IPv4"},
                                            {"ports", yaml("[{name: http, port: 8080}]")},
                                            {"endpoints", yaml(endpoints)}});
  };
  service("web", "{clusterIP: 10.43.1.1, ports: [{name: http, port: 80}, {name: say, port: 53, protocol: UDP}]}");
  slice("web", "[{addresses: [10.42.0.2]}]");
  service("db", "{clusterIP: None, ports: [{name: http, port: 80}]}");
  slice("db",
        "[{addresses: [10.42.0.3], hostname: db-0}, {addresses: [10.42.0.4], hostname: db-1}, "
        "{addresses: [10.42.0.5], conditions: {ready: false}}]");
  service("early", "{clusterIP: None, publishNotReadyAddresses: true}");
  slice("early", "[{addresses: [10.42.0.6], conditions: {ready: false}}]");
  service("nobody", "{clusterIP: None}");
  service("away", "{type: ExternalName, externalName: www.example.com}");
  service("near", "{type: ExternalName, externalName: web.shop.svc.cluster.local}");
  names.set_pod(Value(), Value{{"metadata", meta("p")}, {"status", yaml("{phase: Running, podIP: 10.42.0.2}")}});
  return names;
}

void check(std::string_view name, uint16_t type, std::string_view expected, uint64_t turn = 0) {
  auto answer = cluster().answer({*Name::parse(name), type, class_in}, turn);
  std::vector<std::string> lines;
  if (!answer) {
    lines.push_back("not ours");
  } else {
    if (answer->code == Code::no_name) lines.push_back("NXDOMAIN");
    for (const Record& record : answer->answers) lines.push_back(text_of(record));
    for (const Record& record : answer->authority) lines.push_back("[" + text_of(record) + "]");
    for (const Record& record : answer->additional) lines.push_back("+" + record.name.str() + " " + text_of(record));
    if (answer->alias) lines.push_back("then " + answer->alias->str());
  }
  CHECK_MESSAGE(base::join(lines, "; ") == expected, name);
}

constexpr const char *nodata = "[SOA cluster.local]", *nxdomain = "NXDOMAIN; [SOA cluster.local]";

}  // namespace

TEST_CASE("services") {
  check("web.shop.svc.cluster.local", type_a, "A 10.43.1.1");
  check("WEB.Shop.svc.CLUSTER.local", type_a, "A 10.43.1.1");
  check("web.shop.svc.cluster.local", type_aaaa, nodata);
  check("other.shop.svc.cluster.local", type_a, nxdomain);
  check("web.other.svc.cluster.local", type_a, nxdomain);
  check("a.b.c.d.e.shop.svc.cluster.local", type_a, nxdomain);
  check("_http._tcp.web.shop.svc.cluster.local", type_srv,
        "SRV 0 100 80 web.shop.svc.cluster.local; +web.shop.svc.cluster.local A 10.43.1.1");
  check("_http._udp.web.shop.svc.cluster.local", type_srv, nxdomain);
  check("_http._tcp.web.shop.svc.cluster.local", type_a, nodata);
  check("web.shop.svc.cluster.local", type_srv,
        "SRV 0 50 80 web.shop.svc.cluster.local; SRV 0 50 53 web.shop.svc.cluster.local; "
        "+web.shop.svc.cluster.local A 10.43.1.1");
  check("10-42-0-2.web.shop.svc.cluster.local", type_a, "A 10.42.0.2");
}

TEST_CASE("headless services") {
  check("db.shop.svc.cluster.local", type_a, "A 10.42.0.3; A 10.42.0.4");
  check("db.shop.svc.cluster.local", type_a, "A 10.42.0.4; A 10.42.0.3", 1);
  check("db-1.db.shop.svc.cluster.local", type_a, "A 10.42.0.4");
  check("db-1.db.shop.svc.cluster.local", type_aaaa, nodata);
  check("db-2.db.shop.svc.cluster.local", type_a, nxdomain);
  check("_http._tcp.db.shop.svc.cluster.local", type_srv,
        "SRV 0 50 8080 db-0.db.shop.svc.cluster.local; SRV 0 50 8080 db-1.db.shop.svc.cluster.local; "
        "+db-0.db.shop.svc.cluster.local A 10.42.0.3; +db-1.db.shop.svc.cluster.local A 10.42.0.4");
  check("nobody.shop.svc.cluster.local", type_a, nxdomain);
  check("early.shop.svc.cluster.local", type_a, "A 10.42.0.6");
}

TEST_CASE("aliases") {
  check("away.shop.svc.cluster.local", type_a, "CNAME www.example.com; then www.example.com");
  check("away.shop.svc.cluster.local", type_cname, "CNAME www.example.com");
  check("away.shop.svc.cluster.local", type_txt, "CNAME www.example.com");
}

TEST_CASE("names in between exist and hold nothing") {
  for (auto name : {"svc.cluster.local", "shop.svc.cluster.local", "_tcp.web.shop.svc.cluster.local",
                    "pod.cluster.local", "shop.pod.cluster.local", "dns.cluster.local", "cluster.local"})
    check(name, type_a, nodata);
  check("other.svc.cluster.local", type_a, nxdomain);
  check("other.cluster.local", type_a, nxdomain);
  check("_udp.db.shop.svc.cluster.local", type_a, nxdomain);
}

TEST_CASE("pods, the zone itself, and what is not ours") {
  check("10-42-0-2.shop.pod.cluster.local", type_a, "A 10.42.0.2");
  check("10-42-0-3.shop.pod.cluster.local", type_a, nxdomain);
  check("10-42-0-2.other.pod.cluster.local", type_a, nxdomain);
  check("dns-version.cluster.local", type_txt, "TXT 1.1.0");
  check("cluster.local", type_soa, "SOA cluster.local");
  check("cluster.local", type_ns, "NS ns.dns.cluster.local");
  check("ns.dns.cluster.local", type_a, "A 10.43.0.10");
  check("example.com", type_a, "not ours");
  check("local", type_a, "not ours");
  check("mycluster.local", type_a, "not ours");
}

TEST_CASE("from addresses to names") {
  check("1.1.43.10.in-addr.arpa", type_ptr, "PTR web.shop.svc.cluster.local");
  check("2.0.42.10.in-addr.arpa", type_ptr, "PTR 10-42-0-2.web.shop.svc.cluster.local");
  check("3.0.42.10.in-addr.arpa", type_ptr, "PTR db-0.db.shop.svc.cluster.local");
  check("9.0.42.10.in-addr.arpa", type_ptr, "NXDOMAIN; [SOA 0.42.10.in-addr.arpa]");
  check("9.9.43.10.in-addr.arpa", type_ptr, "NXDOMAIN; [SOA 43.10.in-addr.arpa]");
  check("43.10.in-addr.arpa", type_ptr, "[SOA 43.10.in-addr.arpa]");
  check("10.in-addr.arpa", type_ptr, "not ours");
  check("1.2.0.192.in-addr.arpa", type_ptr, "not ours");
}

TEST_CASE("what goes away is forgotten") {
  Names names(*Name::parse("cluster.local"), 1, {});
  Value service = yaml("{metadata: {name: a, namespace: ns}, spec: {clusterIP: 10.43.1.1}}");
  Value slice = yaml(
      "{metadata: {name: a-1, namespace: ns, labels: {kubernetes.io/service-name: a}}, addressType: IPv4, "
      "endpoints: [{addresses: [192.0.2.9]}]}");
  Value pod = yaml("{metadata: {name: p, namespace: ns}, status: {podIP: 192.0.2.9, phase: Running}}");
  Value ended = pod.with("/status/phase", "Succeeded");
  auto code = [&](std::string_view name, uint16_t type) {
    auto answer = names.answer({*Name::parse(name), type, class_in}, 0);
    return answer ? static_cast<int>(answer->code) : -1;
  };
  for (int round = 0; round < 2; ++round) {
    CHECK(code("ns.svc.cluster.local", type_a) == 3);
    CHECK(code("9.2.0.192.in-addr.arpa", type_ptr) == -1);
    names.set_endpoint_slice(Value(), slice);  // may well come before its service
    names.set_service(Value(), service);
    names.set_pod(Value(), pod);
    CHECK(code("a.ns.svc.cluster.local", type_a) == 0);
    CHECK(code("192-0-2-9.ns.pod.cluster.local", type_a) == 0);
    CHECK(code("9.2.0.192.in-addr.arpa", type_ptr) == 0);
    names.set_service(service, Value());
    CHECK(code("a.ns.svc.cluster.local", type_a) == 3);
    CHECK(code("9.2.0.192.in-addr.arpa", type_ptr) == -1);
    names.set_endpoint_slice(slice, Value());
    names.set_pod(pod, ended);
    CHECK(code("192-0-2-9.ns.pod.cluster.local", type_a) == 3);
    names.set_pod(ended, Value());
  }
}

}  // namespace slipway::network::dns
