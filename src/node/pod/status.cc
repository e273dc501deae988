// Order matters to people who read `kubectl describe`: main container statuses are sorted by name, init ones stand in
// the specification's order, conditions in the kubelet's.
#include "node/pod/status.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::node::pod {

namespace {

Value time_value(WallTime t) {
  return base::format_rfc3339(t);
}

Value terminated(const ContainerStatus& c) {
  ObjectBuilder t;
  t.set_unless_empty("containerID", "containerd://" + c.id).set("exitCode", c.exit_code);
  t.set("startedAt", c.started == WallTime() ? Value() : time_value(c.started));
  t.set("finishedAt", time_value(c.finished));
  t.set_unless_empty("reason", c.reason).set_unless_empty("message", c.message);
  return Value{{"terminated", t.build()}};
}

Value state_of(const ContainerStatus& c) {
  switch (c.state) {
    case ContainerState::running:
      return Value{{"running", Value{{"startedAt", time_value(c.started)}}}};
    case ContainerState::exited:
      return terminated(c);
    case ContainerState::created:
    case ContainerState::unknown:
      return Value{{"waiting", Value::object()}};
  }
  return Value::object();
}

Value waiting(std::string_view reason, std::string_view message = {}) {
  ObjectBuilder w;
  w.set_unless_empty("message", message).set_unless_empty("reason", reason);
  return Value{{"waiting", w.build()}};
}

Value volume_mounts(const Value& container) {
  ArrayBuilder list;
  for (const Value& m : container["volumeMounts"].items()) {
    ObjectBuilder one;
    one.set("name", m["name"]).set("mountPath", m["mountPath"]);
    if (m["readOnly"].as_bool()) one.set("readOnly", true).set("recursiveReadOnly", "Disabled");
    list.push(one.build());
  }
  return list.build();
}

struct Conditions {
  const Value& old;
  int64_t generation;
  WallTime now;
  ArrayBuilder list;

  void add(std::string_view type, bool on, std::string_view reason = {}, std::string_view message = {}) {
    const Value* before = nullptr;
    for (const Value& c : old.items())
      if (c["type"].as_string() == type) before = &c;
    std::string_view status = on ? "True" : "False";
    bool same = before && (*before)["status"].as_string() == status;
    ObjectBuilder c;
    c.set("type", type).set("status", status).set("lastProbeTime", Value());
    c.set("lastTransitionTime", same ? (*before)["lastTransitionTime"] : time_value(now));
    c.set_unless_empty("reason", reason).set_unless_empty("message", message);
    c.set_unless_empty("observedGeneration", generation);
    list.push(c.build());
  }
};

bool kubelet_owns(std::string_view type) {
  return type == "PodReadyToStartContainers" || type == "Initialized" || type == "Ready" || type == "ContainersReady" ||
         type == "PodScheduled";
}

std::string bracketed(const std::vector<std::string>& names) {
  return "[" + base::join(names, " ") + "]";
}

class StatusMaker {
 public:
  StatusMaker(const Seen& seen, const Verdicts& verdicts, WallTime now)
      : seen_(seen), verdicts_(verdicts), now_(now), old_(seen.pod["status"]), specs_(containers_of(seen.pod)) {
    for (const ContainerStatus& run : seen_.containers) runs_[run.name].push_back(&run);
    for (const Value& s : old_["containerStatuses"].items()) old_main_.try_emplace(s["name"].as_string(), &s);
    for (const Value& s : old_["initContainerStatuses"].items()) old_init_.try_emplace(s["name"].as_string(), &s);
  }

