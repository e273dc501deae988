#include "network/rules.h"

#include <doctest/doctest.h>

#include <map>

#include "base/text.h"
#include "network/cni.h"
#include "network/machine.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::network {

namespace {

Value yaml(std::string_view text) {
  return value::parse_yaml(text).value();
}

RulesInput input() {
  RulesInput made;
  made.pods = Cidr::parse("10.42.0.0/24").value();
  made.services = Cidr::parse("10.43.0.0/16").value();
  made.dns_address = parse_ipv4("10.43.0.10");
  return made;
}

Value web(std::string_view spec) {
  Value made = yaml("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}");
  return made.with_member("spec", yaml(spec));
}
Value slice(std::string_view ports, std::string_view endpoints) {
  Value made = yaml(
      "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, "
      "metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}}");
  return made.with_member("ports", yaml(ports)).with_member("endpoints", yaml(endpoints));
}

// One line for each element of the maps, with what its chain translates to: "10.43.1.1 tcp 80: 10.42.0.2:8080".
std::string services_of(const RulesInput& input, std::vector<std::string>* problems = nullptr) {
  Value document = value::parse_json(Ruleset::of(input, problems).document()).value();
  std::map<std::string, std::string> chains;
  std::string lines;
  auto target = [](const Value& address) {
    return address["port"].is_null() ? address.str()
                                     : fmt::format("{}:{}", address["addr"].str(), address["port"].as_int());
  };
  for (const Value& command : document["nftables"].items()) {
    const Value& rule = command["add"]["rule"];
    for (const Value& expression : rule["expr"].items()) {
      const Value& dnat = expression["dnat"];
      if (dnat.is_null()) continue;
      std::string& text = chains[rule["chain"].str()];
      if (dnat.has("port")) text = target(dnat);
      const Value& map = dnat["addr"]["map"];
      for (const Value& one : map["data"]["set"].items()) {
        const Value& to = one[1]["concat"];
        text += fmt::format("{}{}:{}", text.empty() ? "" : " or ", to[0].str(), to[1].as_int());
      }
      if (map["key"].has("jhash")) text += " by client";
    }
    const Value& element = command["add"]["element"];
    for (const Value& one : element["elem"].items()) {
      std::string key;
      for (const Value& part : one[0]["concat"].items())
        key += (key.empty() ? "" : " ") + (part.is_int() ? std::to_string(part.as_int()) : part.str());
      std::string chain = one[1]["goto"]["target"].str();
      lines += fmt::format("{}: {}\n", key, chains.contains(chain) ? chains[chain] : chain);
    }
  }
  return lines;
}

void check(Value service, std::vector<Value> slices, std::string_view expected) {
  RulesInput in = input();
  in.service_objects = {std::move(service)};
  in.endpoint_slices = std::move(slices);
  CHECK(services_of(in) == expected);
}

const Value one_port = web("{clusterIP: 10.43.1.1, ports: [{name: http, port: 80, targetPort: web}]}");

}  // namespace

TEST_CASE("services become map elements") {
  const char* http = "[{name: http, port: 8080, protocol: TCP}]";
  check(one_port, {slice(http, "[{addresses: [10.42.0.2], conditions: {ready: true}}]")},
        "10.43.1.1 tcp 80: 10.42.0.2:8080\n");
  // the slice knows the number of a named target port; the service's port name joins them
  check(one_port, {slice("[{name: other, port: 8080}]", "[{addresses: [10.42.0.2]}]")}, "");
  check(one_port, {slice(http, "[{addresses: [10.42.0.3]}, {addresses: [10.42.0.2]}, {addresses: [10.42.0.2]}]")},
        "10.43.1.1 tcp 80: 10.42.0.2:8080 or 10.42.0.3:8080\n");
  check(web("{clusterIP: 10.43.1.1, sessionAffinity: ClientIP, ports: [{name: http, port: 80}]}"),
        {slice(http, "[{addresses: [10.42.0.3]}, {addresses: [10.42.0.2]}]")},
        "10.43.1.1 tcp 80: 10.42.0.2:8080 or 10.42.0.3:8080 by client\n");
  check(web("{type: NodePort, clusterIP: 10.43.1.1, ports: [{port: 53, nodePort: 30053, protocol: UDP}]}"),
        {slice("[{name: '', port: 5353, protocol: UDP}]", "[{addresses: [10.42.0.2]}]")},
        "10.43.1.1 udp 53: 10.42.0.2:5353\nudp 30053: 10.42.0.2:5353\n");
}

