#include "cluster/embedded/service_addresses.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::cluster {

namespace {

std::optional<uint32_t> parse_address(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::string address_text(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

template <class T>
bool contains(const std::vector<T>& all, T one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string owner_of(const Value& service) {
  return fmt::format("{}/{}", kinds::namespace_of(service), kinds::name_of(service));
}

std::string_view type_of(const Value& service) {
  return service["spec"]["type"].as_string("ClusterIP");
}
bool has_address(const Value& service) {
  return type_of(service) != "ExternalName";
}
bool is_headless(const Value& service) {
  return service["spec"]["clusterIP"].as_string() == "None";
}
bool has_node_ports(const Value& service) {
  if (type_of(service) == "NodePort") return true;
  return type_of(service) == "LoadBalancer" && service["spec"]["allocateLoadBalancerNodePorts"].as_bool(true);
}
bool needs_health_port(const Value& service) {
  return type_of(service) == "LoadBalancer" && service["spec"]["externalTrafficPolicy"].as_string() == "Local";
}

Error invalid_service(const kinds::Kind& kind, const Value& service, std::string field, std::string why) {
  return kinds::invalid(kind, kinds::name_of(service), {{"FieldValueInvalid", std::move(why), std::move(field)}});
}

// The old Service's node ports, which its ports of the same protocol and number keep. A Service may have tens of
// thousands, so nobody walks them for each.
class FormerNodePorts {
 public:
  explicit FormerNodePorts(const Value& before) : before_(before) {
    for (const Value& old : before_["spec"]["ports"].items()) ports_.try_emplace(key_of(old), old["nodePort"].as_int());
  }
  int64_t of(const Value& port) const {
    auto found = ports_.find(key_of(port));
    return found == ports_.end() ? 0 : found->second;
  }

 private:
  using Key = std::pair<std::string_view, int64_t>;
  static Key key_of(const Value& port) { return {port["protocol"].as_string(), port["port"].as_int()}; }

  Value before_;  // the keys' texts lie in it
  std::map<Key, int64_t> ports_;
};

}  // namespace

Result<ServiceAddresses> ServiceAddresses::create(std::string_view cidr, uint16_t port_first, uint16_t port_last) {
  auto parts = base::split(cidr, '/');
  auto address = parse_address(std::string(parts[0]));
  auto bits = parts.size() == 2 ? base::parse_int(parts[1]) : std::nullopt;
  if (!address || !bits || *bits < 8 || *bits > 29) {
    return fail(ErrorKind::bad_request,
                "service CIDR \"{}\": expected an IPv4 range between /8 and /29, like 10.96.0.0/12", cidr);
  }
  if (port_first == 0 || port_first > port_last) {
    return fail(ErrorKind::bad_request, "node ports {}-{}: expected a range like 30000-32767", port_first, port_last);
  }
  ServiceAddresses made;
  made.size_ = 1u << (32 - *bits);
  made.base_ = *address & ~(made.size_ - 1);
  made.cidr_ = fmt::format("{}/{}", address_text(made.base_), *bits);
  made.port_first_ = port_first;
  made.port_last_ = port_last;
  return made;
}

Result<Value> ServiceAddresses::assign(const kinds::Kind& kind, Value service, const Value& before,
                                       runtime::Random& random, bool dry_run) {
  if (kind.id.kind != "Service" || !kind.id.group.empty()) return service;
  Value done = OR_RETURN(assign_address(kind, std::move(service), before, random, dry_run));
  done = OR_RETURN(assign_ports(kind, std::move(done), before, random));
  if (!dry_run) take(done);
  return done;
}

Result<Value> ServiceAddresses::assign_address(const kinds::Kind& kind, Value service, const Value& before,
                                               runtime::Random& random, bool dry_run) {
  Value spec = service["spec"];
  bool had = !before.is_null() && has_address(before) && !before["spec"]["clusterIP"].as_string().empty();
  std::string old = had ? before["spec"]["clusterIP"].str() : "";
  if (!has_address(service)) {
    // Becoming an ExternalName gives the address back, unless the client insists on another one (validation says no).
    if (spec["clusterIP"].as_string() == old) spec = spec.without_member("clusterIP").without_member("clusterIPs");
    for (auto member : {"ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"}) spec = spec.without_member(member);
    return service.with_member("spec", spec);
  }
  std::string wanted = spec["clusterIP"].str();
  if (wanted.empty() && spec["clusterIPs"].size() > 0) wanted = spec["clusterIPs"][0].str();
  if (wanted.empty() && had) wanted = old;
  if (had && wanted != old) {
    return invalid_service(kind, service, "spec.clusterIPs[0]",
                           fmt::format("Invalid value: [\"{}\"]: may not change once set", wanted));
  }
  if (wanted.empty()) {
    auto found = dry_run ? base_ : free_address(random);
    if (!found) {
      return fail(ErrorKind::internal, "failed to allocate a serviceIP: range {} is full", cidr_);
    }
    wanted = address_text(*found);
  } else if (wanted != "None" && !had) {
    auto refuse = [&](std::string why) {
      return invalid_service(kind, service, "spec.clusterIPs",
                             fmt::format("Invalid value: [\"{0}\"]: failed to allocate IP {0}: {1}", wanted, why));
    };
    auto address = parse_address(wanted);
    if (!address) {
      return invalid_service(
          kind, service, "spec.clusterIPs[0]",
          fmt::format("Invalid value: \"{}\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)", wanted));
    }
    if (*address <= base_ || *address >= base_ + size_ - 1) {
      return refuse("the provided network does not match the current range");
    }
    if (addresses_.contains(*address)) return refuse("provided IP is already allocated");
  }
  spec = spec.with_member("clusterIP", wanted);
  spec = spec.with_member("clusterIPs", Value::array({Value(wanted)}));
  if (spec["ipFamilies"].empty()) spec = spec.with_member("ipFamilies", Value::array({Value("IPv4")}));
  if (!spec.has("ipFamilyPolicy")) spec = spec.with_member("ipFamilyPolicy", "SingleStack");
  return service.with_member("spec", spec);
}

Result<Value> ServiceAddresses::assign_ports(const kinds::Kind& kind, Value service, const Value& before,
                                             runtime::Random& random) {
  Held old = held_by(before);
  FormerNodePorts former(before);
  std::vector<uint16_t> used;  // by this Service, so far
  auto check = [&](int64_t port, const std::string& field) -> Result<> {
    if (port < port_first_ || port > port_last_) {
      return invalid_service(
          kind, service, field,
          fmt::format("Invalid value: {}: provided port is not in the valid range. The range of valid "
                      "ports is {}-{}",
                      port, port_first_, port_last_));
    }
    bool own = contains(old.ports, static_cast<uint16_t>(port)) || contains(used, static_cast<uint16_t>(port));
    if (!own && ports_.contains(static_cast<uint16_t>(port))) {
      return invalid_service(kind, service, field,
                             fmt::format("Invalid value: {}: provided port is already allocated", port));
    }
    return {};
  };
  auto full = [&] { return Error(ErrorKind::internal, "failed to allocate a nodePort: range is full"); };

  bool wanted = has_node_ports(service), lasting = wanted || type_of(service) == "LoadBalancer";
  const auto ports = service["spec"]["ports"].items();
  ArrayBuilder done;
  // Ports that are named keep theirs before chance is asked, so that it cannot take them.
  for (size_t i = 0; i < ports.size(); ++i) {
    int64_t port = ports[i]["nodePort"].as_int();
    if (port == 0) port = former.of(ports[i]);
    if (port == 0 || !lasting) continue;
    OR_RETURN(check(port, fmt::format("spec.ports[{}].nodePort", i)));
    used.push_back(static_cast<uint16_t>(port));
  }
  std::map<int64_t, uint16_t> given;  // one number serves TCP and UDP of the same port
  for (const Value& port : ports) {
    if (!lasting) {
      done.push(port.without_member("nodePort"));
      continue;
    }
    int64_t number = port["nodePort"].as_int();
    if (number == 0) number = former.of(port);
    if (number == 0 && wanted) {
      auto twin = given.find(port["port"].as_int());
      auto found = twin != given.end() ? std::optional(twin->second) : free_port(random, used);
      if (!found) return full();
      number = *found;
      used.push_back(*found);
    }
    if (number != 0) given.emplace(port["port"].as_int(), static_cast<uint16_t>(number));
    done.push(number != 0 ? port.with_member("nodePort", number) : port.without_member("nodePort"));
  }
  if (!ports.empty()) service = service.with("/spec/ports", done.build());

  if (!needs_health_port(service)) return service.without("/spec/healthCheckNodePort");
  int64_t health = service["spec"]["healthCheckNodePort"].as_int();
  if (health == 0 && needs_health_port(before)) health = before["spec"]["healthCheckNodePort"].as_int();
  if (health == 0) {
    auto found = free_port(random, used);
    if (!found) return full();
    health = *found;
  }
  OR_RETURN(check(health, "spec.healthCheckNodePort"));
  return service.with("/spec/healthCheckNodePort", health);
}

// The lower part of the range is left to addresses that people choose (as Kubernetes does), until the rest is full.
std::optional<uint32_t> ServiceAddresses::free_address(runtime::Random& random) const {
  uint32_t usable = size_ - 2;
  uint32_t reserved = size_ < 64 ? 0 : std::clamp(size_ / 16, 16u, 256u);
  auto search = [&](uint32_t from, uint32_t count) -> std::optional<uint32_t> {
    if (count == 0) return std::nullopt;
    uint32_t start = static_cast<uint32_t>(random.below(count));
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t address = base_ + 1 + from + (start + i) % count;
      if (!addresses_.contains(address)) return address;
    }
    return std::nullopt;
  };
  auto found = search(reserved, usable - reserved);
  return found ? found : search(0, reserved);
}

std::optional<uint16_t> ServiceAddresses::free_port(runtime::Random& random,
                                                    const std::vector<uint16_t>& also_taken) const {
  uint32_t count = port_last_ - port_first_ + 1u, start = static_cast<uint32_t>(random.below(count));
  for (uint32_t i = 0; i < count; ++i) {
    auto port = static_cast<uint16_t>(port_first_ + (start + i) % count);
    if (!ports_.contains(port) && !contains(also_taken, port)) return port;
  }
  return std::nullopt;
}

ServiceAddresses::Held ServiceAddresses::held_by(const Value& service) {
  Held held;
  if (service.is_null()) return held;
  const Value& spec = service["spec"];
  if (has_address(service) && !is_headless(service)) {
    if (auto address = parse_address(spec["clusterIP"].str())) held.addresses.push_back(*address);
  }
  auto add = [&held](int64_t port) {
    if (port > 0 && !contains(held.ports, static_cast<uint16_t>(port))) {
      held.ports.push_back(static_cast<uint16_t>(port));
    }
  };
  for (const Value& port : spec["ports"].items()) add(port["nodePort"].as_int());
  add(spec["healthCheckNodePort"].as_int());
  return held;
}

void ServiceAddresses::take(const Value& service) {
  Held held = held_by(service);
  for (uint32_t address : held.addresses) addresses_.insert_or_assign(address, owner_of(service));
  for (uint16_t port : held.ports) ports_.insert_or_assign(port, owner_of(service));
}

void ServiceAddresses::release(const Value& service, const Value& kept) {
  if (service["kind"].as_string() != "Service" || service["apiVersion"].as_string() != "v1") return;
  Held held = held_by(service), stays = held_by(kept);
  std::string owner = owner_of(service);
  for (uint32_t address : held.addresses) {
    auto at = addresses_.find(address);
    if (at != addresses_.end() && at->second == owner && !contains(stays.addresses, address)) {
      addresses_.erase(at);
    }
  }
  for (uint16_t port : held.ports) {
    auto at = ports_.find(port);
    if (at != ports_.end() && at->second == owner && !contains(stays.ports, port)) ports_.erase(at);
  }
}

}  // namespace slipway::cluster
