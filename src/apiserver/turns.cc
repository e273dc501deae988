#include "apiserver/turns.h"

namespace slipway::apiserver {

Turns::~Turns() {
  if (timer_) executor_.forget_call(*timer_);
}

Task<Result<>> Turns::next(runtime::Exchange& exchange) {
  while (true) {
    OR_CO_RETURN(co_await exchange.room());
    OR_CO_RETURN(co_await wait());
    uint64_t round = rounds_;
    OR_CO_RETURN(co_await exchange.room());
    if (round == rounds_) co_return Result<>();  // else it waited, and the turn has passed
  }
}

Task<Result<>> Turns::wait() {
  if (!timer_) {
    begin_round();
    co_return Result<>();
  }
  auto shot = runtime::OneShot<void>::create();
  waiting_.push_back(shot);
  auto woken = co_await shot->wait();
  if (!woken) std::erase(waiting_, shot);
  co_return woken;
}

// A timer that is due runs once between two looks at the sockets, where posted work runs again and again.
void Turns::begin_round() {
  ++rounds_;
  timer_ = executor_.call_at(executor_.steady_now(), [this] {
    timer_.reset();
    if (waiting_.empty()) return;
    begin_round();
    waiting_.front()->resolve({});
    waiting_.pop_front();
  });
}

}  // namespace slipway::apiserver
