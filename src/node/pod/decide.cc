// The order of questions, each of which may end the walk:
//   1. Must it end? Deleted, already terminal, or out of time: kill what runs, then release.
//   2. Has it a sandbox that works? If not, drop what is left and make one.
//   3. Which init containers and sidecars come next? Only then:
//   4. Which main containers must start, restart after their back-off, or die for a failed probe?
//   5. Did all main containers end for good? Then sidecars are killed and the pod has ended by itself.
// The newest run of a container in the current sandbox is what counts; older ones only for restart counts and
// lastState.
#include "node/pod/decide.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "base/timestamp.h"
#include "kinds/object.h"
#include "node/pod/backoff.h"
#include "node/pod/status.h"

namespace slipway::node::pod {

namespace {

// How long ErrImagePull stands before it reads ImagePullBackOff.
constexpr Duration kErrorShown = 1s;

class Decision {
 public:
  Decision(const Seen& seen, WallTime now) : seen_(seen), pod_(seen.pod), now_(now), specs_(containers_of(seen.pod)) {}

  Plan run() {
    find_sandbox();
    if (must_end())
      end_pod();
    else
      go_on();
    prune();
    plan_.status = make_status(seen_, verdicts_, now_);
    return std::move(plan_);
  }

 private:
  using Runs = std::unordered_map<std::string_view, const ContainerStatus*>;

  void find_sandbox() {
    for (const SandboxStatus& s : seen_.sandboxes) {
      last_attempt_ = std::max<int64_t>(last_attempt_, s.attempt);
      if (!sandbox_ && s.ready && (on_host_network(pod_) || !s.ips.empty())) sandbox_ = &s;
    }
    for (const ContainerStatus& c : seen_.containers) {
      newest_.try_emplace(c.name, &c);
      if (sandbox_ && c.sandbox == sandbox_->id) current_.try_emplace(c.name, &c);
    }
    verdicts_.sandbox = sandbox_ ? sandbox_->id : "";
    verdicts_.sandbox_ready = sandbox_ != nullptr;
  }

  bool must_end() {
    if (is_deleted(pod_) || is_terminal(pod_)) return true;
    const Value& deadline = pod_["spec"]["activeDeadlineSeconds"];
    if (!deadline.is_number()) return false;
    auto start = base::parse_rfc3339(pod_["status"]["startTime"].as_string());
    if (!start) return false;
    WallTime end = *start + base::whole_seconds(deadline.as_int());
    if (now_ < end) {
      look_at(end);
      return false;
    }
    verdicts_.fail_reason = "DeadlineExceeded";
    verdicts_.fail_message = "Pod was active on the node longer than the specified deadline";
    plan_.notices.push_back({"deadline", "Normal", verdicts_.fail_reason, verdicts_.fail_message, ""});
    return true;
  }

  // ---- the end ----

  void end_pod() {
    if (seen_.stepping) plan_.cancel_step = true;
    kill_all(grace_period(pod_));
    if (anything_runs() || seen_.stepping) return;
    verdicts_.ended = true;
    stop_sandboxes();
    plan_.release = true;
  }

  bool anything_runs() const {
    return std::ranges::any_of(seen_.containers,
                               [](const ContainerStatus& c) { return c.state == ContainerState::running; }) ||
           !seen_.killing.empty();
  }

  // Main containers at once; then sidecars, the last in the list first.
  void kill_all(Duration grace) {
    std::unordered_map<std::string_view, int> turns;
    for (size_t i = 0; i < specs_.size(); ++i)
      if (specs_[i].role != Role::main) turns[specs_[i].name()] = static_cast<int>(specs_.size() - i);
    for (const ContainerStatus& c : seen_.containers) {
      if (c.state != ContainerState::running) continue;
      auto pending = seen_.killing.find(c.id);
      if (pending != seen_.killing.end() && pending->second <= now_ + grace) continue;
      auto turn = turns.find(c.name);
      plan_.kill.push_back(
          {c.id, c.name, "Stopping container " + c.name, grace, turn == turns.end() ? 0 : turn->second, true});
    }
    std::ranges::sort(plan_.kill, {}, [](const KillContainer& k) { return std::pair(k.turn, k.name); });
  }

  void stop_sandboxes() {
    for (const SandboxStatus& s : seen_.sandboxes)
      if (s.ready) plan_.stop_sandboxes.push_back(s.id);
  }

  // ---- the life ----

  void go_on() {
    if (!sandbox_) return make_sandbox();
    leave_others();
    if (!walk_init()) return;
    if (walk_mains() == 0) finish();
  }

  // Sandboxes that are not the pod's any more: ended at once, and gone with the last of their containers.
  void leave_others() {
    for (const SandboxStatus& s : seen_.sandboxes) {
      if (&s == sandbox_) continue;
      bool holds = std::ranges::any_of(seen_.containers, [&](const ContainerStatus& c) { return c.sandbox == s.id; });
      if (!holds)
        plan_.drop_sandboxes.push_back(s.id);
      else if (s.ready)
        plan_.stop_sandboxes.push_back(s.id);
    }
  }

