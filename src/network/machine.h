// What stands on the machine besides the rules: the bridge of the pods, the address of cluster DNS, forwarding.
//
//   slipway0    the bridge, with the pods' gateway address and a fixed MAC (a bridge otherwise takes the lowest of its
//               ports', so that pods that come and go would change what the others have learned). A route leads the
//               range of services there, so that programs of the host have a way to ClusterIPs, and an address that
//               pods can answer to, also on a machine without a default route.
//   lo:slipway  a label on the loopback interface under which the address of cluster DNS stands: local to the host, and
//               reachable for pods through their gateway, before the first pod and without translation.
#pragma once

#include <string>

#include "network/cidr.h"
#include "runtime/world.h"

namespace slipway::network {

struct MachineOptions {
  Cidr pods, services;
  uint32_t dns_address = 0;
};

// What is there, as `ip -j addr` told.
struct MachineState {
  bool bridge = false;
  std::string gateway;      // "10.42.0.1/24"; empty: none
  std::string dns_address;  // under our label; empty: none
};
Result<MachineState> read_machine_state(std::string_view ip_json);

// The commands for `ip -batch -` that lead from there to what is wanted; idempotent. Pure.
std::string machine_commands(const MachineOptions& options, const MachineState& now);

// Errors: not_found (names the Debian package), forbidden (needs root), io.
Task<Result<MachineState>> machine_state(World& world);
Task<Result<>> set_up_machine(World& world, MachineOptions options);
// Takes the rules, the address and the bridge away. Forwarding stays on: others may rely on it by now.
Task<Result<>> clear_machine(World& world);

// Loads a document into the kernel: `nft -j -f -`.
Task<Result<>> load_rules(World& world, std::string document);
// Base chains of other tables that drop by default what pods need (forward, input): "ip filter FORWARD". Such a chain
// overrides our accepting. Empty when nft tells nothing.
Task<std::vector<std::string>> dropping_chains(World& world);

}  // namespace slipway::network
