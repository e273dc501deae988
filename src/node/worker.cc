// Everything is done again from what is seen: the worker keeps no state machine of its own. A restart of this program
// therefore adopts a pod by gathering it; nothing running is touched unless decide() wants it.
#include "node/worker.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "node/images.h"
#include "node/logs.h"
#include "node/pod/config.h"
#include "node/pod/status.h"
#include "node/probes.h"
#include "value/patch.h"

namespace slipway::node {

using runtime::LogLevel;

namespace {

constexpr Duration kGraceMin = 2s;    // so that SIGTERM is always heard before SIGKILL
constexpr size_t kMessageMax = 4096;  // of /dev/termination-log
constexpr int kQuickExitLooks = 100;  // every 10 ms; then every second, since a busy containerd may need minutes

cluster::ObjectKey key_of(const Value& pod) {
  return {{"", "v1", "Pod"}, std::string(kinds::namespace_of(pod)), std::string(kinds::name_of(pod))};
}

// What a container left as its last words: their end, as the kubelet takes it. "" where there is nothing.
std::string last_words(World& world, const std::string& path) {
  auto file = world.files().open(path, runtime::OpenMode::read);
  if (!file) return {};
  auto size = (*file)->size();
  if (!size) return {};
  std::string words(std::min<uint64_t>(*size, kMessageMax), '\0');
  auto count = (*file)->read_at(*size - words.size(), words);
  words.resize(count.value_or(0));
  return words;
}

}  // namespace

// The running probes of one container.
struct Worker::Probing {
  explicit Probing(TaskGroup& outer) : health(outer.scope()), readiness(outer.scope()) {}
  TaskGroup health, readiness;  // health: startup and liveness
};

Worker::Worker(NodeContext& node, TaskGroup& group, Value pod)
    : node_(node),
      uid_(kinds::uid_of(pod)),
      pod_(std::move(pod)),
      step_group_(std::make_unique<TaskGroup>(group.scope())),
      kill_group_(std::make_unique<TaskGroup>(group.scope())) {}
Worker::~Worker() = default;

void Worker::update(Value pod) {
  bool ours = pod["spec"] == pod_["spec"] &&
              pod["metadata"]["deletionTimestamp"] == pod_["metadata"]["deletionTimestamp"] &&
              pod["metadata"]["deletionGracePeriodSeconds"] == pod_["metadata"]["deletionGracePeriodSeconds"] &&
              pod["metadata"]["labels"] == pod_["metadata"]["labels"] &&
              pod["metadata"]["annotations"] == pod_["metadata"]["annotations"] && pod["status"] == pod_["status"];
  if (pod["metadata"]["labels"] != pod_["metadata"]["labels"] ||
      pod["metadata"]["annotations"] != pod_["metadata"]["annotations"])
    volumes_stale_ = true;
  pod_ = std::move(pod);
  if (!ours) news_.notify();
}

void Worker::object_gone() {
  if (std::exchange(object_gone_, true)) return;
  pod_ = pod_.with("/metadata/deletionTimestamp", base::format_rfc3339(node_.world.now()));
  if (!pod_["metadata"]["deletionGracePeriodSeconds"].is_number() || !deleted_asked_)
    pod_ = pod_.with("/metadata/deletionGracePeriodSeconds", 0);
  news_.notify();
}

void Worker::inputs_changed() {
  volumes_stale_ = true;
  for (auto& [name, failure] : failures_)
    if (failure.reason == "CreateContainerConfigError" || failure.reason == "ErrImagePull")
      failure.retry_at = node_.world.now();
  if (sandbox_failure_) sandbox_failure_->retry_at = node_.world.now();
  news_.notify();
}

void Worker::something_happened(const RuntimeEvent& event) {
  if (event.kind == RuntimeEvent::Kind::exited) exits_.emplace(event.id, 0);
  news_.notify();
}

bool Worker::uses(std::string_view kind, std::string_view ns, std::string_view name) const {
  if (ns != kinds::namespace_of(pod_)) return false;
  bool secret = kind == "Secret";
  auto volume_uses = [&](const Value& v) {
    return secret ? v["secret"]["secretName"].as_string() == name || v["secret"]["name"].as_string() == name
                  : v["configMap"]["name"].as_string() == name;
  };
  for (const Value& v : pod_["spec"]["volumes"].items()) {
    if (volume_uses(v)) return true;
    for (const Value& source : v["projected"]["sources"].items())
      if (volume_uses(source)) return true;
  }
  for (const pod::ContainerSpec& c : pod::containers_of(pod_)) {
    for (const Value& e : (*c.spec)["envFrom"].items())
      if (e[secret ? "secretRef" : "configMapRef"]["name"].as_string() == name) return true;
    for (const Value& e : (*c.spec)["env"].items())
      if (e["valueFrom"][secret ? "secretKeyRef" : "configMapKeyRef"]["name"].as_string() == name) return true;
  }
  if (secret)
    for (const Value& s : pod_["spec"]["imagePullSecrets"].items())
      if (s["name"].as_string() == name) return true;
  return false;
}

Task<void> Worker::run() {
  runtime::Scope& scope = co_await runtime::current_scope();
  while (!finished_ && !scope.canceled()) {
    auto seen = co_await gather();
    if (!seen) {
      if (seen.error().is(ErrorKind::canceled)) break;
      node_.world.log().write(LogLevel::warning,
                              fmt::format("node: pod {}: {}", pod::describe(pod_), seen.error().str()));
      if (!co_await runtime::sleep(1s)) break;
      continue;
    }
    co_await sync_probes(*seen);
    pod::Plan plan = pod::decide(*seen, node_.world.now());
    std::optional<WallTime> until = plan.look_again;
    bool keeps_tokens = !pod::is_deleted(pod_) && !pod::is_terminal(pod_);
    if (auto renewal = next_renewal(tokens_); renewal && keeps_tokens && *renewal <= node_.world.now())
      volumes_stale_ = true;
    look_soon_ = look_for_exits(*seen);
    co_await act(std::move(plan));
    if (auto renewal = next_renewal(tokens_); renewal && keeps_tokens && (!until || *renewal < *until)) until = renewal;
    if (volumes_retry_at_ && may_refresh_volumes() && (!until || *volumes_retry_at_ < *until))
      until = volumes_retry_at_;
    if (!finished_) co_await wait_for_news(until);
  }
  // Whatever runs beside us ends with us; containers go on.
  co_await step_group_->stop();
  co_await kill_group_->stop();
  for (auto& [id, probing] : probing_) {
    co_await probing->health.stop();
    co_await probing->readiness.stop();
  }
}

// ---- gather ----

Task<Result<pod::Seen>> Worker::gather() {
  pod::Seen seen;
  for (auto& [id, looks] : exits_) ++looks;
  made_meanwhile_.reset();
  StringMap ours{{kLabelPodUid, uid_}};
  auto sandboxes = OR_CO_RETURN(co_await node_.runtime.list_sandboxes(ours));
  for (Sandbox& s : sandboxes) {
    node_.pod_of_id[s.id] = uid_;
    SandboxStatus status{std::move(s), {}};
    if (status.ready) {
      auto full = co_await node_.runtime.sandbox_status(status.id);
      if (full) {
        status.ips = std::move(full->ips);
        status.ready = full->ready;
      } else if (!full.error().is(ErrorKind::not_found)) {
        co_return std::move(full).error();
      }
    }
    seen.sandboxes.push_back(std::move(status));
  }
  auto containers = OR_CO_RETURN(co_await node_.runtime.list_containers(ours));
  for (Container& c : containers) {
    node_.pod_of_id[c.id] = uid_;
    if (auto known = ended_.find(c.id); known != ended_.end()) {
      seen.containers.push_back(known->second);
      continue;
    }
    auto status = co_await node_.runtime.container_status(c.id);
    if (!status) {
      if (status.error().is(ErrorKind::not_found)) continue;
      co_return std::move(status).error();
    }
    status->sandbox = c.sandbox;
    if (status->state == ContainerState::exited) {
      exits_.erase(c.id);
      const Value& spec = container_spec(status->name);
      std::string words;
      if (!node_.runtime.simulated())
        words = last_words(node_.world, pod::termination_path(node_.options, pod_, status->name, status->attempt));
      if (!words.empty()) status->message = words;
      if (words.empty() && status->exit_code != 0 && status->message.empty() && !status->log_path.empty() &&
          spec["terminationMessagePolicy"].as_string() == "FallbackToLogsOnError")
        status->message = log_tail(node_.world, status->log_path);
      ended_[c.id] = *status;
    }
    seen.containers.push_back(std::move(*status));
  }
  if (made_meanwhile_ &&
      std::ranges::find(seen.sandboxes, made_meanwhile_->id, &SandboxStatus::id) == seen.sandboxes.end())
    seen.sandboxes.push_back(*made_meanwhile_);
  std::ranges::sort(seen.sandboxes, std::greater<>(), &SandboxStatus::attempt);
  std::ranges::sort(seen.containers, [](const ContainerStatus& a, const ContainerStatus& b) {
    return a.attempt != b.attempt ? a.attempt > b.attempt : a.created > b.created;
  });
  std::erase_if(ended_, [&](const auto& entry) {
    return std::ranges::none_of(seen.containers, [&](const ContainerStatus& c) { return c.id == entry.first; });
  });

  sandbox_.clear();
  ips_.clear();
  for (const SandboxStatus& s : seen.sandboxes)
    if (s.ready && sandbox_.empty()) take_sandbox(s);
  seen_containers_ = seen.containers;
  seen.pod = pod_;
  seen.probes = probe_results_;
  seen.failures = failures_;
  seen.backoffs = backoffs_;
  seen.sandbox_failure = sandbox_failure_;
  seen.stepping = stepping_;
  seen.killing = killing_;
  seen.host_ips = host_ips();
  seen.probes_pass = node_.runtime.simulated();
  co_return seen;
}

// An exit is told by containerd a moment before its CRI lists know of it. What was told while we gathered is not
// judged by what we saw before: the next look does. Gives when to look again.
std::optional<Duration> Worker::look_for_exits(const pod::Seen& seen) {
  std::optional<Duration> soon;
  for (auto it = exits_.begin(); it != exits_.end();) {
    auto& [id, looks] = *it;
    bool over = looks > 0 &&
                std::ranges::none_of(
                    seen.containers,
                    [&](const ContainerStatus& c) {
                      return c.id == id && (c.state == ContainerState::created || c.state == ContainerState::running);
                    }) &&
                std::ranges::none_of(seen.sandboxes, [&](const SandboxStatus& s) { return s.id == id && s.ready; });
    if (over) {
      it = exits_.erase(it);
      continue;
    }
    Duration wait = looks <= kQuickExitLooks ? 10ms : 1s;
    soon = soon ? std::min(*soon, wait) : wait;
    ++it;
  }
  return soon;
}

Task<void> Worker::wait_for_news(std::optional<WallTime> until) {
  std::optional<Duration> wait = look_soon_;
  if (until) {
    Duration left = std::max<Duration>(*until - node_.world.now(), 1ms);
    wait = wait ? std::min(*wait, left) : left;
  }
  if (wait)
    (void)co_await runtime::with_timeout(*wait, runtime::wait_for(news_));
  else
    (void)co_await news_.wait();
}

// ---- act ----

Task<void> Worker::act(pod::Plan plan) {
  for (const pod::Notice& n : plan.notices) notice(n);
  if (plan.cancel_step && stepping_) {
    co_await step_group_->stop();
    step_group_ = std::make_unique<TaskGroup>(kill_group_->scope());
    stepping_ = false;
    news_.notify();
  }
  if (!object_gone_) {
    auto written = co_await write_status(plan.status);
    if (!written) {
      if (written.error().is(ErrorKind::canceled)) co_return;
      if (!written.error().is(ErrorKind::not_found) && !written.error().is(ErrorKind::conflict)) {
        node_.world.log().write(LogLevel::warning,
                                fmt::format("node: status of pod {}: {}", pod::describe(pod_), written.error().str()));
        look_soon_ = 1s;
      }
    }
  }
  if (!plan.kill.empty()) {
    for (const pod::KillContainer& k : plan.kill) killing_[k.id] = node_.world.now() + k.grace;
    kill_group_->spawn(kill(plan.kill));
  }
  for (const std::string& id : plan.stop_sandboxes) {
    auto stopped = co_await node_.runtime.stop_sandbox(id);
    if (!stopped && !stopped.error().is(ErrorKind::canceled)) {
      node_.events.record(pod_, "Warning", "FailedKillPod",
                          "error killing pod: failed to stop sandbox: " + stopped.error().message());
      look_soon_ = 5s;
      co_return;
    }
  }
  for (const std::string& id : plan.drop_sandboxes) {
    (void)co_await node_.runtime.stop_sandbox(id);
    auto removed = co_await node_.runtime.remove_sandbox(id);
    if (removed) node_.pod_of_id.erase(id);
  }
  for (const std::string& id : plan.remove_containers) {
    auto removed = co_await node_.runtime.remove_container(id);
    if (removed) node_.pod_of_id.erase(id);
  }
  if (plan.release) co_return co_await release(pod::is_deleted(pod_));
  if (volumes_due()) co_await refresh_volumes();
  if ((plan.create_sandbox || !plan.start.empty()) && !stepping_) {
    stepping_ = true;
    step_group_->spawn(step(std::move(plan)));
  }
}

void Worker::notice(const pod::Notice& n) {
  if (!said_.insert(n.key).second) return;
  node_.events.record(n.container.empty() ? pod_ : container_reference(pod_, n.container), n.type, n.reason, n.message);
}

Task<Result<>> Worker::write_status(Value status) {
  Value difference = value::merge_diff(pod_["status"], status);
  if (difference.empty()) co_return Result<>();
  cluster::Write write = cluster::merge_patch(key_of(pod_), Value{{"status", difference}}, "status");
  write.uid = uid_;
  write.field_manager = "kubelet";
  auto written = OR_CO_RETURN(co_await node_.cluster.write(std::move(write)));
  // Only the status is taken over: a newer specification arrives by update().
  if (kinds::uid_of(written.object) == uid_) pod_ = pod_.with_member("status", written.object["status"]);
  co_return Result<>();
}

// Nothing runs any more. An ended pod keeps its containers' remains for their logs; a deleted one keeps nothing.
Task<void> Worker::release(bool deleted) {
  bool simulated = node_.runtime.simulated();
  if (!std::exchange(released_, true) && !simulated) {
    auto removed = volumes::remove_all(node_.world, pod::pod_directory(node_.options, pod_));
    if (!removed) {
      released_ = false;
      node_.world.log().write(LogLevel::warning,
                              fmt::format("node: volumes of pod {}: {}", pod::describe(pod_), removed.error().str()));
      look_soon_ = 5s;
      co_return;
    }
    volumes_ready_ = false;
    volumes_retry_at_.reset();
  }
  if (!deleted) co_return;
  auto sandboxes = co_await node_.runtime.list_sandboxes({{kLabelPodUid, uid_}});
  if (!sandboxes) {
    look_soon_ = 1s;
    co_return;
  }
  for (const Sandbox& s : *sandboxes) {
    (void)co_await node_.runtime.stop_sandbox(s.id);
    auto removed = co_await node_.runtime.remove_sandbox(s.id);
    if (!removed) {
      look_soon_ = 1s;
      co_return;
    }
  }
  std::erase_if(node_.pod_of_id, [&](const auto& entry) { return entry.second == uid_; });
  if (!simulated) {
    (void)node_.world.files().remove_tree(pod::log_directory(node_.options, pod_));
    remove_cgroups(node_.world, pod_cgroup(node_.options.cgroups, pod_));
  }
  if (object_gone_) {
    finished_ = true;
    co_return;
  }
  if (deleted_asked_) co_return;  // finalizers hold it: nothing is left for us to do
  cluster::Write write = cluster::remove(key_of(pod_));
  write.uid = uid_;
  write.grace_period_s = 0;
  auto gone = co_await node_.cluster.write(std::move(write));
  if (gone || gone.error().is(ErrorKind::not_found) || gone.error().is(ErrorKind::conflict))
    deleted_asked_ = true;
  else if (!gone.error().is(ErrorKind::canceled))
    look_soon_ = 1s;
}

// ---- ending ----

// One shutdown: turn by turn, all of one turn at a time, within one deadline.
Task<void> Worker::kill(std::vector<pod::KillContainer> kills) {
  runtime::Scope& scope = co_await runtime::current_scope();
  for (size_t i = 0; i < kills.size();) {
    SteadyTime deadline = node_.world.steady_now() +
                          std::clamp<Duration>(killing_[kills[i].id] - node_.world.now(), Duration(), kills[i].grace);
    TaskGroup together(scope);
    int turn = kills[i].turn;
    for (; i < kills.size() && kills[i].turn == turn; ++i) together.spawn(kill_one(kills[i], deadline));
    co_await together.join();
  }
  news_.notify();
}

Task<void> Worker::kill_one(pod::KillContainer what, SteadyTime deadline) {
  Value spec = container_spec(what.name);
  node_.events.record(container_reference(pod_, what.name), "Normal", "Killing", what.message);
  const Value& hook = spec["lifecycle"]["preStop"];
  Duration left = deadline - node_.world.steady_now();
  if (hook.is_object() && left > Duration() && !node_.runtime.simulated()) {
    ProbeTarget target{pod_, spec, what.id, ips_.empty() ? "" : ips_[0]};
    auto run =
        co_await runtime::with_timeout(left, run_handler(node_.world, node_.runtime, std::move(target), hook, left));
    if (!run && run.error().is(ErrorKind::canceled)) co_return;
    if (!run)
      node_.events.record(container_reference(pod_, what.name), "Warning", "FailedPreStopHook", "PreStopHook failed");
    left = deadline - node_.world.steady_now();
  }
  auto stopped = co_await node_.runtime.stop_container(what.id, std::max(left, kGraceMin));
  if (!stopped) {
    if (stopped.error().is(ErrorKind::canceled)) co_return;
    node_.events.record(pod_, "Warning", "FailedKillPod", "error killing pod: " + stopped.error().message());
    if (!co_await runtime::sleep(1s)) co_return;
  }
  killing_.erase(what.id);
  news_.notify();
}

// ---- probes ----

Task<void> Worker::sync_probes(const pod::Seen& seen) {
  if (node_.runtime.simulated()) co_return;
  std::set<std::string> wanted;
  for (const ContainerStatus& c : seen.containers)
    if (c.state == ContainerState::running && c.sandbox == sandbox_) wanted.insert(c.id);
  for (auto it = probing_.begin(); it != probing_.end();) {
    if (wanted.contains(it->first)) {
      if (pod::is_deleted(pod_)) co_await it->second->health.stop();
      ++it;
      continue;
    }
    co_await it->second->health.stop();
    co_await it->second->readiness.stop();
    probe_results_.erase(it->first);
    it = probing_.erase(it);
  }
  std::map<std::string_view, Value> probed;  // by name, as now wanted
  for (const pod::ContainerSpec& s : pod::containers_of(pod_)) {
    const Value& spec = *s.spec;
    bool any = spec.has("startupProbe") || spec.has("readinessProbe") || spec.has("livenessProbe");
    if (any && s.role != pod::Role::init) probed.try_emplace(s.name(), spec);
  }
  for (const ContainerStatus& c : seen.containers) {
    if (!wanted.contains(c.id) || probing_.contains(c.id) || !probed.contains(c.name)) continue;
    const Value& spec = probed.at(c.name);
    auto& probing = probing_[c.id] = std::make_unique<Probing>(*kill_group_);
    // What had started before this program did needs no startup probe again.
    for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
      const Value& before = pod::find_status(pod_["status"][list], c.name);
      if (before["started"].as_bool() && before["containerID"].as_string() == "containerd://" + c.id)
        probe_results_[c.id].startup = pod::Verdict::success;
    }
    auto has_started = [this, id = c.id, probe = spec.has("startupProbe")] {
      return !probe || probe_results_[id].startup == pod::Verdict::success;
    };
    struct Row {
      const char* name;
      ProbeKind kind;
      pod::Verdict pod::ProbeResults::* slot;
    };
    for (Row row : {Row{"startupProbe", ProbeKind::startup, &pod::ProbeResults::startup},
                    Row{"readinessProbe", ProbeKind::readiness, &pod::ProbeResults::readiness},
                    Row{"livenessProbe", ProbeKind::liveness, &pod::ProbeResults::liveness}}) {
      if (!spec.has(row.name) || (row.kind == ProbeKind::startup && has_started())) continue;
      if (row.kind != ProbeKind::readiness && pod::is_deleted(pod_)) continue;
      ProbeLoop loop;
      loop.target = {pod_, spec, c.id, ips_.empty() ? "" : ips_[0]};
      loop.kind = row.kind;
      loop.probe = spec[row.name];
      loop.started = c.started;
      loop.has_started = has_started;
      loop.report = [this, id = c.id, slot = row.slot](pod::Verdict verdict) {
        probe_results_[id].*slot = verdict;
        news_.notify();
      };
      (row.kind == ProbeKind::readiness ? probing->readiness : probing->health)
          .spawn(probe_loop(node_.world, node_.runtime, node_.events, std::move(loop)));
    }
  }
}

}  // namespace slipway::node
