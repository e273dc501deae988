// SimWorld: the whole outside of a program on fake time, from one seed. Two runs with the same seed do the same to the
// last bit; a test that fails prints its seed (sim/testing/seeds.h) and is repeated by it.
//
//   SimWorld world(seed);
//   auto store = world.run(open_store(world, options)).value();
//   world.crash_at_step(17);
//   bool ended = world.run(write_much(store.get()));   // false: the machine went off in between
//   world.run(close(std::move(store)));                // what lived in it is dead, and is wound up
//   world.restart();
//
// Time: it moves only when nothing is left to do, to the next timer. on_pool runs its work at once, on the caller's
// stack; disk latency inside of it delays the value, outside of it passes for everybody (the loop is blocked).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/fate.h"
#include "sim/files.h"
#include "sim/network.h"
#include "sim/processes.h"

namespace slipway::sim {

struct LogLine {
  SteadyTime at;  // since the start of the simulation
  runtime::LogLevel level;
  std::string text;
};

struct SimOptions {
  WallTime begin = WallTime(std::chrono::seconds(1'780'000'000));  // 2026-05-28
  Duration time_max = std::chrono::hours(24 * 365);  // of fake time; past it, run() throws: something spins
  uint64_t work_max = 100'000'000;                   // pieces of work, the same
};

class SimWorld final : public runtime::World {
 public:
  explicit SimWorld(uint64_t seed, SimOptions options = {});
  ~SimWorld() override;
  uint64_t seed() const { return seed_; }

  // ---- running ----

  // Runs `task` and whatever else is there until the task ends: true. False: the machine crashed in between; the task
  // was canceled and has ended. Throws std::runtime_error when nothing is left that could ever end it. While the
  // machine is off a task may still run, to wind up what lived: all it wants from outside fails.
  bool run(Task<void> task);
  // The same for a task with a value; it must not crash.
  template <class T>
    requires(!std::is_void_v<T>)
  T run(Task<T> task) {
    std::optional<T> out;
    SLIPWAY_CHECK(run(keep(std::move(task), &out)));
    return std::move(*out);
  }
  void run_for(Duration d);  // all that happens in this time
  void run_until_idle();     // until nothing is left to do; timers count as something
  uint64_t pending() const;  // pieces of work and timers that wait

  // ---- crashing ----

  // Before the n-th step from now (1: the next one).
  void crash_at_step(uint64_t n, Loss loss = Loss::power);
  void crash(Loss loss = Loss::power);  // now
  bool off() const { return fate_.off; }
  // After a crash, when all that lived in the former life is gone.
  void restart();
  uint64_t steps() const { return fate_.steps; }
  void trace_steps(std::vector<std::string>* into) { fate_.trace = into; }

  // ---- what tests look at and turn ----

  SimFiles& disk() { return *files_; }
  SimNetwork& net() { return *network_; }
  SimProcesses& programs() { return *processes_; }
  const std::vector<LogLine>& logged() const { return logged_; }
  bool logged(std::string_view part) const;
  const std::map<std::string, uint64_t>& injected() const { return fate_.injected; }  // faults by kind
  uint64_t injected(const std::string& fault) const;
  SteadyTime elapsed() const { return now_; }
  void jump_wall_clock(Duration d) { wall_offset_ += d; }  // as an administrator or NTP does

  // ---- World ----

  runtime::Executor& executor() override;
  WallTime now() override { return begin_ + wall_offset_ + now_.time_since_epoch(); }
  runtime::Random& random() override { return random_; }
  runtime::Files& files() override { return *files_; }
  runtime::Network& network() override { return *network_; }
  runtime::Processes& processes() override { return *processes_; }
  runtime::Log& log() override;

 private:
  class Queue;
  class CapturedLog;
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* out) {
    out->emplace(co_await task);
  }
  static Task<void> mark(Task<void> task, bool* done);
  void pool_post(std::move_only_function<void()> work) override;
  void spend(Duration d);
  bool step_once(SteadyTime until);
  [[noreturn]] void stuck(std::string why);
  void check_limits();

  const uint64_t seed_;
  const SimOptions options_;
  const WallTime begin_;
  SteadyTime now_{};
  Duration wall_offset_{};
  uint64_t worked_ = 0;
  bool in_pool_ = false;
  Duration pool_time_{};
  Fate fate_;
  SeededRandom random_;
  std::vector<LogLine> logged_;
  std::unique_ptr<Queue> executor_;
  std::unique_ptr<CapturedLog> log_;
  std::unique_ptr<SimFiles> files_;
  std::unique_ptr<SimNetwork> network_;
  std::unique_ptr<SimProcesses> processes_;
  runtime::Scope* running_ = nullptr;  // of run()'s task
};

}  // namespace slipway::sim