TEST_CASE("services without an address or without endpoints have no element") {
  const char *http = "[{name: http, port: 8080}]", *one = "[{addresses: [10.42.0.2]}]";
  check(web("{clusterIP: None, ports: [{name: http, port: 80}]}"), {slice(http, one)}, "");
  check(web("{type: ExternalName, externalName: a.b, ports: [{name: http, port: 80}]}"), {slice(http, one)}, "");
  check(one_port, {}, "");
  check(one_port, {slice(http, "[{addresses: [10.42.0.2], conditions: {ready: false}}]")}, "");
  // cluster DNS is a program of this machine
  check(web("{clusterIP: 10.43.0.10, ports: [{name: http, port: 53}]}"), {slice(http, one)}, "");
}

TEST_CASE("while all endpoints end, those that still serve get the connections") {
  const char* http = "[{name: http, port: 8080}]";
  std::string ending = "{addresses: [10.42.0.2], conditions: {ready: false, serving: true, terminating: true}}";
  check(one_port, {slice(http, "[" + ending + "]")}, "10.43.1.1 tcp 80: 10.42.0.2:8080\n");
  check(one_port, {slice(http, "[" + ending + ", {addresses: [10.42.0.3]}]")}, "10.43.1.1 tcp 80: 10.42.0.3:8080\n");
}

TEST_CASE("host ports, and a port that two want") {
  RulesInput in = input();
  auto pod = [](std::string name, std::string ip, std::string_view port) {
    return Value{{"metadata", Value{{"name", name}, {"namespace", "shop"}}},
                 {"spec", Value{{"containers", Value::array({Value{{"ports", Value::array({yaml(port)})}}})}}},
                 {"status", Value{{"phase", "Running"}, {"podIP", ip}}}};
  };
  in.pod_objects = {pod("a", "10.42.0.2", "{containerPort: 80, hostPort: 8080}"),
                    pod("b", "10.42.0.3", "{containerPort: 81, hostPort: 8080}"),
                    pod("c", "10.42.0.4", "{containerPort: 82, hostPort: 8080, hostIP: 192.0.2.1, protocol: UDP}")};
  std::vector<std::string> problems;
  CHECK(services_of(in, &problems) == "192.0.2.1 udp 8080: 10.42.0.4:82\ntcp 8080: 10.42.0.2:80\n");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "pod/shop/b/8080/tcp: tcp port 8080 is taken by pod/shop/a/8080/tcp");
}

TEST_CASE("names that the kernel would refuse are shortened, and stay apart") {
  RulesInput in = input();
  for (std::string end : {"x", "y"}) {
    std::string port = end == "x" ? "1" : "2";
    in.pod_objects.push_back(
        Value{{"metadata", Value{{"name", std::string(250, 'a') + end}, {"namespace", "shop"}}},
              {"spec", yaml("{containers: [{ports: [{containerPort: 80, hostPort: 8" + port + "}]}]}")},
              {"status", Value{{"phase", "Running"}, {"podIP", "10.42.0." + port}}}});
  }
  CHECK(services_of(in) == "tcp 81: 10.42.0.1:80\ntcp 82: 10.42.0.2:80\n");
  Value document = value::parse_json(Ruleset::of(in).document()).value();
  for (const Value& command : document["nftables"].items()) CHECK(command["add"]["chain"]["name"].str().size() < 256);
}

TEST_CASE("only what differs is sent") {
  RulesInput one = input(), two = input();
  one.service_objects = two.service_objects = {one_port};
  one.endpoint_slices = {slice("[{name: http, port: 8080}]", "[{addresses: [10.42.0.2]}]")};
  two.endpoint_slices = {slice("[{name: http, port: 8080}]", "[{addresses: [10.42.0.3]}]")};
  auto verbs = [](const RulesInput& from, const RulesInput& to) {
    std::string text = Ruleset::of(to).changes_from(Ruleset::of(from)), found;
    if (text.empty()) return found;
    Value document = value::parse_json(text).value();
    for (const Value& command : document["nftables"].items()) {
      const auto& verb = command.members()[0];
      found += fmt::format("{} {}; ", verb.key.view(), verb.value.members()[0].key.view());
    }
    return found;
  };
  CHECK(verbs(one, one) == "");
  CHECK(verbs(one, two) == "flush chain; add rule; ");
  CHECK(verbs(input(), one) == "add chain; add rule; add element; ");
  CHECK(verbs(one, input()) == "flush chain; delete element; delete chain; ");
}

