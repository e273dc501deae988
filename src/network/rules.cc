// One table, changed in single transactions: what is in the kernel is always what some moment of the cluster asked for.
// The first transaction replaces everything, later ones carry what differs; when one fails, everything is replaced
// again, so there is no state of ours to repair. Packets find their service by one lookup in a verdict map, whatever
// the number of services; only the first packet of a connection does, the rest is connection tracking.
//
//   prerouting, output:  services            vmap  destination . protocol . port  -> chain of the service's port
//                        to an own address:  node_ports  vmap  protocol . port    -> the same, for NodePort and
//                        hostPort
//   chain of a port:     dnat to one of its endpoints, by chance, or by a hash of the client (affinity ClientIP)
//   forward, output:     what is still addressed to the service range was translated by nobody: refused at once
//   postrouting:         masquerading, see below
//
// Why translated traffic within the pod range is masqueraded: pods share one bridge. The request of pod A to a service
// goes through the host, which sends it on to pod B. B's answer to A would go straight over the bridge, past the host's
// connection tracking (unless br_netfilter happens to be loaded), and A would meet an answer from an address that it
// never asked. With the gateway as source the answer comes back to the host and is translated back. The same lets a pod
// reach itself (hairpin). The price: behind a service a pod sees the gateway, not its client.
//
// Affinity ClientIP hashes the client's address over the ready endpoints: it needs no state that a replaced table would
// lose, and ends when the set of endpoints changes; timeoutSeconds has no effect.
#include "network/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "kinds/object.h"
#include "network/cni.h"
#include "value/json.h"

namespace slipway::network {

// A Ruleset in the making.
struct Document {
  using Where = Ruleset::Where;
  std::vector<Value> chains, rules;  // of the frame, in the order in which nft wants them: a chain before it is named
  Ruleset made;
  std::map<std::string, std::vector<Value>>& service_chains() { return made.chains_; }
  std::map<Where, std::string>& elements() { return made.elements_; }
  std::vector<Value>& frame() { return made.frame_; }
  std::vector<std::string>* problems;

