// What a container finds in its environment: env, envFrom, references to the pod's own fields, to ConfigMaps and
// Secrets, the services' variables, and $(VAR) in values and commands. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "value/value.h"

namespace slipway::node {

// A ConfigMap or Secret ("ConfigMap", namespace, name); null when there is none.
using ObjectLookup = std::function<const Value*(std::string_view kind, std::string_view ns, std::string_view name)>;

struct NodeSize {
  int64_t cpu_milli = 0, memory_bytes = 0, ephemeral_bytes = 0;
};

struct EnvInputs {
  Value pod;
  Value container;
  ObjectLookup lookup;
  std::vector<Value> services;  // those of the pod's namespace, and default/kubernetes
  std::string node_name;
  std::vector<std::string> host_ips, pod_ips;
  NodeSize node;                              // what limits default to
  std::map<std::string, std::string> tokens;  // of the service account, by token_key()
};
using Environment = std::vector<std::pair<std::string, std::string>>;  // sorted by name

// Errors carry the kubelet's words and end in CreateContainerConfigError: `configmap "x" not found`,
// `couldn't find key k in Secret ns/x`.
Result<Environment> make_environment(const EnvInputs& in);

// $(NAME) becomes its value, $$ a dollar sign; unknown names stay as they are.
std::string expand(std::string_view text, const Environment& env);
std::vector<std::string> expand_each(const Value& list, const Environment& env);

// "metadata.labels['app']", "status.podIP", ...; invalid for what a pod has not.
Result<std::string> field_value(const EnvInputs& in, std::string_view path);
// {containerName, resource: "limits.memory", divisor: "1Mi"} of the pod
Result<std::string> resource_value(const EnvInputs& in, const Value& reference);

// X_SERVICE_HOST, X_SERVICE_PORT, X_PORT_80_TCP_ADDR, ... of each service.
Environment service_environment(const std::vector<Value>& services);

// A ConfigMap's or Secret's entry, decoded; nothing when it has no such key.
std::optional<std::string> entry_of(const Value& object, std::string_view key);

}  // namespace slipway::node
