// One wave done: prunes, hooks that make room, then objects kind by kind (reference/gitops.md 4.2, 4.5, 4.6).
#pragma once

#include <functional>

#include "gitops/sync/apply.h"
#include "gitops/sync/progress.h"

namespace slipway::gitops {

// What the caller learns of each write, before any watch tells it; `object` null: it is gone. `revision`: of the write.
using WroteObject = std::function<void(const cluster::ObjectKey& key, const Value& object)>;

struct WaveOutcome {
  std::vector<TaskResult> results;
  bool pending = false;  // old hooks are going first: the rest of the wave comes again
};
Task<WaveOutcome> run_wave(cluster::Cluster& cluster, std::vector<SyncTask> tasks, SyncRequest request,
                           WroteObject wrote);

// Everything that the cluster would refuse, before the first object is changed; the bad ones. `all`: the whole sync,
// `tasks` those to check. Objects whose kind or namespace this very sync brings are checked by their tables alone.
Task<std::vector<TaskResult>> dry_run(cluster::Cluster& cluster, std::vector<SyncTask> tasks, SyncRequest request);

// Deletes hooks that their policy does not keep after the end of an operation.
Task<void> delete_ended_hooks(cluster::Cluster& cluster, std::vector<SyncTask> tasks, bool succeeded,
                              WroteObject wrote);

}  // namespace slipway::gitops
