#include "gitops/sync/tasks.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"

namespace slipway::gitops {

namespace {

bool selected(const Value& resources, const cluster::ObjectKey& key) {
  if (resources.empty()) return true;
  for (const Value& r : resources.items()) {
    auto ns = r["namespace"].as_string();
    if (r["group"].as_string() == key.kind.group && r["kind"].as_string() == key.kind.kind &&
        r["name"].as_string() == key.name && (ns.empty() || ns == key.ns)) {
      return true;
    }
  }
  return false;
}

// Higher waves go first when objects are taken away: the waves among them change places.
void mirror_prune_waves(std::vector<SyncTask>& tasks, const SyncRequest& request) {
  std::set<int64_t> waves;
  int64_t last = 0;
  for (const SyncTask& task : tasks) {
    if (task.prune()) waves.insert(task.wave);
    if (task.phase == Phase::sync) last = std::max(last, task.wave);
  }
  std::map<int64_t, int64_t> mirrored;
  auto up = waves.begin();
  for (auto down = waves.rbegin(); down != waves.rend(); ++down, ++up) mirrored[*up] = *down;
  for (SyncTask& task : tasks) {
    if (!task.prune()) continue;
    task.wave = mirrored[task.wave];
    bool is_last =
        request.options.has("PruneLast=true") || SyncOptions::from_annotation(task.live).has("PruneLast=true");
    if (is_last) task.wave = last + 1;
  }
}

// A Namespace (or CRD) among the tasks comes before the first object that needs it, whatever their waves say.
template <class IsNeeded, class Needs>
void move_forward(std::vector<SyncTask>& tasks, IsNeeded is_needed, Needs needs) {
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].prune() || !is_needed(tasks[i])) continue;
    for (size_t first = 0; first < i; ++first) {
      if (tasks[first].prune() || !needs(tasks[first], tasks[i])) continue;
      SyncTask moved = tasks[i];
      moved.phase = tasks[first].phase;
      moved.wave = tasks[first].wave;
      tasks.erase(tasks.begin() + static_cast<std::ptrdiff_t>(i));
      tasks.insert(tasks.begin() + static_cast<std::ptrdiff_t>(first), std::move(moved));
      break;
    }
  }
}

}  // namespace

SyncRequest SyncRequest::from(const Application& app, const Value& application, const Value& operation) {
  SyncRequest request;
  const Value& sync = operation["sync"];
  request.prune = sync["prune"].as_bool();
  request.dry_run = sync["dryRun"].as_bool();
  request.resources = sync["resources"];
  request.skip_hooks = !request.resources.empty() || sync["syncStrategy"]["apply"].is_object();
  request.options = sync["syncOptions"].is_array() ? SyncOptions::from_list(sync["syncOptions"]) : app.options;
  request.destination_ns = app.destination_ns;
  request.namespace_metadata = application["spec"]["syncPolicy"]["managedNamespaceMetadata"];
  return request;
}

std::vector<SyncTask> plan_tasks(const State& state, const SyncRequest& request, const kinds::Catalog& catalog) {
  std::vector<SyncTask> tasks;
  bool has_namespace = false;
  for (const Resource& r : state.resources) {
    if (r.is_copy || r.hook.skip) continue;
    if (!selected(request.resources, r.key)) continue;
    SyncTask task;
    task.key = r.key;
    task.kind = r.kind;
    task.target = r.target;
    task.live = r.live;
    task.hook = r.hook;
    task.health = r.hook.is_hook && !r.live.is_null() ? assess(r.live) : r.health;
    task.modified = r.status != SyncStatus::synced;
    task.wave = wave_of(r.target.is_null() ? r.live : r.target);
    if (r.hook.is_hook) {
      if (request.skip_hooks || r.target.is_null()) continue;  // hooks are never pruned
      for (Phase phase : r.hook.phases) {
        task.phase = phase;
        if (r.key.name.empty()) {
          std::string name =
              fmt::format("{}{}-{}-{}", r.target["metadata"]["generateName"].as_string(), request.revision.substr(0, 7),
                          to_string(phase),
                          std::chrono::duration_cast<std::chrono::seconds>(request.started.time_since_epoch()).count());
          task.key.name = base::to_lower(name);
          task.target = r.target.with("/metadata/name", task.key.name).without("/metadata/generateName");
        }
        tasks.push_back(task);
      }
      continue;
    }
    if (task.prune() && !r.requires_pruning) continue;
    has_namespace = has_namespace || (!task.prune() && r.key.kind.group.empty() && r.key.kind.kind == "Namespace" &&
                                      r.key.name == request.destination_ns);
    tasks.push_back(std::move(task));
  }
  mirror_prune_waves(tasks, request);
  if (request.options.has("CreateNamespace=true") && !has_namespace && !request.destination_ns.empty() &&
      (!request.namespace_exists || request.namespace_metadata.is_object())) {
    SyncTask task;
    task.phase = Phase::pre_sync;
    task.made_namespace = true;
    task.key = {{"", "v1", "Namespace"}, "", request.destination_ns};
    task.kind = catalog.find(task.key.kind);
    Value metadata{{"name", request.destination_ns}};
    for (const char* part : {"labels", "annotations"}) {
      if (!request.namespace_metadata[part].empty())
        metadata = metadata.with_member(part, request.namespace_metadata[part]);
    }
    task.target = Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", metadata}};
    task.modified = true;
    int64_t first = 0;
    for (const SyncTask& other : tasks) {
      if (other.phase == Phase::pre_sync) first = std::min(first, other.wave);
    }
    task.wave = first;
    tasks.push_back(std::move(task));
  }
  std::ranges::sort(tasks, [](const SyncTask& a, const SyncTask& b) {
    return std::make_tuple(a.phase, a.wave, kind_order(a.key.kind.kind), std::string_view(a.key.kind.kind),
                           std::string_view(a.key.ns), std::string_view(a.key.name)) <
           std::make_tuple(b.phase, b.wave, kind_order(b.key.kind.kind), std::string_view(b.key.kind.kind),
                           std::string_view(b.key.ns), std::string_view(b.key.name));
  });
  move_forward(
      tasks, [](const SyncTask& t) { return t.key.kind.group.empty() && t.key.kind.kind == "Namespace"; },
      [](const SyncTask& t, const SyncTask& ns) { return t.key.ns == ns.key.name; });
  move_forward(
      tasks, [](const SyncTask& t) { return t.key.kind.kind == "CustomResourceDefinition"; },
      [](const SyncTask& t, const SyncTask& crd) {
        return t.key.kind.group == crd.target["spec"]["group"].as_string() &&
               t.key.kind.kind == crd.target["spec"]["names"]["kind"].as_string();
      });
  return tasks;
}

}  // namespace slipway::gitops
