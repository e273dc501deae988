#include "node/simulated/memory.h"

#include <doctest/doctest.h>

#include "node/simulated/simulated.h"
#include "sim/sim_world.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::node;

namespace {

simulated::SimulatedOptions kept() {
  simulated::SimulatedOptions options;
  options.file = "/data/simulated.json";
  return options;
}

// What a second life finds of the first.
Value after_restart(sim::SimWorld& world) {
  return simulated::to_value(
      simulated::memory_from(value::parse_json(*world.files().read("/data/simulated.json")).value()));
}

}  // namespace

TEST_CASE("what runs is remembered over a restart, its own end included") {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/data"));
  auto first = simulated::create(world, kept());
  std::string sandbox = world.run(first->run_sandbox({.ns = "shop", .name = "web", .uid = "u"})).value();
  REQUIRE(world.run(first->pull_image("nginx", {})));
  ContainerConfig job{.name = "job", .image = "nginx"};
  job.annotations[std::string(kNoteEndsByItself)] = "";
  std::string container = world.run(first->create_container(sandbox, job, {})).value();
  REQUIRE(world.run(first->start_container(container)));
  first.reset();  // at once: what was not written yet is written now

  Value remembered = after_restart(world);
  CHECK(remembered["sandboxes"][0]["name"] == Value("web"));
  CHECK(remembered["containers"][0]["id"] == Value(container));
  CHECK(simulated::to_value(simulated::memory_from(remembered)) == remembered);

  auto second = simulated::create(world, kept());
  CHECK(world.run(second->container_status(container))->state == ContainerState::running);
  CHECK(world.run(second->find_image("nginx:latest"))->has_value());
  CHECK(world.run(second->sandbox_status(sandbox))->ips == std::vector<std::string>{"10.42.0.2"});
  world.run_for(1s);
  CHECK(world.run(second->container_status(container))->reason == "Completed");
}

TEST_CASE("a memory that cannot be read is no memory") {
  for (const char* text : {"", "[", "{}", R"({"sandboxes": 5, "containers": [[]], "images": {"a": 1}})"}) {
    sim::SimWorld world(1);
    REQUIRE(world.files().make_directories("/data"));
    REQUIRE(world.files().write_atomically("/data/simulated.json", text));
    auto runtime = simulated::create(world, kept());
    CHECK_MESSAGE(world.run(runtime->list_sandboxes({}))->empty(), text);
  }
}
