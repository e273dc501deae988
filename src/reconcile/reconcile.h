// Controllers: a work queue of object keys, back-off, and the shape of a reconciler. A reconciler looks at the world,
// not at the event that woke it, and does everything that is needed, every time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cluster.h"

namespace slipway::reconcile {

using cluster::Cache;
using cluster::Cluster;
using cluster::GroupVersionKind;
using cluster::ObjectKey;

// What a reconciliation came to.
struct Outcome {
  static Outcome done() { return {}; }
  static Outcome again_after(Duration d) { return Outcome{d, std::nullopt}; }
  static Outcome failed(Error e) { return Outcome{std::nullopt, std::move(e)}; }  // retried with back-off
  std::optional<Duration> after;
  std::optional<Error> error;
};

class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual std::string_view name() const = 0;  // "deployment"
  // Which objects wake which keys; called once before the start. `enqueue` may be called at any time on the loop.
  using Enqueue = std::function<void(ObjectKey)>;
  virtual void watch(Cache& cache, Enqueue enqueue) = 0;
  virtual std::vector<GroupVersionKind> needs() const = 0;  // kinds the cache must hold
  virtual Task<Outcome> reconcile(ObjectKey key) = 0;
  virtual int workers() const { return 4; }  // keys at a time; one key never twice at once
  // Runs beside the workers until canceled, after watch(): for what no object tells (a repository's refs).
  virtual Task<void> background() { co_return; }
};

struct ControllerOptions {
  Duration retry_delay_first = 5ms;
  Duration retry_delay_max = 5min;
  Duration patience = 500ms;   // while no worker takes a key that waits; then there is one more
  int more_workers_max = 500;  // beside Reconciler::workers()
};
// Runs the reconciler until canceled. Keys are deduplicated; errors are retried with exponential back-off and logged
// once per change.
Task<void> run_controller(World& world, Cache& cache, Reconciler& reconciler, ControllerOptions options = {});

// Every object of `kind` wakes itself.
void wake_self(Cache& cache, GroupVersionKind kind, Reconciler::Enqueue enqueue);
// Objects of `child` wake their controller of kind `owner`.
void wake_owner(Cache& cache, GroupVersionKind child, GroupVersionKind owner, Reconciler::Enqueue enqueue);

// status.conditions: sets one by type; lastTransitionTime changes only with status. Gives the new list.
Value set_condition(const Value& conditions, std::string_view type, std::string_view status, std::string_view reason,
                    std::string_view message, WallTime now);
const Value& find_condition(const Value& conditions, std::string_view type);  // null when absent

// core/v1 Events, counted up when the same thing happens again (as client-go's correlator does). Never blocks, never
// fails a caller.
class EventRecorder {
 public:
  virtual ~EventRecorder() = default;
  // type: "Normal" or "Warning"; reason: CamelCase; about: any object with metadata; a member "fieldPath" beside it
  // names the part that is meant ("spec.containers{web}")
  virtual void record(const Value& about, std::string_view type, std::string_view reason, std::string message) = 0;
};
// `host`: the node an Event comes from; empty: none.
std::unique_ptr<EventRecorder> make_recorder(World& world, Cluster& cluster, TaskGroup& group, std::string component,
                                             std::string host = "");

}  // namespace slipway::reconcile
