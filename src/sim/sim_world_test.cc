#include "sim/sim_world.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <set>

#include "sim/testing/seeds.h"

using namespace slipway;
using namespace slipway::runtime;
using namespace slipway::sim;

namespace {

Task<void> sleep_for(Duration d, std::vector<std::string>* said, std::string word) {
  auto slept = co_await sleep(d);
  said->push_back(slept ? word : "canceled " + word);
}

Task<void> three_sleepers(std::vector<std::string>* said) {
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);
  group.spawn(sleep_for(3s, said, "three"));
  group.spawn(sleep_for(1s, said, "one"));
  group.spawn(sleep_for(24h, said, "day"));
  co_await group.join();
}

Task<void> never() {
  auto shot = OneShot<void>::create();
  auto waited = co_await shot->wait();
  (void)waited.has_value();
}

Task<void> spin() {
  while (true) {
    auto turned = co_await yield_now();
    if (!turned) co_return;
  }
}

// A history of everything that the world lets us see.
Task<void> live(World* world, std::string* history) {
  *history += world->random().uuid() + world->random().suffix(5);
  for (int i = 0; i < 20; ++i) {
    auto slept = co_await sleep(Duration(static_cast<int64_t>(world->random().below(1000000))));
    if (!slept) co_return;
    auto written = world->files().write_atomically("/state", world->random().bytes(2000));
    *history += written ? "w" : written.error().str();
    *history += std::to_string(world->now().time_since_epoch().count());
  }
}

Task<int> compute(World* world, std::vector<std::string>* said) {
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);
  group.spawn(sleep_for(1ms, said, "meanwhile"));
  auto file = world->files().open("/f", OpenMode::create);
  int value = co_await world->on_pool([f = file->get()] {
    bool synced = f->sync().has_value();
    return synced ? 5 : 0;
  });
  said->push_back("pool");
  co_await group.join();
  co_return value;
}

}  // namespace

TEST_CASE("time passes only when there is nothing to do, and at no cost") {
  SimWorld world(1);
  std::vector<std::string> said;
  WallTime begin = world.now();
  CHECK(world.run(three_sleepers(&said)));
  CHECK(said == std::vector<std::string>{"one", "three", "day"});
  CHECK(world.now() - begin == 24h);
  world.jump_wall_clock(-1h);
  CHECK(world.now() - begin == 23h);
  CHECK(world.elapsed() == SteadyTime(24h));
  TaskGroup group(world.executor());
  said.clear();
  group.spawn(sleep_for(10s, &said, "ten"));
  world.run_for(9s);
  CHECK(said.empty());
  world.run_for(1s);
  CHECK(said.size() == 1);
  world.run_until_idle();
  CHECK(world.pending() == 0);
}

TEST_CASE("what can never end is an error, with the seed") {
  SimWorld world(77);
  CHECK_THROWS_WITH(world.run(never()),
                    "simulation with seed 77 at 0.000s, step 0: nothing is left to do, and the task "
                    "has not ended");
  SimWorld spinning(78, {.work_max = 10000});
  CHECK_THROWS_WITH(spinning.run(spin()),
                    "simulation with seed 78 at 0.000s, step 0: more work than work_max: something spins");
}

TEST_CASE("a seed repeats itself, another does not") {
  std::set<std::string> histories;
  for (uint64_t seed : {1, 1, 1, 2, 3}) {
    SimWorld world(seed);
    world.disk().faults.write_error = 0.05;
    world.crash_at_step(50);
    std::string history;
    world.run(live(&world, &history));
    world.restart();
    history += world.files().read("/state").value_or("none");
    for (const auto& [fault, count] : world.injected()) history += fault + std::to_string(count);
    histories.insert(history);
  }
  CHECK(histories.size() == 3);
}

TEST_CASE("disk latency delays pool work, not the loop") {
  SimWorld world(1);
  world.disk().faults.sync_latency = 10ms;
  std::vector<std::string> said;
  CHECK(world.run(compute(&world, &said)) == 5);
  CHECK(said == std::vector<std::string>{"meanwhile", "pool"});
  CHECK(world.elapsed() == SteadyTime(10ms));
}

TEST_CASE("the log is kept") {
  SimWorld world(1);
  world.log().write(LogLevel::warning, "node: disk pressure");
  CHECK(world.logged("disk"));
  CHECK(!world.logged("memory"));
  CHECK(world.logged()[0].level == LogLevel::warning);
}
