#include "apiserver/turns.h"

namespace slipway::apiserver {

Turns::~Turns() {
  if (timer_) executor_.forget_call(*timer_);
}

Task<Result<>> Turns::next(runtime::Exchange& exchange) {
  while (true) {
    OR_CO_RETURN(co_await exchange.room());
    OR_CO_RETURN(co_await wait(exchange.remote()));
    uint64_t ours = turns_;
    OR_CO_RETURN(co_await exchange.room());
    if (ours == turns_) co_return Result<>();  // else it waited, and the turn has passed
  }
}

// Also who comes alone waits for a round: hundreds who are woken together run one by one, and none of them is the last.
Task<Result<>> Turns::wait(std::string who) {
  auto shot = runtime::OneShot<void>::create();
  auto [line, fresh] = line_of_.try_emplace(who);
  if (fresh) line->second = lines_.insert(lines_.end(), Line{std::move(who), {}});
  line->second->waiting.push_back(shot);
  begin_round();
  auto woken = co_await shot->wait();
  if (!woken) co_return woken;  // its place is passed over
  given_ = false;
  ++turns_;
  begin_round();
  co_return woken;
}

// A timer that is due runs once between two looks at the sockets, where posted work runs again and again. A turn is
// given when the one before was taken, however many rounds later: what is queued before it may fill several, and turns
// that pile up behind would all be used before the next short question is answered.
void Turns::begin_round() {
  if (timer_ || given_ || lines_.empty()) return;
  timer_ = executor_.call_at(executor_.steady_now(), [this] {
    timer_.reset();
    while (!lines_.empty() && !given_) {
      Shot next = next_in_line();
      given_ = !next->resolved();  // else it was canceled
      next->resolve({});
    }
  });
}

Turns::Shot Turns::next_in_line() {
  Line& line = lines_.front();
  Shot next = std::move(line.waiting.front());
  line.waiting.pop_front();
  if (line.waiting.empty()) {
    line_of_.erase(line.who);
    lines_.pop_front();
  } else {
    lines_.splice(lines_.end(), lines_, lines_.begin());
  }
  return next;
}

}  // namespace slipway::apiserver
