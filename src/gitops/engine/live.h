// What lives in the cluster, by the application that it belongs to. Reads come from the cache, corrected by our own
// writes that the cache has not heard of yet: without that, every sync would look undone for a moment.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "gitops/compare/targets.h"
#include "reconcile/reconcile.h"

namespace slipway::gitops {

class LiveObjects {
 public:
  LiveObjects(World& world, cluster::Cluster& cluster, cluster::Cache& cache, std::string control_namespace)
      : world_(world), cluster_(cluster), cache_(cache), control_namespace_(std::move(control_namespace)) {}

  // Follows all kinds; `wake` is told the applications that a change concerns.
  void watch(reconcile::Reconciler::Enqueue wake);
  // Null: there is none. Kinds and versions that the cache does not hold are asked for. Errors: those of Cluster::get.
  Task<Result<Value>> get(cluster::ObjectKey key);
  // All that carries the tracking name and has no owner.
  std::vector<Value> tracked(const std::string& tracking_name) const;
  // The same, and of kinds that the cache does not hold those that `listed` (status.resources) names.
  Task<Result<std::vector<Value>>> managed(std::string tracking_name, Value listed);
  // An object of the cache as we know it; null when there is none.
  Value known(const cluster::ObjectKey& key) const;
  // We wrote this; null: it is gone.
  void wrote(const cluster::ObjectKey& key, const Value& object);
  // How many writes are remembered that the cache has not heard of. None for longer than two minutes, while we write.
  size_t unheard() const { return own_writes_.size(); }
  // What the application wants to have: changes of it wake the application, tracked or not.
  void want(const cluster::ObjectKey& application, const std::vector<cluster::ObjectKey>& keys);
  // Why the pods of a workload do not come up; "" when nothing is stuck.
  std::string stuck(const Value& workload) const;

 private:
  using Place = std::tuple<std::string, std::string, std::string, std::string>;
  static Place place_of(const cluster::ObjectKey& key) { return {key.kind.group, key.kind.kind, key.ns, key.name}; }
  void changed(const Value& before, const Value& after);
  void pod_changed(const Value& pod);
  void wake_owner(const Value& object);
  bool is_held(const cluster::GroupVersionKind& kind) const { return held_.contains(kind); }

  struct OwnWrite {
    cluster::ObjectKey key;
    Value object;  // null: deleted
    uint64_t revision = 0;
    SteadyTime at{};
  };
  // The write that the cache has not heard of; null: there is none.
  const OwnWrite* own_write(const Place& place, const Value* cached) const;

  World& world_;
  cluster::Cluster& cluster_;
  cluster::Cache& cache_;
  const std::string control_namespace_;
  reconcile::Reconciler::Enqueue wake_;
  std::set<cluster::GroupVersionKind> held_;
  std::map<std::string, std::map<Place, cluster::ObjectKey>> tracked_;  // by tracking name
  std::map<Place, std::set<cluster::ObjectKey>> wanted_by_;
  std::map<cluster::ObjectKey, std::vector<cluster::ObjectKey>> wants_;
  std::map<Place, OwnWrite> own_writes_;
  SteadyTime swept_{};  // when those that are too old were dropped
  // Revisions of objects whose end the cache has heard of: a remote answer may come after its watch event.
  std::map<Place, uint64_t> ended_;
};

// The Application behind a tracking name.
cluster::ObjectKey application_of(const std::string& tracking_name, const std::string& control_namespace);

}  // namespace slipway::gitops
