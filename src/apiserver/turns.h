// Turns: one list made, or one piece of a long answer, each round of the loop. Hundreds of clients that all want
// megabytes would otherwise have a piece made for each of them between two looks at the sockets, and a short question
// wait through several such rounds: to be accepted, greeted, read and answered.
#pragma once

#include <list>
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
  // Returns when a piece may be made, at once if nobody else makes one: it is our turn, and there is room for what the
  // client will be sent. Errors: of room(); canceled.
  Task<Result<>> next(runtime::Exchange& exchange);

 private:
  Task<Result<>> wait();
  void begin_round();

  runtime::Executor& executor_;
  std::optional<uint64_t> timer_;  // set: this round's turn is taken
  uint64_t rounds_ = 0;
  std::list<std::shared_ptr<runtime::OneShot<void>>> waiting_;
};

}  // namespace slipway::apiserver
