#include "node/strays.h"

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"
#include "node/volumes/volumes.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

// A shell that looks like a shim, with a child.
Result<std::unique_ptr<runtime::Process>> pretend_shim(World& world, std::string program, std::string socket) {
  runtime::Command command;
  command.argv = {std::move(program), "-c", "sleep 1000 & wait", "-address", std::move(socket)};
  command.new_session = true;
  command.output_file = "/dev/null";
  return world.processes().start(std::move(command));
}

Task<void> only_ours(World& world, std::string directory) {
  std::string program = directory + "/containerd-shim-runc-v2";
  CHECK(world.files().symlink("/bin/sh", program));
  auto ours = pretend_shim(world, program, directory + "/c/grpc.sock");
  auto other = pretend_shim(world, program, directory + "/c2/grpc.sock");
  CHECK(ours.has_value());
  CHECK(other.has_value());
  if (!ours || !other) co_return;
  (void)co_await runtime::sleep(200ms);
  auto ended = co_await end_strays(world, directory + "/c");
  CHECK_MESSAGE(ended.has_value(), (ended ? std::string() : ended.error().str()));
  CHECK(ended.value_or(0) == 1);
  auto status = co_await runtime::with_timeout(5s, (*ours)->wait());
  CHECK(status.has_value());
  CHECK(world.processes().alive((*other)->pid()));
  ended = co_await end_strays(world, directory + "/c2");  // and its sleep
  CHECK(ended.value_or(0) == 1);
  status = co_await runtime::with_timeout(5s, (*other)->wait());
  CHECK(status.has_value());
}

Task<void> lost_pods(RealNode& node) {
  PodBench& b = *node.bench;
  co_await b.create(fmt::format(R"({{apiVersion: v1, kind: Pod, metadata: {{name: lost, namespace: default}}, spec: {{
    nodeName: n1, containers: [{{name: lost, image: IMAGE, command: {}}}]}}}})",
                                kStays));
  if (!co_await b.becomes("lost", "ready")) co_return;
  std::string c = containerd_options(node.directory).directory;
  bool has_namespace = false;
  for (const std::string& mount : volumes::mounts_below(node.world, c))
    has_namespace = has_namespace || mount.find("/netns/cni-") != std::string::npos;
  CHECK(has_namespace);  // where it can be told to be ours
  co_await b.stop();
  CHECK(co_await node.containerd->stop());
  auto ended = co_await end_strays(node.world, c);
  CHECK_MESSAGE(ended.has_value(), (ended ? std::string() : ended.error().str()));
  CHECK(ended.value_or(0) == 1);
  for (const std::string& what : leftovers(c + "/", b.options.cgroups.root))
    if (!what.starts_with("cgroup")) FAIL_CHECK("left behind: " << what);
  // The next start finds a dead pod, nothing worse.
  auto again = co_await Containerd::start(node.world, containerd_options(node.directory));
  CHECK_MESSAGE(again.has_value(), (again ? std::string() : again.error().str()));
  if (again) node.containerd = std::move(*again);
}

}  // namespace

TEST_CASE("shims that were lost are ended, and only ours") {
  runtime::testing::in_real_world(
      [](World& world, std::string directory) -> Task<void> { co_await only_ours(world, directory); });
}

TEST_CASE("what a killed containerd lost track of is ended") {
  with_containers([](RealNode& node) -> Task<void> { co_await lost_pods(node); });
}
