// Requests and limits in the kernel's words, and where a pod's cgroup stands. Pure: v2 cannot be tried on every
// machine, so its paths and values are checked as data.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "node/containerd.h"
#include "node/env.h"
#include "node/pod_runtime.h"

namespace slipway::node {

struct CgroupLayout {
  CgroupDriver driver = CgroupDriver::cgroupfs;
  bool v2 = false;
  std::string root = "slipway";  // a name of our own, so that nothing of others is met and purge knows what is ours
};

// "/slipway/kubepods/burstable/pod<uid>", or "/slipway.slice/slipway-kubepods.slice/...-pod<uid_>.slice".
std::string pod_cgroup(const CgroupLayout& layout, const Value& pod);

LinuxResources container_resources(const CgroupLayout& layout, const Value& pod, const Value& container,
                                   const NodeSize& node);

// Files to write for the pod's own cgroup, in this order, after their directories were made: the sum of its containers'
// requests and limits, so that pods share the machine as asked. Empty with the systemd driver (systemd owns the tree).
std::vector<std::pair<std::string, std::string>> pod_cgroup_files(const CgroupLayout& layout, const Value& pod);

// Removes a cgroup of ours and those below it from every hierarchy; one that still holds a process stays. Not for the
// systemd driver, whose slices systemd removes.
void remove_cgroups(World& world, const std::string& path);

int64_t cpu_shares(int64_t milli);   // 2 to 262144
int64_t cpu_weight(int64_t shares);  // v2: 1 to 10000
// -997 (Guaranteed), 1000 (BestEffort), between by how much memory was requested.
int64_t oom_score_adj(const Value& pod, const Value& container, int64_t node_memory_bytes);

}  // namespace slipway::node