  void make_sandbox() {
    // A pod that is done does not come back because its sandbox went (a reboot).
    bool had_runs = !seen_.containers.empty();
    bool any_to_start = false;
    for (const ContainerSpec& c : specs_) {
      if (c.role != Role::main) continue;
      const ContainerStatus* run = newest(c.name());
      if (!run || run->state != ContainerState::exited || restarts_after(pod_, c, run->exit_code)) any_to_start = true;
    }
    if (had_runs && (!any_to_start || (restart_policy(pod_) == RestartPolicy::never && !seen_.sandboxes.empty())))
      return finish();

    leave_others();
    if (had_runs && !seen_.sandboxes.empty())
      plan_.notices.push_back({fmt::format("sandbox/{}", last_attempt_), "Normal", "SandboxChanged",
                               "Pod sandbox changed, it will be killed and re-created.", ""});
    if (seen_.sandbox_failure && seen_.sandbox_failure->holds(now_)) return look_at(seen_.sandbox_failure->retry_at);
    plan_.create_sandbox = true;
    plan_.sandbox_attempt = static_cast<uint32_t>(last_attempt_ + 1);
    // What comes first in it follows in the same step, as with the kubelet.
    if (walk_init()) walk_mains();
  }

  // True when main containers may run.
  bool walk_init() {
    bool initialized =
        std::ranges::any_of(specs_, [&](const ContainerSpec& c) { return c.role == Role::main && current(c.name()); });
    for (const ContainerSpec& c : specs_) {
      if (c.role == Role::main) break;
      const ContainerStatus* run = current(c.name());
      if (c.role == Role::sidecar) {
        if (run && run->state == ContainerState::running) {
          if (kill_if_unhealthy(c, *run)) continue;
          if (!initialized && !has_started(c, *run)) return false;
          continue;
        }
        if (!main_work_left() && initialized) continue;  // the pod is about to end
        start(c, run);
        if (!initialized) return false;
        continue;
      }
      if (initialized) continue;
      if (run && run->state == ContainerState::running) return false;
      if (run && run->state == ContainerState::exited) {
        if (run->exit_code == 0) continue;
        if (!restarts_after(pod_, c, run->exit_code)) {
          finish();
          return false;
        }
      }
      start(c, run);
      return false;
    }
    return true;
  }

  bool main_work_left() const {
    return std::ranges::any_of(specs_, [&](const ContainerSpec& c) {
      if (c.role != Role::main) return false;
      const ContainerStatus* run = newest(c.name());
      return !run || run->state != ContainerState::exited || restarts_after(pod_, c, run->exit_code);
    });
  }

  // How many run or will run again.
  int walk_mains() {
    int kept = 0;
    for (const ContainerSpec& c : specs_)
      if (c.role == Role::main) kept += walk_main(c);
    return kept;
  }

  // 1 when the container runs or will run again.
  int walk_main(const ContainerSpec& c) {
    const ContainerStatus* run = current(c.name());
    if (run && run->state == ContainerState::running) {
      kill_if_unhealthy(c, *run);
      return 1;
    }
    const ContainerStatus* last = run ? run : newest(c.name());
    if (last && last->state == ContainerState::exited && !restarts_after(pod_, c, last->exit_code)) return 0;
    start(c, run);
    return 1;
  }

  bool kill_if_unhealthy(const ContainerSpec& c, const ContainerStatus& run) {
    const Value* probe = nullptr;
    std::string why;
    auto results = seen_.probes.find(run.id);
    auto hash = run.annotations.find(kNoteContainerHash);
    if (hash != run.annotations.end() && hash->second != container_hash(*c.spec)) {
      why = fmt::format("Container {} definition changed", run.name);
    } else if (results != seen_.probes.end() && results->second.liveness == Verdict::failure) {
      why = fmt::format("Container {} failed liveness probe", run.name);
      probe = &(*c.spec)["livenessProbe"];
    } else if (results != seen_.probes.end() && results->second.startup == Verdict::failure) {
      why = fmt::format("Container {} failed startup probe", run.name);
      probe = &(*c.spec)["startupProbe"];
    } else {
      return false;
    }
    if (seen_.killing.contains(run.id)) return true;
    Duration grace = grace_period(pod_);
    if (probe && (*probe)["terminationGracePeriodSeconds"].is_number())
      grace = base::whole_seconds((*probe)["terminationGracePeriodSeconds"].as_int());
    if (!probe || restarts_after(pod_, c, 137)) why += ", will be restarted";
    plan_.kill.push_back({run.id, run.name, why, grace});
    return true;
  }

