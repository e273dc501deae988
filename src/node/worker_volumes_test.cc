// What a pod's files become while it runs: over a restart of this program, and when some of them cannot be written.
#include "node/testing/node_fixture.h"
#include "node/worker.h"

using namespace slipway;
using slipway::node::testing::NodeFixture;
namespace simulated = slipway::node::simulated;

namespace {

const char* const kSettings =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, data: {mode: fast}}";

const char* const kPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: default}
spec:
  nodeName: n1
  containers:
  - {name: web, image: "registry.test/web:1", volumeMounts: [{name: conf, mountPath: /conf}]}
  volumes:
  - {name: conf, configMap: {name: settings}}
)";

// A node that writes files, in a machine whose table of mounts says that the tokens' file systems are there.
struct FilesFixture : NodeFixture {
  explicit FilesFixture(simulated::SimulatedOptions options = {}) : NodeFixture(1, real(std::move(options))) {}
  static simulated::SimulatedOptions real(simulated::SimulatedOptions options) {
    options.as_real = true;
    return options;
  }

  void create_pod(std::string_view yaml, Duration time_max = 30s) {
    stop();
    Value made = create(yaml);
    directory = "/data/pods/" + made["metadata"]["uid"].str();
    std::string table;
    for (const Value& v : made["spec"]["volumes"].items())
      if (v.has("projected")) {
        token_volume = "projected/" + v["name"].str();
        table += fmt::format("tmpfs {}/volumes/kubernetes.io~{} tmpfs rw 0 0\n", directory, token_volume);
      }
    REQUIRE(world.files().make_directories("/proc/self"));
    REQUIRE(world.files().write_atomically("/proc/self/mounts", table));
    start();
    REQUIRE(eventually([&] { return state("p", "web") == "running"; }, time_max));
  }
  std::string file(const std::string& volume, const std::string& name) {
    return world.files().read(directory + "/volumes/kubernetes.io~" + volume + "/" + name).value_or("missing");
  }
  int64_t token_until() {
    std::string token = file(token_volume, "token");
    return base::parse_int(token.substr(token.rfind(' ') + 1)).value_or(0);
  }
  int64_t now_s() { return std::chrono::duration_cast<std::chrono::seconds>(world.now().time_since_epoch()).count(); }

  std::string directory, token_volume;
};

}  // namespace

TEST_CASE("a pod that was running before this program began gets new tokens and ConfigMaps") {
  FilesFixture f;
  f.create(kSettings);
  f.create_pod(kPod);
  CHECK(f.file("configmap/conf", "mode") == "fast");
  int64_t first = f.token_until();
  CHECK(first > f.now_s());
  std::string id = f.pod()["status"]["containerStatuses"][0]["containerID"].str();

  f.stop();
  f.world.run_for(10min);
  f.write(cluster::merge_patch(f.key("ConfigMap", "settings"), Value{{"data", Value{{"mode", "while away"}}}}));
  f.start();
  CHECK(f.eventually([&] { return f.file("configmap/conf", "mode") == "while away"; }, 1s));
  f.write(cluster::merge_patch(f.key("ConfigMap", "settings"), Value{{"data", Value{{"mode", "slow"}}}}));
  CHECK(f.eventually([&] { return f.file("configmap/conf", "mode") == "slow"; }, 1s));
  for (int hour = 0; hour < 3; ++hour) {
    f.world.run_for(1h);
    CHECK(f.token_until() > f.now_s());
  }
  CHECK(f.pod()["status"]["containerStatuses"][0]["containerID"].str() == id);
  CHECK(!f.has_event("p", "FailedMount"));
}

TEST_CASE("a volume that cannot be prepared holds up no other, is told and tried again") {
  FilesFixture f;
  f.create(kSettings);
  f.create_pod(kPod);
  f.write(cluster::remove(f.key("ConfigMap", "settings")));
  CHECK(f.eventually([&] {
    return f.has_event("p",
                       "FailedMount: MountVolume.SetUp failed for volume \"conf\" : configmap \"settings\" not found");
  }));
  CHECK(f.file("configmap/conf", "mode") == "fast");  // what was there stays
  for (int hour = 0; hour < 3; ++hour) {
    f.world.run_for(1h);
    CHECK(f.token_until() > f.now_s());
  }
  f.create(base::replace_all(kSettings, "fast", "again"));
  CHECK(f.eventually([&] { return f.file("configmap/conf", "mode") == "again"; }, 1s));

  // The token is renewed and cannot be written: it is written when it can be, not at its next renewal.
  std::string hindrance = f.directory + "/volumes/kubernetes.io~" + f.token_volume + "/..data_tmp/of somebody else";
  REQUIRE(f.world.files().make_directories(hindrance));
  int64_t before = f.token_until();
  f.world.run_for(50min);
  CHECK(f.token_until() == before);
  CHECK(f.has_event("p", "FailedMount: MountVolume.SetUp failed for volume \"kube-api-access"));
  REQUIRE(f.world.files().remove_tree(f.directory + "/volumes/kubernetes.io~" + f.token_volume + "/..data_tmp"));
  CHECK(f.eventually([&] { return f.token_until() > before; }, 3min));
}

