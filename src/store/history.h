// History: the newest events in memory, for watches that continue and lists at an older revision. A subscription is a
// position in it, not a queue of its own: a hundred watchers cost a hundred numbers, and none can slow down a writer.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace slipway::store {

struct HistoryLimits {
  size_t events_max;
  Duration time_max;
  size_t bytes_max;  // of object versions that only the history keeps alive
};

class History : public std::enable_shared_from_this<History> {
 public:
  // `floor`: the revision from which on this history is whole.
  History(HistoryLimits limits, Revision floor);

  // `bytes`: what this event keeps alive that nobody else does. Wakes the subscriptions.
  void append(Event event, SteadyTime now, size_t bytes);
  // gone: events of the resource ("" all) after that revision are no longer all here.
  Result<std::unique_ptr<Subscription>> subscribe(const std::string& resource, Revision after);
  // What was different at the older revision `at`: by place, the object then, or null when it was not there. Error:
  // gone.
  Result<std::map<std::string, Value>> undo(const std::string& resource, Revision at) const;
  // Ends every subscription with `canceled`.
  void close();
  size_t size() const { return all_.events.size(); }

 private:
  class Reader;
  struct Item {
    std::shared_ptr<const Event> event;
    SteadyTime when;
    size_t bytes;
  };
  struct Log {
    std::deque<Item> events;
    uint64_t first = 0;  // the number of events.front(), counted from the beginning of time
    Revision floor = 0;  // whole after this revision
    std::vector<Reader*> readers;
  };
  void trim(SteadyTime now);
  Log& log(const std::string& resource);
  static void drop_front(Log& log);

  HistoryLimits limits_;
  Revision start_;
  Log all_;
  std::map<std::string, Log> logs_;  // nodes stay where they are: readers point at them
  size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace slipway::store
