#include "runtime/backlog.h"

#include <algorithm>

#include "runtime/heap.h"

namespace slipway::runtime {
namespace {

constexpr size_t slow_bytes = 64 << 10;       // taken in that time: less is no reading
constexpr Duration patience = 1s;             // a burst to many clients is over before
constexpr size_t worth_returning = 32 << 20;  // so much was held, and is not any more

using Waiting = std::list<std::shared_ptr<OneShot<void>>>;

void wake(Waiting& waiting) {
  for (auto& shot : waiting) shot->resolve({});
}

Task<Result<>> wait_in(Waiting& waiting) {
  auto shot = OneShot<void>::create();
  auto place = waiting.insert(waiting.end(), shot);
  auto woken = co_await shot->wait();
  waiting.erase(place);
  co_return woken;
}

}  // namespace

Task<void> BacklogTotal::keep() {
  while (true) {
    auto woken = co_await changed_.wait();
    if (!woken) co_return;
    do {
      for (Backlog* backlog : backlogs_) backlog->begin_round();
      auto slept = co_await sleep(patience);
      if (!slept) co_return;
      if (full()) close_slowest();
    } while (full());
    if (has_much_to_return()) {
      some_left_ = bytes_ > 0;
      most_ = bytes_;
      return_memory();
    }
  }
}

void BacklogTotal::close_slowest() {
  std::vector<Backlog*> slow;
  for (Backlog* backlog : backlogs_)
    if (backlog->waits_ && backlog->taken_ < std::min(backlog->bytes_ / 8, slow_bytes)) slow.push_back(backlog);
  std::sort(slow.begin(), slow.end(), [](const Backlog* a, const Backlog* b) { return a->bytes_ > b->bytes_; });
  size_t closed = 0, held = 0;
  for (Backlog* backlog : slow) {
    if (bytes_ <= limits_.backlog_bytes_max / 2) break;
    ++closed;
    held += backlog->bytes_;
    backlog->set(0);
    backlog->closed_ = true;
    backlog->stream_.close();
  }
  if (closed == 0) return;
  world_.log().write(LogLevel::warning,
                     fmt::format("runtime: {} connections closed whose clients do not read their answers, {} KB; one "
                                 "of {}",
                                 closed, held >> 10, slow[0]->stream_.peer()));
}

bool BacklogTotal::has_much_to_return() const {
  return (most_ > worth_returning && bytes_ < most_ / 2) || (some_left_ && bytes_ == 0);
}

void BacklogTotal::change(size_t from, size_t to) {
  bool was_full = full();
  bytes_ = bytes_ - from + to;
  most_ = std::max(most_, bytes_);
  if (full() != was_full || (to < from && has_much_to_return())) changed_.notify();
  if (was_full && !full()) wake(waiting_);
}

Backlog::Backlog(BacklogTotal& total, Stream& stream) : total_(total), stream_(stream) {
  total_.backlogs_.insert(this);
}

Backlog::~Backlog() {
  set(0);
  total_.backlogs_.erase(this);
}

void Backlog::set(size_t bytes) {
  if (closed_ || bytes == bytes_) return;
  size_t before = std::exchange(bytes_, bytes);
  if (bytes == 0) waits_ = false;
  if (before == 0 || bytes < before) moved_ = total_.world_.steady_now();
  if (bytes < before) taken_ += before - bytes;
  total_.change(before, bytes);
  if (bytes < before && bytes <= total_.limits_.connection_backlog_bytes_max) wake(waiting_);
}

// Whoever holds nothing is served on while others fill the room, up to twice of it.
bool Backlog::full() const {
  const ServerLimits& limits = total_.limits_;
  return bytes_ > limits.connection_backlog_bytes_max || (bytes_ > 0 && total_.full()) ||
         total_.bytes_ > 2 * limits.backlog_bytes_max;
}

Task<Result<>> Backlog::room() {
  while (full() && !closed_) OR_CO_RETURN(co_await wait_in(total_.full() ? total_.waiting_ : waiting_));
  if (closed_) co_return Error(ErrorKind::io, "the client did not read its answers");
  co_return Result<>();
}

}  // namespace slipway::runtime
