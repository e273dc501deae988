// The node agent: everything that happens to pods bound to this machine. One worker per pod runs gather, decide, act
// whenever the pod, a ConfigMap or Secret it uses, a container or a timer says so. Logs and the clock are looked at
// every ten seconds; nothing else polls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/cluster.h"
#include "node/cgroups.h"
#include "node/pod_runtime.h"
#include "node/streams.h"
#include "runtime/world.h"

namespace slipway::node {

struct NodeOptions {
  std::string name;                    // of the Node object, and in pods' spec.nodeName
  std::string hostname;                // empty: the name
  std::vector<std::string> addresses;  // internal ones, IPv4 first
  std::string data_directory;          // pods/ (volumes, hosts files, termination messages) is made below it
  std::string log_directory;           // empty: <data>/log/pods
  std::string pod_cidr;                // into the Node's spec; empty: none
  std::string cluster_dns;             // empty: pods use the machine's resolv.conf
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  CgroupLayout cgroups;
  StringMap labels;  // added to the Node's own
  int pods_max = 110;
  std::string version = "v1.35.0";  // nodeInfo.kubeletVersion
  Duration lease_period = 10s, status_period = 5min;
};

// Registers the Node, keeps its lease and status, and runs its pods until canceled. Containers go on when it ends: the
// next run adopts them by their labels. Pods that the runtime holds and the cluster does not know are ended.
class NodeAgent : public NodeStreams {
 public:
  static std::unique_ptr<NodeAgent> create(World& world, cluster::Cluster& cluster, PodRuntime& runtime,
                                           NodeOptions options);
  virtual Task<void> run() = 0;
  // What sandboxes of this node carry in kLabelOwner: the name and the data directory.
  static std::string owner(const NodeOptions& options);
  // Pods as they run here: for `slipway status` and tests.
  virtual size_t pod_count() const = 0;
};

// The Node object as it stands after registration. Pure but for `world` (/proc, time).
Value make_node(World& world, const NodeOptions& options, const RuntimeVersion& runtime,
                const RuntimeCondition& condition, const Value& before);
// The machine's size from /proc; a simulated World may have no /proc: then 4 CPUs and 8 GiB are told.
NodeSize read_node_size(World& world);

}  // namespace slipway::node
