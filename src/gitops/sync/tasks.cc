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
// `brings` gives what others need of a task, `needs` what it needs; empty: nothing.
template <class Brings, class Needs>
void move_forward(std::vector<SyncTask>& tasks, Brings brings, Needs needs) {
  std::map<std::string, size_t> first_needing;
  for (size_t i = tasks.size(); i-- > 0;) {
    if (tasks[i].prune()) continue;
    if (std::string what = needs(tasks[i]); !what.empty()) first_needing[std::move(what)] = i;
  }
  std::map<size_t, std::vector<size_t>> moved_before;
  std::vector<bool> moves(tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].prune()) continue;
    std::string what = brings(tasks[i]);
    auto first = what.empty() ? first_needing.end() : first_needing.find(what);
    if (first == first_needing.end() || first->second >= i) continue;
    moved_before[first->second].push_back(i);
    moves[i] = true;
  }
  if (moved_before.empty()) return;
  std::vector<SyncTask> ordered;
  ordered.reserve(tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (auto before = moved_before.find(i); before != moved_before.end()) {
      for (size_t j : before->second) {
        tasks[j].phase = tasks[i].phase;
        tasks[j].wave = tasks[i].wave;
        ordered.push_back(std::move(tasks[j]));
      }
    }
    if (!moves[i]) ordered.push_back(std::move(tasks[i]));
  }
  tasks = std::move(ordered);
}

bool is_namespace(const SyncTask& task) {
  return task.key.kind.group.empty() && task.key.kind.kind == "Namespace";
}

std::string group_and_kind(std::string_view group, std::string_view kind) {
  return fmt::format("{}/{}", group, kind);
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

Brought::Brought(const std::vector<SyncTask>& tasks) {
  for (const SyncTask& task : tasks) {
    if (task.prune()) continue;
    if (is_namespace(task)) namespaces.insert(task.key.name);
    const Value& spec = task.target["spec"];
    if (task.key.kind.kind == "CustomResourceDefinition")
      kinds.emplace(spec["group"].as_string(), spec["names"]["kind"].as_string());
  }
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
      tasks, [](const SyncTask& t) { return is_namespace(t) ? t.key.name : std::string(); },
      [](const SyncTask& t) { return t.key.ns; });
  move_forward(
      tasks,
      [](const SyncTask& t) {
        const Value& spec = t.target["spec"];
        return t.key.kind.kind == "CustomResourceDefinition"
                   ? group_and_kind(spec["group"].as_string(), spec["names"]["kind"].as_string())
                   : std::string();
      },
      [](const SyncTask& t) { return group_and_kind(t.key.kind.group, t.key.kind.kind); });
  return tasks;
}

}  // namespace slipway::gitops