  Value make() {
    ArrayBuilder init;
    std::vector<Value> main;
    bool has_init = !seen_.pod["spec"]["initContainers"].empty();
    for (const ContainerSpec& c : specs_) {
      Value status = container_status(c, has_init);
      statuses_.emplace(c.name(), status);
      if (c.role == Role::main)
        main.push_back(status);
      else
        init.push(status);
    }
    std::ranges::sort(main,
                      [](const Value& a, const Value& b) { return a["name"].as_string() < b["name"].as_string(); });
    std::string phase = verdicts_.fail_reason.empty() ? pick_phase() : "Failed";

    ObjectBuilder s;
    for (const value::Member& keep : kept()) s.set(keep.key, keep.value);
    s.set("phase", phase);
    if (!verdicts_.fail_reason.empty()) s.set("reason", verdicts_.fail_reason).set("message", verdicts_.fail_message);
    s.set("conditions", conditions(phase));
    if (!seen_.host_ips.empty()) {
      s.set("hostIP", seen_.host_ips.front());
      s.set("hostIPs", ip_list(seen_.host_ips));
    }
    auto ips = pod_ips();
    if (!ips.empty()) s.set("podIP", ips.front()).set("podIPs", ip_list(ips));
    s.set("startTime", old_["startTime"].is_null() ? time_value(now_) : old_["startTime"]);
    if (init.size()) s.set("initContainerStatuses", init.build());
    s.set("containerStatuses", Value::array(std::move(main)));
    s.set("qosClass", old_["qosClass"].is_null() ? Value(qos_class(seen_.pod)) : old_["qosClass"]);
    s.set_unless_empty("observedGeneration", seen_.pod["metadata"]["generation"]);
    return s.build();
  }

 private:
  // Members of the old status that are others' business, and the reason that belongs to the phase.
  std::vector<value::Member> kept() {
    std::vector<value::Member> list;
    for (const char* name :
         {"reason", "message", "nominatedNodeName", "resize", "resourceClaimStatuses", "ephemeralContainerStatuses"})
      if (old_.has(name)) list.push_back({name, old_[name]});
    return list;
  }

  static Value ip_list(const std::vector<std::string>& ips) {
    ArrayBuilder list;
    for (const std::string& ip : ips) list.push(Value{{"ip", ip}});
    return list.build();
  }

  std::vector<std::string> pod_ips() {
    if (on_host_network(seen_.pod))
      return verdicts_.sandbox.empty() && old_["podIP"].is_null() ? std::vector<std::string>() : seen_.host_ips;
    for (const SandboxStatus& s : seen_.sandboxes)
      if (s.id == verdicts_.sandbox && !s.ips.empty()) return s.ips;
    // an ended pod keeps showing the address it had
    std::vector<std::string> ips;
    if (verdicts_.ended || verdicts_.sandbox_ready || is_terminal(seen_.pod))
      for (const Value& ip : old_["podIPs"].items()) ips.push_back(ip["ip"].str());
    return ips;
  }

