// The GitOps side: repositories, the engine, the webhook endpoint. The same for an embedded and a remote cluster.
#pragma once

#include <functional>
#include <memory>

#include "apiserver/body.h"
#include "cluster/cluster.h"
#include "gitops/engine.h"
#include "runtime/http.h"
#include "slipway/wiring/options.h"
#include "sources/repositories.h"

namespace slipway::wiring {

// With the credentials that stand in the cluster; a change of them is noticed.
std::unique_ptr<sources::Repositories> make_repositories(World& world, const UpOptions& options, cluster::Cache& cache);

// The Application for the repository that was named on the command line; its name is the repository's. Written when it
// differs.
Task<Result<std::string>> apply_application(cluster::Cluster& cluster, UpOptions options);

// POST /api/webhook: a push event of a Git server makes the Applications of that repository look at once, as Argo CD's
// endpoint of the same path does. 503 until it is set.
class Webhook {
 public:
  std::function<Task<bool>(runtime::Exchange&)> handler();
  void set(cluster::Cache& cache, sources::Repositories& repositories) {
    cache_ = &cache;
    repositories_ = &repositories;
  }

 private:
  Task<bool> serve(runtime::Exchange& exchange);

  // Anybody may send here, without a name: little, and soon.
  apiserver::BodyReader bodies_{{.bytes_max = 1 << 20, .all_bytes_max = 16 << 20, .time_max = 10s}};
  cluster::Cache* cache_ = nullptr;
  sources::Repositories* repositories_ = nullptr;
};

}  // namespace slipway::wiring
