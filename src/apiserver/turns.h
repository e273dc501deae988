// Turns: one list made, or one piece of a long answer, each round of the loop. Hundreds of clients that all want
// megabytes would otherwise have a piece made for each of them between two looks at the sockets, and a short question
// wait through several such rounds: to be accepted, greeted, read and answered. Connections take turns, whatever each
// of them asks for: who wants one list does not stand behind the hundreds that another wants.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

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
  using Shot = std::shared_ptr<runtime::OneShot<void>>;
  struct Line {
    std::string who;
    std::deque<Shot> waiting;  // never empty
  };
  Task<Result<>> wait(std::string who);
  void begin_round();
  Shot next_in_line();

  runtime::Executor& executor_;
  std::optional<uint64_t> timer_;  // set: it will give the next turn
  bool given_ = false;             // a turn, to one who has not gone on with it yet
  uint64_t turns_ = 0;             // that were taken
  std::list<Line> lines_;          // of connections, by whose turn is next
  std::unordered_map<std::string, std::list<Line>::iterator> line_of_;
};

}  // namespace slipway::apiserver
