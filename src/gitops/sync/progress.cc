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

std::string reasons(const std::vector<TaskResult>& results) {
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

Step run_wave_of(const std::vector<SyncTask>& tasks, const std::vector<TaskResult>& results, size_t first) {
  Step step;
  step.what = Step::What::run;
  step.is_last = true;
  for (size_t i = first; i < tasks.size(); ++i) {
    if (result_of(results, tasks[i])) continue;
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

Step step_after_failure(const std::vector<SyncTask>& tasks, const std::vector<TaskResult>& results,
                        const std::vector<const SyncTask*>& running_hooks) {
  if (!running_hooks.empty()) return wait_for(running_hooks);
  bool has_fail_hooks = false;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].phase != Phase::sync_fail) continue;
    has_fail_hooks = true;
    if (!result_of(results, tasks[i])) return run_wave_of(tasks, results, i);
  }
  bool at_apply = false;
  for (const TaskResult& r : results) at_apply = at_apply || r.status == "SyncFailed";
  std::string_view what = at_apply && !has_fail_hooks ? "one or more objects failed to apply"
                                                      : "one or more synchronization tasks completed unsuccessfully";
  return finish(false, std::string(what) + reasons(results));
}

}  // namespace

Step next_step(const std::vector<SyncTask>& tasks, const std::vector<TaskResult>& results, const SyncRequest& request) {
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
    const TaskResult* result = result_of(results, task);
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
    if (task.phase == Phase::sync_fail || result_of(results, task)) continue;
    if (request.options.has("ApplyOutOfSyncOnly=true") && !task.modified && !task.hook.is_hook && !task.prune()) {
      continue;
    }
    if (!going.empty()) return wait_for(going);
    return run_wave_of(tasks, results, i);
  }
  return finish(true, "successfully synced (no more tasks)");
}

void observe(const std::vector<SyncTask>& tasks, std::vector<TaskResult>& results) {
  for (const SyncTask& task : tasks) {
    auto* result = const_cast<TaskResult*>(result_of(results, task));
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

const TaskResult* result_of(const std::vector<TaskResult>& results, const SyncTask& task) {
  for (const TaskResult& r : results) {
    if (r.phase == task.phase && same_object(r.key, task.key)) return &r;
  }
  return nullptr;
}

void set_result(std::vector<TaskResult>& results, TaskResult result) {
  for (TaskResult& r : results) {
    if (r.phase != result.phase || !same_object(r.key, result.key)) continue;
    r = std::move(result);
    return;
  }
  results.push_back(std::move(result));
}

bool skips_missing_kind(const SyncTask& task, const std::vector<SyncTask>& tasks, const SyncRequest& request) {
  std::string_view word = "SkipDryRunOnMissingResource=true";
  if (request.options.has(word) || SyncOptions::from_annotation(task.target).has(word)) return true;
  for (const SyncTask& other : tasks) {
    if (other.prune() || other.key.kind.kind != "CustomResourceDefinition") continue;
    const Value& spec = other.target["spec"];
    if (spec["group"].as_string() == task.key.kind.group && spec["names"]["kind"].as_string() == task.key.kind.kind) {
      return true;
    }
  }
  return false;
}

std::vector<TaskResult> invalid_tasks(const std::vector<SyncTask>& tasks, const SyncRequest& request,
                                      const kinds::Catalog& catalog) {
  std::vector<TaskResult> bad;
  for (const SyncTask& task : tasks) {
    if (task.prune() || task.kind || skips_missing_kind(task, tasks, request)) continue;
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

Value TaskResult::value() const {
  ObjectBuilder one;
  one.set("group", key.kind.group).set("version", key.kind.version).set("kind", key.kind.kind);
  one.set("namespace", key.ns).set("name", key.name);
  one.set_unless_empty("status", status).set_unless_empty("message", message);
  one.set_unless_empty("hookType", hook_type).set_unless_empty("hookPhase", hook_phase);
  one.set("syncPhase", to_string(phase));
  ArrayBuilder list;
  for (const std::string& image : images) list.push(image);
  if (list.size() > 0) one.set("images", list.build());
  return one.build();
}

TaskResult TaskResult::from(const Value& value) {
  TaskResult r;
  r.key = {{value["group"].str(), value["version"].str(), value["kind"].str()},
           value["namespace"].str(),
           value["name"].str()};
  for (Phase phase : {Phase::pre_sync, Phase::sync, Phase::post_sync, Phase::sync_fail}) {
    if (to_string(phase) == value["syncPhase"].as_string()) r.phase = phase;
  }
  r.status = value["status"].str();
  r.message = value["message"].str();
  r.hook_phase = value["hookPhase"].str();
  r.hook_type = value["hookType"].str();
  for (const Value& image : value["images"].items()) r.images.push_back(image.str());
  return r;
}

}  // namespace slipway::gitops
