// What wakes a worker: its pod (the cache), its ConfigMaps and Secrets (the cache), its containers (runtime events).
// When events were lost, everybody looks again. Nothing else is needed: only logs, and jumps of the clock, are polled.
#include "node/agent.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/object.h"
#include "node/containerd.h"
#include "node/logs.h"
#include "node/node_object.h"
#include "node/pod/config.h"
#include "node/pod/status.h"
#include "node/worker.h"

namespace slipway::node {

using cluster::GroupVersionKind;
using runtime::LogLevel;

namespace {

const GroupVersionKind kPod{"", "v1", "Pod"}, kConfigMap{"", "v1", "ConfigMap"}, kSecret{"", "v1", "Secret"},
    kService{"", "v1", "Service"}, kNode{"", "v1", "Node"};

// After a break in the events containerd's lists may still lack what happened in it: they are read again this much
// later.
constexpr Duration kListsLag = 3s;
constexpr Duration kStreamUrlMax = 10s;

class Agent final : public NodeAgent {
 public:
  Agent(World& world, cluster::Cluster& cluster, PodRuntime& runtime, NodeOptions options)
      : world_(world), cluster_(cluster), runtime_(runtime), options_(std::move(options)) {}

  Task<void> run() override {
    runtime::Scope& scope = co_await runtime::current_scope();
    TaskGroup group(scope);
    cache_ = cluster::make_cache(world_, cluster_, {kPod, kConfigMap, kSecret, kService, kNode});
    events_ = reconcile::make_recorder(world_, cluster_, group, "kubelet", options_.name);
    node_ = std::unique_ptr<NodeContext>(new NodeContext{
        world_, cluster_, *cache_, runtime_, *events_, options_, read_node_size(world_), owner(options_), {}});
    group_ = &group;
    cache_->on_change(kPod, [this](const Value& before, const Value& after) { pod_changed(before, after); });
    for (const GroupVersionKind& kind : {kConfigMap, kSecret})
      cache_->on_change(
          kind, [this](const Value& before, const Value& after) { input_changed(before.is_null() ? after : before); });
    cache_->on_change(kNode, [this](const Value& before, const Value& after) {
      if (after.is_null() && kinds::name_of(before) == options_.name) node_deleted_.notify();
    });
    group.spawn(cache_->run());
    group.spawn(keep_registered(world_, cluster_, runtime_, options_, node_deleted_));
    auto synced = co_await cache_->wait_synced();
    if (synced) {
      group.spawn(listen());
      group.spawn(watch_clock());
      group.spawn(rotate_logs());
      synced_ = true;
      for (const Value& pod : cache_->list(kPod)) pod_changed(Value(), pod);
      group.spawn(end_orphans());
    }
    co_await group.join();  // until canceled
    co_await group.stop();
    workers_.clear();
    group_ = nullptr;
  }

  size_t pod_count() const override { return workers_.size(); }

  // ---- NodeStreams ----

  Task<Result<>> logs(LogRequest request, LogSink& sink) override {
    auto worker = OR_CO_RETURN(find(request.ns, request.pod));
    if (runtime_.simulated())
      co_return fail(ErrorKind::unsupported, "this node is simulated: container \"{}\" in pod \"{}\" writes no logs",
                     request.container, request.pod);
    std::string path = OR_CO_RETURN(log_path(*worker, request));
    std::string uid(kinds::uid_of(worker->pod())), container = request.container;
    auto still_running = [this, uid, container] {
      auto it = workers_.find(uid);
      if (it == workers_.end()) return false;
      for (const ContainerStatus& c : it->second->containers())
        if (c.name == container) return c.state == ContainerState::running;
      return false;
    };
    if (request.previous) request.follow = false;
    co_return co_await read_log(world_, path, request, sink, still_running);
  }

