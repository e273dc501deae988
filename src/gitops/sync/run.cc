#include "gitops/sync/run.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::gitops {

using cluster::Cluster;

namespace {

constexpr size_t at_once_max = 20;

TaskResult result_for(const SyncTask& task, std::string status, std::string hook_phase, std::string message) {
  TaskResult r;
  r.key = task.key;
  r.phase = task.phase;
  r.status = std::move(status);
  r.message = std::move(message);
  r.hook_phase = std::move(hook_phase);
  if (task.hook.is_hook) r.hook_type = to_string(task.phase);
  for (std::string image : images_of(task.target)) r.images.push_back(std::move(image));
  return r;
}

bool says(const SyncTask& task, const SyncRequest& request, std::string_view word) {
  return request.options.has(word) || SyncOptions::from_annotation(task.prune() ? task.live : task.target).has(word);
}

cluster::Propagation propagation_of(const SyncRequest& request) {
  auto word = request.options.value("PrunePropagationPolicy");
  if (word == "background") return cluster::Propagation::background;
  if (word == "orphan") return cluster::Propagation::orphan;
  return cluster::Propagation::foreground;
}

ApplyHow how_of(const SyncTask& task, const SyncRequest& request) {
  ApplyHow how;
  how.replace = says(task, request, "Replace=true") && !SyncOptions::from_annotation(task.target).has("Replace=false");
  how.force = says(task, request, "Force=true");
  how.validate = !says(task, request, "Validate=false");
  how.dry_run = request.dry_run;
  return how;
}

// Of several tasks that run beside one another: each writes its own place.
struct Doing {
  Cluster& cluster;
  const SyncRequest& request;
  const WroteObject& wrote;
  std::vector<TaskResult>& results;
};

Task<void> prune_one(Doing doing, SyncTask task, size_t place) {
  TaskResult& result = doing.results[place];
  std::string_view suffix = doing.request.dry_run ? " (dry run)" : "";
  if (says(task, doing.request, "Prune=false")) {
    result = result_for(task, "PruneSkipped", "Succeeded", "ignored (no prune)");
    co_return;
  }
  if (says(task, doing.request, "Prune=confirm")) {
    result = result_for(task, "PruneSkipped", "Succeeded", "ignored (Prune=confirm: confirming is not offered yet)");
    co_return;
  }
  if (!doing.request.prune) {
    result = result_for(task, "PruneSkipped", "Succeeded", "ignored (requires pruning)");
    co_return;
  }
  result = result_for(task, "Pruned", "Succeeded", fmt::format("pruned{}", suffix));
  if (doing.request.dry_run || !task.live["metadata"]["deletionTimestamp"].is_null()) co_return;
  auto write = cluster::remove(task.key, propagation_of(doing.request));
  std::string uid(kinds::uid_of(task.live));
  if (!uid.empty()) write.uid = uid;  // another one of that name is not the one that was judged
  auto removed = co_await doing.cluster.write(std::move(write));
  if (removed) {
    doing.wrote(task.key, removed->removed ? Value() : removed->object);
  } else if (!removed.failed_with(ErrorKind::not_found)) {
    result = result_for(task, "SyncFailed", "Failed", removed.error().str());
  }
}

Task<void> apply_one(Doing doing, SyncTask task, size_t place) {
  ApplyHow how = how_of(task, doing.request);
  auto applied = co_await apply_object(doing.cluster, task.kind, task.target, task.live, how);
  TaskResult& result = doing.results[place];
  if (!applied) {
    result = result_for(task, "SyncFailed", "Failed", applied.error().str());
    co_return;
  }
  if (!how.dry_run && applied->object.is_object()) doing.wrote(task.key, applied->object);
  result = how.dry_run ? result_for(task, "Synced", "Succeeded", applied->message + " (dry run)")
                       : result_for(task, "Synced", "Running", applied->message);
}

using One = Task<void> (*)(Doing, SyncTask, size_t);

// `do_one` for each of the tasks, some at a time; their results in the tasks' order.
Task<std::vector<TaskResult>> beside_one_another(Cluster* cluster, std::vector<SyncTask> tasks, SyncRequest request,
                                                 WroteObject wrote, One do_one) {
  std::vector<TaskResult> results(tasks.size());
  runtime::Scope& scope = co_await runtime::current_scope();
  for (size_t from = 0; from < tasks.size(); from += at_once_max) {
    TaskGroup group(scope);
    for (size_t i = from; i < std::min(tasks.size(), from + at_once_max); ++i) {
      group.spawn(do_one(Doing{*cluster, request, wrote, results}, tasks[i], i));
    }
    co_await group.join();
  }
  co_return results;
}

Task<void> check_one(Doing doing, SyncTask task, size_t place) {
  TaskResult& result = doing.results[place];
  auto checked = check_object(task.kind, task.target, task.live);
  if (!checked) {
    result = result_for(task, "SyncFailed", "Failed", checked.error().str());
    co_return;
  }
  // What will be replaced by force, or made anew, the server would refuse as it stands now.
  ApplyHow how = how_of(task, doing.request);
  if (how.force || task.hook.is_hook) co_return;
  how.dry_run = true;
  auto applied = co_await apply_object(doing.cluster, task.kind, task.target, task.live, how);
  if (!applied) result = result_for(task, "SyncFailed", "Failed", applied.error().str());
}

}  // namespace

