// Real containers for tests: a containerd of our own in a fresh directory with a bridge network of its own, and at the
// end the proof that nothing stays behind: no container, process, mount, namespace, cgroup.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "node/containerd.h"
#include "node/cri/cri.h"
#include "node/testing/pod_bench.h"
#include "runtime/testing/in_real_world.h"

namespace slipway::node::testing {

inline constexpr const char* kTestImage = "slipway.local/test/busybox:1";
// Several test programs may run at once.
inline std::string test_bridge() {
  return fmt::format("slwt{}", ::getpid());
}
inline std::string test_subnet() {
  return fmt::format("10.213.{}", ::getpid() % 251);
}

// Whether real containers can run here. If not: says so loudly, and fails where CI=true.
inline bool can_run_containers() {
  std::string why;
  if (::geteuid() != 0) why = "it needs root";
  for (const char* program : {"/usr/bin/containerd", "/usr/bin/ctr", "/usr/sbin/runc", "/usr/lib/cni/bridge"})
    if (::access(program, X_OK) != 0) why = std::string("it needs ") + program;
  if (why.empty()) return true;
  std::string message = "SKIPPED: tests with real containers: " + why;
  const char* ci = std::getenv("CI");
  if (ci && std::string_view(ci) == "true") FAIL_CHECK(message);
  MESSAGE(message);
  return false;
}

// A file of the project, found upwards from where the test runs or from where its program stands.
inline std::string project_file(const std::string& path) {
  namespace fs = std::filesystem;
  for (fs::path from : {fs::current_path(), fs::read_symlink("/proc/self/exe")})
    for (; from != from.root_path(); from = from.parent_path())
      if (fs::exists(from / path)) return (from / path).string();
  return path;
}

inline Task<std::string> output_of(World& world, std::vector<std::string> argv) {
  runtime::Command command;
  command.argv = std::move(argv);
  std::string name = base::join(command.argv, " ");
  auto done = co_await world.processes().run(std::move(command));
  CHECK_MESSAGE(done.has_value(), name);
  if (!done) co_return std::string();
  CHECK_MESSAGE(done->status.ok(), name << ": " << done->err);
  co_return done->out;
}

inline ContainerdOptions containerd_options(const std::string& directory) {
  ContainerdOptions o;
  o.directory = directory + "/c";
  o.cni_conf_directory = directory + "/cni";
  o.pause_archive = directory + "/pause.tar";
  return o;
}

// Mounts, processes and cgroups that name `what`.
inline std::vector<std::string> leftovers(const std::string& what, const std::string& cgroup_root) {
  std::vector<std::string> found;
  std::error_code ignored;
  namespace fs = std::filesystem;
  auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  std::string mounts = read("/proc/self/mounts");
  for (std::string_view line : base::split_lines(mounts))
    if (line.find(what) != std::string_view::npos) found.push_back("mount " + std::string(line));
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    auto pid = base::parse_int(entry.path().filename().string());
    if (!pid || *pid == ::getpid()) continue;
    std::string words = read(entry.path().string() + "/cmdline");
    if (words.find(what) != std::string::npos) found.push_back(fmt::format("process {} {}", *pid, words));
  }
  for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup", ignored))
    if (fs::exists(entry.path() / cgroup_root, ignored)) found.push_back("cgroup " + entry.path().string());
  return found;
}

struct RealNode {
  World& world;
  std::string directory;
  std::unique_ptr<Containerd> containerd;
  std::unique_ptr<PodRuntime> runtime;
  std::unique_ptr<PodBench> bench;
};

inline Task<void> crash_for_real(RealNode* node, std::string pod) {
  auto list = co_await node->runtime->list_containers({{kLabelPodName, pod}});
  if (!list) co_return;
  for (const Container& c : *list)
    for (int i = 0; i < 100; ++i) {  // its shell may not have set the trap yet
      auto status = co_await node->runtime->container_status(c.id);
      if (!status || status->state != ContainerState::running) break;
      (void)co_await node->runtime->exec(c.id, {"kill", "-USR1", "1"}, 5s);
      (void)co_await runtime::sleep(20ms);
    }
}

template <class Body>
Task<void> run_with_containers(World& world, std::string directory, Body body) {
  (void)co_await output_of(world, {project_file("script/pause"), directory + "/pause.tar"});
  (void)co_await output_of(world, {project_file("src/node/testing/busybox-image"), directory + "/busybox.tar"});
  auto& files = world.files();
  CHECK(files.make_directories(directory + "/cni"));
  CHECK(files.write_atomically(directory + "/cni/10-test.conflist",
                               fmt::format(R"({{"cniVersion": "0.4.0", "name": "slipway-node-test", "plugins": [
{{"type": "bridge", "bridge": "{}", "isGateway": true, "ipMasq": false, "hairpinMode": true,
 "ipam": {{"type": "host-local", "dataDir": "{}/addresses", "ranges": [[{{"subnet": "{}.0/24"}}]],
 "routes": [{{"dst": "0.0.0.0/0"}}]}}}}]}})",
                                           test_bridge(), directory, test_subnet()),
                               0644));
  auto containerd = co_await Containerd::start(world, containerd_options(directory));
  CHECK_MESSAGE(containerd.has_value(), (containerd ? std::string() : containerd.error().str()));
  if (!containerd) co_return;
  CHECK(co_await import_image(world, "ctr", (*containerd)->socket(), directory + "/busybox.tar"));
  RealNode node{world, directory, std::move(*containerd), nullptr, nullptr};
  node.runtime = cri::connect(world, node.containerd->socket());
  NodeOptions options;
  options.name = "n1";
  options.addresses = {test_subnet() + ".1"};
  options.data_directory = directory + "/d";
  options.cgroups.root = fmt::format("slipway-test-{}", ::getpid());
  node.bench = std::make_unique<PodBench>(world, *node.runtime, options, kTestImage);
  node.bench->crash = [&node](std::string pod) { return crash_for_real(&node, std::move(pod)); };
  co_await node.bench->open();

  co_await body(node);

  co_await node.bench->close();
  node.bench = nullptr;
  auto removed = co_await remove_all_pods(*node.runtime);
  CHECK_MESSAGE(removed.has_value(), (removed ? std::string() : removed.error().str()));
  auto left = co_await node.runtime->list_containers({});
  CHECK((left && left->empty()));
  co_await node.runtime->close();
  CHECK(co_await node.containerd->stop());
  CHECK(co_await remove_leftovers(world, options.data_directory, options.cgroups.root, directory + "/c"));
  for (const std::string& what : leftovers(directory, options.cgroups.root)) FAIL_CHECK("left behind: " << what);
  (void)co_await output_of(world, {"ip", "link", "delete", test_bridge()});
}

// with_containers([](RealNode& node) -> Task<void> { ... });  the lambda captures nothing.
template <class Body>
void with_containers(Body) {
  if (!can_run_containers()) return;
  runtime::testing::in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await run_with_containers(world, directory, Body());
  });
}

}  // namespace slipway::node::testing
