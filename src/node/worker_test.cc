// How real containers end, who they are, what they may use, and the streams into them.
#include "node/worker.h"

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

Task<void> ends_gracefully(RealNode& node) {
  PodBench& b = *node.bench;
  // preStop comes first, then the stop signal of the image; both are told in a file of the host.
  CHECK(node.world.files().make_directories(node.directory + "/notes"));
  CHECK(node.world.files().set_mode(node.directory + "/notes", 0777));
  (void)co_await output_of(node.world, {project_file("src/node/testing/busybox-image"), node.directory + "/user.tar",
                                        "slipway.local/test/user:1", R"("User":"1000:1000","StopSignal":"SIGUSR2",)"});
  CHECK(co_await import_image(node.world, "ctr", node.containerd->socket(), node.directory + "/user.tar"));
  std::string text = R"yaml(
apiVersion: v1
kind: Pod
metadata: {name: bye, namespace: default}
spec:
  nodeName: n1
  terminationGracePeriodSeconds: 10
  containers:
  - name: bye
    image: slipway.local/test/user:1
    command: [sh, -c, "trap 'echo usr2 >> /notes/log; exit 0' USR2; echo $(id -u) $(id -g) >> /notes/log; while :; do sleep 3600 & wait $!; done"]
    lifecycle: {preStop: {exec: {command: [sh, -c, "echo hook >> /notes/log; sleep 0.3"]}}}
    securityContext: {runAsNonRoot: true}
    volumeMounts: [{name: notes, mountPath: /notes}]
  volumes: [{name: notes, hostPath: {path: DIR/notes}}]
)yaml";
  co_await b.create(base::replace_all(text, "DIR", node.directory));
  if (!co_await b.becomes("bye", "ready")) co_return;
  for (int i = 0; i < 100 && !node.world.files().exists(node.directory + "/notes/log"); ++i)
    (void)co_await runtime::sleep(20ms);
  co_await b.remove("bye");
  (void)co_await runtime::sleep(100ms);
  Value pod = co_await b.pod("bye");
  CHECK(PodBench::state_of(pod, "bye") == "ready");  // it still serves while the hook runs
  co_await b.is_gone("bye");
  CHECK(node.world.files().read(node.directory + "/notes/log").value() == "1000 1000\nhook\nusr2\n");

  // Deaf to signals: SIGKILL when the grace period is over, not before.
  co_await b.create(base::replace_all(pod_yaml("deaf"), "trap 'exit 0' TERM", "trap '' TERM"));
  if (!co_await b.becomes("deaf", "ready")) co_return;
  (void)co_await runtime::sleep(300ms);
  SteadyTime begun = node.world.steady_now();
  co_await b.remove("deaf", 3);
  co_await b.is_gone("deaf");
  Duration took = node.world.steady_now() - begun;
  CHECK_MESSAGE((took > 2500ms && took < 6s), took.count());

  // Root where the image says so is refused to a pod that does not want it.
  co_await b.create(pod_yaml("noroot", ", securityContext: {runAsNonRoot: true}"));
  co_await b.becomes("noroot", "CreateContainerConfigError");
  CHECK(PodBench::status_of(co_await b.pod("noroot"), "noroot")["state"]["waiting"]["message"].str().starts_with(
      "container has runAsNonRoot and image will run as root (pod: \"noroot_default("));
  co_await b.remove("noroot");
  co_await b.is_gone("noroot");

  // A command that is not there, and a message left behind.
  co_await b.create(
      "{apiVersion: v1, kind: Pod, metadata: {name: typo, namespace: default}, spec: {nodeName: n1, "
      "restartPolicy: Never, containers: [{name: typo, image: IMAGE, command: [nonsense]}]}}");
  co_await b.pod_becomes("typo", "Failed", [](const Value& p) {
    return p["status"]["phase"].as_string() == "Failed" || PodBench::state_of(p, "typo") == "RunContainerError";
  });
  co_await b.create(
      "{apiVersion: v1, kind: Pod, metadata: {name: last, namespace: default}, spec: {nodeName: n1, "
      "restartPolicy: Never, containers: [{name: last, image: IMAGE, command: [sh, -c, 'seq 2000 > "
      "/dev/termination-log; echo why >> /dev/termination-log; exit 7']}, {name: tail, image: IMAGE, "
      "terminationMessagePolicy: "
      "FallbackToLogsOnError, command: [sh, -c, 'echo from the log; exit 8']}]}}");
  co_await b.pod_becomes("last", "Failed", [](const Value& p) { return p["status"]["phase"].as_string() == "Failed"; });
  pod = co_await b.pod("last");
  std::string words = PodBench::status_of(pod, "last")["state"]["terminated"]["message"].str();
  CHECK(words.size() == 4096);
  CHECK(words.ends_with("\n2000\nwhy\n"));
  CHECK(PodBench::status_of(pod, "last")["state"]["terminated"]["exitCode"].as_int() == 7);
  CHECK(PodBench::status_of(pod, "tail")["state"]["terminated"]["message"].as_string() == "from the log\n");
  CHECK((co_await b.log("last", {.container = "tail"})) == "from the log\n");  // an ended pod keeps its logs
  for (const char* name : {"typo", "last"}) co_await b.remove(name);
  for (const char* name : {"typo", "last"}) co_await b.is_gone(name);
}

