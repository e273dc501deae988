#include "apiserver/turns.h"

#include <doctest/doctest.h>

#include <deque>

#include "apiserver/testing/fake_exchange.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::apiserver;

namespace {

Task<void> make_pieces(Turns* turns, testing::FakeExchange* exchange, int count, std::string* log, char mark = 'p') {
  for (int i = 0; i < count; ++i) {
    auto turn = co_await turns->next(*exchange);
    if (!turn) co_return;
    *log += mark;
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

// A loop that is busy with other work: timers run, and what is posted waits.
class BusyExecutor final : public runtime::Executor {
 public:
  void post(std::move_only_function<void()> work) override { posted.push_back(std::move(work)); }
  SteadyTime steady_now() const override { return {}; }
  uint64_t call_at(SteadyTime, std::move_only_function<void()> work) override {
    timer = std::move(work);
    return 1;
  }
  void forget_call(uint64_t) override { timer = nullptr; }
  void run_timer() {
    if (timer) std::exchange(timer, nullptr)();
  }
  bool run_one() {
    if (posted.empty()) return false;
    auto work = std::move(posted.front());
    posted.pop_front();
    work();
    return true;
  }
  std::deque<std::move_only_function<void()>> posted;
  std::move_only_function<void()> timer;
};

}  // namespace

TEST_CASE("turns do not pile up where much else is queued before them") {
  BusyExecutor executor;
  std::string log;
  Turns turns(executor);
  testing::FakeExchange exchange("GET", "/");
  TaskGroup group(executor);
  for (int i = 0; i < 20; ++i) group.spawn(make_pieces(&turns, &exchange, 1, &log));
  executor.post([&log] { log += '.'; });
  // Each round has time for one of them.
  while (!log.ends_with('.') && executor.run_one()) executor.run_timer();
  CHECK(log == ".");
  CHECK(executor.posted.size() == 1);
  for (int i = 0; i < 30; ++i) {
    while (executor.run_one()) {
    }
    executor.run_timer();
  }
  CHECK(std::count(log.begin(), log.end(), 'p') == 20);
}

TEST_CASE("who wants one list does not stand behind the hundreds of another") {
  BusyExecutor executor;
  std::string log;
  Turns turns(executor);
  testing::FakeExchange many("GET", "/"), few("GET", "/"), one("GET", "/");
  few.address = "192.0.2.2:1";
  one.address = "192.0.2.3:1";
  TaskGroup group(executor);
  for (int i = 0; i < 20; ++i) group.spawn(make_pieces(&turns, &many, 1, &log, 'm'));
  for (int i = 0; i < 3; ++i) group.spawn(make_pieces(&turns, &few, 1, &log, 'f'));
  group.spawn(make_pieces(&turns, &one, 1, &log, 'o'));
  for (int i = 0; i < 40; ++i) {
    while (executor.run_one()) {
    }
    executor.run_timer();
  }
  CHECK(log == "mfomfmf" + std::string(17, 'm'));
}

TEST_CASE("whoever leaves while others wait takes nobody's turn") {
  BusyExecutor executor;
  std::string log;
  Turns turns(executor);
  testing::FakeExchange exchange("GET", "/");
  TaskGroup leaving(executor), staying(executor);
  auto run_all = [&] {
    while (executor.run_one()) {
    }
  };
  for (int i = 0; i < 3; ++i) leaving.spawn(make_pieces(&turns, &exchange, 1, &log));
  staying.spawn(make_pieces(&turns, &exchange, 1, &log));
  run_all();
  leaving.cancel();
  executor.run_timer();  // before they have heard of it
  run_all();
  CHECK(log == "p");
  CHECK(leaving.running() + staying.running() == 0);
  for (int i = 0; i < 2; ++i) staying.spawn(make_pieces(&turns, &exchange, 1, &log));
  run_all();
  executor.run_timer();
  staying.cancel();  // with a turn that was given already
  run_all();
  executor.run_timer();
  run_all();
  CHECK(staying.running() == 0);
  TaskGroup later(executor);
  later.spawn(make_pieces(&turns, &exchange, 1, &log));
  run_all();
  executor.run_timer();
  run_all();
  CHECK(log == "ppp");
}

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
