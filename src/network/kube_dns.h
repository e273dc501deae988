// The objects by which clients find cluster DNS: Service, EndpointSlice and Endpoints kube-system/kube-dns.
#pragma once

#include <string>
#include <vector>

#include "cluster/cluster.h"

namespace slipway::network {

// Without a selector: no controller touches them. The endpoint is the service's own address, which is the truth: the
// server listens on it. Pure.
std::vector<Value> kube_dns_objects(const std::string& address);

// Writes what is missing or different; a Service of another address is made again. The namespace must be there.
Task<Result<>> make_kube_dns(cluster::Cluster& cluster, std::string address);

}  // namespace slipway::network
