// Service account tokens for projected volumes: asked from the cluster (the ServiceAccount's subresource `token`),
// bound to the pod, and asked anew when four fifths of their life are over, as the kubelet does.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/cluster.h"
#include "runtime/world.h"

namespace slipway::node {

struct ServiceToken {
  std::string token;
  WallTime refresh_at;
};
using ServiceTokens = std::map<std::string, ServiceToken>;  // by token_key()

std::string token_key(const Value& source);  // of a projected source's serviceAccountToken: audience and life

// Asks for the tokens of the pod's volumes that are missing or due. Errors: the cluster's, such as `serviceaccounts
// "x" not found` (the first; the others are asked for all the same); unsupported where the cluster hands out no tokens.
// An old token stays, and is due again in 10 s.
Task<Result<>> renew_tokens(World& world, cluster::Cluster& cluster, Value pod, ServiceTokens* tokens);

std::optional<WallTime> next_renewal(const ServiceTokens& tokens);

}  // namespace slipway::node
