// Channel<T>: a bounded queue between coroutines of one loop. One reader; many writers.
#pragma once

#include <deque>

#include "runtime/task.h"

namespace slipway::runtime {

template <class T>
class Channel {
 public:
  explicit Channel(size_t capacity) : capacity_(capacity) {}

  // False when full or closed: the caller decides what overflow means.
  bool try_send(T v) {
    if (closed_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(v));
    readable_.notify();
    return true;
  }
  // The next item; canceled; or ErrorKind::gone once closed and drained.
  Task<Result<T>> receive() {
    while (queue_.empty()) {
      if (closed_) co_return Error(ErrorKind::gone, "channel closed");
      OR_CO_RETURN(co_await readable_.wait());
    }
    T v = std::move(queue_.front());
    queue_.pop_front();
    co_return v;
  }
  void close() {
    closed_ = true;
    readable_.notify();
  }
  bool closed() const { return closed_; }
  size_t size() const { return queue_.size(); }

 private:
  size_t capacity_;
  std::deque<T> queue_;
  bool closed_ = false;
  Signal readable_;
};

}  // namespace slipway::runtime
