// Whole pod lives on the simulated runtime: from a bound pod object to its status, its Events and its end.
#include "node/agent.h"

#include "node/testing/node_fixture.h"

using namespace slipway;
using slipway::node::testing::NodeFixture;

namespace {

const char* const kPlain = R"(
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec:
  nodeName: n1
  containers:
  - {name: web, image: "registry.test/web:1"}
)";

}  // namespace

TEST_CASE("a bound pod runs, is ready, and says so as the kubelet does") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  Value pod = f.pod();
  CHECK(pod["status"]["phase"].as_string() == "Running");
  for (const char* type : {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"})
    CHECK_MESSAGE(f.condition(pod, type) == "True", type);
  CHECK(pod["status"]["podIP"].as_string() == "10.42.0.2");
  CHECK(pod["status"]["hostIP"].as_string() == "192.0.2.10");
  CHECK(pod["status"]["qosClass"].as_string() == "BestEffort");
  CHECK(pod["status"]["containerStatuses"][0]["restartCount"].as_int(-1) == 0);
  f.world.run_for(100ms);
  CHECK(f.has_event("p", "Pulling: Pulling image \"registry.test/web:1\""));
  CHECK(f.has_event("p", "Pulled: Successfully pulled image"));
  CHECK(f.has_event("p", "Created: Container created"));
  CHECK(f.has_event("p", "Started: Container started"));
}

// containerd tells of an end before its lists show it; a busy one long before.
TEST_CASE("an end is seen however late the lists know of it") {
  for (Duration lists_lag : {Duration(0ms), Duration(500ms), Duration(25s)})
    for (Duration run_time : {0ms, 7ms, 15ms, 30ms, 60ms}) {
      NodeFixture f(1, {.run_time = run_time, .lists_lag = lists_lag, .list_time = 20ms});
      f.world.run_for(4s);        // the agent looks once more after it began: that must not be what saves it
      f.runtime->add_image("m");  // so that it starts while the worker looks at its new sandbox
      f.create(base::replace_all(kPlain, "  containers:", "  initContainers: [{name: make, image: m}]\n  containers:"));
      CHECK_MESSAGE(f.eventually([&] { return f.state("p", "web") == "running"; }), run_time.count()
                                                                                        << " " << lists_lag.count());
    }
}

TEST_CASE("a missing image is told in the registry's words, backed off from, and recovers without help") {
  NodeFixture f;
  f.pull_faults["registry.test/web:1"] = "failed to resolve reference: registry.test/web:1: not found";
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "ErrImagePull"; }));
  Value waiting = f.pod()["status"]["containerStatuses"][0]["state"]["waiting"];
  CHECK(waiting["message"].as_string() == "failed to resolve reference: registry.test/web:1: not found");
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "ImagePullBackOff"; }));
  waiting = f.pod()["status"]["containerStatuses"][0]["state"]["waiting"];
  CHECK(waiting["message"].as_string() ==
        "Back-off pulling image \"registry.test/web:1\": ErrImagePull: failed to resolve reference: "
        "registry.test/web:1: not found");
  CHECK(f.pod()["status"]["phase"].as_string() == "Pending");
  f.world.run_for(100ms);
  CHECK(f.has_event("p", "BackOff: Back-off pulling image \"registry.test/web:1\""));
  f.pull_faults.clear();
  CHECK(f.eventually([&] { return f.state("p", "web") == "running"; }, 6min));
}

TEST_CASE("a missing ConfigMap holds the container until it comes") {
  NodeFixture f;
  f.create(R"(
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec:
  nodeName: n1
  containers:
  - name: web
    image: registry.test/web:1
    envFrom: [{configMapRef: {name: settings}}]
)");
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "CreateContainerConfigError"; }));
  CHECK(f.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["message"].as_string() ==
        "configmap \"settings\" not found");
  f.world.run_for(3s);
  CHECK(f.state("p", "web") == "CreateContainerConfigError");
  f.create("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, data: {A: b}}");
  CHECK(f.eventually([&] { return f.state("p", "web") == "running"; }, 500ms));
}

