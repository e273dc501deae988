// Executor: the one thread that owns control-plane state. The real one stands on epoll (loop.cc), the simulated one on
// fake time (sim/). Coroutines are resumed only by it, so nothing between two awaits needs a lock.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.h"

namespace slipway::runtime {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` soon, on the loop's thread, after what is already queued. Any thread may call it.
  virtual void post(std::move_only_function<void()> work) = 0;
  // The rest is for the loop's thread only.
  virtual SteadyTime steady_now() const = 0;
  virtual uint64_t call_at(SteadyTime when, std::move_only_function<void()> work) = 0;  // gives an id for forget_call
  virtual void forget_call(uint64_t id) = 0;                                            // no effect when it already ran
};

}  // namespace slipway::runtime
