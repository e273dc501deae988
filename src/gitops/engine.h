// The GitOps engine: Applications (argoproj.io/v1alpha1) are kept equal to what their repositories say. It holds a
// Cluster, never the store: embedded or remote alike. Source of semantics: Argo CD 3.x, reference/gitops.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconcile/reconcile.h"
#include "render/render.h"
#include "sources/repositories.h"

namespace slipway::gitops {

struct EngineOptions {
  std::string control_namespace = "argocd";  // Applications live here
  Duration poll_interval = 120s;             // of remote repositories
};

// `cache` must hold Applications and every kind that may be managed (needs() of the reconciler: all that can be
// watched).
std::unique_ptr<reconcile::Reconciler> make_application_reconciler(World& world, cluster::Cluster& cluster,
                                                                   reconcile::Cache& cache,
                                                                   sources::Repositories& repositories,
                                                                   reconcile::EventRecorder& events,
                                                                   EngineOptions options = {});

// What an Application comes to, without changing anything: for `slipway app diff` and `slipway diff`.
struct Difference {
  cluster::ObjectKey key;
  Value live, target;  // null: missing / not in Git any more; both normalized (defaults, ignored fields)
};
struct Comparison {
  sources::Commit commit;
  std::vector<Difference> differences;
  std::vector<std::string> warnings;
};
Task<Result<Comparison>> compare(World& world, cluster::Cluster& cluster, sources::Repositories& repositories,
                                 Value application);

// An Application for `slipway up REPO`: one source, automated sync with prune and self-heal.
Value application_for(std::string_view name, std::string_view repository, std::string_view path,
                      std::string_view revision, std::string_view control_namespace);

}  // namespace slipway::gitops
