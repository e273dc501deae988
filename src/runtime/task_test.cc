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
