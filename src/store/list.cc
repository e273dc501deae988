// Lists: what is there now, or what was there at an older revision of the window: now, with the newer events undone.
#include <algorithm>

#include "base/text.h"
#include "store/live_store.h"

namespace slipway::store {

namespace {

// Walks two sorted ranges as one: the objects of now and, where they differ, those of then (null: not there).
class Walk {
 public:
  Walk(const Index::Objects& now, const std::map<std::string, Value>& then, const ListQuery& query)
      : now_(now), then_(then), prefix_(query.ns.empty() ? "" : query.ns + "/") {
    bool further = query.after >= prefix_ && !query.after.empty();
    at_now_ = further ? now.upper_bound(query.after) : now.lower_bound(prefix_);
    at_then_ = further ? then.upper_bound(query.after) : then.lower_bound(prefix_);
  }

  // The next object and its place; null at the end.
  const Value* next(std::string_view& place) {
    while (true) {
      bool more_now = at_now_ != now_.end() && at_now_->first.starts_with(prefix_);
      bool more_then = at_then_ != then_.end() && at_then_->first.starts_with(prefix_);
      if (!more_now && !more_then) return nullptr;
      if (more_then && (!more_now || at_then_->first <= at_now_->first)) {
        if (more_now && at_now_->first == at_then_->first) ++at_now_;
        place = at_then_->first;
        const Value& object = (at_then_++)->second;
        if (!object.is_null()) return &object;
      } else {
        place = at_now_->first;
        return &(at_now_++)->second.object;
      }
    }
  }

 private:
  const Index::Objects& now_;
  const std::map<std::string, Value>& then_;
  std::string prefix_;
  Index::Objects::const_iterator at_now_;
  std::map<std::string, Value>::const_iterator at_then_;
};

// How many objects there were then.
size_t count_all(const Index::Objects& now, const std::map<std::string, Value>& then) {
  size_t count = now.size();
  for (const auto& [place, object] : then) {
    if (now.contains(place)) --count;
    if (!object.is_null()) ++count;
  }
  return count;
}

}  // namespace

Result<Listing> LiveStore::list(const ListQuery& query) const {
  if (!query.controller.empty()) return family(query);
  if (!query.name.empty()) return one(query);
  Listing listing{.revision = query.at == 0 ? visible_ : query.at};
  if (query.at > visible_) {
    return base::fail(ErrorKind::timeout, "Too large resource version: {}, current: {}", query.at, visible_);
  }
  std::map<std::string, Value> then;
  if (query.at != 0 && query.at < visible_) then = OR_RETURN(history_->undo(query.resource, query.at));
  const Index::Objects& now = index_.objects(query.resource);
  Walk walk(now, then, query);
  std::string_view place;
  std::string last;
  if (query.limit == 0 && query.ns.empty()) listing.items.reserve(now.size());
  while (const Value* object = walk.next(place)) {
    if (query.limit == 0 || listing.items.size() < query.limit) {
      listing.items.push_back(*object);
      if (query.limit) last = place;
      continue;
    }
    listing.next = last;
    if (!query.count) break;
    if (query.ns.empty() && query.after.empty()) {
      listing.remaining = count_all(now, then) - listing.items.size();
      break;
    }
    ++listing.remaining;
  }
  return listing;
}

Listing LiveStore::one(const ListQuery& query) const {
  SLIPWAY_CHECK(query.at == 0 && query.after.empty() && query.limit == 0);
  Listing listing{.revision = visible_};
  if (const Entry* entry = index_.find({query.resource, query.ns, query.name})) listing.items.push_back(entry->object);
  return listing;
}

Listing LiveStore::family(const ListQuery& query) const {
  SLIPWAY_CHECK(query.at == 0 && query.after.empty() && query.limit == 0);
  std::string prefix = query.ns.empty() ? "" : query.ns + "/";
  std::vector<std::string_view> places;
  for (std::string_view controller : {std::string_view(query.controller), std::string_view()}) {
    const Index::Places& all = index_.controlled_by(query.resource, controller);
    for (auto at = all.lower_bound(prefix); at != all.end() && at->starts_with(prefix); ++at) places.push_back(*at);
  }
  std::ranges::sort(places);
  Listing listing{.revision = visible_};
  const Index::Objects& objects = index_.objects(query.resource);
  for (std::string_view place : places) listing.items.push_back(objects.find(place)->second.object);
  return listing;
}

}  // namespace slipway::store