TEST_CASE("crashes are backed off from: at once, then 10 s, then 20 s") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  auto crash = [&] { REQUIRE(f.runtime->end_container("p", "web", 1)); };
  crash();
  REQUIRE(f.eventually(
      [&] {
        return f.pod()["status"]["containerStatuses"][0]["restartCount"].as_int() == 1 &&
               f.state("p", "web") == "running";
      },
      1s));
  CHECK(f.pod()["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"].as_int() == 1);
  crash();
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "CrashLoopBackOff"; }, 1s));
  Value pod = f.pod();
  CHECK(pod["status"]["phase"].as_string() == "Running");
  CHECK(pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"].str().starts_with(
      "back-off 10s restarting failed container=web pod=p_default("));
  f.world.run_for(8s);
  CHECK(f.state("p", "web") == "CrashLoopBackOff");
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }, 4s));
  crash();
  f.world.run_for(15s);
  CHECK(f.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["message"].str().starts_with("back-off 20s "));
}

TEST_CASE("init containers go first, in order; a pod that does not restart ends by itself") {
  NodeFixture f;
  f.create(R"(
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec:
  nodeName: n1
  restartPolicy: Never
  initContainers:
  - {name: one, image: "i:1"}
  - {name: two, image: "i:1"}
  containers:
  - {name: job, image: "i:1"}
)");
  REQUIRE(f.eventually([&] { return f.state("p", "one") == "running"; }));
  CHECK(f.state("p", "two") == "PodInitializing");
  CHECK(f.state("p", "job") == "PodInitializing");
  CHECK(f.condition(f.pod(), "Initialized") == "False");
  REQUIRE(f.eventually([&] { return f.state("p", "two") == "running"; }));
  CHECK(f.state("p", "one") == "terminated/0");
  REQUIRE(f.eventually([&] { return f.pod()["status"]["phase"].as_string() == "Succeeded"; }));
  CHECK(f.state("p", "job") == "terminated/0");
  CHECK(f.condition(f.pod(), "Ready") == "False");
}

TEST_CASE("a deleted pod ends gracefully and is then gone; force does not wait for SIGTERM's deaf") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  f.write(cluster::remove(NodeFixture::key("Pod", "p")));
  REQUIRE(f.eventually([&] { return f.pod().is_null(); }, 5s));
  CHECK(f.world.run(f.runtime->list_sandboxes({})).value().empty());
  CHECK(f.eventually([&] { return f.agent->pod_count() == 0; }, 1s));
  f.world.run_for(100ms);
  CHECK(f.has_event("p", "Killing: Stopping container web"));

  f.runtime->set_ignores_stop("web");
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  f.write(cluster::remove(NodeFixture::key("Pod", "p")));
  f.world.run_for(20s);
  CHECK(!f.pod().is_null());
  REQUIRE(f.eventually([&] { return f.pod().is_null(); }, 15s));
}

TEST_CASE("a restart of the agent adopts what runs without touching it") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  std::string id = f.pod()["status"]["containerStatuses"][0]["containerID"].str();
  std::string revision = f.pod()["metadata"]["resourceVersion"].str();
  f.stop();
  CHECK(f.world.run(f.runtime->list_containers({})).value().size() == 1);
  f.start();
  f.world.run_for(2s);
  Value pod = f.pod();
  CHECK(pod["status"]["containerStatuses"][0]["containerID"].as_string() == id);
  CHECK(pod["metadata"]["resourceVersion"].as_string() == revision);  // nothing to say
  CHECK(f.world.run(f.runtime->list_containers({})).value().size() == 1);
}

TEST_CASE("what was deleted while the agent was away is ended when it comes back") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  f.stop();
  cluster::Write force = cluster::remove(NodeFixture::key("Pod", "p"));
  force.grace_period_s = 0;
  f.write(force);
  f.start();
  CHECK(f.eventually([&] { return f.world.run(f.runtime->list_sandboxes({})).value().empty(); }, 5s));
}

TEST_CASE("a sandbox that died is made again, and the restart is counted") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  f.runtime->kill_sandbox("p");
  REQUIRE(f.eventually([&] {
    return f.pod()["status"]["containerStatuses"][0]["restartCount"].as_int() == 1 && f.state("p", "web") == "running";
  }));
  CHECK(f.pod()["status"]["podIP"].as_string() == "10.42.0.3");
  f.world.run_for(100ms);
  CHECK(f.has_event("p", "SandboxChanged"));
}

