// Each event stands in two logs, that of its resource and that of all, in one order; the oldest leaves both at once. A
// resource that changes rarely keeps its floor, so its watches continue even when another one has filled the window.
#include "store/history.h"

#include <algorithm>

#include "base/text.h"
#include "store/index.h"

namespace slipway::store {

class History::Reader final : public Subscription {
 public:
  Reader(std::shared_ptr<History> history, Log& log, uint64_t next, Revision after)
      : history_(std::move(history)), log_(log), next_(next), after_(after) {
    log_.readers.push_back(this);
  }
  ~Reader() override { std::erase(log_.readers, this); }

  Task<Result<Event>> next() override {
    while (true) {
      if (auto event = try_next()) co_return std::move(*event);
      if (next_ < log_.first) {
        co_return fail(ErrorKind::gone, "too old resource version: {} ({})", after_, log_.floor);
      }
      if (history_->closed_) co_return Error(ErrorKind::canceled, "the store was closed");
      OR_CO_RETURN(co_await changed_.wait());
    }
  }

  std::optional<Event> try_next() override {
    while (next_ >= log_.first && next_ < log_.first + log_.events.size()) {
      const Event& event = *log_.events[next_ - log_.first].event;
      ++next_;
      if (event.revision <= after_) continue;  // a watch from a revision that is still to come
      after_ = event.revision;
      return event;
    }
    return std::nullopt;
  }

  void notify() { changed_.notify(); }

 private:
  std::shared_ptr<History> history_;
  Log& log_;
  uint64_t next_;
  Revision after_;
  runtime::Signal changed_;
};

History::History(HistoryLimits limits, Revision floor) : limits_(limits), start_(floor) {
  all_.floor = floor;
}

void History::append(Event event, SteadyTime now, size_t bytes) {
  auto shared = std::make_shared<const Event>(std::move(event));
  Log& log = this->log(shared->key.resource);
  log.events.push_back({shared, now, 0});
  all_.events.push_back({shared, now, bytes});
  bytes_ += bytes;
  trim(now);
  for (Reader* reader : log.readers) reader->notify();
  for (Reader* reader : all_.readers) reader->notify();
}

Result<std::unique_ptr<Subscription>> History::subscribe(const std::string& resource, Revision after) {
  Log& log = resource.empty() ? all_ : this->log(resource);
  if (after < log.floor) return fail(ErrorKind::gone, "too old resource version: {} ({})", after, log.floor);
  auto next = std::partition_point(log.events.begin(), log.events.end(),
                                   [after](const Item& item) { return item.event->revision <= after; });
  uint64_t number = log.first + static_cast<uint64_t>(next - log.events.begin());
  return std::unique_ptr<Subscription>(std::make_unique<Reader>(shared_from_this(), log, number, after));
}

Result<std::map<std::string, Value>> History::undo(const std::string& resource, Revision at) const {
  auto found = logs_.find(resource);
  Revision floor = found == logs_.end() ? start_ : found->second.floor;
  if (at < floor) return Error(ErrorKind::gone, "The resourceVersion for the provided list is too old.");
  std::map<std::string, Value> then;
  if (found == logs_.end()) return then;
  const auto& events = found->second.events;
  for (auto item = events.rbegin(); item != events.rend() && item->event->revision > at; ++item) {
    then.insert_or_assign(place_of(item->event->key), item->event->previous);
  }
  return then;
}

void History::close() {
  closed_ = true;
  for (auto& [resource, log] : logs_) {
    for (Reader* reader : log.readers) reader->notify();
  }
  for (Reader* reader : all_.readers) reader->notify();
}

void History::trim(SteadyTime now) {
  while (!all_.events.empty()) {
    const Item& oldest = all_.events.front();
    bool keep = all_.events.size() <= limits_.events_max && bytes_ <= limits_.bytes_max &&
                now - oldest.when <= limits_.time_max;
    if (keep) return;
    bytes_ -= oldest.bytes;
    drop_front(log(oldest.event->key.resource));
    drop_front(all_);
  }
}

History::Log& History::log(const std::string& resource) {
  auto [at, fresh] = logs_.try_emplace(resource);
  if (fresh) at->second.floor = start_;
  return at->second;
}

void History::drop_front(Log& log) {
  log.floor = log.events.front().event->revision;
  log.events.pop_front();
  ++log.first;
}

}  // namespace slipway::store
