// Services, their endpoints and host ports as one nftables ruleset. Pure: the same input gives the same text.
#pragma once

#include <optional>
#include <string>
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

// Replaces table `ip slipway` at once by what `input` asks for: a document for `nft -j -f -`. What cannot be expressed
// (IPv6, a port taken twice) is left out and told in `problems`, when given: one line each, naming the object.
std::string ruleset(const RulesInput& input, std::vector<std::string>* problems = nullptr);

// Takes the table away; nothing there is fine.
std::string empty_ruleset();

}  // namespace slipway::network
