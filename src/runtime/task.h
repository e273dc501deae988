// Task<T>: a lazy coroutine. It starts when it is awaited or spawned in a TaskGroup, runs on the Executor's one thread
// and belongs to a Scope, which it hands to everything it awaits. Canceling the Scope ends whatever leaf is awaited
// with ErrorKind::canceled; a coroutine passes that on. Parameters by value; no capturing lambda coroutines.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "runtime/executor.h"

namespace slipway::runtime {

// Something that waits in a Scope; told once when the scope is canceled.
class Waiter {
 public:
  virtual void on_cancel() = 0;

 protected:
  ~Waiter() { unlink(); }
  void unlink() {
    if (!previous_) return;
    *previous_ = next_;
    if (next_) next_->previous_ = previous_;
    previous_ = nullptr;
    next_ = nullptr;
  }

 private:
  friend class Scope;
  Waiter** previous_ = nullptr;
  Waiter* next_ = nullptr;
};

// A region of tasks that can be told to stop together. Loop thread only.
class Scope final : private Waiter {
 public:
  explicit Scope(Executor& executor) : executor_(executor) {}
  // A scope inside another: canceled with it.
  explicit Scope(Scope& outer) : executor_(outer.executor_) {
    if (outer.canceled_)
      canceled_ = true;
    else
      outer.add(*this);
  }
  Scope(const Scope&) = delete;
  Executor& executor() const { return executor_; }
  bool canceled() const { return canceled_; }
  void cancel() {
    canceled_ = true;
    while (Waiter* w = first_) {
      w->unlink();
      w->on_cancel();
    }
  }
  void add(Waiter& w) {
    w.next_ = first_;
    w.previous_ = &first_;
    if (first_) first_->previous_ = &w.next_;
    first_ = &w;
  }

 private:
  void on_cancel() override { cancel(); }
  Executor& executor_;
  Waiter* first_ = nullptr;
  bool canceled_ = false;
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  Scope* scope = nullptr;
  std::exception_ptr thrown;

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) noexcept {
      return h.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() { thrown = std::current_exception(); }
};

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : PromiseBase {
    std::optional<T> value;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    template <class U>
    void return_value(U&& v) {
      value.emplace(std::forward<U>(v));
    }
    void return_value(T v) { value.emplace(std::move(v)); }
    T take() {
      if (thrown) std::rethrow_exception(thrown);
      return std::move(*value);
    }
  };

