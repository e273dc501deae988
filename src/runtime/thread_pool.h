// ThreadPool: a few threads that run what they are given, in order of arrival. They start with the first work.
#pragma once

#include <functional>
#include <memory>

namespace slipway::runtime {

class ThreadPool {
 public:
  // join: the destructor waits for what runs and drops what is queued. abandon: it waits for nothing, for work that the
  // system may hold up for long and that owns all it touches.
  enum class AtEnd { join, abandon };
  ThreadPool(int threads_max, AtEnd at_end);
  ~ThreadPool();
  void post(std::move_only_function<void()> work);  // from any thread

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::runtime