Task<void> uses_what_it_may(RealNode& node) {
  PodBench& b = *node.bench;
  co_await b.create(
      pod_yaml("small", ", resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 500m, memory: 64Mi}}"));
  if (!co_await b.becomes("small", "ready")) co_return;
  Value pod = co_await b.pod("small");
  CHECK(pod["status"]["qosClass"].as_string() == "Burstable");
  std::string id = PodBench::status_of(pod, "small")["containerID"].str().substr(13);
  std::string group = fmt::format("/{}/kubepods/burstable/pod{}", b.options.cgroups.root, kinds::uid_of(pod));
  auto read = [&](std::string hierarchy, std::string file) {
    return std::string(base::trim(
        node.world.files().read("/sys/fs/cgroup/" + hierarchy + group + "/" + file, 4096).value_or("missing")));
  };
  if (node.world.files().exists("/sys/fs/cgroup/cgroup.controllers")) {
    MESSAGE("cgroup v2: limits are checked as data only");
  } else {
    CHECK(read("memory", id + "/memory.limit_in_bytes") == std::to_string(64 << 20));
    CHECK(read("cpu", id + "/cpu.shares") == "256");
    CHECK(read("cpu", "cpu.shares") == "256");
    CHECK(read("memory", "memory.limit_in_bytes") == std::to_string(64 << 20));
    if (read("cpu", "cpu.cfs_quota_us") != "missing") {  // a kernel may be built without
      CHECK(read("cpu", id + "/cpu.cfs_quota_us") == "50000");
      CHECK(read("cpu", "cpu.cfs_quota_us") == "50000");
    } else {
      MESSAGE("this kernel knows no CPU quotas");
    }
  }
  co_await b.remove("small");
  co_await b.is_gone("small");
  CHECK(read("memory", "memory.limit_in_bytes") == "missing");

  // Over its memory: OOMKilled, and it starts again.
  co_await b.create(
      "{apiVersion: v1, kind: Pod, metadata: {name: big, namespace: default}, spec: {nodeName: n1, restartPolicy: "
      "Never, "
      "containers: [{name: big, image: IMAGE, command: [sh, -c, 'exec tail /dev/zero'], resources: {limits: {memory: "
      "32Mi}}}]}}");
  co_await b.pod_becomes("big", "Failed", [](const Value& p) { return p["status"]["phase"].as_string() == "Failed"; });
  Value ended = PodBench::status_of(co_await b.pod("big"), "big")["state"]["terminated"];
  CHECK(ended["exitCode"].as_int() == 137);
  CHECK(ended["reason"].as_string() == "OOMKilled");
  co_await b.remove("big");
  co_await b.is_gone("big");
}

// What a WebSocket client sends and sees: the answer's head, then whatever comes until `enough` is in it.
Task<std::string> upgrade(RealNode* node, std::string url, std::string protocol, std::string enough) {
  size_t host_at = url.find("//") + 2, path_at = url.find('/', host_at);
  std::string host = url.substr(host_at, path_at - host_at);
  CHECK_MESSAGE(url.starts_with("http://127.0.0.1:"), url);
  auto port = base::parse_int(host.substr(host.find(':') + 1)).value_or(0);
  auto stream = co_await node->world.network().connect({"127.0.0.1", static_cast<uint16_t>(port), {}});
  CHECK(stream.has_value());
  if (!stream) co_return std::string();
  std::string head = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {}\r\nOrigin: http://{}\r\n\r\n",
      url.substr(path_at), host, protocol, host);
  CHECK(co_await (*stream)->write(head));
  std::string got, block(4096, '\0');
  while (got.find(enough) == std::string::npos) {
    auto count = co_await runtime::with_timeout(5s, (*stream)->read(block));
    if (!count || *count == 0) break;
    got.append(block.data(), *count);
  }
  CHECK_MESSAGE(got.starts_with("HTTP/1.1 101"), got);
  CHECK_MESSAGE(got.find(enough) != std::string::npos, got);
  co_return got;
}

Task<void> streams(RealNode& node) {
  PodBench& b = *node.bench;
  co_await b.create(base::replace_all(pod_yaml("s", ", ports: [{containerPort: 8080}]"), "echo up;",
                                      "httpd -p 8080 -h /www; (while sleep 0.2; do echo tick; done) &"));
  if (!co_await b.becomes("s", "ready")) co_return;
  auto exec = co_await b.agent->exec_url({"default", "s", "s", {"echo", "from", "inside"}});
  CHECK(exec);
  if (exec) co_await upgrade(&node, *exec, "v4.channel.k8s.io", "from inside");
  auto attach = co_await b.agent->attach_url({"default", "s", "s"});
  CHECK(attach);
  if (attach) co_await upgrade(&node, *attach, "v4.channel.k8s.io", "tick");
  auto forward = co_await b.agent->port_forward_url({"default", "s", {8080}});
  CHECK(forward);
  if (forward) co_await upgrade(&node, *forward, "v4.channel.k8s.io", std::string("\x82\x03\x00\x90\x1f", 5));
  auto missing = co_await b.agent->exec_url({"default", "s", "other", {"sh"}});
  CHECK(missing.failed_with(ErrorKind::bad_request));
  co_await b.remove("s");
  co_await b.is_gone("s");
}

}  // namespace

TEST_CASE("real containers end gracefully") {
  with_containers([](RealNode& node) -> Task<void> { co_await ends_gracefully(node); });
}

TEST_CASE("real containers use what they may, and streams reach into them") {
  with_containers([](RealNode& node) -> Task<void> {
    co_await uses_what_it_may(node);
    co_await streams(node);
  });
}
