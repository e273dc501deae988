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

// `cache` must hold every kind of the catalog that can be watched, in its preferred version, without Events: that is
// needs() of the reconciler. Objects of other kinds and versions are asked for one by one.
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

// Teaches a cluster that does not serve argoproj.io/v1alpha1 Application that kind (a CustomResourceDefinition), and
// makes the control namespace; nothing where both are there. Errors: those of Cluster::write; unavailable when the kind
// is not served in time.
Task<Result<>> ensure_application_kind(cluster::Cluster& cluster);

// The body of a push event (GitHub, GitLab, Gitea, Gogs, Bitbucket): Applications of that repository and ref are looked
// at now. Gives their names; none is fine. Errors: bad_request (no JSON, no repository), too_large. It does not check
// who sent it; all it can do is make us ask a repository that an Application names already.
Result<std::vector<std::string>> webhook(const cluster::Cache& cache, sources::Repositories& repositories,
                                         std::string_view body);

}  // namespace slipway::gitops