  bool has_started(const ContainerSpec& c, const ContainerStatus& run) const {
    if ((*c.spec)["startupProbe"].is_null() || seen_.probes_pass) return true;
    auto results = seen_.probes.find(run.id);
    if (results != seen_.probes.end() && results->second.startup != Verdict::unknown)
      return results->second.startup == Verdict::success;
    const Value& before =
        find_status(pod_["status"]["initContainerStatuses"], run.name);  // it had, before we restarted
    return before["started"].as_bool() && before["containerID"].as_string() == "containerd://" + run.id;
  }

  // Starts it now, or says what it waits for.
  void start(const ContainerSpec& c, const ContainerStatus* run) {
    std::string name(c.name());
    const ContainerStatus* last = run ? run : newest(name);
    auto remembered = seen_.backoffs.find(name);
    const CrashBackoff* backoff = remembered == seen_.backoffs.end() ? nullptr : &remembered->second;
    std::optional<CrashBackoff> next;
    // A container whose sandbox went starts at once in the new one.
    if (run && run->state == ContainerState::exited) {
      if (auto until = held_until(backoff, run->finished, now_)) {
        verdicts_.waiting[name] = {"CrashLoopBackOff", fmt::format("back-off {} restarting failed container={} pod={}",
                                                                   go_duration(backoff->delay), name, describe(pod_))};
        plan_.notices.push_back({"backoff/" + run->id, "Warning", "BackOff",
                                 fmt::format("Back-off restarting failed container {} in pod {}", name, describe(pod_)),
                                 name});
        return look_at(*until);
      }
      next = next_backoff(backoff, run->finished, now_);
    }
    if (auto failure = seen_.failures.find(name); failure != seen_.failures.end()) {
      show_failure(c, failure->second);
      if (failure->second.holds(now_)) return look_at(failure->second.retry_at);
    }
    if (seen_.stepping) return;
    plan_.start.push_back({name, last ? last->attempt + 1 : first_attempt(name), next});
  }

  void show_failure(const ContainerSpec& c, const StartFailure& failure) {
    std::string name(c.name());
    Waiting& w = verdicts_.waiting[name] = {failure.reason, failure.message};
    if (failure.reason != "ErrImagePull") return;
    if (now_ < failure.at + kErrorShown) return look_at(failure.at + kErrorShown);
    std::string image((*c.spec)["image"].as_string());
    std::string held = fmt::format("Back-off pulling image \"{}\"", image);
    w = {"ImagePullBackOff", held + ": ErrImagePull: " + failure.message};
    std::string key = fmt::format("pull/{}/{}", name, failure.at.time_since_epoch().count());
    plan_.notices.push_back({key, "Normal", "BackOff", held, name});
    plan_.notices.push_back({key + "/error", "Warning", "Failed", "Error: ImagePullBackOff", name});
  }

  // The runtime forgot the container (a wiped containerd), the status did not: its count goes on.
  uint32_t first_attempt(const std::string& name) const {
    for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
      const Value& before = find_status(pod_["status"][list], name);
      if (!before["containerID"].is_null()) return static_cast<uint32_t>(before["restartCount"].as_int()) + 1;
    }
    return 0;
  }

  // Every main container has ended for good, or an init container failed for good.
  void finish() {
    kill_all(grace_period(pod_));
    if (seen_.stepping) plan_.cancel_step = true;
    if (anything_runs() || seen_.stepping) return;
    verdicts_.ended = true;
    stop_sandboxes();
  }

  // ---- what is kept ----

  // One dead run of each container is kept beside the newest, for `logs --previous` and lastState.
  void prune() {
    std::map<std::string, int> kept;
    for (const ContainerStatus& c : seen_.containers) {
      if (c.state == ContainerState::running) continue;
      if (newest(c.name) == &c) continue;
      if (++kept[c.name] > 1) plan_.remove_containers.push_back(c.id);
    }
  }

  const ContainerStatus* newest(std::string_view name) const { return run_in(newest_, name); }
  const ContainerStatus* current(std::string_view name) const { return run_in(current_, name); }

  static const ContainerStatus* run_in(const Runs& runs, std::string_view name) {
    auto found = runs.find(name);
    return found == runs.end() ? nullptr : found->second;
  }

  void look_at(WallTime when) {
    if (!plan_.look_again || when < *plan_.look_again) plan_.look_again = when;
  }

  static std::string go_duration(Duration d) {  // "10s", "1m20s", "5m0s"
    auto s = std::chrono::duration_cast<std::chrono::seconds>(d).count();
    return s < 60 ? fmt::format("{}s", s) : fmt::format("{}m{}s", s / 60, s % 60);
  }

  const Seen& seen_;
  const Value& pod_;
  WallTime now_;
  std::vector<ContainerSpec> specs_;
  const SandboxStatus* sandbox_ = nullptr;
  // The newest run of each container, of all and of the current sandbox, by name: a pod may have thousands, and each is
  // asked for several times.
  Runs newest_, current_;
  int64_t last_attempt_ = -1;
  Plan plan_;
  Verdicts verdicts_;
};

}  // namespace

Plan decide(const Seen& seen, WallTime now) {
  return Decision(seen, now).run();
}

}  // namespace slipway::node::pod
