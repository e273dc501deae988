// Wanted against found: every object of an application with its sync status and health, and what they come to. Pure.
// Source: Argo CD 3.2 (reference/gitops.md 4.5, 4.7, 4.8, 4.16).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "gitops/compare/targets.h"
#include "gitops/health/health.h"

namespace slipway::gitops {

enum class SyncStatus { none, synced, out_of_sync, unknown };
std::string_view to_string(SyncStatus status);  // "OutOfSync"; none: ""

struct Resource {
  cluster::ObjectKey key;
  const kinds::Kind* kind = nullptr;
  Value target, live;  // null: not in Git (any more); not in the cluster
  Hook hook;
  SyncStatus status = SyncStatus::none;
  Health health;
  bool requires_pruning = false;
  bool counts = true;                // for the application's sync status
  bool is_copy = false;              // carries the tracking id of another object
  Value normal_live, normal_target;  // when both are there and differ: as they were compared
};
struct State {
  std::vector<Resource> resources;  // sorted by group, kind, namespace, name
  SyncStatus status = SyncStatus::synced;
  Health health;
  std::vector<Condition> conditions;
  bool incomplete = false;  // not all of Git could be read: nothing may be pruned for being absent there
};

// `live`: what the cluster holds of the targets and all that is tracked by the application. `target_known` false: the
// wanted state could not be loaded, everything is Unknown.
class Comparisons;
struct Found {
  std::vector<Value> live;
  Comparisons* known = nullptr;  // may be null; outlives the call
  // Words on why a workload's pods are stuck; may be empty.
  std::function<std::string(const Value& workload)> stuck;
};
State compare_state(const Application& app, const Targets& targets, const Found& found, const kinds::Catalog& catalog,
                    bool target_known);

// Whether applying `target` would change `live`; the states as they were compared, when asked for.
Result<bool> differs(const kinds::Kind* kind, const Value& target, const Value& live, const IgnoreRules& ignore,
                     Value* normal_live = nullptr, Value* normal_target = nullptr);

// What was compared before and is the same still, to the node: one object of a thousand changes at a time.
class Comparisons {
 public:
  // As differs(); errors are not kept.
  Result<bool> differs(const cluster::ObjectKey& key, const kinds::Kind* kind, const Value& target, const Value& live,
                       const IgnoreRules& ignore, Value* normal_live, Value* normal_target);
  void keep_only(const std::vector<Resource>& resources);

 private:
  struct Known {
    Value target, live, ignore;  // ignore: what the rules say
    bool differ = false;
    Value normal_live, normal_target;
  };
  std::map<cluster::ObjectKey, Known> known_;
};

// status.resources and status.summary
Value resources_status(const State& state);
Value summary_of(const State& state);
// Images of all containers that the object, or a pod template in it, names.
std::set<std::string> images_of(const Value& object);

}  // namespace slipway::gitops