  Task<Result<std::string>> exec_url(ExecRequest r) override {
    std::string id = OR_CO_RETURN(running_container(r.ns, r.pod, r.container));
    co_return co_await stream_url(runtime_.exec_url(id, r.command, {r.in, r.out, r.err, r.tty}));
  }
  Task<Result<std::string>> attach_url(AttachRequest r) override {
    std::string id = OR_CO_RETURN(running_container(r.ns, r.pod, r.container));
    co_return co_await stream_url(runtime_.attach_url(id, {r.in, r.out, r.err, r.tty}));
  }
  Task<Result<std::string>> port_forward_url(PortForwardRequest r) override {
    auto worker = OR_CO_RETURN(find(r.ns, r.pod));
    if (worker->sandbox().empty()) co_return fail(ErrorKind::bad_request, "pod \"{}\" is not running", r.pod);
    co_return co_await stream_url(runtime_.port_forward_url(worker->sandbox(), r.ports));
  }

 private:
  // ---- who is told what ----

  void pod_changed(const Value& before, const Value& after) {
    if (!synced_) return;
    const Value& pod = after.is_null() ? before : after;
    std::string uid(kinds::uid_of(pod));
    // A pod of the same name that was made anew in between is another one.
    if (!before.is_null() && !after.is_null() && kinds::uid_of(before) != uid) gone(std::string(kinds::uid_of(before)));
    if (after.is_null()) return gone(uid);
    if (pod["spec"]["nodeName"].as_string() != options_.name) return;
    auto it = workers_.find(uid);
    if (it != workers_.end()) return it->second->update(pod);
    auto worker = std::make_shared<Worker>(*node_, *group_, pod);
    workers_.emplace(uid, worker);
    group_->spawn(run_worker(this, worker, uid));
  }

  void gone(const std::string& uid) {
    auto it = workers_.find(uid);
    if (it != workers_.end()) it->second->object_gone();
  }

  static Task<void> run_worker(Agent* self, std::shared_ptr<Worker> worker, std::string uid) {
    co_await worker->run();
    self->workers_.erase(uid);
  }

  void input_changed(const Value& object) {
    for (auto& [uid, worker] : workers_)
      if (worker->uses(kinds::kind_of(object), kinds::namespace_of(object), kinds::name_of(object)))
        worker->inputs_changed();
  }

  // Waits are counted on a clock that does not jump; what they wait for (a token's end) stands in wall time.
  Task<void> watch_clock() {
    auto offset = [this] { return world_.now().time_since_epoch() - world_.steady_now().time_since_epoch(); };
    auto before = offset();
    while (co_await runtime::sleep(10s)) {
      auto jump = offset() - std::exchange(before, offset());
      if (jump < 5s && jump > -5s) continue;
      world_.log().write(runtime::LogLevel::warning, "node: the clock jumped; looking at all pods again");
      for (auto& [uid, worker] : workers_) worker->inputs_changed();
    }
  }

  Task<void> listen() {
    Duration delay = 50ms;
    for (;;) {
      auto stream = co_await runtime_.events();
      if (stream) {  // what happened before the subscription, and what the lists did not know of yet
        everybody();
        group_->spawn(look_again(this));
      }
      while (stream) {
        auto event = co_await (*stream)->next();
        if (!event) {
          if (event.error().is(ErrorKind::canceled)) co_return;
          world_.log().write(LogLevel::warning, "node: the container runtime's events ended: " + event.error().str());
          break;
        }
        delay = 50ms;
        if (event->kind == RuntimeEvent::Kind::lost) {
          everybody();
          continue;
        }
        auto uid = node_->pod_of_id.find(event->id);
        if (uid == node_->pod_of_id.end()) continue;
        auto worker = workers_.find(uid->second);
        if (worker != workers_.end()) worker->second->something_happened(*event);
      }
      if (!stream && stream.error().is(ErrorKind::canceled)) co_return;
      if (!co_await runtime::sleep(delay)) co_return;
      delay = std::min<Duration>(delay * 2, 5s);
    }
  }

  static Task<void> look_again(Agent* self) {
    if (co_await runtime::sleep(kListsLag)) self->everybody();
  }

