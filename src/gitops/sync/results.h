// What became of each task of an operation.
#pragma once

#include <string>
#include <unordered_map>
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

// One for each object and phase, in the order in which they came. Finding one costs the same however many there are.
class TaskResults {
 public:
  const TaskResult* of(const SyncTask& task) const;  // null: nothing yet
  TaskResult* of(const SyncTask& task);              // its object and phase must stay as they are
  // Takes the place of an earlier result of the same object and phase, or comes last.
  void set(TaskResult result);
  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  const TaskResult& operator[](size_t i) const { return list_[i]; }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  std::vector<TaskResult> list_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace slipway::gitops
