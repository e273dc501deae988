// The same lives on both runtimes.
#include "node/testing/pod_contract.h"

#include "node/simulated/simulated.h"
#include "node/testing/real_containers.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::node::testing;

namespace {

Task<void> end_one(node::simulated::SimulatedRuntime& runtime, std::string pod) {
  CHECK(runtime.end_container(pod, pod, 1));
  co_return;
}

Task<void> simulated_contract(World& world) {
  auto runtime = node::simulated::create(world);
  node::NodeOptions options;
  options.name = "n1";
  options.addresses = {"192.0.2.10"};
  options.data_directory = "/data";
  PodBench bench(world, *runtime, options, "registry.test/app:1");
  bench.crash = [&runtime](std::string pod) { return end_one(*runtime, std::move(pod)); };
  co_await bench.open();
  co_await run_pod_contract(bench);
  co_await bench.close();
}

}  // namespace

TEST_CASE("a pod's life on the simulated runtime") {
  sim::SimWorld world(1);
  CHECK(world.run(simulated_contract(world)));
}

TEST_CASE("a pod's life on containerd") {
  with_containers([](RealNode& node) -> Task<void> { co_await run_pod_contract(*node.bench); });
}
