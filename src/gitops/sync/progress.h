// How far an operation has come, and what is next (reference/gitops.md 4.3). Pure: the engine gathers what lives, asks
// next_step(), does it, and asks again at the next change.
#pragma once

#include <string>
#include <vector>

#include "gitops/sync/tasks.h"

namespace slipway::gitops {

// One line of operationState.syncResult.resources.
struct TaskResult {
  cluster::ObjectKey key;
  Phase phase = Phase::sync;
  std::string status;      // Synced, SyncFailed, Pruned, PruneSkipped; empty: a hook that has ended
  std::string message;     // "deployment.apps/web configured"
  std::string hook_phase;  // Running, Succeeded, Failed; of plain objects too
  std::string hook_type;   // PreSync; empty: no hook
  std::vector<std::string> images;
  bool running() const { return hook_phase == "Running"; }
  bool failed() const { return hook_phase == "Failed"; }
  Value value() const;
  static TaskResult from(const Value& value);
};

struct Step {
  enum class What { wait, run, finish };
  What what = What::wait;
  std::vector<size_t> tasks;  // run: these, one phase and wave
  bool is_last = false;       // run: nothing is left after it
  bool succeeded = false;     // finish
  std::string message;        // wait, finish
};
// Looks at the live objects of what runs and settles it in `results`.
void observe(const std::vector<SyncTask>& tasks, std::vector<TaskResult>& results);
Step next_step(const std::vector<SyncTask>& tasks, const std::vector<TaskResult>& results, const SyncRequest& request);

// "waiting for healthy state of /ConfigMap/a and 1 more resources"
std::string waiting_for(const std::vector<const SyncTask*>& tasks);

const TaskResult* result_of(const std::vector<TaskResult>& results, const SyncTask& task);
// Takes the place of an earlier result of the same object and phase, or comes last.
void set_result(std::vector<TaskResult>& results, TaskResult result);

// Tasks that cannot be done at all: kinds that the cluster does not know and that no CRD of this sync brings.
std::vector<TaskResult> invalid_tasks(const std::vector<SyncTask>& tasks, const SyncRequest& request,
                                      const kinds::Catalog& catalog);
// An unknown kind may be applied without a check: SkipDryRunOnMissingResource=true, or its CRD is in this sync.
bool skips_missing_kind(const SyncTask& task, const std::vector<SyncTask>& tasks, const SyncRequest& request);

}  // namespace slipway::gitops
