// Loop: the real Executor. It runs queued work, timers and the readiness of file descriptors on one thread. Only
// loop.cc knows that it stands on Boost.Asio; everything else in this room waits for a Descriptor and then makes the
// system call itself, without blocking. So no operation ever owns a caller's buffer, and canceling a wait leaves
// nothing behind that could touch it.
#pragma once

#include <coroutine>
#include <memory>

#include "runtime/executor.h"
#include "runtime/fd.h"
#include "runtime/task.h"

namespace slipway::runtime {

// A non-blocking file descriptor whose readiness can be awaited. Held by shared_ptr: a coroutine that waits keeps it
// alive, so its owner may close or drop it at any moment; the wait then ends with canceled. Loop thread only.
class Descriptor {
 public:
  virtual ~Descriptor() = default;
  int fd() const { return fd_.get(); }  // -1 once closed
  bool closed() const { return !fd_; }

  enum class Side { read, write };
  class Ready;
  // co_await d->readable(): empty when a read may go on (it may still say EAGAIN: try, wait, try again). Error:
  // canceled, also when closed. One waiter a side.
  Ready readable();
  Ready writable();
  // The same without a coroutine, once; `then` runs on the loop, and not at all when closed before. Nobody else may
  // wait for reading meanwhile.
  void when_readable(std::move_only_function<void()> then);
  // Idempotent. Whoever waits gets canceled.
  void close();
  // True every now and then: many operations in a row succeeded at once, so let others run (co_await yield_now()).
  bool should_yield() { return ++at_once_ % 32 == 0; }

 protected:
  explicit Descriptor(Fd fd) : fd_(std::move(fd)) {}
  virtual void arm(Side side) = 0;  // calls fire(side) once, later, from the loop
  virtual void forget() = 0;        // no more fire(); before the descriptor is closed
  void fire(Side side);

 private:
  struct Half {
    Ready* waiter = nullptr;
    std::move_only_function<void()> callback;
    bool armed = false;  // stays so when the waiter is canceled: the next one uses the same arming
  };
  Half& half(Side side) { return halves_[side == Side::write]; }
  Fd fd_;
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
