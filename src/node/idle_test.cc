// What an idle node costs. Not run by default (it only waits): node_test --no-skip -tc="idle*"
#include <sys/resource.h>

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"

using namespace slipway;
using namespace slipway::node::testing;

namespace {

double own_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

double seconds_of(World& world, int pid) {
  auto stat = world.files().read(fmt::format("/proc/{}/stat", pid));
  if (!stat) return 0;
  auto words = base::split(std::string_view(*stat).substr(stat->rfind(')') + 2), ' ');
  auto ticks = base::parse_int(words[11]).value_or(0) + base::parse_int(words[12]).value_or(0);
  return static_cast<double>(ticks) / 100.0;
}

Task<void> twenty_pods(RealNode& node) {
  PodBench& b = *node.bench;
  SteadyTime begun = node.world.steady_now();
  double busy = own_seconds();
  for (int i = 0; i < 20; ++i)
    co_await b.create(pod_yaml(fmt::format("p{}", i), i % 2 ? ", readinessProbe: {exec: {command: ['true']}}" : ""));
  for (int i = 0; i < 20; ++i) co_await b.becomes(fmt::format("p{}", i), "ready", "", 60s);
  MESSAGE("20 pods ready in "
          << std::chrono::duration_cast<std::chrono::milliseconds>(node.world.steady_now() - begun).count() << " ms, "
          << own_seconds() - busy << " s of CPU");
  for (int round = 0; round < 3; ++round) {
    double own = own_seconds(), containerd = seconds_of(node.world, node.containerd->pid());
    (void)co_await runtime::sleep(20s);
    MESSAGE("20 s idle with 20 pods, 10 of them probed each 10 s: this process "
            << own_seconds() - own << " s of CPU, containerd "
            << seconds_of(node.world, node.containerd->pid()) - containerd << " s");
  }
  for (int i = 0; i < 20; ++i) co_await b.remove(fmt::format("p{}", i));
  for (int i = 0; i < 20; ++i) co_await b.is_gone(fmt::format("p{}", i), 60s);
}

}  // namespace

TEST_CASE("idle: a node with twenty pods" * doctest::skip()) {
  with_containers([](RealNode& node) -> Task<void> { co_await twenty_pods(node); });
}
