// From what is seen to what is done, one line a case. Seen is written as YAML: the pod's spec (containers get the name
// as image), sandboxes as "s0 ready", container runs newest first as "web#1 running" or "web#0 exited 3 12" (exit code,
// seconds ago), with " in s0" for another sandbox than the newest.
#include "node/pod/decide.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "node/pod/backoff.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::pod;

namespace {

const WallTime kNow = *base::parse_rfc3339("2026-05-01T10:00:00Z");

struct Case {
  std::string spec;                     // of the pod, and "metadata"/"status" beside it
  std::vector<std::string> sandboxes;   // newest first
  std::vector<std::string> containers;  // newest first
  std::function<void(Seen&)> more;
};

Seen seen_of(const Case& c) {
  Seen seen;
  Value given = value::parse_yaml(c.spec).value();
  Value pod{{"metadata", Value{{"name", "p"}, {"namespace", "default"}, {"uid", "u"}}},
            {"spec", given.without_member("metadata").without_member("status")}};
  for (const value::Member& m : given["metadata"].members()) pod = pod.with("/metadata/" + m.key.str(), m.value);
  if (given.has("status")) pod = pod.with_member("status", given["status"]);
  seen.pod = pod;
  for (const std::string& text : c.sandboxes) {
    SandboxStatus s;
    s.id = text.substr(0, 2);
    s.attempt = static_cast<uint32_t>(text[1] - '0');
    s.ready = text.ends_with("ready");
    if (s.ready) s.ips = {"10.42.0.2"};
    seen.sandboxes.push_back(s);
  }
  for (const std::string& text : c.containers) {
    auto words = base::split(text, ' ');
    ContainerStatus s;
    s.id = words[0];
    size_t hash = words[0].find('#');
    s.name = words[0].substr(0, hash);
    s.attempt = static_cast<uint32_t>(*base::parse_int(words[0].substr(hash + 1)));
    s.state = words[1] == "running" ? ContainerState::running : ContainerState::exited;
    s.sandbox = seen.sandboxes.empty() ? "" : seen.sandboxes[0].id;
    if (words.size() > 2 && words[words.size() - 2] == "in") s.sandbox = words.back();
    if (s.state == ContainerState::exited) {
      s.exit_code = static_cast<int>(*base::parse_int(words[2]));
      s.finished = kNow - std::chrono::seconds(words.size() > 3 && words[3] != "in" ? *base::parse_int(words[3]) : 1);
      s.reason = s.exit_code ? "Error" : "Completed";
    }
    s.started = kNow - 1min;
    for (const ContainerSpec& spec : containers_of(seen.pod))
      if (spec.name() == s.name) s.annotations[kNoteContainerHash] = container_hash(*spec.spec);
    seen.containers.push_back(s);
  }
  if (c.more) c.more(seen);
  return seen;
}

std::string in_words(const Plan& plan) {
  std::vector<std::string> words;
  if (plan.cancel_step) words.push_back("cancel");
  if (plan.create_sandbox) words.push_back(fmt::format("sandbox {}", plan.sandbox_attempt));
  for (const auto& s : plan.start) words.push_back(fmt::format("start {}#{}", s.name, s.restart_count));
  for (const auto& k : plan.kill)
    words.push_back(fmt::format("kill {} {}s turn {}", k.id,
                                std::chrono::duration_cast<std::chrono::seconds>(k.grace).count(), k.turn));
  for (const auto& s : plan.stop_sandboxes) words.push_back("stop " + s);
  for (const auto& s : plan.drop_sandboxes) words.push_back("drop " + s);
  for (const auto& s : plan.remove_containers) words.push_back("remove " + s);
  if (plan.release) words.push_back("release");
  for (const char* list : {"initContainerStatuses", "containerStatuses"})
    for (const Value& s : plan.status[list].items())
      if (std::string_view reason = s["state"]["waiting"]["reason"].as_string();
          !reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing")
        words.push_back(fmt::format("{}: {}", s["name"].as_string(), reason));
  if (plan.look_again)
    words.push_back(
        fmt::format("look in {}s", std::chrono::duration_cast<std::chrono::seconds>(*plan.look_again - kNow).count()));
  words.push_back(plan.status["phase"].str());
  return base::join(words, ", ");
}

void check(Case c, std::string_view expected) {
  CHECK_MESSAGE(in_words(decide(seen_of(c), kNow)) == expected, c.spec);
}

const char* const kWeb = "{containers: [{name: web}]}";
const char* const kJob = "{restartPolicy: Never, containers: [{name: web}]}";
const char* const kInit = "{initContainers: [{name: one}, {name: two}], containers: [{name: web}]}";
const char* const kSide =
    "{restartPolicy: Never, initContainers: [{name: s1, restartPolicy: Always}, {name: s2, restartPolicy: Always}], "
    "containers: [{name: web}]}";

std::string deleted(std::string_view spec, int grace) {
  return fmt::format("{}, metadata: {{deletionTimestamp: '2026-05-01T10:00:00Z', deletionGracePeriodSeconds: {}}}}}",
                     spec.substr(0, spec.size() - 1), grace);
}

}  // namespace

TEST_CASE("decide: from nothing to running") {
  check({kWeb, {}, {}, {}}, "sandbox 0, start web#0, Pending");
  check({kWeb, {"s0 ready"}, {}, {}}, "start web#0, Pending");
  check({kWeb, {"s0 ready"}, {}, [](Seen& s) { s.stepping = true; }}, "Pending");
  check({kWeb, {"s0 ready"}, {"web#0 running"}, {}}, "Running");
  check({kInit, {"s0 ready"}, {}, {}}, "start one#0, Pending");
  check({kInit, {"s0 ready"}, {"one#0 running"}, {}}, "Pending");
  check({kInit, {"s0 ready"}, {"one#0 exited 0"}, {}}, "start two#0, Pending");
  check({kInit, {"s0 ready"}, {"two#0 exited 0", "one#0 exited 0"}, {}}, "start web#0, Pending");
  check({kSide, {"s0 ready"}, {}, {}}, "start s1#0, Pending");
  check({kSide, {"s0 ready"}, {"s1#0 running"}, {}}, "start s2#0, Pending");
  check({kSide, {"s0 ready"}, {"s2#0 running", "s1#0 running"}, {}}, "start web#0, Pending");
}

TEST_CASE("decide: ends, restarts and their back-off") {
  check({kWeb, {"s0 ready"}, {"web#0 exited 1"}, {}}, "start web#1, Running");
  auto backoff = [](Duration delay, Duration ago) { return [=](Seen& s) { s.backoffs["web"] = {delay, kNow - ago}; }; };
  check({kWeb, {"s0 ready"}, {"web#1 exited 1 4"}, backoff(10s, 9s)}, "web: CrashLoopBackOff, look in 6s, Running");
  check({kWeb, {"s0 ready"}, {"web#1 exited 1 11"}, backoff(10s, 15s)}, "start web#2, Running");
  check({kWeb, {"s0 ready"}, {"web#1 exited 0 4"}, backoff(5min, 11min)}, "start web#2, Running");  // forgotten
  check({kJob, {"s0 ready"}, {"web#0 exited 0"}, {}}, "stop s0, Succeeded");
  check({kJob, {"s0 ready"}, {"web#0 exited 2"}, {}}, "stop s0, Failed");
  check({"{restartPolicy: OnFailure, containers: [{name: web}]}", {"s0 ready"}, {"web#0 exited 2"}, {}},
        "start web#1, Running");
  check({"{restartPolicy: Never, initContainers: [{name: one}], containers: [{name: web}]}",
         {"s0 ready"},
         {"one#0 exited 2"},
         {}},
        "stop s0, Failed");
  check({kInit, {"s0 ready"}, {"one#0 exited 2"}, {}}, "start one#1, Pending");
  // the oldest runs go, one is kept for its logs
  check({kWeb, {"s0 ready"}, {"web#3 running", "web#2 exited 1", "web#1 exited 1", "web#0 exited 1"}, {}},
        "remove web#1, remove web#0, Running");
  // sidecars end when the main containers have, the last one first
  check({kSide, {"s0 ready"}, {"web#0 exited 0", "s2#0 running", "s1#0 running"}, {}},
        "kill s2#0 30s turn 2, kill s1#0 30s turn 3, Running");
  check({kSide, {"s0 ready"}, {"web#0 exited 0", "s2#0 exited 143", "s1#0 exited 0"}, {}}, "stop s0, Succeeded");
}

TEST_CASE("decide: what failed waits, and says why") {
  auto failure = [](std::string reason, Duration ago, Duration in) {
    return [=](Seen& s) { s.failures["web"] = {reason, "words", kNow - ago, kNow + in}; };
  };
  check({kWeb, {"s0 ready"}, {}, failure("ErrImagePull", 0s, 10s)}, "web: ErrImagePull, look in 1s, Pending");
  check({kWeb, {"s0 ready"}, {}, failure("ErrImagePull", 2s, 8s)}, "web: ImagePullBackOff, look in 8s, Pending");
  check({kWeb, {"s0 ready"}, {}, failure("ErrImagePull", 10s, 0s)}, "start web#0, web: ImagePullBackOff, Pending");
  check({kWeb, {"s0 ready"}, {}, failure("CreateContainerConfigError", 2s, 8s)},
        "web: CreateContainerConfigError, look in 8s, Pending");
  check({kWeb, {}, {}, [](Seen& s) { s.sandbox_failure = StartFailure{"", "", kNow - 1s, kNow + 3s}; }},
        "look in 3s, Pending");
}

TEST_CASE("decide: the end of a pod") {
  check({deleted(kWeb, 30), {"s0 ready"}, {"web#0 running"}, {}}, "kill web#0 30s turn 0, Running");
  check({deleted(kWeb, 30), {"s0 ready"}, {"web#0 running"}, [](Seen& s) { s.killing["web#0"] = kNow + 20s; }},
        "Running");
  check({deleted(kWeb, 5), {"s0 ready"}, {"web#0 running"}, [](Seen& s) { s.killing["web#0"] = kNow + 20s; }},
        "kill web#0 5s turn 0, Running");  // asked again, to be quicker
  check({deleted(kWeb, 30), {"s0 ready"}, {"web#0 exited 143"}, {}}, "stop s0, release, Failed");
  check({deleted(kWeb, 30), {}, {}, {}}, "release, Pending");
  check({deleted(kWeb, 30), {"s0 ready"}, {}, [](Seen& s) { s.stepping = true; }}, "cancel, Pending");
  check({"{containers: [{name: web}], activeDeadlineSeconds: 60, status: {startTime: '2026-05-01T09:58:59Z'}}",
         {"s0 ready"},
         {"web#0 running"},
         {}},
        "kill web#0 30s turn 0, Failed");
  check({"{containers: [{name: web}], activeDeadlineSeconds: 60, status: {startTime: '2026-05-01T09:59:30Z'}}",
         {"s0 ready"},
         {"web#0 running"},
         {}},
        "look in 30s, Running");
}

TEST_CASE("decide: what became of the sandbox, and of health") {
  check({kWeb, {"s0 dead"}, {"web#0 exited 137"}, {}}, "sandbox 1, start web#1, Running");
  check({kWeb, {"s1 ready", "s0 dead"}, {"web#0 exited 137 1 in s0"}, {}}, "start web#1, Running");
  check({kJob, {"s0 dead"}, {"web#0 exited 0"}, {}}, "Succeeded");
  auto verdict = [](Verdict ProbeResults::* which) {
    return [=](Seen& s) { s.probes["web#0"].*which = Verdict::failure; };
  };
  check({"{containers: [{name: web, livenessProbe: {terminationGracePeriodSeconds: 3}}]}",
         {"s0 ready"},
         {"web#0 running"},
         verdict(&ProbeResults::liveness)},
        "kill web#0 3s turn 0, Running");
  check({"{containers: [{name: web, readinessProbe: {}}]}",
         {"s0 ready"},
         {"web#0 running"},
         verdict(&ProbeResults::readiness)},
        "Running");
  check({kWeb,
         {"s0 ready"},
         {"web#0 running"},
         [](Seen& s) { s.containers[0].annotations[kNoteContainerHash] = "other"; }},
        "kill web#0 30s turn 0, Running");
}
