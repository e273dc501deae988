// Addresses for pods, services and names: a CNI bridge for containerd, ClusterIPs by nftables, cluster DNS. Everything
// it makes on the machine carries the name "slipway", and clear() takes exactly that away again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/cluster.h"
#include "runtime/world.h"

namespace slipway::network {

struct NetworkOptions {
  std::string cni_directory;  // the configuration list for containerd is written here
  std::string pod_cidr = "10.42.0.0/24", service_cidr = "10.43.0.0/16";
  std::string cluster_domain = "cluster.local";
  std::string dns_service_address;               // empty: the tenth of the service range
  std::string resolv_conf = "/etc/resolv.conf";  // upstream servers for other names
  Duration look_time = 60s;                      // how often run() looks whether others took away what it made
};

class Network {
 public:
  static std::unique_ptr<Network> create(World& world, cluster::Cluster& cluster, cluster::Cache& cache,
                                         NetworkOptions options);
  virtual ~Network() = default;
  // Writes the CNI configuration (before containerd starts), makes the service kube-system/kube-dns. Errors: not_found
  // (names the Debian package), forbidden (needs root).
  virtual Task<Result<>> prepare() = 0;
  // Keeps rules and names equal to services and endpoints until canceled, also when others take the rules or addresses
  // away (`systemctl restart nftables`, a network manager). Rules stay when it ends: traffic goes on.
  virtual Task<void> run() = 0;
  virtual std::string dns_address() const = 0;  // what pods write into resolv.conf
};

// The kinds that must be in the cache.
std::vector<cluster::GroupVersionKind> needs();

// Removes what run() and prepare() made: the nftables table, the bridge. Nothing there is fine.
Task<Result<>> clear(World& world);

}  // namespace slipway::network
