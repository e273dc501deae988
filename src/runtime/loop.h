// Loop: the real Executor, on epoll. It runs queued work, timers and the readiness of file descriptors on one thread.
// Everything else in this room waits for a Descriptor and then makes the system call itself, without blocking. So no
// operation ever owns a caller's buffer, and canceling a wait leaves nothing behind that could touch it.
#pragma once

#include <coroutine>
#include <memory>

#include "runtime/executor.h"
#include "runtime/fd.h"
#include "runtime/task.h"

namespace slipway::runtime {

// A non-blocking file descriptor whose readiness can be awaited. Held by shared_ptr: a coroutine that waits keeps it
// alive, so its owner may close or drop it at any moment; the wait then ends with canceled. Loop thread only.
class Descriptor : public std::enable_shared_from_this<Descriptor> {
 public:
  virtual ~Descriptor() = default;
  int fd() const { return fd_.get(); }  // -1 once closed
  bool closed() const { return !fd_; }

  enum class Side { read, write };
  class Ready;
  // co_await d->readable(): empty when a read may go on (it may still say EAGAIN: try, wait, try again). Error:
  // canceled, also when closed. One waiter a side. Of a stream's socket: only after the call said EAGAIN, or
  // is_drained().
  Ready readable();
  Ready writable();
  // The same without a coroutine, once; `then` runs on the loop, and not at all when closed before. Nobody else may
  // wait for reading meanwhile. Not for a stream's socket.
  void when_readable(std::move_only_function<void()> then);
  // A read gave less than it had room for: until is_drained() ends, another one would say EAGAIN.
  void read_less() { drained_ = is_stream_ && !ended_; }
  bool is_drained() const { return drained_; }
  // Idempotent. Whoever waits gets canceled.
  void close();
  // True every now and then: many operations in a row succeeded at once, so let others run (co_await yield_now()).
  bool should_yield() { return ++at_once_ % 32 == 0; }

 protected:
  Descriptor(Fd fd, bool is_stream) : fd_(std::move(fd)), is_stream_(is_stream) {}
  virtual void ask(bool read, bool write) = 0;  // of others than a stream's socket: fire() when, or if, it is ready
  virtual void forget() = 0;                    // no more fire(); before the descriptor is closed
  void fire(bool read, bool write, bool end);

 private:
  struct Half {
    Ready* waiter = nullptr;
    std::move_only_function<void()> callback;
    bool came = false;  // of a stream's socket: it became ready while nobody waited
  };
  Half& half(Side side) { return halves_[side == Side::write]; }
  bool is_awaited(Side side) { return half(side).waiter || half(side).callback; }
  void go_on(Side side);
  Fd fd_;
  const bool is_stream_;
  bool drained_ = false, ended_ = false;
  Half halves_[2];
  unsigned at_once_ = 0;
};

class Descriptor::Ready final : private Waiter {
 public:
  Ready(Descriptor& descriptor, Side side) : descriptor_(descriptor), side_(side) {}
  Ready(const Ready&) = delete;
  bool await_ready() const noexcept { return descriptor_.closed(); }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    return suspend(h, *h.promise().scope);
  }
  Result<> await_resume() const {
    if (canceled_ || descriptor_.closed()) return Error(ErrorKind::canceled, "canceled");
    return {};
  }

 private:
  friend class Descriptor;
  bool suspend(std::coroutine_handle<> h, Scope& scope);
  void on_cancel() override;
  void wake_later();
  Descriptor& descriptor_;
  Side side_;
  bool canceled_ = false;
  std::coroutine_handle<> handle_;
  Executor* executor_ = nullptr;
};

inline Descriptor::Ready Descriptor::readable() {
  return Ready(*this, Side::read);
}
inline Descriptor::Ready Descriptor::writable() {
  return Ready(*this, Side::write);
}

class Loop : public Executor {
 public:
  static std::unique_ptr<Loop> create();
  // Runs until `done` is true (it looks after each round of work). The thread that runs it is the loop's thread.
  virtual void run(const bool& done) = 0;
  // Takes the descriptor over; it must be non-blocking and something epoll knows (not a file on disk).
  virtual Result<std::shared_ptr<Descriptor>> watch(Fd fd) = 0;
};

}  // namespace slipway::runtime