  Value container_status(const ContainerSpec& c, bool has_init) {
    const std::vector<const ContainerStatus*>& runs = runs_[c.name()];  // newest first
    const auto& olds = c.role == Role::main ? old_main_ : old_init_;
    static const Value none;
    auto found = olds.find(c.name());
    const Value& before = found == olds.end() ? none : *found->second;

    std::string image = (*c.spec)["image"].str(), image_id, id;
    int64_t restarts = before["restartCount"].as_int();
    Value state = waiting(has_init ? "PodInitializing" : "ContainerCreating");
    Value last = before["lastState"].is_object() ? before["lastState"] : Value::object();
    bool running = false;
    if (!runs.empty()) {
      const ContainerStatus& run = *runs[0];
      state = state_of(run);
      running = run.state == ContainerState::running;
      restarts = run.attempt;
      id = "containerd://" + run.id;
      image_id = run.image_ref;
      if (!run.image.empty() && !run.image.starts_with("sha256:")) image = run.image;
      if (runs.size() > 1 && runs[1]->state == ContainerState::exited) last = terminated(*runs[1]);
    } else if (before["state"].has("terminated")) {  // it ended, and its remains are gone
      return before;
    } else if (before["state"].has("running")) {
      // It ran, and the runtime knows nothing of it: after a crash of the machine or a hand that removed it.
      if (!last.has("terminated"))
        last = Value{
            {"terminated",
             Value{{"exitCode", 137},
                   {"reason", "ContainerStatusUnknown"},
                   {"message",
                    "The container could not be located when the pod was deleted.  The container used to be Running"},
                   {"startedAt", Value()},
                   {"finishedAt", Value()}}}};
      if (!is_deleted(seen_.pod)) ++restarts;
    }
    auto stuck = verdicts_.waiting.find(std::string(c.name()));
    if (stuck != verdicts_.waiting.end()) {
      if (state.has("terminated")) last = state;
      state = waiting(stuck->second.reason, stuck->second.message);
      running = false;
    }

    ProbeResults probes;
    if (!runs.empty() && seen_.probes.contains(runs[0]->id)) probes = seen_.probes.at(runs[0]->id);
    // After a restart of this program the probes have not run yet: what was true of this very container stays true.
    bool same = !id.empty() && before["containerID"].as_string() == id;
    bool started = running && passes((*c.spec)["startupProbe"], probes.startup, same && before["started"].as_bool());
    bool ready = started && passes((*c.spec)["readinessProbe"], probes.readiness, same && before["ready"].as_bool());
    if (c.role == Role::init) {
      started = false;
      ready = state["terminated"].is_object() && state["terminated"]["exitCode"].as_int() == 0;
    }

    ObjectBuilder s;
    s.set("name", c.name())
        .set("state", state)
        .set("lastState", last)
        .set("ready", ready)
        .set("restartCount", restarts);
    s.set("image", image).set("imageID", image_id).set_unless_empty("containerID", id).set("started", started);
    if (!runs.empty()) {
      const Value& resources = (*c.spec)["resources"];
      s.set_unless_empty("allocatedResources", resources["requests"]);
      s.set("resources", resources.is_object() ? resources : Value::object());
    }
    s.set_unless_empty("volumeMounts", volume_mounts(*c.spec));
    return s.build();
  }

  bool passes(const Value& probe, Verdict verdict, bool was) const {
    if (probe.is_null() || seen_.probes_pass) return true;
    return verdict == Verdict::unknown ? was : verdict == Verdict::success;
  }

  std::string pick_phase() {
    std::string_view before = old_["phase"].as_string();
    if (before == "Succeeded" || before == "Failed") return std::string(before);  // terminal for good
    int pending_init = 0, pending_sidecar = 0, init_failed_for_good = 0, running = 0, wait = 0, stopped = 0,
        for_good = 0, succeeded = 0;
    bool initialized = false;
    for (const ContainerSpec& c : specs_) {
      const Value& s = statuses_.at(std::string(c.name()));
      const Value& state = s["state"];
      bool is_running = state.has("running"), is_waiting = state.has("waiting");
      const Value& ended = state.has("terminated") ? state["terminated"] : s["lastState"]["terminated"];
      int code = static_cast<int>(ended["exitCode"].as_int());
      switch (c.role) {
        case Role::init:
          if (is_running || ended.is_null() || (is_waiting && code == 0))
            pending_init += !(is_waiting && !ended.is_null());
          else if (code != 0 && !restarts_after(seen_.pod, c, code))
            ++init_failed_for_good;
          else if (code != 0)
            ++pending_init;
          break;
        case Role::sidecar:
          if (is_running) {
            pending_sidecar += !s["started"].as_bool();
            ++running;
          } else if (is_waiting && ended.is_null()) {
            ++pending_sidecar;
            ++wait;
          }
          break;
        case Role::main:
          if (is_running) {
            ++running;
            initialized = true;
          } else if (ended.is_null()) {
            ++wait;
          } else {
            initialized = true;
            ++stopped;
            if (!restarts_after(seen_.pod, c, code)) ++for_good;
            if (state.has("terminated") && code == 0) ++succeeded;
          }
          break;
      }
    }
    if (init_failed_for_good) return "Failed";
    if (verdicts_.ended && running == 0) {
      if (wait == 0 && stopped > 0 && pending_init == 0) return stopped == succeeded ? "Succeeded" : "Failed";
      return is_deleted(seen_.pod) && !before.empty() ? std::string(before) : "Pending";
    }
    if (pending_init || (pending_sidecar && !initialized) || wait) return "Pending";
    if (running) return "Running";
    if (stopped == 0) return "Pending";
    if (stopped != for_good) return "Running";
    return stopped == succeeded ? "Succeeded" : "Failed";
  }