  void everybody() {
    for (auto& [uid, worker] : workers_) worker->something_happened({RuntimeEvent::Kind::lost, ""});
  }

  // Pods of ours in the runtime that the cluster knows nothing of: deleted while we were away.
  Task<void> end_orphans() {
    for (;;) {
      auto sandboxes = co_await runtime_.list_sandboxes({{kLabelOwner, node_->owner}});
      if (!sandboxes) {
        if (sandboxes.error().is(ErrorKind::canceled) || !co_await runtime::sleep(1s)) co_return;
        continue;
      }
      std::set<std::string> held;
      for (const Sandbox& s : *sandboxes) {
        held.insert(s.uid);
        if (!workers_.contains(s.uid)) group_->spawn(end_orphan(this, s));
      }
      if (!runtime_.simulated()) sweep(held);
      co_return;
    }
  }

  // Files of pods that neither the cluster nor the runtime knows: we were interrupted while removing them.
  void sweep(const std::set<std::string>& held) {
    auto knows = [&](const std::string& uid) { return held.contains(uid) || workers_.contains(uid); };
    std::string pods = options_.data_directory + "/pods", logs = pod::log_root(options_);
    auto names = world_.files().list(pods);
    if (names)
      for (const std::string& uid : *names) {
        if (knows(uid)) continue;
        auto removed = volumes::remove_all(world_, pods + "/" + uid);
        if (!removed) world_.log().write(LogLevel::warning, "node: " + removed.error().str());
      }
    names = world_.files().list(logs);
    if (names)
      for (const std::string& name : *names)  // <namespace>_<name>_<uid>
        if (std::ranges::count(name, '_') == 2 && !knows(name.substr(name.rfind('_') + 1)))
          (void)world_.files().remove_tree(logs + "/" + name);
  }

  static Task<void> end_orphan(Agent* self, Sandbox s) {
    World& world = self->world_;
    world.log().write(LogLevel::info,
                      fmt::format("node: ending pod {}/{}, which the cluster does not know", s.ns, s.name));
    for (Duration delay = 1s;; delay = std::min<Duration>(delay * 2, 1min)) {
      auto ended = co_await end_pod(self->runtime_, s);
      if (ended) break;
      if (ended.error().is(ErrorKind::canceled)) co_return;
      world.log().write(LogLevel::warning, "node: " + ended.error().str());
      if (!co_await runtime::sleep(delay)) co_return;
    }
    if (self->runtime_.simulated()) co_return;
    Value pod{{"metadata", Value{{"name", s.name}, {"namespace", s.ns}, {"uid", s.uid}}}};
    (void)volumes::remove_all(world, pod::pod_directory(self->options_, pod));
    (void)world.files().remove_tree(pod::log_directory(self->options_, pod));
    for (const char* qos : {"", "burstable/", "besteffort/"})
      remove_cgroups(world, fmt::format("/{}/kubepods/{}pod{}", self->options_.cgroups.root, qos, s.uid));
  }

  Task<void> rotate_logs() {
    if (runtime_.simulated()) co_return;
    std::map<std::string, int> failed;  // container: times in a row. One that ends meanwhile fails once, which is well
    while (co_await runtime::sleep(10s)) {
      std::vector<ContainerStatus> running;
      for (auto& [uid, worker] : workers_)
        for (const ContainerStatus& c : worker->containers())
          if (c.state == ContainerState::running && !c.log_path.empty()) running.push_back(c);
      for (const ContainerStatus& c : running) {
        auto rotated = co_await rotate_log(world_, c.log_path, [this, id = c.id] { return runtime_.reopen_log(id); });
        if (rotated.failed_with(ErrorKind::canceled)) co_return;
        if (!rotated && ++failed[c.id] == 2)
          world_.log().write(LogLevel::warning, fmt::format("node: the log {} is not rotated and grows: {}", c.log_path,
                                                            rotated.error().str()));
        if (rotated) failed.erase(c.id);
      }
      std::erase_if(failed, [&](const auto& entry) {
        return std::ranges::none_of(running, [&](const ContainerStatus& c) { return c.id == entry.first; });
      });
    }
  }

