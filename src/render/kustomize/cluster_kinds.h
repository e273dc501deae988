// The kinds that kustomize has a schema of: those of Kubernetes 1.21, by exact version. The schema says which lists a
// strategic merge merges, and which kinds are cluster-scoped; everything else counts as namespaced, which decides who
// gets metadata.namespace.
#pragma once

#include <string_view>

namespace slipway::render::kustomize {

// "rbac.authorization.k8s.io/v1 ClusterRole"; also two later kinds that have no schema.
bool is_known_cluster_kind(std::string_view api_version, std::string_view kind);
bool has_builtin_schema(std::string_view api_version, std::string_view kind);

}  // namespace slipway::render::kustomize