  Task(Task&& o) noexcept : handle_(std::exchange(o.handle_, {})) {}
  Task& operator=(Task&& o) noexcept {
    std::swap(handle_, o.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> caller) noexcept {
    handle_.promise().continuation = caller;
    if (!handle_.promise().scope) handle_.promise().scope = caller.promise().scope;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

  // Runs in `scope` instead of the awaiting coroutine's: co_await std::move(task).in(inner)
  Task&& in(Scope& scope) && {
    handle_.promise().scope = &scope;
    return std::move(*this);
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> h) : handle_(h) {}
  std::coroutine_handle<promise_type> handle_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  struct promise_type : PromiseBase {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_void() {}
    void take() {
      if (thrown) std::rethrow_exception(thrown);
    }
  };

  Task(Task&& o) noexcept : handle_(std::exchange(o.handle_, {})) {}
  Task& operator=(Task&& o) noexcept {
    std::swap(handle_, o.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> caller) noexcept {
    handle_.promise().continuation = caller;
    if (!handle_.promise().scope) handle_.promise().scope = caller.promise().scope;
    return handle_;
  }
  void await_resume() { handle_.promise().take(); }
  Task&& in(Scope& scope) && {
    handle_.promise().scope = &scope;
    return std::move(*this);
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> h) : handle_(h) {}
  std::coroutine_handle<promise_type> handle_;
};

// Scope& scope = co_await current_scope();
struct CurrentScope {
  Scope* scope = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    scope = h.promise().scope;
    return false;
  }
  Scope& await_resume() const noexcept { return *scope; }
};
inline CurrentScope current_scope() {
  return {};
}

// A result that arrives later, once, from a callback. Held by shared_ptr on both sides: the callback may come after the
// waiter was canceled and went away; it is then dropped. resolve() on the loop's thread; the waiter goes on by post().
template <class T>
class OneShot : public std::enable_shared_from_this<OneShot<T>> {
 public:
  static std::shared_ptr<OneShot> create() { return std::make_shared<OneShot>(); }

  void resolve(Result<T> r) {
    if (result_) return;
    result_.emplace(std::move(r));
    wake();
  }
  bool resolved() const { return result_.has_value(); }

  // co_await shot->wait(): the result, or canceled. When canceled, `on_cancel` (if set) is called first so that the
  // source can stop. One waiter at a time.
  auto wait(std::function<void()> on_cancel = {}) {
    return Awaiter(this->shared_from_this(), std::move(on_cancel), true);
  }
  // Waits even when the scope is canceled: for work that borrows from the waiter's frame.
  auto wait_always() { return Awaiter(this->shared_from_this(), {}, false); }

 private:
  class Awaiter final : private Waiter {
   public:
    Awaiter(std::shared_ptr<OneShot> shot, std::function<void()> on_cancel, bool cancelable)
        : shot_(std::move(shot)), cancel_source_(std::move(on_cancel)), cancelable_(cancelable) {}
    Awaiter(const Awaiter&) = delete;
    ~Awaiter() {
      if (shot_->awaiter_ == this) shot_->awaiter_ = nullptr;
    }
    bool await_ready() const noexcept { return shot_->result_.has_value(); }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      Scope* scope = h.promise().scope;
      if (cancelable_ && scope->canceled()) {
        if (cancel_source_) cancel_source_();
        if (!shot_->result_) shot_->result_.emplace(Error(ErrorKind::canceled, "canceled"));
        return false;
      }
      handle_ = h;
      executor_ = &scope->executor();
      shot_->awaiter_ = this;
      if (cancelable_) scope->add(*this);
      return true;
    }
    Result<T> await_resume() { return std::move(*shot_->result_); }

   private:
    friend class OneShot;
    void on_cancel() override {
      auto keep = shot_;
      if (cancel_source_) cancel_source_();
      keep->resolve(Error(ErrorKind::canceled, "canceled"));
    }
    std::shared_ptr<OneShot> shot_;
    std::function<void()> cancel_source_;
    bool cancelable_;
    std::coroutine_handle<> handle_;
    Executor* executor_ = nullptr;
  };

  void wake() {
    if (!awaiter_) return;
    Awaiter* a = std::exchange(awaiter_, nullptr);
    a->unlink();
    a->executor_->post([h = a->handle_] { h.resume(); });
  }

  std::optional<Result<T>> result_;
  Awaiter* awaiter_ = nullptr;
};

// Owns running tasks. Whoever holds the group stops it: co_await group.stop() before it is destroyed.
class TaskGroup {
 public:
  explicit TaskGroup(Executor& executor) : scope_(executor) {}
  explicit TaskGroup(Scope& outer) : scope_(outer) {}
  TaskGroup(const TaskGroup&) = delete;
  ~TaskGroup() { SLIPWAY_CHECK(running_ == 0); }

  void spawn(Task<void> task) {
    ++running_;
    Root root = run(this, std::move(task));
    root.handle.promise().scope = &scope_;
    scope_.executor().post([h = root.handle] { h.resume(); });
  }
  Scope& scope() { return scope_; }
  size_t running() const { return running_; }
  void cancel() { scope_.cancel(); }  // tells all to stop, returns at once

  // Tells all to stop and waits until the last has ended.
  Task<void> stop() {
    scope_.cancel();
    co_await all_ended();
  }
  // Waits until all have ended by themselves; when the awaiting task is canceled, cancels them and still waits.
  Task<void> join() {
    if (running_ == 0) co_return;
    auto shot = OneShot<void>::create();
    idle_ = shot;
    auto ended = co_await shot->wait();
    if (!ended && running_ > 0) co_await stop();
  }

 private:
  struct Root {
    struct promise_type : PromiseBase {
      Root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() { std::terminate(); }  // an exception nobody expected: a bug
    };
    std::coroutine_handle<promise_type> handle;
  };
  static Root run(TaskGroup* group, Task<void> task) {
    {
      Task<void> running = std::move(task);
      co_await running;
    }  // the task's frame is gone before the group hears of it
    if (--group->running_ == 0 && group->idle_) std::exchange(group->idle_, nullptr)->resolve({});
  }
  Task<void> all_ended() {
    if (running_ == 0) co_return;
    auto shot = OneShot<void>::create();
    idle_ = shot;
    auto ended = co_await shot->wait_always();
    SLIPWAY_CHECK(ended.has_value());
  }

