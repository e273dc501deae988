// How remote repositories are reached: what Argo CD keeps in its namespace, read from there at each use.
#pragma once

#include <optional>
#include <string_view>

#include "cluster/cluster.h"
#include "sources/repositories.h"

namespace slipway::wiring {

// From Secrets with the label argocd.argoproj.io/secret-type=repository (of this URL) or repo-creds (of the longest
// prefix; they fill in what the repository's own Secret leaves open), the ConfigMap argocd-ssh-known-hosts-cm (key
// ssh_known_hosts) and the ConfigMap argocd-tls-certs-cm (PEM by host name). Nothing when none of them says anything.
std::optional<sources::Credentials> credentials_for(const cluster::Cache& cache, std::string_view url);

// Tells the repositories when any of these objects changes. They and the cache live as long as the cache runs.
void follow_credentials(cluster::Cache& cache, sources::Repositories& repositories);

}  // namespace slipway::wiring
