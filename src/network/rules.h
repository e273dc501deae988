// Services, their endpoints and host ports as one nftables ruleset. Pure: the same input gives the same text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "network/cidr.h"
#include "value/value.h"

namespace slipway::network {

struct RulesInput {
  Cidr pods, services;  // the ranges of addresses
  // Cluster DNS: an address of this machine itself in the range of services. Whatever goes there is left alone.
  std::optional<uint32_t> dns_address;
  std::vector<Value> service_objects, endpoint_slices;
  std::vector<Value> pod_objects;  // only their hostPorts count; those without may be left out
};

inline constexpr std::string_view table_name = "slipway";

// What shall be in the kernel: table `ip slipway`, as documents for `nft -j -f -`, each one transaction. Immutable.
class Ruleset {
 public:
  // What cannot be expressed (IPv6, a port taken twice) is left out and told in `problems`, when given: one line each,
  // naming the object.
  static Ruleset of(const RulesInput& input, std::vector<std::string>* problems = nullptr);
  // Replaces the table at once, whatever is in it.
  std::string document() const;
  // Leads there from `loaded` by what differs; empty when nothing does. Fails as a whole where the kernel holds
  // something else than `loaded`.
  std::string changes_from(const Ruleset& loaded) const;

 private:
  friend struct Document;
  using Where = std::tuple<uint32_t, std::string, int64_t>;  // address (0: any of this machine), protocol, port
  std::vector<Value> frame_;                                 // commands: what does not depend on services
  std::map<std::string, std::vector<Value>> chains_;         // of services and host ports: the rules' expressions
  std::map<Where, std::string> elements_;                    // to the chain
};

// Takes the table away; nothing there is fine.
std::string empty_ruleset();

}  // namespace slipway::network