TEST_CASE("the machine's commands lead from what is there to what is wanted") {
  MachineOptions options{Cidr::parse("10.42.0.0/24").value(), Cidr::parse("10.43.0.0/16").value(),
                         *parse_ipv4("10.43.0.10")};
  CHECK(machine_commands(options, {}) ==
        "link add name slipway0 address 02:00:0a:2a:00:01 type bridge\n"
        "addr add 10.42.0.1/24 dev slipway0\n"
        "link set slipway0 up\n"
        "route replace 10.43.0.0/16 dev slipway0 src 10.42.0.1\n"
        "addr add 10.43.0.10/32 dev lo label lo:slipway scope host\n");
  std::string always = "link set slipway0 up\nroute replace 10.43.0.0/16 dev slipway0 src 10.42.0.1\n";
  CHECK(machine_commands(options, {true, "10.42.0.1/24", "10.43.0.10"}) == always);
  CHECK(machine_commands(options, {true, "10.9.0.1/24", "10.8.0.10"}) ==
        "addr flush dev slipway0\naddr add 10.42.0.1/24 dev slipway0\n" + always +
            "addr del 10.8.0.10/32 dev lo\naddr add 10.43.0.10/32 dev lo label lo:slipway scope host\n");
}

TEST_CASE("what is missing of the bridge and the addresses is seen") {
  MachineOptions options{Cidr::parse("10.42.0.0/24").value(), Cidr::parse("10.43.0.0/16").value(),
                         *parse_ipv4("10.43.0.10")};
  CHECK(is_set_up(options, {true, "10.42.0.1/24", "10.43.0.10", true}));
  CHECK_FALSE(is_set_up(options, {}));
  CHECK_FALSE(is_set_up(options, {true, "", "10.43.0.10", true}));
  CHECK_FALSE(is_set_up(options, {true, "10.42.0.1/24", "", true}));
  CHECK_FALSE(is_set_up(options, {true, "10.42.0.1/24", "10.43.0.10", false}));
}

TEST_CASE("the machine's state is read from what ip tells") {
  auto state = read_machine_state(
      R"([{"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"label":"lo"},
          {"family":"inet","local":"10.43.0.10","prefixlen":32,"label":"lo:slipway"}]},{},
          {"ifname":"slipway0","flags":["BROADCAST","UP"],"addr_info":[{"family":"inet6","local":"fe80::1","prefixlen":64},
          {"family":"inet","local":"10.42.0.1","prefixlen":24,"label":"slipway0"}]}])");
  REQUIRE(state.has_value());
  CHECK(state->bridge);
  CHECK(state->gateway == "10.42.0.1/24");
  CHECK(state->dns_address == "10.43.0.10");
  CHECK(state->up);
  CHECK_FALSE(read_machine_state("[{").has_value());
}

TEST_CASE("ranges of addresses") {
  auto check = [](std::string_view text, std::string_view expected) {
    auto range = Cidr::parse(text);
    CHECK_MESSAGE((range ? range->str() : "refused") == expected, text);
  };
  check("10.42.0.7/24", "10.42.0.0/24");
  check("0.0.0.0/0", "0.0.0.0/0");
  for (auto bad : {"", "10.42.0.0", "10.42.0.0/33", "10.42.0/24", "10.42.0.256/24", "10.042.0.0/24", "fd00::/64", "/8",
                   "10.42.0.0/-1", "10.42.0.0/8/8"})
    check(bad, "refused");
  Cidr range = Cidr::parse("10.42.0.0/24").value();
  CHECK(range.contains(*parse_ipv4("10.42.0.255")));
  CHECK_FALSE(range.contains(*parse_ipv4("10.42.1.0")));
  CHECK_FALSE(range.contains(*parse_ipv4("10.41.255.255")));
}

TEST_CASE("the CNI list names our bridge, our range and our folder") {
  Value list = value::parse_json(cni_configuration(Cidr::parse("10.42.0.0/24").value(), "/data/cni/addresses")).value();
  const Value& bridge = list["plugins"][0];
  CHECK(list["plugins"].size() == 1);
  CHECK(bridge["bridge"].str() == "slipway0");
  CHECK(bridge["hairpinMode"].as_bool());
  CHECK_FALSE(bridge["ipMasq"].as_bool(true));
  CHECK(bridge["ipam"]["dataDir"].str() == "/data/cni/addresses");
  CHECK(bridge["ipam"]["ranges"][0][0]["subnet"].str() == "10.42.0.0/24");
}

}  // namespace slipway::network
