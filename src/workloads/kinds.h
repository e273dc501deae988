// The kinds that the workload controllers read and write.
#pragma once

#include "cluster/cluster.h"

namespace slipway::workloads {

inline const cluster::GroupVersionKind pod_kind{"", "v1", "Pod"};
inline const cluster::GroupVersionKind node_kind{"", "v1", "Node"};
inline const cluster::GroupVersionKind service_kind{"", "v1", "Service"};
inline const cluster::GroupVersionKind namespace_kind{"", "v1", "Namespace"};
inline const cluster::GroupVersionKind config_map_kind{"", "v1", "ConfigMap"};
inline const cluster::GroupVersionKind service_account_kind{"", "v1", "ServiceAccount"};
inline const cluster::GroupVersionKind endpoints_kind{"", "v1", "Endpoints"};
inline const cluster::GroupVersionKind endpoint_slice_kind{"discovery.k8s.io", "v1", "EndpointSlice"};
inline const cluster::GroupVersionKind replica_set_kind{"apps", "v1", "ReplicaSet"};
inline const cluster::GroupVersionKind deployment_kind{"apps", "v1", "Deployment"};

}  // namespace slipway::workloads
