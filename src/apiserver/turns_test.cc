#include "apiserver/turns.h"

#include <doctest/doctest.h>

#include "apiserver/testing/fake_exchange.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::apiserver;

namespace {

Task<void> make_pieces(Turns* turns, testing::FakeExchange* exchange, int count, std::string* log) {
  for (int i = 0; i < count; ++i) {
    auto turn = co_await turns->next(*exchange);
    if (!turn) co_return;
    *log += 'p';
  }
}

// A socket that is looked at once a round, as timers are.
Task<void> ask_shortly(int rounds, std::string* log) {
  for (int i = 0; i < rounds; ++i) {
    auto slept = co_await runtime::sleep(Duration(0));
    if (!slept) co_return;
    *log += '.';
  }
}

Task<void> many(sim::SimWorld* world, std::string* log) {
  Turns turns(world->executor());
  testing::FakeExchange exchange("GET", "/");
  TaskGroup group(world->executor()), left(world->executor());
  for (int i = 0; i < 20; ++i) group.spawn(make_pieces(&turns, &exchange, 3, log));
  left.spawn(make_pieces(&turns, &exchange, 100, log));
  group.spawn(ask_shortly(70, log));
  (void)co_await runtime::yield_now();
  co_await left.stop();  // who leaves takes nobody's turn
  co_await group.join();
}

Task<void> alone(sim::SimWorld* world, std::string* log) {
  Turns turns(world->executor());
  testing::FakeExchange exchange("GET", "/");
  co_await make_pieces(&turns, &exchange, 5, log);
}

}  // namespace

TEST_CASE("many long answers leave each round of the loop to others") {
  sim::SimWorld world(1);
  std::string log;
  REQUIRE(world.run(many(&world, &log)));
  CHECK(std::count(log.begin(), log.end(), 'p') >= 60);
  CHECK_MESSAGE(log.find("ppp") == std::string::npos, log);
  log.clear();
  REQUIRE(world.run(alone(&world, &log)));
  CHECK(log == "ppppp");
}