TEST_CASE("a pod whose volumes cannot be prepared and whose image is long to pull waits quietly") {
  FilesFixture f({.pull_time = 20min});
  f.create(kSettings);
  f.create_pod(base::replace_all(kPod, "volumeMounts", "imagePullPolicy: Always, volumeMounts"), 30min);
  f.stop();
  f.write(cluster::remove(f.key("ConfigMap", "settings")));
  REQUIRE(f.runtime->end_container("p", "web", 1));
  f.start();
  REQUIRE(f.eventually([&] { return f.has_event("p", "configmap \"settings\" not found"); }));
  uint64_t before = f.runtime->asked();
  f.world.run_for(10min);
  CHECK(f.runtime->asked() - before < 500);
}

TEST_CASE("a sandbox without its hosts file gets it before its next container starts") {
  FilesFixture f;
  f.create(kSettings);
  f.create_pod(kPod);
  std::string hosts = f.directory + "/etc-hosts", before = f.world.files().read(hosts).value_or("missing");
  CHECK(before.find("10.42.0.2\tp\n") != std::string::npos);
  for (bool directory : {false, true}) {  // the second as containerd makes it
    f.stop();
    REQUIRE(f.world.files().remove(hosts));
    if (directory) REQUIRE(f.world.files().make_directories(hosts));
    f.runtime->end_container("p", "web", 1);
    f.start();
    REQUIRE(f.eventually([&] { return f.state("p", "web") == "running"; }, 1min));
    CHECK(f.world.files().read(hosts).value_or("missing") == before);
  }
}

TEST_CASE("a volume that was half shown is shown whole") {
  sim::SimWorld world(1);
  auto& files = world.files();
  node::volumes::Payload payload{{"a", {"one"}}, {"deep/b", {"two"}}};
  REQUIRE(node::volumes::write_payload(world, "/v", payload, {}));
  auto names = files.list("/v").value();
  REQUIRE(files.remove("/v/deep"));
  REQUIRE(files.make_directories("/v/..2020_old"));
  REQUIRE(files.write_atomically("/v/gone", ""));
  REQUIRE(node::volumes::write_payload(world, "/v", payload, {}));
  CHECK(files.list("/v").value() == names);
  CHECK(files.read("/v/deep/b").value_or("missing") == "two");
}

TEST_CASE("an emptyDir has its mode and group from the beginning, and keeps what containers make of them") {
  Value pod = value::parse_yaml("{spec: {securityContext: {fsGroup: 77}, volumes: [{name: e, emptyDir: {}}]}}").value();
  node::EnvInputs in;
  in.pod = pod;
  std::string path = "/pod/volumes/kubernetes.io~empty-dir";
  int kills = 0;
  for (;; ++kills) {
    sim::SimWorld world(1);
    auto& files = world.files();
    world.crash_at_step(kills + 1, sim::Loss::process);
    (void)node::volumes::prepare(world, {in, "/pod"});
    if (!world.off()) break;
    world.restart();
    REQUIRE(node::volumes::prepare(world, {in, "/pod"}).errors.empty());
    auto stat = files.stat(path + "/e").value();
    CHECK_MESSAGE(stat.mode == 02777, kills);
    CHECK_MESSAGE(stat.gid == 77, kills);
    CHECK(files.list(path).value() == std::vector<std::string>{"e"});
    REQUIRE(files.set_mode(path + "/e", 0700));
    REQUIRE(node::volumes::prepare(world, {in, "/pod"}).errors.empty());
    CHECK(files.stat(path + "/e")->mode == 0700);
  }
  CHECK(kills > 3);
}

TEST_CASE("mounts are found under paths with blanks in them") {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/proc/self"));
  REQUIRE(world.files().write_atomically(
      "/proc/self/mounts",
      "tmpfs /my\\040data/pods/a\\134b tmpfs rw 0 0\ntmpfs /my\\040data tmpfs rw 0 0\ntmpfs "
      "/my\\040data/pods/a\\134b/c tmpfs rw 0 0\ntmpfs /my tmpfs rw 0 0\n"));
  CHECK(node::volumes::mounts_below(world, "/my data") ==
        std::vector<std::string>{"/my data/pods/a\\b/c", "/my data/pods/a\\b"});
}
