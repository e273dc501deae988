// The loop on Boost.Asio: Asio's epoll reactor for descriptors, our own queue and timers beside it. Work posted on the
// loop's own thread is a push onto a deque; Asio's queue would lock and allocate for each. Timers sit in a map and
// bound how long one round may wait, so changing the earliest costs no system call.
//
// Asio's per-operation cancel is never used: a wait that nobody awaits any more stays armed, and fires into nothing or
// serves the next waiter.
#include "runtime/loop.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "runtime/system_error.h"

namespace slipway::runtime {
namespace {

namespace asio = boost::asio;
using Work = std::move_only_function<void()>;

class AsioDescriptor final : public Descriptor, public std::enable_shared_from_this<AsioDescriptor> {
 public:
  AsioDescriptor(asio::io_context& io, Fd fd) : Descriptor(std::move(fd)), watched_(io) {}
  ~AsioDescriptor() override { close(); }
  int assign() {
    boost::system::error_code failed;
    watched_.assign(fd(), failed);
    return failed.value();
  }

 private:
  void arm(Side side) override {
    watched_.async_wait(side == Side::read ? watched_.wait_read : watched_.wait_write,
                        [self = shared_from_this(), side](boost::system::error_code) { self->fire(side); });
  }
  void forget() override {
    // release() takes it out of the epoll set before it is closed: a child between fork and exec may still hold it
    if (watched_.is_open()) watched_.release();
  }
  asio::posix::stream_descriptor watched_;
};

class AsioLoop final : public Loop {
 public:
  void run(const bool& done) override {
    owner_ = std::this_thread::get_id();
    while (!done) {
      take_remote();
      run_timers();
      run_ready(done);
      if (done) break;
      if (!ready_.empty())
        io_.poll();
      else if (timers_.empty())
        io_.run_one();
      else
        io_.run_one_until(timers_.begin()->first.first);
    }
  }

  void post(Work work) override {
    if (std::this_thread::get_id() == owner_) {
      ready_.push_back(std::move(work));
      return;
    }
    std::lock_guard lock(mutex_);
    remote_.push_back(std::move(work));
    if (remote_.size() == 1) asio::post(io_, [] {});
  }

  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  uint64_t call_at(SteadyTime when, Work work) override {
    timers_.emplace(std::pair(when, ++last_timer_), std::move(work));
    timer_times_.emplace(last_timer_, when);
    return last_timer_;
  }
  void forget_call(uint64_t id) override {
    auto time = timer_times_.find(id);
    if (time == timer_times_.end()) return;
    timers_.erase(std::pair(time->second, id));
    timer_times_.erase(time);
  }

  Result<std::shared_ptr<Descriptor>> watch(Fd fd) override {
    auto watched = std::make_shared<AsioDescriptor>(io_, std::move(fd));
    if (int failed = watched->assign()) return system_error(failed, "watching a descriptor");
    return std::shared_ptr<Descriptor>(std::move(watched));
  }

 private:
  void take_remote() {
    std::lock_guard lock(mutex_);
    for (auto& work : remote_) ready_.push_back(std::move(work));
    remote_.clear();
  }
  void run_timers() {
    if (timers_.empty()) return;
    SteadyTime now = steady_now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      auto first = timers_.extract(timers_.begin());
      timer_times_.erase(first.key().second);
      first.mapped()();
    }
  }
  // Bounded, so that work which keeps posting work leaves sockets, timers and other threads their turn.
  void run_ready(const bool& done) {
    for (int left = 256; left > 0 && !ready_.empty() && !done; --left) {
      Work work = std::move(ready_.front());
      ready_.pop_front();
      work();
    }
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> keep_waiting_{io_.get_executor()};
  std::atomic<std::thread::id> owner_{std::this_thread::get_id()};
  std::deque<Work> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, Work> timers_;
  std::unordered_map<uint64_t, SteadyTime> timer_times_;
  uint64_t last_timer_ = 0;
  // protected by mutex_
  std::mutex mutex_;
  std::vector<Work> remote_;
};

}  // namespace

std::unique_ptr<Loop> Loop::create() {
  return std::make_unique<AsioLoop>();
}

void Descriptor::when_readable(std::move_only_function<void()> then) {
  Half& h = half(Side::read);
  SLIPWAY_CHECK(!closed() && !h.waiter && !h.callback);
  h.callback = std::move(then);
  if (!std::exchange(h.armed, true)) arm(Side::read);
}

void Descriptor::close() {
  if (!fd_) return;
  forget();
  fd_.reset();
  for (Half& h : halves_) {
    if (h.waiter) h.waiter->wake_later();
    h.callback = {};
  }
}

void Descriptor::fire(Side side) {
  Half& h = half(side);
  h.armed = false;
  if (h.callback) std::exchange(h.callback, {})();
  if (!h.waiter) return;
  // from the loop itself, nothing below us on the stack: go on at once, without a turn through the queue
  Ready* waiter = std::exchange(h.waiter, nullptr);
  waiter->unlink();
  waiter->handle_.resume();
}

bool Descriptor::Ready::suspend(std::coroutine_handle<> h, Scope& scope) {
  if (scope.canceled()) {
    canceled_ = true;
    return false;
  }
  Half& half = descriptor_.half(side_);
  SLIPWAY_CHECK(!half.waiter);  // one reader and one writer at a time
  handle_ = h;
  executor_ = &scope.executor();
  half.waiter = this;
  scope.add(*this);
  if (!std::exchange(half.armed, true)) descriptor_.arm(side_);
  return true;
}

void Descriptor::Ready::on_cancel() {
  canceled_ = true;
  wake_later();
}

void Descriptor::Ready::wake_later() {
  descriptor_.half(side_).waiter = nullptr;
  unlink();
  executor_->post([h = handle_] { h.resume(); });
}

}  // namespace slipway::runtime