  Value conditions(const std::string& phase) {
    Conditions list{old_["conditions"], seen_.pod["metadata"]["generation"].as_int(), now_, {}};
    for (const Value& c : old_["conditions"].items())
      if (!kubelet_owns(c["type"].as_string())) list.list.push(c);

    std::vector<std::string> incomplete, unready;
    bool any_main_started = false;
    for (const ContainerSpec& c : specs_) {
      const Value& s = statuses_.at(std::string(c.name()));
      if (c.role == Role::init && !s["ready"].as_bool()) incomplete.push_back(s["name"].str());
      if (c.role == Role::sidecar && !s["started"].as_bool()) incomplete.push_back(s["name"].str());
      if (c.role != Role::init && !s["ready"].as_bool()) unready.push_back(s["name"].str());
      if (c.role == Role::main &&
          (s["state"].has("running") || s["state"].has("terminated") || s["lastState"].has("terminated")))
        any_main_started = true;
    }
    list.add("PodReadyToStartContainers", verdicts_.sandbox_ready);
    if (phase == "Succeeded")
      list.add("Initialized", true, "PodCompleted");
    else if (incomplete.empty() || any_main_started)
      list.add("Initialized", true);
    else
      list.add("Initialized", false, "ContainersNotInitialized",
               "containers with incomplete status: " + bracketed(incomplete));

    std::string reason, message;
    if (phase == "Succeeded")
      reason = "PodCompleted";
    else if (phase == "Failed")
      reason = "PodFailed";
    else if (!unready.empty()) {
      reason = "ContainersNotReady";
      message = "containers with unready status: " + bracketed(unready);
    }
    bool containers_ready = reason.empty();
    std::string ready_reason = reason, ready_message = message;
    if (containers_ready) {
      std::vector<std::string> missing;
      for (const Value& gate : seen_.pod["spec"]["readinessGates"].items()) {
        std::string_view type = gate["conditionType"].as_string();
        const Value* found = nullptr;
        for (const Value& c : old_["conditions"].items())
          if (c["type"].as_string() == type) found = &c;
        if (!found)
          missing.push_back(fmt::format("corresponding condition of pod readiness gate \"{}\" does not exist.", type));
        else if ((*found)["status"].as_string() != "True")
          missing.push_back(fmt::format("the status of pod readiness gate \"{}\" is not \"True\", but {}", type,
                                        (*found)["status"].as_string()));
      }
      if (!missing.empty()) {
        ready_reason = "ReadinessGatesNotReady";
        ready_message = base::join(missing, ", ");
      }
    }
    list.add("Ready", ready_reason.empty(), ready_reason, ready_message);
    list.add("ContainersReady", containers_ready, reason, message);
    list.add("PodScheduled", true);
    return list.list.build();
  }

  const Seen& seen_;
  const Verdicts& verdicts_;
  WallTime now_;
  const Value& old_;
  std::vector<ContainerSpec> specs_;
  // By name: a pod may have thousands of containers.
  std::unordered_map<std::string_view, std::vector<const ContainerStatus*>> runs_;
  std::unordered_map<std::string_view, const Value*> old_main_, old_init_;
  std::map<std::string, Value> statuses_;
};

}  // namespace

Value make_status(const Seen& seen, const Verdicts& verdicts, WallTime now) {
  return StatusMaker(seen, verdicts, now).make();
}

const Value& find_status(const Value& statuses, std::string_view name) {
  static const Value none;
  for (const Value& s : statuses.items())
    if (s["name"].as_string() == name) return s;
  return none;
}

}  // namespace slipway::node::pod