  void problem(std::string text) {
    if (problems) problems->push_back(std::move(text));
  }
};

namespace {

using Where = Document::Where;

struct Endpoint {
  uint32_t address;
  int64_t port;
  auto operator<=>(const Endpoint&) const = default;
};
// ---- nft's JSON words (libnftables-json(5)) ----

Value command(std::string_view verb, std::string_view what, Value body) {
  body = body.with_member("family", "ip");
  body = body.with_member(what == "table" ? "name" : "table", table_name);
  return Value{{value::Key(verb), Value{{value::Key(what), std::move(body)}}}};
}
Value chain(std::string_view name) {
  return command("add", "chain", Value{{"name", name}});
}
Value base_chain(std::string_view name, std::string_view type, std::string_view hook, int priority) {
  return command("add", "chain",
                 Value{{"name", name}, {"type", type}, {"hook", hook}, {"prio", priority}, {"policy", "accept"}});
}
Value ready_rule(std::string_view chain, Value expressions) {
  return command("add", "rule", Value{{"chain", chain}, {"expr", std::move(expressions)}});
}
Value rule(std::string_view chain, std::vector<Value> expressions) {
  return ready_rule(chain, Value::array(std::move(expressions)));
}
Value match(std::string_view op, Value left, Value right) {
  return Value{{"match", Value{{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}
Value payload(std::string_view protocol, std::string_view field) {
  return Value{{"payload", Value{{"protocol", protocol}, {"field", field}}}};
}
Value meta(std::string_view key) {
  return Value{{"meta", Value{{"key", key}}}};
}
Value prefix(const Cidr& range) {
  return Value{{"prefix", Value{{"addr", format_ipv4(range.base)}, {"len", range.bits}}}};
}
Value concat(std::vector<Value> parts) {
  return Value{{"concat", Value::array(std::move(parts))}};
}
Value set(std::vector<Value> items) {
  return Value{{"set", Value::array(std::move(items))}};
}
Value verdict(std::string_view word, std::string_view chain) {
  return Value{{value::Key(word), Value{{"target", chain}}}};
}
Value statement(std::string_view word) {
  return Value{{value::Key(word), Value()}};
}
Value is_dns(uint32_t address) {
  return match("==", payload("ip", "daddr"), format_ipv4(address));
}
Value is_translated() {
  return match("in", Value{{"ct", Value{{"key", "status"}}}}, "dnat");
}

// ---- the fixed part ----

void add_frame(Document& d, const RulesInput& input) {
  d.chains.push_back(chain("services"));
  // Loopback addresses are routable from the bridge (so that 127.0.0.1 reaches NodePorts, see machine.cc): nobody else
  // may use that. On the wire an honest packet carries the gateway's address, so whatever says 127/8 here is forged.
  d.chains.push_back(base_chain("guard", "filter", "prerouting", -300));
  for (std::string_view side : {"saddr", "daddr"}) {
    d.rules.push_back(
        rule("guard", {match("==", meta("iifname"), bridge_name),
                       match("==", payload("ip", side), prefix(Cidr{127u << 24, 8})), statement("drop")}));
  }
  for (std::string_view hook : {"prerouting", "output"}) {
    d.chains.push_back(base_chain(hook, "nat", hook, -100));
    d.rules.push_back(rule(hook, {verdict("jump", "services")}));
  }
  if (input.dns_address) d.rules.push_back(rule("services", {is_dns(*input.dns_address), statement("return")}));
  d.rules.push_back(
      rule("services",
           {Value{{"vmap", Value{{"key", concat({payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")})},
                                 {"data", "@services"}}}}}));
  d.rules.push_back(rule(
      "services",
      {match("==", Value{{"fib", Value{{"result", "type"}, {"flags", Value::array({Value("daddr")})}}}}, "local"),
       Value{{"vmap", Value{{"key", concat({meta("l4proto"), payload("th", "dport")})}, {"data", "@node_ports"}}}}}));

  // A service without ready endpoints has no element in the map, so its address is still the destination here.
  for (auto [name, hook] : {std::pair("refuse_forward", "forward"), std::pair("refuse_output", "output")}) {
    d.chains.push_back(base_chain(name, "filter", hook, 0));
    if (input.dns_address) d.rules.push_back(rule(name, {is_dns(*input.dns_address), statement("accept")}));
    Value to_service = match("==", payload("ip", "daddr"), prefix(input.services));
    d.rules.push_back(
        rule(name, {to_service, match("==", meta("l4proto"), "tcp"), Value{{"reject", Value{{"type", "tcp reset"}}}}}));
    d.rules.push_back(
        rule(name, {to_service, Value{{"reject", Value{{"type", "icmp"}, {"expr", "port-unreachable"}}}}}));
  }

  d.chains.push_back(base_chain("postrouting", "nat", "postrouting", 100));
  Value from_pod = match("==", payload("ip", "saddr"), prefix(input.pods));
  Value leaves = match("!=", meta("oifname"), set({Value("lo"), Value(bridge_name)}));
  Value masquerade = statement("masquerade");
  Value to_bridge = match("==", meta("oifname"), bridge_name);
  d.rules.push_back(rule("postrouting", {is_translated(), from_pod, to_bridge, masquerade}));
  d.rules.push_back(rule("postrouting", {from_pod, leaves, masquerade}));
  // 127.0.0.1 means something else to the pod.
  d.rules.push_back(
      rule("postrouting", {match("==", payload("ip", "saddr"), prefix(Cidr{127u << 24, 8})), to_bridge, masquerade}));
  // Endpoints outside of this machine must answer to us, since only we can translate back.
  d.rules.push_back(rule("postrouting", {is_translated(),
                                         match("==", Value{{"ct", Value{{"key", "ip daddr"}, {"dir", "original"}}}},
                                               prefix(input.services)),
                                         leaves, masquerade}));
}

// ---- services ----

// The kernel takes 255 bytes; a pod's name may be 253 long.
std::string chain_name(std::string name) {
  if (name.size() <= 200) return name;
  return fmt::format("{}~{:016x}", name.substr(0, 180), std::hash<std::string>{}(name));
}

std::string protocol_of(const Value& port) {
  return base::to_lower(port["protocol"].as_string("TCP"));
}

// A slice, and the numbers of its ports by name and protocol: there may be thousands, and the service asks for each.
struct Slice {
  explicit Slice(const Value& slice) : object(slice) {
    for (const Value& p : object["ports"].items()) ports[{p["name"].str(), protocol_of(p)}] = p["port"].as_int();
  }
  const Value& object;
  std::map<std::pair<std::string, std::string>, int64_t> ports;
};

// The endpoints that get this port's new connections: the ready ones, or, when there are none, those that still serve
// while they end (a rollout of one replica then refuses nobody).
std::vector<Endpoint> endpoints_of(const std::vector<Slice>& slices, const Value& port) {
  std::vector<Endpoint> ready, ending;
  for (const Slice& slice : slices) {
    auto found = slice.ports.find({port["name"].str(), protocol_of(port)});
    int64_t number = found == slice.ports.end() ? 0 : found->second;
    if (number < 1 || number > 65535) continue;
    for (const Value& endpoint : slice.object["endpoints"].items()) {
      auto address = parse_ipv4(endpoint["addresses"][0].as_string());
      if (!address) continue;
      const Value& conditions = endpoint["conditions"];
      if (conditions["ready"].as_bool(true)) {
        ready.push_back({*address, number});
      } else if (conditions["serving"].as_bool(false) && conditions["terminating"].as_bool(false)) {
        ending.push_back({*address, number});
      }
    }
  }
  auto& chosen = ready.empty() ? ending : ready;
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

Value translate(const std::vector<Endpoint>& to, bool by_client) {
  if (to.size() == 1) return Value{{"dnat", Value{{"addr", format_ipv4(to[0].address)}, {"port", to[0].port}}}};
  std::vector<Value> choices;
  for (size_t i = 0; i < to.size(); ++i) {
    choices.push_back(Value::array({Value(static_cast<int64_t>(i)), concat({format_ipv4(to[i].address), to[i].port})}));
  }
  Value count(static_cast<int64_t>(to.size()));
  Value key = by_client ? Value{{"jhash", Value{{"mod", count}, {"seed", 1}, {"expr", payload("ip", "saddr")}}}}
                        : Value{{"numgen", Value{{"mode", "random"}, {"mod", count}, {"offset", 0}}}};
  Value choice{{"map", Value{{"key", key}, {"data", set(std::move(choices))}}}};
  return Value{{"dnat", Value{{"family", "ip"}, {"addr", choice}}}};
}

// Sends what arrives at `where` to `target`. Two elements of one key would refuse the whole transaction, so the first
// owner keeps it.
void direct(Document& d, Where where, const std::string& target) {
  auto [owner, is_new] = d.elements().emplace(where, target);
  auto& [address, protocol, port] = where;
  if (!is_new) {
    d.problem(fmt::format("{}: {} port {}{}{} is taken by {}", target, protocol, port, address ? " of " : "",
                          address ? format_ipv4(address) : "", owner->second));
  }
}

void direct(Document& d, const Value& address, const Value& port, const std::string& target) {
  if (auto number = parse_ipv4(address.as_string())) {
    direct(d, Where{*number, protocol_of(port), port["port"].as_int()}, target);
  } else {
    d.problem(fmt::format("{}: address {} is not IPv4: left out", target, address.as_string()));
  }
}

// loadBalancerSourceRanges guard the balancer's addresses alone, so those come in by a chain of their own.
std::string guarded(Document& d, const Value& service, const std::string& target) {
  std::vector<Value> ranges;
  for (const Value& text : service["spec"]["loadBalancerSourceRanges"].items()) {
    auto range = Cidr::parse(base::trim(text.as_string()));
    if (range) ranges.push_back(prefix(*range));
  }
  if (service["spec"]["loadBalancerSourceRanges"].empty()) return target;
  std::string name = "from_" + target;
  std::vector<Value>& rules = d.service_chains()[name];
  // one rule a range: ranges that overlap are refused in one set; none: all of them are IPv6, so nobody may
  for (Value& range : ranges)
    rules.push_back(Value::array({match("==", payload("ip", "saddr"), std::move(range)), verdict("goto", target)}));
  rules.push_back(Value::array({statement("drop")}));
  return name;
}

void add_service(Document& d, const RulesInput& input, const Value& service, const std::vector<const Value*>& slices) {
  const Value& spec = service["spec"];
  std::string cluster_ip = spec["clusterIP"].str();
  if (spec["type"].as_string() == "ExternalName" || cluster_ip.empty() || cluster_ip == "None") return;
  if (input.dns_address && parse_ipv4(cluster_ip) == input.dns_address) return;
  bool by_client = spec["sessionAffinity"].as_string() == "ClientIP";
  std::vector<Slice> indexed;
  for (const Value* slice : slices) indexed.emplace_back(*slice);
  for (const Value& port : spec["ports"].items()) {
    std::vector<Endpoint> endpoints = endpoints_of(indexed, port);
    if (endpoints.empty()) continue;
    std::string name = chain_name(fmt::format("service/{}/{}/{}/{}", kinds::namespace_of(service),
                                              kinds::name_of(service), port["port"].as_int(), protocol_of(port)));
    d.service_chains()[name] = {
        Value::array({match("==", meta("l4proto"), protocol_of(port)), translate(endpoints, by_client)})};

    direct(d, spec["clusterIP"], port, name);
    for (const Value& address : spec["externalIPs"].items()) direct(d, address, port, name);
    const Value& balancer = service["status"]["loadBalancer"]["ingress"];
    std::string entry = balancer.empty() ? name : guarded(d, service, name);
    for (const Value& ingress : balancer.items()) {
      if (ingress.has("ip")) direct(d, ingress["ip"], port, entry);
    }
    if (int64_t node_port = port["nodePort"].as_int(); node_port > 0) {
      direct(d, Where{0, protocol_of(port), node_port}, name);
    }
  }
}

// ---- host ports ----

void add_host_ports(Document& d, const Value& pod) {
  auto phase = pod["status"]["phase"].as_string();
  auto address = parse_ipv4(pod["status"]["podIP"].as_string());
  if (!address || phase == "Succeeded" || phase == "Failed" || pod["spec"]["hostNetwork"].as_bool()) return;
  for (auto containers : {"containers", "initContainers"}) {
    for (const Value& container : pod["spec"][containers].items()) {
      for (const Value& port : container["ports"].items()) {
        int64_t host_port = port["hostPort"].as_int();
        if (host_port <= 0) continue;
        std::string name =
            fmt::format("pod/{}/{}/{}/{}", kinds::namespace_of(pod), kinds::name_of(pod), host_port, protocol_of(port));
        std::string host_ip = port["hostIP"].str("0.0.0.0");
        auto at = parse_ipv4(host_ip.empty() ? "0.0.0.0" : host_ip);
        if (!at) {
          d.problem(fmt::format("{}: address {} is not IPv4: left out", name, host_ip));
          continue;
        }
        name = chain_name(*at ? name + "/" + host_ip : name);
        Where where{*at, protocol_of(port), host_port};
        if (!d.elements().contains(where)) {
          d.service_chains()[name] = {Value::array({match("==", meta("l4proto"), protocol_of(port)),
                                                    translate({{*address, port["containerPort"].as_int()}}, false)})};
        }
        direct(d, where, name);
      }
    }
  }
}

// The elements of both maps, as one command each.
void push_elements(std::vector<Value>& commands, std::string_view verb, const std::map<Where, std::string>& elements) {
  for (bool with_address : {true, false}) {
    ArrayBuilder list;
    for (const auto& [where, target] : elements) {
      const auto& [address, protocol, port] = where;
      if ((address != 0) != with_address) continue;
      Value key = with_address ? concat({format_ipv4(address), protocol, port}) : concat({protocol, port});
      list.push(Value::array({key, verdict("goto", target)}));
    }
    if (list.size() == 0) continue;
    commands.push_back(
        command(verb, "element", Value{{"name", with_address ? "services" : "node_ports"}, {"elem", list.build()}}));
  }
}

std::string text_of(std::vector<Value> commands) {
  return value::to_json(Value{{"nftables", Value::array(std::move(commands))}});
}

// Whatever is there goes away: add before delete, so that deleting never fails.
std::vector<Value> nothing() {
  return {command("add", "table", Value::object()), command("delete", "table", Value::object())};
}

}  // namespace

Ruleset Ruleset::of(const RulesInput& input, std::vector<std::string>* problems) {
  Document d{.problems = problems};
  add_frame(d, input);
  std::map<std::pair<std::string_view, std::string_view>, std::vector<const Value*>> slices;
  for (const Value& slice : input.endpoint_slices) {
    if (slice["addressType"].as_string("IPv4") != "IPv4") continue;
    slices[{kinds::namespace_of(slice), slice["metadata"]["labels"]["kubernetes.io/service-name"].as_string()}]
        .push_back(&slice);
  }
  for (const Value& service : input.service_objects) {
    auto found = slices.find({kinds::namespace_of(service), kinds::name_of(service)});
    if (found != slices.end()) add_service(d, input, service, found->second);
  }
  for (const Value& pod : input.pod_objects) add_host_ports(d, pod);

  std::vector<Value>& frame = d.frame();
  frame.push_back(command("add", "table", Value::object()));
  auto types = [](std::initializer_list<Value> names) { return Value::array(names); };
  frame.push_back(command(
      "add", "map",
      Value{{"name", "services"}, {"type", types({"ipv4_addr", "inet_proto", "inet_service"})}, {"map", "verdict"}}));
  frame.push_back(
      command("add", "map",
              Value{{"name", "node_ports"}, {"type", types({"inet_proto", "inet_service"})}, {"map", "verdict"}}));
  frame.insert(frame.end(), d.chains.begin(), d.chains.end());
  frame.insert(frame.end(), d.rules.begin(), d.rules.end());
  return std::move(d.made);
}

std::string Ruleset::document() const {
  std::vector<Value> commands = nothing();
  commands.insert(commands.end(), frame_.begin(), frame_.end());
  for (const auto& [name, rules] : chains_) commands.push_back(chain(name));
  for (const auto& [name, rules] : chains_) {
    for (const Value& expressions : rules) commands.push_back(ready_rule(name, expressions));
  }
  push_elements(commands, "add", elements_);
  return text_of(std::move(commands));
}

std::string Ruleset::changes_from(const Ruleset& loaded) const {
  if (frame_ != loaded.frame_) return document();
  std::vector<Value> commands, rules, removals;
  for (const auto& [name, expressions] : chains_) {
    auto before = loaded.chains_.find(name);
    if (before != loaded.chains_.end() && before->second == expressions) continue;
    commands.push_back(before == loaded.chains_.end() ? chain(name) : command("flush", "chain", Value{{"name", name}}));
    for (const Value& one : expressions) rules.push_back(ready_rule(name, one));
  }
  for (const auto& [name, expressions] : loaded.chains_) {
    if (chains_.contains(name)) continue;
    commands.push_back(command("flush", "chain", Value{{"name", name}}));  // it may name another one that goes, too
    removals.push_back(command("delete", "chain", Value{{"name", name}}));
  }
  auto missing_in = [](const auto& all, const auto& others) {
    std::map<Where, std::string> missing;
    for (const auto& [where, target] : all) {
      auto other = others.find(where);
      if (other == others.end() || other->second != target) missing.emplace(where, target);
    }
    return missing;
  };
  push_elements(commands, "delete", missing_in(loaded.elements_, elements_));
  commands.insert(commands.end(), rules.begin(), rules.end());
  push_elements(commands, "add", missing_in(elements_, loaded.elements_));
  commands.insert(commands.end(), removals.begin(), removals.end());
  return commands.empty() ? std::string() : text_of(std::move(commands));
}

std::string empty_ruleset() {
  return text_of(nothing());
}

}  // namespace slipway::network
