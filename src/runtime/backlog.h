// What a server's clients were answered and have not taken yet. It stands in memory until it is read: who asks much and
// reads nothing would fill the memory of everybody, so both a connection and all of them have a bound.
#pragma once

#include <list>
#include <memory>
#include <unordered_set>

#include "runtime/http.h"

namespace slipway::runtime {

class Backlog;

// Of all connections of a server.
class BacklogTotal {
 public:
  BacklogTotal(World& world, const ServerLimits& limits) : world_(world), limits_(limits) {}
  // While there is too much, answers wait to those who have not read what they got already. Where that does not help
  // for a second, the connections that hold most of what nobody reads are closed. Runs until canceled.
  Task<void> keep();
  bool full() const { return bytes_ > limits_.backlog_bytes_max; }

 private:
  friend class Backlog;
  void change(size_t from, size_t to);
  void close_slowest();
  bool has_much_to_return() const;

  World& world_;
  const ServerLimits& limits_;
  size_t bytes_ = 0, most_ = 0;  // most_: since memory was last given back
  bool some_left_ = false;       // after that; the rest goes back with the last of it
  std::unordered_set<Backlog*> backlogs_;
  std::list<std::shared_ptr<OneShot<void>>> waiting_;
  Signal changed_;
};

// Of one connection.
class Backlog {
 public:
  Backlog(BacklogTotal& total, Stream& stream);
  ~Backlog();
  Backlog(const Backlog&) = delete;
  void set(size_t bytes);
  bool full() const;
  // Since when its client has taken nothing of what waits; nothing when nothing waits.
  std::optional<SteadyTime> stuck_since() const { return bytes_ > 0 ? std::optional(moved_) : std::nullopt; }
  // Returns when there is room for another answer. Errors: canceled; io: the connection was closed for what waits in
  // it.
  Task<Result<>> room();

 private:
  friend class BacklogTotal;
  void begin_round() {
    taken_ = 0;
    waits_ = bytes_ > 0;
  }
  BacklogTotal& total_;
  Stream& stream_;
  size_t bytes_ = 0, taken_ = 0;  // taken_: by the client, in this round of keep()
  SteadyTime moved_{};            // when something was taken, or the first came
  bool waits_ = false;            // there was something, and always something left, since the round began
  bool closed_ = false;           // counts no more
  std::list<std::shared_ptr<OneShot<void>>> waiting_;
};

}  // namespace slipway::runtime
