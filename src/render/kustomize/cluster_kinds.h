// Which kinds kustomize knows to be cluster-scoped: those of Kubernetes 1.21 and two later ones, by exact version.
// Everything else counts as namespaced, which decides who gets metadata.namespace.
#pragma once

#include <string_view>

namespace slipway::render::kustomize {

// "rbac.authorization.k8s.io/v1 ClusterRole"
bool is_known_cluster_kind(std::string_view api_version, std::string_view kind);
// Older versions of kinds that have a schema there (and so merge keys), though our tables hold another version.
// Kinds of our tables that came after 1.21, and so have no schema there.
bool is_later_kind(std::string_view api_version, std::string_view kind);
bool is_known_older_version(std::string_view api_version, std::string_view kind);

}  // namespace slipway::render::kustomize