  // A runtime only notes down what is to be streamed: one that takes long for that hangs.
  static Task<Result<std::string>> stream_url(Task<Result<std::string>> asked) {
    auto url = co_await runtime::with_timeout(kStreamUrlMax, std::move(asked));
    if (url.failed_with(ErrorKind::timeout))
      co_return fail(ErrorKind::unavailable, "the container runtime is down: it gave no answer for {} s",
                     std::chrono::duration_cast<std::chrono::seconds>(kStreamUrlMax).count());
    co_return url;
  }

  // ---- finding ----

  Result<std::shared_ptr<Worker>> find(std::string_view ns, std::string_view name) {
    for (auto& [uid, worker] : workers_)
      if (kinds::name_of(worker->pod()) == name && kinds::namespace_of(worker->pod()) == ns) return worker;
    return fail(ErrorKind::not_found, "pods \"{}\" not found", name);
  }

  Result<std::string> running_container(const std::string& ns, const std::string& pod, const std::string& name) {
    auto worker = OR_RETURN(find(ns, pod));
    for (const ContainerStatus& c : worker->containers())
      if (c.name == name && c.state == ContainerState::running) return c.id;
    return fail(ErrorKind::bad_request, "container \"{}\" in pod \"{}\" is not running", name, pod);
  }

  Result<std::string> log_path(const Worker& worker, const LogRequest& r) {
    const Value& status = worker.pod()["status"];
    const Value& main = pod::find_status(status["containerStatuses"], r.container);
    const Value& s = main.is_null() ? pod::find_status(status["initContainerStatuses"], r.container) : main;
    if (s.is_null())
      return fail(ErrorKind::bad_request, "container \"{}\" in pod \"{}\" is not available", r.container, r.pod);
    std::vector<const ContainerStatus*> runs;
    for (const ContainerStatus& c : worker.containers())
      if (c.name == r.container && c.state != ContainerState::created) runs.push_back(&c);
    if (r.previous) {
      // the run before the one that is now, which may be waiting for its back-off
      bool waits = s["state"].has("waiting");
      size_t index = waits ? 0 : 1;
      if (runs.size() <= index)
        return fail(ErrorKind::bad_request, "previous terminated container \"{}\" in pod \"{}\" not found", r.container,
                    r.pod);
      return runs[index]->log_path;
    }
    if (!runs.empty()) return runs[0]->log_path;
    std::string_view reason = s["state"]["waiting"]["reason"].as_string();
    if (reason == "ErrImagePull") reason = "image can't be pulled";
    if (reason == "ImagePullBackOff") reason = "trying and failing to pull image";
    return fail(ErrorKind::bad_request, "container \"{}\" in pod \"{}\" is waiting to start: {}", r.container, r.pod,
                reason);
  }

  World& world_;
  cluster::Cluster& cluster_;
  PodRuntime& runtime_;
  NodeOptions options_;
  std::unique_ptr<cluster::Cache> cache_;
  std::unique_ptr<reconcile::EventRecorder> events_;
  std::unique_ptr<NodeContext> node_;
  TaskGroup* group_ = nullptr;
  bool synced_ = false;
  runtime::Signal node_deleted_;
  std::map<std::string, std::shared_ptr<Worker>> workers_;  // by pod uid
};

}  // namespace

std::unique_ptr<NodeAgent> NodeAgent::create(World& world, cluster::Cluster& cluster, PodRuntime& runtime,
                                             NodeOptions options) {
  return std::make_unique<Agent>(world, cluster, runtime, std::move(options));
}

std::string NodeAgent::owner(const NodeOptions& options) {
  uint32_t hash = 2166136261u;
  for (char c : options.data_directory) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return fmt::format("{}-{:08x}", options.name, hash);
}

}  // namespace slipway::node