  Scope scope_;
  size_t running_ = 0;
  std::shared_ptr<OneShot<void>> idle_;
};

// Sleeps for `d` of steady time. Error: canceled.
inline Task<Result<>> sleep(Duration d) {
  Scope& scope = co_await current_scope();
  Executor& executor = scope.executor();
  auto shot = OneShot<void>::create();
  uint64_t id = executor.call_at(executor.steady_now() + d, [shot] { shot->resolve({}); });
  auto woken = co_await shot->wait();
  if (!woken) executor.forget_call(id);
  co_return woken;
}

// Lets everything that is queued run first.
inline Task<Result<>> yield_now() {
  Scope& scope = co_await current_scope();
  auto shot = OneShot<void>::create();
  scope.executor().post([shot] { shot->resolve({}); });
  co_return co_await shot->wait();
}

// The task's result, or ErrorKind::timeout when it takes longer; the task is canceled then and waited for.
template <class T>
Task<Result<T>> with_timeout(Duration d, Task<Result<T>> task) {
  Scope& outer = co_await current_scope();
  Scope inner(outer);
  bool expired = false;
  Executor& executor = outer.executor();
  uint64_t id = executor.call_at(executor.steady_now() + d, [&expired, &inner] {
    expired = true;
    inner.cancel();
  });
  Task<Result<T>> running = std::move(task);
  Result<T> r = co_await std::move(running).in(inner);
  executor.forget_call(id);
  if (expired && r.failed_with(ErrorKind::canceled)) co_return Error(ErrorKind::timeout, "timed out");
  co_return r;
}

// One end in time for many tasks, one after the other: they run in its scope, which is canceled then.
class Deadline {
 public:
  Deadline(Scope& outer, Duration left) : scope_(outer), end_(outer.executor().steady_now() + left) {
    timer_ = scope_.executor().call_at(end_, [this] { scope_.cancel(); });
  }
  Deadline(const Deadline&) = delete;
  ~Deadline() { scope_.executor().forget_call(timer_); }
  Scope& scope() { return scope_; }
  bool passed() const { return scope_.executor().steady_now() >= end_; }

 private:
  Scope scope_;
  SteadyTime end_;
  uint64_t timer_ = 0;
};

// Wakes its waiter when something changed; remembers one change that nobody waited for. Costs no memory.
class Signal {
 public:
  class Wait;
  Signal() = default;
  Signal(const Signal&) = delete;
  inline ~Signal();
  inline void notify();
  // co_await signal.wait(): at once when notify() was called since the last wait. One waiter at a time. Error:
  // canceled.
  inline Wait wait();

 private:
  bool changed_ = false;
  Wait* waiter_ = nullptr;  // until it goes on, so that changes meanwhile are one with what woke it
};

class Signal::Wait final : private Waiter {
 public:
  explicit Wait(Signal& signal) : signal_(&signal) {}
  Wait(const Wait&) = delete;
  ~Wait() { leave(); }
  bool await_ready() const noexcept { return signal_->changed_; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    Scope* scope = h.promise().scope;
    canceled_ = scope->canceled();
    if (canceled_) return false;
    SLIPWAY_CHECK(!signal_->waiter_);
    handle_ = h;
    executor_ = &scope->executor();
    signal_->waiter_ = this;
    scope->add(*this);
    return true;
  }
  Result<> await_resume() {
    if (canceled_) return Error(ErrorKind::canceled, "canceled");
    if (signal_) signal_->changed_ = false;
    leave();
    return {};
  }

 private:
  friend class Signal;
  void on_cancel() override {
    canceled_ = true;
    leave();
    wake();
  }
  void wake() {
    if (!executor_) return;
    unlink();
    std::exchange(executor_, nullptr)->post([h = handle_] { h.resume(); });
  }
  void leave() {
    if (signal_ && signal_->waiter_ == this) signal_->waiter_ = nullptr;
  }

  Signal* signal_;  // null: it is gone
  std::coroutine_handle<> handle_;
  Executor* executor_ = nullptr;  // null: does not wait, or is woken already
  bool canceled_ = false;
};

Signal::~Signal() {
  if (waiter_) waiter_->signal_ = nullptr;
}
void Signal::notify() {
  changed_ = true;
  if (waiter_) waiter_->wake();
}
Signal::Wait Signal::wait() {
  return Wait(*this);
}

// The same where a task is wanted; the signal must outlive it.
inline Task<Result<>> wait_for(Signal& signal) {
  co_return co_await signal.wait();
}

}  // namespace slipway::runtime

namespace slipway {
using runtime::Task;
using runtime::TaskGroup;
}  // namespace slipway