TEST_CASE("the runtime goes away and comes back: nothing is lost") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  f.runtime->set_answering(false);
  f.world.run_for(5s);
  f.write(cluster::remove(NodeFixture::key("Pod", "p")));
  f.world.run_for(5s);
  CHECK(!f.pod().is_null());
  f.runtime->set_answering(true);
  CHECK(f.eventually([&] { return f.pod().is_null(); }, 15s));
}

TEST_CASE("a runtime that hangs is told of, asked for nothing without an end, and heals by itself") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  auto ready = [&] {
    Value node = f.world.run(f.cluster->get({{"", "v1", "Node"}, "", "n1"})).value();
    for (const Value& c : node["status"]["conditions"].items())
      if (c["type"].as_string() == "Ready")
        return fmt::format("{} {}: {}", c["status"].as_string(), c["reason"].as_string(), c["message"].as_string());
    return std::string();
  };
  auto lease = [&] {
    auto found = f.world.run(f.cluster->get({{"coordination.k8s.io", "v1", "Lease"}, "kube-node-lease", "n1"}));
    return (*found)["spec"]["renewTime"].str();
  };
  const std::string well = "True KubeletReady: kubelet is posting ready status";
  CHECK(ready() == well);
  f.runtime->set_hanging(true);
  f.world.run_for(20s);
  CHECK(ready() == well);  // as long as this it may take
  f.runtime->set_hanging(false);
  f.world.run_for(20s);
  f.runtime->set_hanging(true);
  f.world.run_for(25s);
  CHECK(ready() == well);
  f.world.run_for(20s);
  CHECK(ready() == "False KubeletNotReady: container runtime is down: it gives no answer");
  std::string before = lease();
  f.world.run_for(20s);
  CHECK(lease() != before);  // the node itself lives
  SteadyTime asked = f.world.elapsed();
  auto url = f.world.run(f.agent->exec_url({"default", "p", "web", {"sh"}}));
  CHECK(url.failed_with(ErrorKind::unavailable));
  CHECK(f.world.elapsed() - asked <= 15s);
  f.runtime->set_hanging(false);
  CHECK(f.eventually([&] { return ready() == well; }, 10s));
  f.create(base::replace_all(kPlain, "name: p,", "name: q,"));
  CHECK(f.eventually([&] { return f.state("q", "web") == "running"; }));
  CHECK(f.state("p", "web") == "running");
}

TEST_CASE("the node registers itself, keeps its lease and what others wrote") {
  NodeFixture f;
  Value node = f.world.run(f.cluster->get({{"", "v1", "Node"}, "", "n1"})).value();
  CHECK(f.condition(node, "Ready") == "True");
  CHECK(node["status"]["addresses"][0]["address"].as_string() == "192.0.2.10");
  CHECK(node["metadata"]["labels"]["kubernetes.io/hostname"].as_string() == "n1");
  auto lease = [&] {
    return f.world.run(f.cluster->get({{"coordination.k8s.io", "v1", "Lease"}, "kube-node-lease", "n1"}));
  };
  REQUIRE(lease().has_value());
  std::string first = (*lease())["spec"]["renewTime"].str();
  f.world.run_for(25s);
  CHECK((*lease())["spec"]["renewTime"].str() != first);
}

TEST_CASE("a Node that was deleted is registered again at once") {
  NodeFixture f;
  auto uid = [&] {
    auto node = f.world.run(f.cluster->get({{"", "v1", "Node"}, "", "n1"}));
    return node ? std::string(kinds::uid_of(*node)) : std::string();
  };
  for (int i = 0; i < 3; ++i) {
    std::string before = uid();
    REQUIRE(!before.empty());
    f.write(cluster::remove({{"", "v1", "Node"}, "", "n1"}));
    CHECK(f.eventually([&] { return !uid().empty() && uid() != before; }, 1s));
  }
  Value node = f.world.run(f.cluster->get({{"", "v1", "Node"}, "", "n1"})).value();
  CHECK(f.condition(node, "Ready") == "True");
}

TEST_CASE("streams of a simulated node are refused by saying so") {
  NodeFixture f;
  f.create(kPlain);
  REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }));
  auto url = f.world.run(f.agent->exec_url({"default", "p", "web", {"sh"}}));
  REQUIRE(!url);
  CHECK(url.error().is(ErrorKind::unsupported));
  CHECK(url.error().str().find("simulated") != std::string::npos);
  CHECK(f.world.run(f.agent->exec_url({"default", "nope", "web", {"sh"}})).failed_with(ErrorKind::not_found));
}
