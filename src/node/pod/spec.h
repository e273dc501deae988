// Reading a Pod as the node needs it: which containers there are, in which order, and what is asked of each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "value/value.h"

namespace slipway::node::pod {

enum class Role { init, sidecar, main };  // sidecar: an init container with restartPolicy Always
struct ContainerSpec {
  const Value* spec = nullptr;  // in the pod
  Role role = Role::main;
  std::string_view name() const { return (*spec)["name"].as_string(); }
};
// Init containers and sidecars in order, then the main ones. The pod must outlive the list.
std::vector<ContainerSpec> containers_of(const Value& pod);

enum class RestartPolicy { always, on_failure, never };
RestartPolicy restart_policy(const Value& pod);
// Whether a container that ended with `exit_code` is started again (the container's own policy first).
bool restarts_after(const Value& pod, const ContainerSpec& container, int exit_code);

bool is_deleted(const Value& pod);   // deletionTimestamp is set
bool is_terminal(const Value& pod);  // phase Succeeded or Failed
bool on_host_network(const Value& pod);
std::string describe(const Value& pod);  // "web-0_shop(6f1c...)", as in the kubelet's messages

// How long the pod has to end: deletionGracePeriodSeconds, else terminationGracePeriodSeconds, else 30 s.
Duration grace_period(const Value& pod);

// Changes when a container must be made anew: of its specification without what the kubelet leaves out too (resources
// and the image of a running one are exchanged by restarting it).
std::string container_hash(const Value& container);

// Guaranteed, Burstable or BestEffort: as the status says, which never changes; before it does, kinds::quality_of.
std::string qos_class(const Value& pod);

}  // namespace slipway::node::pod
