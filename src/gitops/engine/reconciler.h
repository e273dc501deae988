// The reconciler of Applications: look (commit, files, cluster), decide (compare, plan), act (one step of a sync),
// write the status once.
#pragma once

#include "cluster/watched_kinds.h"
#include "gitops/engine.h"
#include "gitops/engine/desired.h"
#include "gitops/engine/live.h"
#include "gitops/engine/operation_state.h"
#include "gitops/engine/revisions.h"
#include "gitops/sync/run.h"

namespace slipway::gitops {

class ApplicationReconciler final : public reconcile::Reconciler {
 public:
  ApplicationReconciler(World& world, cluster::Cluster& cluster, reconcile::Cache& cache,
                        sources::Repositories& repositories, reconcile::EventRecorder& events, EngineOptions options)
      : world_(world),
        cluster_(cluster),
        cache_(cache),
        repositories_(repositories),
        events_(events),
        options_(std::move(options)),
        live_(world, cluster, cache, options_.control_namespace),
        revisions_(world, repositories, options_.poll_interval) {}
  std::string_view name() const override { return "application"; }
  // They wait for repositories and charts, a minute at the worst: a few such must not hold up the others.
  int workers() const override { return 10; }
  void watch(reconcile::Cache& cache, Enqueue enqueue) override;
  std::vector<cluster::GroupVersionKind> needs() const override { return cluster::watched_kinds(cluster_.catalog()); }
  Task<reconcile::Outcome> reconcile(cluster::ObjectKey key) override;
  Task<void> background() override { return revisions_.run(wake_); }

 private:
  using DesiredResult = Result<std::shared_ptr<const Desired>>;
  // What was rendered last, for each of the few commits that an application deals with at a time.
  struct Rendering {
    Value inputs;    // the commits and their names apart
    Value targeted;  // each source's targetRevision
    std::vector<std::string> commits;
    DesiredResult desired;
    SteadyTime until = SteadyTime::max();  // it is asked anew then
  };
  struct Memory {
    std::vector<Rendering> renderings;  // latest first
    Comparisons comparisons;
    IgnoreRules ignore_differences;   // as read last
    std::vector<std::string> undone;  // what the running self-heal undoes
    // The running operation with what was done since its state was last written: a hook that ran while that fails (a
    // full disk, a cluster that is away) has run.
    std::optional<OperationState> doing;
  };
  // One reconciliation.
  struct Pass {
    cluster::ObjectKey key;
    Value object;  // as last seen or written
    Application app;
    Memory& memory;
    bool refresh = false;
    bool asked_anew = false;  // the repository was asked: reconciledAt moves
    std::optional<Duration> again_after;
    void wake_in(Duration d) {
      if (!again_after || d < *again_after) again_after = d;
    }
  };
  struct View {
    // The commits, one for each source; the target revisions as they are spelled when they cannot be told.
    std::vector<std::string> revisions;
    std::shared_ptr<const Desired> desired;
    State state;
    bool known() const { return desired != nullptr; }
  };

  Task<View> look(Pass& pass, Application app);
  Task<DesiredResult> desired_of(Pass& pass, Application app, std::vector<std::string>* revisions);
  Task<Result<State>> compare(Pass& pass, Application app, std::shared_ptr<const Desired> desired);

  Task<Result<>> operate(Pass& pass, View& view);
  Task<Result<>> advance(Pass& pass, OperationState& operation);
  Task<void> fill_named_hooks(std::vector<SyncTask>* tasks);
  Task<Result<>> finish(Pass& pass, OperationState& operation, bool succeeded, std::string phase_when_not,
                        std::string message);
  Task<Result<>> save(Pass& pass, const OperationState& operation);

  Task<Result<>> write_status(Pass& pass, const View& view, std::vector<Condition> conditions);
  Task<Result<>> patch(Pass& pass, Value next_status, Value extra);
  Task<reconcile::Outcome> remove_all(Pass& pass);

  Application read(const Value& object, Memory& memory);
  static void forget_failed(Memory& memory);
  const RenderSettings& settings_of(const Application& app);

  World& world_;
  cluster::Cluster& cluster_;
  reconcile::Cache& cache_;
  sources::Repositories& repositories_;
  reconcile::EventRecorder& events_;
  const EngineOptions options_;
  Enqueue wake_;
  LiveObjects live_;
  Revisions revisions_;
  std::map<cluster::ObjectKey, Memory> memories_;
  std::map<std::string, RenderSettings> settings_;  // by project; gone when one of what they are read from changes
};

}  // namespace slipway::gitops
