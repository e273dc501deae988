// What a sync has to do, in the order in which it is done (reference/gitops.md 4.2, 4.5). Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "gitops/compare/state.h"

namespace slipway::gitops {

struct SyncTask {
  Phase phase = Phase::sync;
  int64_t wave = 0;
  cluster::ObjectKey key;
  const kinds::Kind* kind = nullptr;
  Value target, live;  // target null: to be pruned
  Hook hook;
  Health health;                // of the live object
  bool modified = false;        // the live object differs, or is missing
  bool made_namespace = false;  // CreateNamespace=true: applied, but not tracked
  bool prune() const { return target.is_null(); }
};

// operation.sync and what the application says.
struct SyncRequest {
  bool prune = false, dry_run = false;
  bool skip_hooks = false;  // partial syncs, strategy "apply"
  SyncOptions options;
  Value resources;  // operation.sync.resources: only these; null: all
  std::string destination_ns, revision;
  WallTime started;
  Value namespace_metadata;      // spec.syncPolicy.managedNamespaceMetadata
  bool namespace_exists = true;  // of the destination
  static SyncRequest from(const Application& app, const Value& application, const Value& operation);
};
// What the tasks bring into the cluster, so that objects beside them may need it.
struct Brought {
  explicit Brought(const std::vector<SyncTask>& tasks);
  std::set<std::string_view> namespaces;
  std::set<std::pair<std::string_view, std::string_view>> kinds;  // group and kind, of CRDs
};

std::vector<SyncTask> plan_tasks(const State& state, const SyncRequest& request, const kinds::Catalog& catalog);

}  // namespace slipway::gitops
