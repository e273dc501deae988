#include "runtime/task.h"

#include <doctest/doctest.h>

#include <deque>
#include <map>

#include "runtime/channel.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

// The smallest executor: fake time, runs until nothing is left to do.
class StepExecutor final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { ready_.push_back(std::move(work)); }
  SteadyTime steady_now() const override { return now_; }
  uint64_t call_at(SteadyTime when, std::move_only_function<void()> work) override {
    timers_.emplace(std::pair(when, ++last_id_), std::move(work));
    return last_id_;
  }
  void forget_call(uint64_t id) override {
    std::erase_if(timers_, [id](const auto& t) { return t.first.second == id; });
  }
  void run() {
    while (true) {
      while (!ready_.empty()) {
        auto work = std::move(ready_.front());
        ready_.pop_front();
        work();
      }
      if (timers_.empty()) return;
      auto first = timers_.begin();
      now_ = first->first.first;
      auto work = std::move(first->second);
      timers_.erase(first);
      work();
    }
  }

 private:
  std::deque<std::move_only_function<void()>> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, std::move_only_function<void()>> timers_;
  SteadyTime now_{};
  uint64_t last_id_ = 0;
};

Task<Result<int>> half(int n) {
  OR_CO_RETURN(co_await sleep(1s));
  if (n % 2) co_return Error(ErrorKind::invalid, "odd");
  co_return n / 2;
}

Task<Result<int>> quarter(int n) {
  int h = OR_CO_RETURN(co_await half(n));
  int q = OR_CO_RETURN(co_await half(h));
  co_return q;
}

Task<void> keep(Task<Result<int>> task, std::optional<Result<int>>* out) {
  auto r = co_await task;
  out->emplace(std::move(r));
}

Task<void> sleep_long(std::optional<Result<>>* out) {
  out->emplace(co_await sleep(1000s));
}

Task<void> stop_after(Duration d, TaskGroup* group) {
  auto slept = co_await sleep(d);
  CHECK(slept.has_value());
  co_await group->stop();
}

Task<void> count_changes(Signal* signal, int* count) {
  while (true) {
    auto changed = co_await signal->wait();
    if (!changed) co_return;
    ++*count;
  }
}

Task<void> wait_once(Signal* signal, std::optional<Result<>>* out) {
  out->emplace(co_await signal->wait());
}

Task<void> halve_until(Duration left, int most, int* halves, std::optional<Error>* end) {
  Deadline deadline(co_await current_scope(), left);
  while (*halves < most && !deadline.passed()) {
    auto one = co_await half(2).in(deadline.scope());
    if (!one) co_return void(*end = one.error());
    ++*halves;
  }
}

Task<void> read_all(Channel<int>* channel, std::vector<int>* out) {
  while (true) {
    auto item = co_await channel->receive();
    if (!item) co_return;
    out->push_back(*item);
  }
}

}  // namespace

TEST_CASE("a failure leaves through OR_CO_RETURN, a value arrives") {
  StepExecutor executor;
  TaskGroup group(executor);
  std::optional<Result<int>> good, bad;
  group.spawn(keep(quarter(12), &good));
  group.spawn(keep(quarter(6), &bad));
  executor.run();
  CHECK(good->value() == 3);
  CHECK(bad->error().is(ErrorKind::invalid));
  CHECK(executor.steady_now() == SteadyTime(2s));
}

TEST_CASE("stopping a group cancels its sleepers and waits for them") {
  StepExecutor executor;
  TaskGroup workers(executor), others(executor);
  std::optional<Result<>> slept;
  workers.spawn(sleep_long(&slept));
  others.spawn(stop_after(5s, &workers));
  executor.run();
  CHECK(slept->error().is(ErrorKind::canceled));
  CHECK(executor.steady_now() == SteadyTime(5s));
  CHECK(workers.running() == 0);
}

TEST_CASE("with_timeout says timeout, and only then") {
  StepExecutor executor;
  TaskGroup group(executor);
  std::optional<Result<int>> late, early;
  group.spawn(keep(with_timeout(500ms, half(4)), &late));
  group.spawn(keep(with_timeout(5s, half(4)), &early));
  executor.run();
  CHECK(late->error().is(ErrorKind::timeout));
  CHECK(early->value() == 2);
}

TEST_CASE("a deadline ends what is under way, and stands no longer than it is held") {
  StepExecutor executor;
  TaskGroup group(executor);
  int halves = 0;
  std::optional<Error> end;
  group.spawn(halve_until(3500ms, 100, &halves, &end));
  executor.run();
  CHECK(halves == 3);
  CHECK(end->is(ErrorKind::canceled));
  CHECK(executor.steady_now() == SteadyTime(3500ms));
  end.reset();
  group.spawn(halve_until(1000s, 5, &halves, &end));
  executor.run();
  CHECK(halves == 5);
  CHECK_FALSE(end.has_value());
  CHECK(executor.steady_now() == SteadyTime(5500ms));
}

TEST_CASE("a signal wakes once for changes that come together, and remembers one") {
  StepExecutor executor;
  TaskGroup group(executor);
  Signal signal;
  int count = 0;
  signal.notify();
  group.spawn(count_changes(&signal, &count));
  executor.run();
  CHECK(count == 1);
  signal.notify();
  signal.notify();
  executor.run();
  CHECK(count == 2);
  group.cancel();
  signal.notify();  // its waiter is leaving
  executor.run();
  CHECK(count == 2);
  CHECK(group.running() == 0);
}

TEST_CASE("a signal that goes leaves its waiter to be canceled") {
  StepExecutor executor;
  TaskGroup group(executor);
  auto signal = std::make_unique<Signal>();
  std::optional<Result<>> waited;
  group.spawn(wait_once(signal.get(), &waited));
  executor.run();
  signal.reset();
  group.cancel();
  executor.run();
  CHECK(waited->error().is(ErrorKind::canceled));
}

TEST_CASE("a channel hands over in order and ends when closed") {
  StepExecutor executor;
  TaskGroup group(executor);
  Channel<int> channel(2);
  std::vector<int> seen;
  group.spawn(read_all(&channel, &seen));
  CHECK(channel.try_send(1));
  CHECK(channel.try_send(2));
  CHECK_FALSE(channel.try_send(3));
  executor.run();
  CHECK(channel.try_send(4));
  channel.close();
  executor.run();
  CHECK(seen == std::vector<int>{1, 2, 4});
}
