#include "gitops/sync/results.h"

#include <fmt/format.h>

#include "gitops/application/application.h"

namespace slipway::gitops {

namespace {

std::string place_of(const cluster::ObjectKey& key, Phase phase) {
  return fmt::format("{} {}/{} {}/{}", static_cast<int>(phase), key.kind.group, key.kind.kind, key.ns, key.name);
}

}  // namespace

const TaskResult* TaskResults::of(const SyncTask& task) const {
  auto found = places_.find(place_of(task.key, task.phase));
  return found == places_.end() ? nullptr : &list_[found->second];
}

TaskResult* TaskResults::of(const SyncTask& task) {
  return const_cast<TaskResult*>(std::as_const(*this).of(task));
}

void TaskResults::set(TaskResult result) {
  auto [at, fresh] = places_.try_emplace(place_of(result.key, result.phase), list_.size());
  if (fresh) {
    list_.push_back(std::move(result));
  } else {
    list_[at->second] = std::move(result);
  }
}

Value TaskResult::value() const {
  ObjectBuilder one;
  one.set("group", key.kind.group).set("version", key.kind.version).set("kind", key.kind.kind);
  one.set("namespace", key.ns).set("name", key.name);
  one.set_unless_empty("status", status).set_unless_empty("message", readable(message));
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
