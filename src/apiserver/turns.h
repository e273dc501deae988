// Turns: one list made, or one piece of a long answer, each round of the loop. Hundreds of clients that all want
// megabytes would otherwise have a piece made for each of them between two looks at the sockets, and a short question
// wait through several such rounds: to be accepted, greeted, read and answered.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "runtime/http.h"
#include "runtime/world.h"

namespace slipway::apiserver {

class Turns {
 public:
  explicit Turns(runtime::Executor& executor) : executor_(executor) {}
  ~Turns();
  Turns(const Turns&) = delete;
  // Returns when a piece may be made: it is our turn, and there is room for what the client will be sent. Errors: of
  // room(); canceled.
  Task<Result<>> next(runtime::Exchange& exchange);

 private:
  Task<Result<>> wait();
  void begin_round();

  runtime::Executor& executor_;
  std::optional<uint64_t> timer_;  // set: it will give the next turn
  bool given_ = false;             // a turn, to one who has not gone on with it yet
  uint64_t turns_ = 0;             // that were taken
  std::deque<std::shared_ptr<runtime::OneShot<void>>> waiting_;
};

}  // namespace slipway::apiserver