Task<WaveOutcome> run_wave(Cluster& cluster, std::vector<SyncTask> tasks, SyncRequest request, WroteObject wrote) {
  WaveOutcome outcome;
  std::vector<SyncTask> prunes, applies;
  for (SyncTask& task : tasks) (task.prune() ? prunes : applies).push_back(std::move(task));
  outcome.results = co_await beside_one_another(&cluster, prunes, request, wrote, prune_one);

  for (const SyncTask& task : applies) {
    if (!task.hook.is_hook || !task.hook.delete_before || task.live.is_null() || request.dry_run) continue;
    outcome.pending = true;
    if (!task.live["metadata"]["deletionTimestamp"].is_null()) continue;
    auto removed = co_await cluster.write(cluster::remove(task.key, cluster::Propagation::background));
    if (removed) wrote(task.key, removed->removed ? Value() : removed->object);
  }
  if (outcome.pending) co_return outcome;

  // One kind after another; what fails in one does not hold up the next.
  for (size_t from = 0; from < applies.size();) {
    size_t to = from;
    while (to < applies.size() && applies[to].key.kind.kind == applies[from].key.kind.kind) ++to;
    std::vector<SyncTask> group(applies.begin() + static_cast<std::ptrdiff_t>(from),
                                applies.begin() + static_cast<std::ptrdiff_t>(to));
    auto results = co_await beside_one_another(&cluster, std::move(group), request, wrote, apply_one);
    for (TaskResult& r : results) outcome.results.push_back(std::move(r));
    from = to;
  }
  co_return outcome;
}

Task<std::vector<TaskResult>> dry_run(Cluster& cluster, std::vector<SyncTask> tasks, SyncRequest request) {
  std::vector<TaskResult> bad;
  std::vector<SyncTask> asked;
  const Brought brought(tasks);
  for (const SyncTask& task : tasks) {
    if (task.prune() || !task.kind) continue;
    if (!task.modified && !task.hook.is_hook) continue;  // it is there as it should be
    if (brought.namespaces.contains(task.key.ns) && task.live.is_null()) {
      auto checked = check_object(task.kind, task.target, task.live);
      if (!checked) bad.push_back(result_for(task, "SyncFailed", "Failed", checked.error().str()));
      continue;
    }
    asked.push_back(task);
  }
  auto results = co_await beside_one_another(&cluster, std::move(asked), request, [](auto&, auto&) {}, check_one);
  for (TaskResult& r : results) {
    if (r.failed()) bad.push_back(std::move(r));
  }
  co_return bad;
}

Task<void> delete_ended_hooks(Cluster& cluster, std::vector<SyncTask> tasks, bool succeeded, WroteObject wrote) {
  for (const SyncTask& task : tasks) {
    bool goes = succeeded ? task.hook.delete_succeeded : task.hook.delete_failed;
    if (!task.hook.is_hook || !goes || task.live.is_null()) continue;
    auto removed = co_await cluster.write(cluster::remove(task.key, cluster::Propagation::background));
    if (removed) wrote(task.key, removed->removed ? Value() : removed->object);
  }
}

}  // namespace slipway::gitops
