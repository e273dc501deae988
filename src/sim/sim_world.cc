#include "sim/sim_world.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <unordered_map>

#include "base/text.h"

namespace slipway::sim {

using namespace runtime;

class SimWorld::Queue final : public Executor {
 public:
  explicit Queue(SimWorld& world) : world_(world) {}
  void post(std::move_only_function<void()> work) override {
    if (world_.in_pool_ && world_.pool_time_ > Duration{})
      call_at(world_.now_ + world_.pool_time_, std::move(work));  // the pool's thread is busy until then
    else
      ready.push_back(std::move(work));
  }
  SteadyTime steady_now() const override { return world_.now_; }
  uint64_t call_at(SteadyTime when, std::move_only_function<void()> work) override {
    timers.emplace(std::pair(when, ++last_), std::move(work));
    times_.emplace(last_, when);
    return last_;
  }
  void forget_call(uint64_t id) override {
    auto time = times_.find(id);
    if (time == times_.end()) return;
    timers.erase(std::pair(time->second, id));
    times_.erase(time);
  }
  std::move_only_function<void()> take_timer() {
    auto first = timers.extract(timers.begin());
    times_.erase(first.key().second);
    return std::move(first.mapped());
  }

  std::deque<std::move_only_function<void()>> ready;
  std::map<std::pair<SteadyTime, uint64_t>, std::move_only_function<void()>> timers;

 private:
  SimWorld& world_;
  std::unordered_map<uint64_t, SteadyTime> times_;
  uint64_t last_ = 0;
};

class SimWorld::CapturedLog final : public Log {
 public:
  explicit CapturedLog(SimWorld& world) : world_(world), shown_(std::getenv("SLIPWAY_SIM_LOG") != nullptr) {}
  void write(LogLevel level, std::string_view what) override {
    world_.logged_.push_back({world_.now_, level, std::string(what)});
    if (shown_) {
      double seconds = std::chrono::duration<double>(world_.now_.time_since_epoch()).count();
      std::fputs(fmt::format("sim {:10.3f} step {:5} {}\n", seconds, world_.steps(), what).c_str(), stderr);
    }
  }

 private:
  SimWorld& world_;
  bool shown_;
};

SimWorld::SimWorld(uint64_t seed, SimOptions options)
    : seed_(seed),
      options_(options),
      begin_(options.begin),
      fate_(seed),
      random_(seed),
      executor_(std::make_unique<Queue>(*this)),
      log_(std::make_unique<CapturedLog>(*this)) {
  files_ = SimFiles::create(fate_, [this] { return now(); }, [this](Duration d) { spend(d); });
  network_ = SimNetwork::create(fate_, *executor_);
  processes_ = SimProcesses::create(fate_, *this);
  fate_.on_crash = [this](Loss loss) { crash(loss); };
}

SimWorld::~SimWorld() {
  processes_->stop_all();
  network_->close_all();
  SteadyTime limit = now_ + std::chrono::hours(1);
  while (processes_->running() > 0 && step_once(limit)) {
  }
}

Executor& SimWorld::executor() {
  return *executor_;
}

Log& SimWorld::log() {
  return *log_;
}

Task<void> SimWorld::mark(Task<void> task, bool* done) {
  co_await task;
  *done = true;
}

bool SimWorld::run(Task<void> task) {
  const bool was_off = fate_.off;
  // Leaked when stuck: destroying what still runs would touch freed frames, and the test has failed anyway.
  auto group = std::make_unique<TaskGroup>(*executor_);
  auto done = std::make_unique<bool>(false);
  running_ = &group->scope();
  group->spawn(mark(std::move(task), done.get()));
  SteadyTime limit = now_ + options_.time_max;
  while (!*done) {
    if (step_once(limit) && worked_ < options_.work_max) continue;
    running_ = nullptr;
    (void)group.release();
    (void)done.release();
    if (worked_ >= options_.work_max) stuck("more work than work_max: something spins");
    stuck(pending() ? "fake time is over" : "nothing is left to do, and the task has not ended");
  }
  running_ = nullptr;
  return was_off || !fate_.off;
}

void SimWorld::run_for(Duration d) {
  SteadyTime until = now_ + d;
  while (step_once(until)) check_limits();
  if (now_ < until) now_ = until;
}

void SimWorld::run_until_idle() {
  SteadyTime limit = now_ + options_.time_max;
  while (step_once(limit)) check_limits();
  if (pending()) stuck("fake time is over");
}

uint64_t SimWorld::pending() const {
  return executor_->ready.size() + executor_->timers.size();
}

// One piece of work; false when there is none up to `until`.
bool SimWorld::step_once(SteadyTime until) {
  std::move_only_function<void()> work;
  if (!executor_->ready.empty()) {
    work = std::move(executor_->ready.front());
    executor_->ready.pop_front();
  } else {
    if (executor_->timers.empty()) return false;
    SteadyTime when = executor_->timers.begin()->first.first;
    if (when > until) return false;
    if (when > now_) now_ = when;
    work = executor_->take_timer();
  }
  ++worked_;
  work();
  return true;
}

void SimWorld::check_limits() {
  if (worked_ >= options_.work_max) stuck("more work than work_max: something spins");
}

void SimWorld::stuck(std::string why) {
  throw std::runtime_error(fmt::format("simulation with seed {} at {:.3f}s, step {}: {}", seed_,
                                       std::chrono::duration<double>(now_.time_since_epoch()).count(), steps(), why));
}

void SimWorld::crash_at_step(uint64_t n, Loss loss) {
  SLIPWAY_CHECK(n > 0);
  fate_.crash_at = fate_.steps + n;
  fate_.crash_loss = loss;
}

void SimWorld::crash(Loss loss) {
  if (fate_.off) return;
  fate_.off = true;
  fate_.crash_at = 0;
  fate_.count(loss == Loss::power ? "power loss" : "process killed");
  files_->crash(loss);
  // we may stand inside of a system call of what is to end
  executor_->ready.push_back([this, loss] {
    if (running_) running_->cancel();
    processes_->crash(loss);
    network_->close_all();
  });
}

void SimWorld::restart() {
  SLIPWAY_CHECK(fate_.off);
  SteadyTime limit = now_;
  while (step_once(limit)) check_limits();  // what the former life still has queued ends in it
  fate_.off = false;
}

bool SimWorld::logged(std::string_view part) const {
  for (const auto& line : logged_)
    if (line.text.find(part) != std::string::npos) return true;
  return false;
}

uint64_t SimWorld::injected(const std::string& fault) const {
  auto found = fate_.injected.find(fault);
  return found == fate_.injected.end() ? 0 : found->second;
}

void SimWorld::pool_post(std::move_only_function<void()> work) {
  bool outer = std::exchange(in_pool_, true);
  Duration before = std::exchange(pool_time_, Duration{});
  work();
  in_pool_ = outer;
  pool_time_ = before;
}

void SimWorld::spend(Duration d) {
  if (in_pool_)
    pool_time_ += d;
  else
    now_ += d;
}

}  // namespace slipway::sim
