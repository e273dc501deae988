#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "runtime/testing/in_real_world.h"

using namespace slipway;
using namespace slipway::runtime;
using testing::in_real_world;

// the result first, its check after: a coroutine cannot stop inside doctest's expression
#define CHECK_WAITED(expression) \
  do {                           \
    auto waited = expression;    \
    CHECK(waited.has_value());   \
  } while (false)

namespace {

template <class T>
Task<void> keep(Task<T> task, std::optional<T>* out) {
  out->emplace(co_await task);
}

Task<int> give(int code) {
  co_return code;
}

Task<void> append_after(Duration d, int number, std::vector<int>* out) {
  auto slept = co_await sleep(d);
  CHECK(slept.has_value());
  out->push_back(number);
}

Task<void> count_rounds(int* rounds) {
  while (co_await yield_now()) ++*rounds;
}

}  // namespace

TEST_CASE("run gives the value of main, again and again") {
  auto world = RealWorld::create();
  CHECK(world->run(give(3)) == 3);
  CHECK(world->run(give(4)) == 4);
}

TEST_CASE("timers fire in order of their time, and not too early") {
  in_real_world([](World& world, std::string) -> Task<void> {
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    std::vector<int> order;
    auto begin = world.steady_now();
    group.spawn(append_after(30ms, 3, &order));
    group.spawn(append_after(10ms, 1, &order));
    group.spawn(append_after(20ms, 2, &order));
    co_await group.join();
    CHECK(order == std::vector<int>{1, 2, 3});
    CHECK(world.steady_now() - begin >= 30ms);
  });
}

TEST_CASE("work that posts for ever leaves timers their turn") {
  in_real_world([](World&, std::string) -> Task<void> {
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    int rounds = 0;
    group.spawn(count_rounds(&rounds));
    auto slept = co_await sleep(5ms);
    CHECK(slept.has_value());
    co_await group.stop();
    CHECK(rounds > 10);
  });
}

TEST_CASE("much work that takes long leaves timers their turn") {
  in_real_world([](World&, std::string) -> Task<void> {
    Scope& scope = co_await current_scope();
    int done = 0, done_before_timer = -1;
    scope.executor().call_at(scope.executor().steady_now() + 1ms, [&] { done_before_timer = done; });
    for (int i = 0; i < 150; ++i) {
      scope.executor().post([&done] {
        std::this_thread::sleep_for(1ms);
        ++done;
      });
    }
    while (done < 150) CHECK_WAITED(co_await yield_now());
    CHECK(done_before_timer >= 0);
    CHECK(done_before_timer < 50);
  });
}

TEST_CASE("pool work runs elsewhere and comes back to the loop") {
  in_real_world([](World& world, std::string) -> Task<void> {
    auto loop = std::this_thread::get_id();
    auto [worker, sum] = co_await world.on_pool([] { return std::pair(std::this_thread::get_id(), 2 + 2); });
    CHECK(worker != loop);
    CHECK(sum == 4);
    CHECK(std::this_thread::get_id() == loop);
  });
}

TEST_CASE("canceling waits for pool work that borrows the frame") {
  in_real_world([](World& world, std::string) -> Task<void> {
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    std::optional<int> out;
    group.spawn(keep(world.on_pool([] {
      std::this_thread::sleep_for(20ms);
      return 7;
    }),
                     &out));
    CHECK_WAITED(co_await sleep(5ms));
    co_await group.stop();
    CHECK(out == 7);
  });
}

TEST_CASE("signals arrive, also where SIGINT was inherited as ignored") {
  ::signal(SIGINT, SIG_IGN);
  {
    auto world = RealWorld::create();
    static RealWorld* shared = nullptr;
    shared = world.get();
    auto body = [](World&, std::string) -> Task<void> {
      Scope& scope = co_await current_scope();
      TaskGroup group(scope);
      std::optional<Result<int>> first;
      group.spawn(keep(shared->next_signal(), &first));
      CHECK_WAITED(co_await yield_now());
      CHECK_WAITED(co_await yield_now());
      ::kill(::getpid(), SIGINT);
      co_await group.join();
      CHECK(first->value() == SIGINT);
      ::kill(::getpid(), SIGTERM);
      auto second = co_await shared->next_signal();
      CHECK(second.value() == SIGTERM);
      auto none = co_await with_timeout(10ms, shared->next_signal());
      CHECK(none.failed_with(ErrorKind::timeout));
    };
    world->run(testing::run_body(body, world.get(), ""));
  }
  struct sigaction now;
  ::sigaction(SIGINT, nullptr, &now);
  CHECK((now.sa_handler == SIG_IGN));
  ::signal(SIGINT, SIG_DFL);
}

TEST_CASE("random names look as they should") {
  auto world = RealWorld::create();
  std::string uuid = world->random().uuid();
  CHECK(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(uuid != world->random().uuid());
  std::string suffix = world->random().suffix(200);
  CHECK(suffix.size() == 200);
  CHECK(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string::npos);
  CHECK(world->random().next() != world->random().next());
}
