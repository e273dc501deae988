// The loop on epoll. Every descriptor is registered once, for both sides, and told of edges: what becomes ready is said
// once. Whoever reads a stream's socket reads until EAGAIN, or until less came than there was room for, and an edge
// that comes before the next wait is remembered: so a request costs one read and one write and no word to epoll. Other
// descriptors (pipes, pidfds, inotify, listeners) have readers of all kinds; for them each wait asks epoll anew.
//
// Boost.Asio stood here before. It asks epoll anew for each wait of any descriptor, allocates for it, and locks.
#include "runtime/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "runtime/system_error.h"

namespace slipway::runtime {
namespace {

using Work = std::move_only_function<void()>;

constexpr Duration turn_time_max = 5ms;  // of queued work between two looks at sockets and timers

bool is_stream_socket(int fd) {
  int type = 0, listens = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
  size = sizeof listens;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && !listens;
}

class EpollLoop;

class EpollDescriptor final : public Descriptor {
 public:
  EpollDescriptor(EpollLoop& loop, Fd fd, bool is_stream) : Descriptor(std::move(fd), is_stream), loop_(loop) {}
  ~EpollDescriptor() override { close(); }
  int tell_epoll(int operation, uint32_t events);
  using Descriptor::fire;

 private:
  void ask(bool read, bool write) override {
    tell_epoll(EPOLL_CTL_MOD, (read ? EPOLLIN | EPOLLRDHUP : 0u) | (write ? EPOLLOUT : 0u));
  }
  void forget() override;
  EpollLoop& loop_;
};

class EpollLoop final : public Loop {
 public:
  EpollLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    SLIPWAY_CHECK(epoll_ && wake_);
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    SLIPWAY_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
  }

  void run(const bool& done) override {
    owner_ = std::this_thread::get_id();
    while (!done) {
      take_remote();
      run_timers();
      run_ready(done);
      if (!done) wait();
    }
  }

  void post(Work work) override {
    if (std::this_thread::get_id() == owner_) {
      ready_.push_back(std::move(work));
      return;
    }
    std::lock_guard lock(mutex_);
    remote_.push_back(std::move(work));
    if (remote_.size() > 1) return;
    uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);  // it is never read: each write is an edge
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
    bool is_stream = is_stream_socket(fd.get());
    auto watched = std::make_shared<EpollDescriptor>(*this, std::move(fd), is_stream);
    int failed = watched->tell_epoll(EPOLL_CTL_ADD, is_stream ? EPOLLIN | EPOLLOUT | EPOLLRDHUP : 0u);
    if (failed) return system_error(failed, "watching a descriptor");
    return std::shared_ptr<Descriptor>(std::move(watched));
  }

 private:
  friend class EpollDescriptor;

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
  // Bounded in number and time, so that work which keeps posting work, and much work that takes long, leave sockets,
  // timers and other threads their turn.
  void run_ready(const bool& done) {
    if (ready_.empty()) return;
    SteadyTime end = steady_now() + turn_time_max;
    for (int left = 256; left > 0 && !ready_.empty() && !done; --left) {
      Work work = std::move(ready_.front());
      ready_.pop_front();
      work();
      if (steady_now() >= end) return;
    }
  }

  // Until something is ready, or a timer is due, or at once when there is work; then tells whoever waits.
  void wait() {
    epoll_event events[64];
    int count = wait_for(events);
    told_ = std::span(events, static_cast<size_t>(std::max(count, 0)));
    for (epoll_event& event : told_) {
      if (!event.data.ptr) continue;  // work from another thread, or a descriptor that is closed since
      auto descriptor = static_cast<EpollDescriptor*>(event.data.ptr)->shared_from_this();
      bool end = event.events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR);
      static_cast<EpollDescriptor&>(*descriptor).fire(event.events & EPOLLIN, event.events & EPOLLOUT, end);
    }
    told_ = {};
  }
  int wait_for(std::span<epoll_event> events) {
    int room = static_cast<int>(events.size());
    if (!ready_.empty()) return ::epoll_wait(epoll_.get(), events.data(), room, 0);
    if (timers_.empty()) return ::epoll_wait(epoll_.get(), events.data(), room, -1);
    auto left =
        std::max<SteadyTime::duration>(timers_.begin()->first.first - steady_now(), SteadyTime::duration::zero());
    auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    timespec time{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    int count = ::epoll_pwait2(epoll_.get(), events.data(), room, &time, nullptr);
    if (count >= 0 || errno == EINTR) return count;
    // A kernel before 5.11, or a sandbox that does not know the call: to the millisecond.
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::min<SteadyTime::duration>(left, 1h));
    return ::epoll_wait(epoll_.get(), events.data(), room, static_cast<int>(ms.count()));
  }
  // The descriptor goes: what epoll has said of it already is not told any more.
  void forget(EpollDescriptor* descriptor) {
    descriptor->tell_epoll(EPOLL_CTL_DEL, 0);
    for (epoll_event& event : told_)
      if (event.data.ptr == descriptor) event.data.ptr = nullptr;
  }

  Fd epoll_, wake_;
  std::span<epoll_event> told_;  // those of this turn
  std::atomic<std::thread::id> owner_{std::this_thread::get_id()};
  std::deque<Work> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, Work> timers_;
  std::unordered_map<uint64_t, SteadyTime> timer_times_;
  uint64_t last_timer_ = 0;
  // protected by mutex_
  std::mutex mutex_;
  std::vector<Work> remote_;
};

int EpollDescriptor::tell_epoll(int operation, uint32_t events) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = this}};
  return ::epoll_ctl(loop_.epoll_.get(), operation, fd(), &event) == 0 ? 0 : errno;
}

// Out of the epoll set before it is closed: a child between fork and exec may still hold it.
void EpollDescriptor::forget() {
  loop_.forget(this);
}

}  // namespace

std::unique_ptr<Loop> Loop::create() {
  return std::make_unique<EpollLoop>();
}

void Descriptor::when_readable(std::move_only_function<void()> then) {
  Half& h = half(Side::read);
  SLIPWAY_CHECK(!closed() && !is_stream_ && !h.waiter && !h.callback);
  h.callback = std::move(then);
  ask(true, is_awaited(Side::write));
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

void Descriptor::fire(bool read, bool write, bool end) {
  if (end) ended_ = true;
  if (read || end) {
    drained_ = false;
    go_on(Side::read);
  }
  if (write || end) go_on(Side::write);
}

void Descriptor::go_on(Side side) {
  Half& h = half(side);
  if (h.callback) std::exchange(h.callback, {})();
  if (!h.waiter) {
    h.came = is_stream_;
    return;
  }
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
  if (std::exchange(half.came, false)) return false;
  handle_ = h;
  executor_ = &scope.executor();
  half.waiter = this;
  scope.add(*this);
  if (!descriptor_.is_stream_) descriptor_.ask(descriptor_.is_awaited(Side::read), descriptor_.is_awaited(Side::write));
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
