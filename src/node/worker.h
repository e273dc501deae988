// One pod on this machine. The worker gathers what the runtime has of it, lets decide() say what comes next, and acts;
// what takes long (pulls, starts, graceful ends, probes) runs beside it, so that it always listens.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "node/agent.h"
#include "node/pod/decide.h"
#include "node/tokens.h"
#include "node/volumes/volumes.h"
#include "reconcile/reconcile.h"

namespace slipway::node {

// What all workers of a node share. Everything outlives them.
struct NodeContext {
  World& world;
  cluster::Cluster& cluster;
  cluster::Cache& cache;
  PodRuntime& runtime;
  reconcile::EventRecorder& events;
  const NodeOptions& options;
  NodeSize size;
  std::string owner;                             // the value of kLabelOwner
  std::map<std::string, std::string> pod_of_id;  // container or sandbox id: pod uid
};

class Worker {
 public:
  Worker(NodeContext& node, TaskGroup& group, Value pod);
  ~Worker();

  void update(Value pod);  // the object changed
  void object_gone();      // it was deleted from the cluster: what still runs is ended
  void inputs_changed();   // a ConfigMap or Secret it uses
  void something_happened(const RuntimeEvent& event);
  bool uses(std::string_view kind, std::string_view ns, std::string_view name) const;

  // Until the pod is gone from the cluster and from the machine, or canceled (then containers go on).
  Task<void> run();
  bool finished() const { return finished_; }

  const Value& pod() const { return pod_; }
  // As last seen. For logs and streams.
  const std::vector<ContainerStatus>& containers() const { return seen_containers_; }
  std::string sandbox() const { return sandbox_; }

 private:
  struct Probing;
  Task<Result<pod::Seen>> gather();
  Task<void> act(pod::Plan plan);
  Task<void> step(pod::Plan plan);
  Task<Result<>> make_sandbox(uint32_t attempt);
  void take_sandbox(const SandboxStatus& status);
  Task<bool> start(pod::StartContainer what);
  Task<void> kill(std::vector<pod::KillContainer> kills);
  Task<void> kill_one(pod::KillContainer what, SteadyTime deadline);
  Task<void> release(bool deleted);
  Task<Result<>> write_status(Value status);
  Task<void> sync_probes(const pod::Seen& seen);
  Task<void> wait_for_news(std::optional<WallTime> until);
  bool may_refresh_volumes() const;
  bool volumes_due() const;
  Task<void> refresh_volumes();
  Task<Result<>> prepare_volumes(bool update);
  Result<> write_hosts();
  Task<Result<>> apply_cgroup();
  void fail_start(const std::string& name, std::string reason, std::string message, Duration delay);
  EnvInputs inputs(const Value& container) const;
  std::vector<std::string> host_ips() const { return node_.options.addresses; }
  const Value& container_spec(std::string_view name) const;
  void notice(const pod::Notice& notice);
  std::optional<Duration> look_for_exits(const pod::Seen& seen);

  NodeContext& node_;
  std::string uid_;
  Value pod_;
  bool object_gone_ = false, finished_ = false, released_ = false, deleted_asked_ = false;
  runtime::Signal news_;

  // what decide() is told beside the runtime's view
  std::map<std::string, pod::ProbeResults> probe_results_;
  std::map<std::string, pod::StartFailure> failures_;
  std::map<std::string, Duration> failure_delays_;
  std::map<std::string, pod::CrashBackoff> backoffs_;
  std::optional<pod::StartFailure> sandbox_failure_;
  Duration sandbox_delay_{};
  std::map<std::string, WallTime> killing_;
  bool stepping_ = false;

  std::map<std::string, ContainerStatus> ended_;  // exited containers do not change any more
  std::set<std::string> said_;                    // keys of notices
  std::map<std::string, int> exits_;              // id whose end was told: times we looked for it in the lists since
  std::map<std::string, std::string> volumes_;
  ServiceTokens tokens_;
  // Ready: all were prepared at once, by this worker. A pod that was adopted is prepared once more.
  bool volumes_ready_ = false, volumes_stale_ = false;
  std::optional<WallTime> volumes_retry_at_;  // what could not be prepared in a pod that runs
  Duration volumes_delay_{};
  std::vector<ContainerStatus> seen_containers_;
  std::string sandbox_;
  std::vector<std::string> ips_;
  std::optional<SandboxStatus> made_meanwhile_;  // which lists that were asked before cannot know
  std::optional<Duration> look_soon_;
  std::map<std::string, std::unique_ptr<Probing>> probing_;
  std::unique_ptr<TaskGroup> step_group_;
  std::unique_ptr<TaskGroup> kill_group_;
};

}  // namespace slipway::node
