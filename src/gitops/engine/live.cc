#include "gitops/engine/live.h"

#include <algorithm>

#include "cluster/watched_kinds.h"
#include "gitops/application/tracking.h"
#include "gitops/health/health.h"
#include "kinds/conversion.h"

namespace slipway::gitops {

using cluster::ObjectKey;

namespace {

const cluster::GroupVersionKind pod_kind{"", "v1", "Pod"};
// What the cache has not heard of by then it never will: it listed anew, and the end of the object fell in between.
constexpr Duration own_write_time_max = 60s;
constexpr size_t ended_max = 10'000;
constexpr int owners_max = 4;  // Pod, ReplicaSet, Deployment, something of a CRD

bool has_owner(const Value& object) {
  return !object["metadata"]["ownerReferences"].empty();
}

}  // namespace

ObjectKey application_of(const std::string& tracking_name, const std::string& control_namespace) {
  size_t at = tracking_name.find('_');  // no name of Kubernetes holds one
  if (at == tracking_name.npos) return {application_kind, control_namespace, tracking_name};
  return {application_kind, tracking_name.substr(0, at), tracking_name.substr(at + 1)};
}

void LiveObjects::watch(reconcile::Reconciler::Enqueue wake) {
  wake_ = std::move(wake);
  for (const auto& kind : cluster::watched_kinds(cluster_.catalog())) {
    held_.insert(kind);
    for (const Value& object : cache_.list(kind)) changed(Value(), object);
    cache_.on_change(kind, [this](const Value& before, const Value& after) { changed(before, after); });
  }
}

void LiveObjects::changed(const Value& before, const Value& after) {
  const Value& object = after.is_null() ? before : after;
  ObjectKey key = ObjectKey::of(object);
  Place place = place_of(key);
  if (auto own = own_writes_.find(place); own != own_writes_.end()) {
    bool heard = after.is_null() ? kinds::revision_of(before) >= own->second.revision || own->second.object.is_null()
                                 : kinds::revision_of(after) >= own->second.revision;
    if (heard) own_writes_.erase(own);
  }
  if (after.is_null()) {
    if (ended_.size() >= ended_max) ended_.clear();
    ended_[place] = kinds::revision_of(before);
  } else {
    ended_.erase(place);
  }
  auto owner_before = TrackingId::of(before), owner_after = TrackingId::of(after);
  if (owner_before && !has_owner(before)) {
    auto of = tracked_.find(owner_before->application);
    if (of != tracked_.end()) of->second.erase(place);
    wake_(application_of(owner_before->application, control_namespace_));
  }
  if (owner_after && !has_owner(after)) {
    tracked_[owner_after->application][place] = key;
    wake_(application_of(owner_after->application, control_namespace_));
  }
  if (auto wanting = wanted_by_.find(place); wanting != wanted_by_.end()) {
    for (const ObjectKey& application : wanting->second) wake_(application);
  }
  if (key.kind == pod_kind) pod_changed(object);
}

// A pod that cannot start changes what its application says about itself.
void LiveObjects::pod_changed(const Value& pod) {
  wake_owner(pod);
}

void LiveObjects::wake_owner(const Value& object) {
  Value at = object;
  for (int i = 0; i < owners_max; ++i) {
    const Value& owner = kinds::controller_of(at);
    if (owner.is_null()) return;
    auto id = cluster::GroupVersionKind::of(owner);
    const kinds::Kind* kind = cluster_.catalog().find_kind(id.group, id.kind);
    if (!kind) return;
    at = known({kind->id, kind->namespaced ? std::string(kinds::namespace_of(at)) : "", owner["name"].str()});
    auto tracking = TrackingId::of(at);
    if (tracking && !has_owner(at)) wake_(application_of(tracking->application, control_namespace_));
  }
}

const LiveObjects::OwnWrite* LiveObjects::own_write(const Place& place, const Value* cached) const {
  auto own = own_writes_.find(place);
  if (own == own_writes_.end() || world_.steady_now() - own->second.at > own_write_time_max) return nullptr;
  return !cached || kinds::revision_of(*cached) < own->second.revision ? &own->second : nullptr;
}

Value LiveObjects::known(const ObjectKey& key) const {
  const Value* cached = cache_.get(key);
  if (const OwnWrite* own = own_write(place_of(key), cached)) return own->object;
  return cached ? *cached : Value();
}

Task<Result<Value>> LiveObjects::get(ObjectKey key) {
  if (is_held(key.kind)) co_return known(key);
  if (!cluster_.catalog().find(key.kind)) co_return Value();
  auto object = co_await cluster_.get(std::move(key));
  if (object.failed_with(ErrorKind::not_found)) co_return Value();
  co_return object;
}

std::vector<Value> LiveObjects::tracked(const std::string& tracking_name) const {
  std::vector<Value> list;
  auto of = tracked_.find(tracking_name);
  if (of == tracked_.end()) return list;
  for (const auto& [place, key] : of->second) {
    Value object = known(key);
    auto tracking = TrackingId::of(object);  // an own write may say otherwise than the cache
    if (tracking && tracking->application == tracking_name) list.push_back(std::move(object));
  }
  return list;
}

Task<Result<std::vector<Value>>> LiveObjects::managed(std::string tracking_name, Value listed) {
  std::vector<Value> list = tracked(tracking_name);
  for (const Value& r : listed.items()) {
    cluster::GroupVersionKind id{r["group"].str(), r["version"].str(), r["kind"].str()};
    const kinds::Kind* preferred = cluster_.catalog().find_kind(id.group, id.kind);
    if (!preferred || is_held(preferred->id)) continue;
    Value object = OR_CO_RETURN(co_await get({id, r["namespace"].str(), r["name"].str()}));
    auto tracking = TrackingId::of(object);
    if (tracking && tracking->application == tracking_name) list.push_back(std::move(object));
  }
  co_return list;
}

void LiveObjects::wrote(const ObjectKey& key, const Value& object) {
  const kinds::Kind* kind = cluster_.catalog().find_kind(key.kind.group, key.kind.kind);
  if (!kind || !is_held(kind->id)) return;  // asked for each time
  ObjectKey held{kind->id, key.ns, key.name};
  const Value* cached = cache_.get(held);
  uint64_t revision = object.is_null() ? (cached ? kinds::revision_of(*cached) + 1 : 0) : kinds::revision_of(object);
  auto ended = ended_.find(place_of(held));
  bool heard = object.is_null() ? !cached
               : cached         ? kinds::revision_of(*cached) >= revision
                                : ended != ended_.end() && ended->second >= revision;
  if (heard) {
    own_writes_.erase(place_of(held));
    return;  // the watch was quicker
  }
  Value shown = object.is_null() ? Value() : kinds::converted(*kind, object);
  if (auto tracking = TrackingId::of(object); tracking && !has_owner(object)) {
    tracked_[tracking->application][place_of(held)] = held;
  }
  SteadyTime now = world_.steady_now();
  if (now - swept_ > own_write_time_max) {  // the cache will never hear of some: its watch broke, others were quicker
    std::erase_if(own_writes_, [now](const auto& own) { return now - own.second.at > own_write_time_max; });
    swept_ = now;
  }
  own_writes_[place_of(held)] = {held, std::move(shown), revision, now};
}

void LiveObjects::want(const ObjectKey& application, const std::vector<ObjectKey>& keys) {
  auto& before = wants_[application];
  if (before == keys) return;
  for (const ObjectKey& key : before) {
    auto at = wanted_by_.find(place_of(key));
    if (at == wanted_by_.end()) continue;
    at->second.erase(application);
    if (at->second.empty()) wanted_by_.erase(at);
  }
  for (const ObjectKey& key : keys) wanted_by_[place_of(key)].insert(application);
  before = keys;
  if (keys.empty()) wants_.erase(application);
}

std::string LiveObjects::stuck(const Value& workload) const {
  std::string_view uid = kinds::uid_of(workload);
  if (uid.empty()) return "";
  if (workload["kind"].as_string() == "Pod") return stuck_pods(std::span(&workload, 1));
  // Its pods, and those of what stands between: a Deployment's ReplicaSets, a CronJob's Jobs.
  std::vector<Value> pods;
  for (const ObjectKey& key : cache_.dependents(uid)) {
    for (const ObjectKey& below : cache_.dependents(kinds::uid_of(known(key)))) {
      if (below.kind == pod_kind) pods.push_back(known(below));
    }
    if (key.kind == pod_kind) pods.push_back(known(key));
  }
  return stuck_pods(pods);
}

}  // namespace slipway::gitops
