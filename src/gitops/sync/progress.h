// How far an operation has come, and what is next (reference/gitops.md 4.3). Pure: the engine gathers what lives, asks
// next_step(), does it, and asks again at the next change.
#pragma once

#include <string>
#include <vector>

#include "gitops/sync/results.h"

namespace slipway::gitops {

struct Step {
  enum class What { wait, run, finish };
  What what = What::wait;
  std::vector<size_t> tasks;  // run: these, one phase and wave
  bool is_last = false;       // run: nothing is left after it
  bool succeeded = false;     // finish
  std::string message;        // wait, finish
};
// Looks at the live objects of what runs and settles it in `results`.
void observe(const std::vector<SyncTask>& tasks, TaskResults& results);
Step next_step(const std::vector<SyncTask>& tasks, const TaskResults& results, const SyncRequest& request);

// "waiting for healthy state of /ConfigMap/a and 1 more resources"
std::string waiting_for(const std::vector<const SyncTask*>& tasks);

// Tasks that cannot be done at all: kinds that the cluster does not know and that no CRD of this sync brings.
std::vector<TaskResult> invalid_tasks(const std::vector<SyncTask>& tasks, const SyncRequest& request,
                                      const kinds::Catalog& catalog);

}  // namespace slipway::gitops
