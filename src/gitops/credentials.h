// How remote repositories are reached: what Argo CD keeps in its namespace, read from there at each use.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cluster/cluster.h"
#include "sources/repositories.h"

namespace slipway::gitops {

struct RepositoryAccess {
  std::vector<Value> secrets;  // of the namespace argocd; others than those of repositories do not matter
  Value known_hosts;           // the ConfigMap argocd-ssh-known-hosts-cm (key ssh_known_hosts), or null
  Value certificates;          // the ConfigMap argocd-tls-certs-cm (PEM by host name), or null
};
RepositoryAccess access_in(const cluster::Cache& cache);
// Errors: those of Cluster; not_found counts as nothing there.
Task<Result<RepositoryAccess>> read_access(cluster::Cluster& cluster);

// From Secrets with the label argocd.argoproj.io/secret-type=repository (of this URL: the one that names `project`,
// else one that names none; never another project's) or repo-creds (of the longest prefix, for all projects, as Argo CD
// has it; they fill in what the repository's own Secret leaves open). Nothing when nothing is said about the URL.
std::optional<sources::Credentials> credentials_for(const RepositoryAccess& access, std::string_view url,
                                                    std::string_view project);

// The URLs of Secrets of type repository that name the project: it may use them as if its sourceRepos had them.
std::vector<std::string> repositories_of_project(const std::vector<Value>& secrets, std::string_view project);

// Whether the object, null or not, is one of these.
bool is_about_access(const Value& object);

}  // namespace slipway::gitops
