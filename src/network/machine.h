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
  bool up = false;          // the bridge
};
Result<MachineState> read_machine_state(std::string_view ip_json);

// Is everything there that set_up_machine() makes by commands? (The route goes with the address and with `up`.)
bool is_set_up(const MachineOptions& options, const MachineState& now);

// The commands for `ip -batch -` that lead from there to what is wanted; idempotent. Pure.
std::string machine_commands(const MachineOptions& options, const MachineState& now);

// Errors: not_found (names the Debian package), forbidden (needs root), io.
Task<Result<MachineState>> machine_state(World& world);
Task<Result<>> set_up_machine(World& world, MachineOptions options);
// The settings of the kernel that pods and services need; a part of set_up_machine(). Cheap when they are as they
// should.
Result<> set_forwarding(World& world);
// Takes the rules, the address and the bridge away. Forwarding stays on: others may rely on it by now.
Task<Result<>> clear_machine(World& world);

// Loads a document into the kernel: `nft -j -f -`.
Task<Result<>> load_rules(World& world, std::string document);
// Is our table in the kernel? Does not read what is in it.
Task<Result<bool>> has_rules(World& world);
// Base chains of other tables that drop by default what pods need (forward, input): "ip filter FORWARD". Such a chain
// overrides our accepting. Empty when nft tells nothing.
Task<std::vector<std::string>> dropping_chains(World& world);

}  // namespace slipway::network
