#include "gitops/sync/progress.h"

#include "base/text.h"

namespace slipway::gitops {

namespace {

std::string shown(const cluster::ObjectKey& key) {
  return fmt::format("{}/{}/{}", key.kind.group, key.kind.kind, key.name);
}

bool same_wave(const SyncTask& a, const SyncTask& b) {
  return a.phase == b.phase && a.wave == b.wave;
}

bool is_waited_for(const SyncTask& task, bool several_waves) {
  return task.hook.is_hook || several_waves;
}

std::string reasons(const TaskResults& results) {
  std::vector<std::string> texts;
  for (const TaskResult& r : results) {
    if (r.failed() && r.phase != Phase::sync_fail && !r.message.empty()) texts.push_back(r.message);
  }
  return texts.empty() ? "" : ", reason: " + base::join(texts, ",");
}

bool has_deletion(const Value& object) {
  return !object["metadata"]["deletionTimestamp"].is_null();
}

// Of the objects that wait, as the message names them; the first kind of waiting that there is.
Step wait_for(const std::vector<const SyncTask*>& waiting) {
  Step step;
  step.message = waiting_for(waiting);
  return step;
}

Step run_wave_of(const std::vector<SyncTask>& tasks, const TaskResults& results, size_t first) {
  Step step;
  step.what = Step::What::run;
  step.is_last = true;
  for (size_t i = first; i < tasks.size(); ++i) {
    if (results.of(tasks[i])) continue;
    if (same_wave(tasks[i], tasks[first])) {
      step.tasks.push_back(i);
    } else if (tasks[i].phase != Phase::sync_fail) {
      step.is_last = false;
    }
    if (tasks[i].hook.is_hook && same_wave(tasks[i], tasks[first])) step.is_last = false;
  }
  return step;
}

Step finish(bool succeeded, std::string message) {
  Step step;
  step.what = Step::What::finish;
  step.succeeded = succeeded;
  step.message = std::move(message);
  return step;
}

Step step_after_failure(const std::vector<SyncTask>& tasks, const TaskResults& results,
                        const std::vector<const SyncTask*>& running_hooks) {
  if (!running_hooks.empty()) return wait_for(running_hooks);
  bool has_fail_hooks = false;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].phase != Phase::sync_fail) continue;
    has_fail_hooks = true;
    if (!results.of(tasks[i])) return run_wave_of(tasks, results, i);
  }
  bool at_apply = false;
  for (const TaskResult& r : results) at_apply = at_apply || r.status == "SyncFailed";
  std::string_view what = at_apply && !has_fail_hooks ? "one or more objects failed to apply"
                                                      : "one or more synchronization tasks completed unsuccessfully";
  return finish(false, std::string(what) + reasons(results));
}

}  // namespace

Step next_step(const std::vector<SyncTask>& tasks, const TaskResults& results, const SyncRequest& request) {
  std::vector<const SyncTask*> running, running_hooks, going;
  // SyncFail hooks run only when something failed: they make no wave to wait between.
  const SyncTask *first = nullptr, *last = nullptr;
  for (const SyncTask& task : tasks) {
    if (task.phase == Phase::sync_fail) continue;
    if (!first) first = &task;
    last = &task;
  }
  bool several_waves = first && !same_wave(*first, *last);
  for (const SyncTask& task : tasks) {
    const TaskResult* result = results.of(task);
    if (!result) continue;
    if (result->running() && is_waited_for(task, several_waves)) running.push_back(&task);
    if (result->running() && task.hook.is_hook) running_hooks.push_back(&task);
    if (task.prune() && result->status == "Pruned" && has_deletion(task.live)) going.push_back(&task);
  }
  bool failed = false;
  for (const TaskResult& r : results) failed = failed || r.failed();
  if (failed) return step_after_failure(tasks, results, running_hooks);
  if (!running.empty()) return wait_for(running);

  for (size_t i = 0; i < tasks.size(); ++i) {
    const SyncTask& task = tasks[i];
    if (task.phase == Phase::sync_fail || results.of(task)) continue;
    if (request.options.has("ApplyOutOfSyncOnly=true") && !task.modified && !task.hook.is_hook && !task.prune()) {
      continue;
    }
    if (!going.empty()) return wait_for(going);
    return run_wave_of(tasks, results, i);
  }
  return finish(true, "successfully synced (no more tasks)");
}

void observe(const std::vector<SyncTask>& tasks, TaskResults& results) {
  for (const SyncTask& task : tasks) {
    TaskResult* result = results.of(task);
    if (!result || !result->running()) continue;
    auto settle = [&](bool well, std::string message) {
      result->hook_phase = well ? "Succeeded" : "Failed";
      if (task.hook.is_hook) result->status.clear();
      if (!message.empty()) result->message = std::move(message);
    };
    if (task.live.is_null()) {
      settle(false, fmt::format("Resource {} is missing, it might have been deleted", shown(task.key)));
      continue;
    }
    switch (task.health.status) {
      case HealthStatus::none:
        settle(true, task.hook.is_hook ? task.key.name + " created" : "");
        break;
      case HealthStatus::healthy:
        settle(true, task.health.message);
        break;
      case HealthStatus::degraded:
        settle(false, task.health.message.empty() ? shown(task.key) + " is degraded" : task.health.message);
        break;
      case HealthStatus::unknown:
        if (task.hook.is_hook) settle(false, task.health.message);
        break;
      case HealthStatus::suspended:
      case HealthStatus::progressing:
      case HealthStatus::missing:
        break;
    }
  }
}

std::string waiting_for(const std::vector<const SyncTask*>& tasks) {
  if (tasks.empty()) return "one or more tasks are running";
  const SyncTask& first = *tasks.front();
  std::string_view what = first.prune()        ? "deletion of"
                          : first.hook.is_hook ? "completion of hook"
                                               : "healthy state of";
  std::string text = fmt::format("waiting for {} {}", what, shown(first.key));
  if (tasks.size() > 1) {
    text += fmt::format(" and {} more {}", tasks.size() - 1, first.hook.is_hook ? "hooks" : "resources");
  }
  return text;
}

std::vector<TaskResult> invalid_tasks(const std::vector<SyncTask>& tasks, const SyncRequest& request,
                                      const kinds::Catalog& catalog) {
  std::vector<TaskResult> bad;
  Brought brought(tasks);
  std::string_view skip = "SkipDryRunOnMissingResource=true";
  for (const SyncTask& task : tasks) {
    if (task.prune() || task.kind || brought.kinds.contains({task.key.kind.group, task.key.kind.kind})) continue;
    // An unknown kind may be applied without a check.
    if (request.options.has(skip) || SyncOptions::from_annotation(task.target).has(skip)) continue;
    const auto& id = task.key.kind;
    const kinds::Kind* other = catalog.find_kind(id.group, id.kind);
    std::string message =
        other ? fmt::format(
                    "The Kubernetes API could not find version \"{}\" of {}/{} for requested resource {}/{}. "
                    "Version \"{}\" of {}/{} is installed on the destination cluster.",
                    id.version, id.group, id.kind, task.key.ns, task.key.name, other->id.version, id.group, id.kind)
              : fmt::format(
                    "The Kubernetes API could not find {}/{} for requested resource {}/{}. Make sure the "
                    "\"{}\" CRD is installed on the destination cluster.",
                    id.group, id.kind, task.key.ns, task.key.name, id.kind);
    bad.push_back({.key = task.key,
                   .phase = task.phase,
                   .status = "SyncFailed",
                   .message = std::move(message),
                   .hook_phase = "",
                   .hook_type = "",
                   .images = {}});
  }
  return bad;
}

}  // namespace slipway::gitops
