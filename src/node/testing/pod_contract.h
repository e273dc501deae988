// What holds for a pod's life on every runtime. Each is a coroutine over a PodBench; run_pod_contract() runs them all.
// Containers that stay run `sh` with traps (TERM: ends well, USR1: ends with 1); a simulated runtime runs nothing.
#pragma once

#include "node/testing/pod_bench.h"

namespace slipway::node::testing {

inline constexpr const char* kStays =
    R"(["sh", "-c", "trap 'exit 0' TERM; trap 'exit 1' USR1; echo up; while :; do sleep 3600 & wait $!; done"])";

inline std::string pod_yaml(std::string name, std::string container_rest = "", std::string spec_rest = "") {
  return fmt::format(
      "{{apiVersion: v1, kind: Pod, metadata: {{name: {0}, namespace: default}}, spec: {{nodeName: n1, "
      "containers: [{{name: {0}, image: IMAGE, command: {1}{2}}}]{3}}}}}",
      name, kStays, container_rest, spec_rest);
}

inline Task<void> a_pod_runs_and_is_ready(PodBench& b) {
  co_await b.create(pod_yaml("plain"));
  if (!co_await b.becomes("plain", "ready")) co_return;
  Value pod = co_await b.pod("plain");
  CHECK(pod["status"]["phase"].as_string() == "Running");
  for (const char* type : {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"})
    CHECK_MESSAGE(PodBench::condition(pod, type) == "True", type);
  CHECK(!pod["status"]["podIP"].as_string().empty());
  CHECK(PodBench::status_of(pod, "plain")["containerID"].as_string().starts_with("containerd://"));
  for (const char* part : {"Pulled: ", "Created: Container created", "Started: Container started"})
    co_await b.has_event("plain", part);
  co_await b.remove("plain");
  co_await b.is_gone("plain");
  co_await b.has_event("plain", "Killing: Stopping container plain");
}

inline Task<void> init_containers_go_first(PodBench& b) {
  co_await b.create(R"(
apiVersion: v1
kind: Pod
metadata: {name: job, namespace: default}
spec:
  nodeName: n1
  restartPolicy: Never
  initContainers:
  - {name: one, image: IMAGE, command: [sleep, "0.2"]}
  - {name: two, image: IMAGE, command: [sleep, "0.2"]}
  containers:
  - {name: job, image: IMAGE, command: ["true"]}
)");
  if (!co_await b.becomes("job", "running", "two")) co_return;
  Value pod = co_await b.pod("job");
  CHECK(PodBench::state_of(pod, "one") == "terminated/0");
  CHECK(PodBench::state_of(pod, "job") == "PodInitializing");
  CHECK(PodBench::condition(pod, "Initialized") == "False");
  co_await b.pod_becomes("job", "Succeeded",
                         [](const Value& p) { return p["status"]["phase"].as_string() == "Succeeded"; });
  pod = co_await b.pod("job");
  CHECK(PodBench::state_of(pod, "job") == "terminated/0");
  CHECK(PodBench::status_of(pod, "job")["state"]["terminated"]["reason"].as_string() == "Completed");
  CHECK(PodBench::condition(pod, "Ready") == "False");
  co_await b.remove("job");
  co_await b.is_gone("job");
}

// A sidecar starts before the main container, runs beside it, and does not keep the pod from ending.
inline Task<void> sidecars_run_beside(PodBench& b) {
  co_await b.create(fmt::format(R"(
apiVersion: v1
kind: Pod
metadata: {{name: side, namespace: default}}
spec:
  nodeName: n1
  restartPolicy: Never
  initContainers:
  - {{name: helper, image: IMAGE, restartPolicy: Always, command: {}}}
  containers:
  - {{name: side, image: IMAGE, command: [sleep, "0.3"]}}
)",
                                kStays));
  if (!co_await b.becomes("side", "running", "side")) co_return;
  Value pod = co_await b.pod("side");
  CHECK(PodBench::state_of(pod, "helper") == "ready");
  co_await b.pod_becomes("side", "Succeeded",
                         [](const Value& p) { return p["status"]["phase"].as_string() == "Succeeded"; });
  pod = co_await b.pod("side");
  CHECK_MESSAGE(PodBench::state_of(pod, "helper").starts_with("terminated/"), value::to_json(pod["status"]));
  co_await b.remove("side");
  co_await b.is_gone("side");
}

inline Task<void> a_crash_is_restarted_and_then_backed_off_from(PodBench& b) {
  co_await b.create(pod_yaml("crash"));
  if (!co_await b.becomes("crash", "ready")) co_return;
  co_await b.crash("crash");
  if (!co_await b.pod_becomes("crash", "restarted", [](const Value& p) {
        return PodBench::state_of(p, "crash") == "ready" &&
               PodBench::status_of(p, "crash")["restartCount"].as_int() == 1;
      }))
    co_return;
  Value pod = co_await b.pod("crash");
  CHECK(PodBench::status_of(pod, "crash")["lastState"]["terminated"]["exitCode"].as_int() == 1);
  CHECK(PodBench::status_of(pod, "crash")["lastState"]["terminated"]["reason"].as_string() == "Error");
  co_await b.crash("crash");
  if (!co_await b.becomes("crash", "CrashLoopBackOff")) co_return;
  pod = co_await b.pod("crash");
  CHECK(PodBench::status_of(pod, "crash")["state"]["waiting"]["message"].str().starts_with(
      "back-off 10s restarting failed container=crash pod=crash_default("));
  co_await b.has_event("crash", "BackOff: Back-off restarting failed container crash in pod crash_default(");
  CHECK(pod["status"]["phase"].as_string() == "Running");
  co_await b.becomes("crash", "ready", "", 15s);
  co_await b.remove("crash");
  co_await b.is_gone("crash");
}

inline Task<void> a_missing_config_map_holds_the_container(PodBench& b) {
  co_await b.create(pod_yaml("held", ", envFrom: [{configMapRef: {name: settings}}]"));
  if (!co_await b.becomes("held", "CreateContainerConfigError")) co_return;
  Value pod = co_await b.pod("held");
  CHECK(PodBench::status_of(pod, "held")["state"]["waiting"]["message"].as_string() ==
        "configmap \"settings\" not found");
  co_await b.has_event("held", "Failed: Error: configmap \"settings\" not found");
  co_await b.create("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, data: {A: b}}");
  co_await b.becomes("held", "ready", "", 2s);
  co_await b.remove("held");
  co_await b.is_gone("held");
}

inline Task<void> a_restart_of_the_agent_adopts(PodBench& b) {
  co_await b.create(pod_yaml("kept"));
  if (!co_await b.becomes("kept", "ready")) co_return;
  Value before = co_await b.pod("kept");
  co_await b.stop();
  co_await b.start();
  (void)co_await runtime::sleep(500ms);
  Value after = co_await b.pod("kept");
  CHECK(after["status"] == before["status"]);
  CHECK(after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]);  // nothing to say
  auto list = co_await b.runtime.list_containers({{kLabelPodName, "kept"}});
  CHECK((list && list->size() == 1 && (*list)[0].state == ContainerState::running));
  co_await b.remove("kept");
  co_await b.is_gone("kept");
}

inline Task<void> what_was_deleted_while_away_is_ended(PodBench& b) {
  co_await b.create(pod_yaml("forced"));
  co_await b.create(pod_yaml("asked"));
  co_await b.create(pod_yaml("ended"));
  if (!co_await b.becomes("forced", "ready") || !co_await b.becomes("asked", "ready") ||
      !co_await b.becomes("ended", "ready"))
    co_return;
  co_await b.stop();
  co_await b.remove("forced", 0);  // gone at once
  co_await b.remove("asked");      // marked
  co_await b.crash("ended");
  co_await b.start();
  co_await b.is_gone("asked");
  co_await b.pod_becomes("ended", "restarted", [](const Value& p) {
    return PodBench::state_of(p, "ended") == "ready" && PodBench::status_of(p, "ended")["restartCount"].as_int() == 1;
  });
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    auto list = co_await b.runtime.list_sandboxes({{kLabelPodName, "forced"}});
    gone = list && list->empty();
    (void)co_await runtime::sleep(20ms);
  }
  CHECK(gone);
  co_await b.remove("ended");
  co_await b.is_gone("ended");
}

inline Task<void> run_pod_contract(PodBench& b) {
  co_await a_pod_runs_and_is_ready(b);
  co_await init_containers_go_first(b);
  co_await sidecars_run_beside(b);
  co_await a_crash_is_restarted_and_then_backed_off_from(b);
  co_await a_missing_config_map_holds_the_container(b);
  co_await a_restart_of_the_agent_adopts(b);
  co_await what_was_deleted_while_away_is_ended(b);
  for (int i = 0; i < 100 && b.agent->pod_count(); ++i) (void)co_await runtime::sleep(20ms);
  CHECK(b.agent->pod_count() == 0);
  auto sandboxes = co_await b.runtime.list_sandboxes({});
  CHECK((sandboxes && sandboxes->empty()));
}

}  // namespace slipway::node::testing
