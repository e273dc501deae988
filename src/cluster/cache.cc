// One task a kind: list, then watch; list again after `gone`, watch again from the last revision after `unavailable`.
#include <map>
#include <set>

#include "base/text.h"
#include "cluster/cluster.h"

namespace slipway::cluster {

namespace {

constexpr Duration retry_delay_first = 200ms, retry_delay_max = 20s;

class LiveCache final : public Cache {
 public:
  LiveCache(World& world, Cluster& cluster, std::vector<GroupVersionKind> kinds) : world_(world), cluster_(cluster) {
    for (GroupVersionKind& kind : kinds) held_.try_emplace(std::move(kind));
  }

  bool synced() const override {
    for (const auto& [kind, held] : held_) {
      if (!held.synced) return false;
    }
    return true;
  }

  const Value* get(const ObjectKey& key) const override {
    auto held = held_.find(key.kind);
    if (held == held_.end()) return nullptr;
    auto object = held->second.objects.find(Place{key.ns, key.name});
    return object == held->second.objects.end() ? nullptr : &object->second;
  }

  std::vector<Value> list(const GroupVersionKind& kind, std::string_view ns) const override {
    std::vector<Value> found;
    auto held = held_.find(kind);
    if (held == held_.end()) return found;
    const auto& objects = held->second.objects;
    auto at = ns.empty() ? objects.begin() : objects.lower_bound(Place{std::string(ns), {}});
    for (; at != objects.end() && (ns.empty() || at->first.first == ns); ++at) found.push_back(at->second);
    return found;
  }

  const std::set<ObjectKey>& dependents(std::string_view uid) const override {
    static const std::set<ObjectKey> none;
    auto found = dependents_.find(uid);
    return found == dependents_.end() ? none : found->second;
  }

  void on_change(const GroupVersionKind& kind, Listener listener) override {
    auto held = held_.find(kind);
    SLIPWAY_CHECK(held != held_.end());  // the cache was not asked to hold this kind: a bug of the caller
    held->second.listeners.push_back(std::move(listener));
  }

  Task<void> run() override {
    runtime::Scope& scope = co_await runtime::current_scope();
    TaskGroup group(scope);
    for (auto& [kind, held] : held_) group.spawn(follow(kind, &held));
    co_await group.join();
  }

  Task<Result<>> wait_synced() override {
    while (!synced()) {
      auto shot = runtime::OneShot<void>::create();
      waiting_.push_back(shot);
      OR_CO_RETURN(co_await shot->wait());
    }
    co_return Result<>();
  }

 private:
  using Place = std::pair<std::string, std::string>;
  struct Held {
    std::map<Place, Value> objects;
    std::vector<Listener> listeners;
    bool synced = false;
    uint64_t revision = 0;  // everything up to it has been seen
  };

  static Place place_of(const Value& object) {
    return {std::string(kinds::namespace_of(object)), std::string(kinds::name_of(object))};
  }

  Task<void> follow(GroupVersionKind kind, Held* held) {
    Duration delay = retry_delay_first;
    std::string told;
    while (true) {
      bool lists = !held->synced || !held->revision, heard = false;
      Result<> ended = lists ? co_await fill(kind, held) : Result<>();
      if (ended) ended = co_await watch(kind, held, delay, &heard);
      if (ended.failed_with(ErrorKind::canceled)) co_return;
      // Only a watch that held says that the other side is well: that a list is there already says nothing.
      if (heard) {
        delay = retry_delay_first;
        told.clear();
      }
      if (ended) continue;
      bool gone = ended.failed_with(ErrorKind::gone);
      if (gone) {
        held->revision = 0;
        if (heard || !lists) continue;  // list again, at once; but not for ever
      }
      // Servers end every watch after a time: worth a word only when the next one cannot be had.
      bool ordinary = gone || (heard && ended.failed_with(ErrorKind::unavailable));
      if (std::string text = ended.error().str(); !ordinary && text != told) {
        world_.log().write(runtime::LogLevel::warning, fmt::format("cluster: watching {} {}: {}; trying again",
                                                                   kind.api_version(), kind.kind, text));
        told = text;
      }
      // Not all kinds at one moment, when a server that was away is there again; and no sooner than it asks for.
      Duration spread = delay + Duration(world_.random().below(static_cast<uint64_t>(delay.count()) / 2));
      Result<> slept = co_await runtime::sleep(std::max<Duration>(spread, ended.error().retry_after_s() * 1s));
      if (!slept) co_return;
      delay = std::min(delay * 2, retry_delay_max);
    }
  }

  Task<Result<>> fill(GroupVersionKind kind, Held* held) {
    List list = OR_CO_RETURN(co_await cluster_.list(kind, {}));
    size_t count = list.items.size();
    for (const Value& object : list.items) set(held, place_of(object), object);
    // Each of the list is there now: when there are no more, nothing is left of before.
    if (held->objects.size() > count) drop_all_but(list.items, held);
    held->revision = list.revision;
    held->synced = true;
    if (synced()) {
      for (auto& shot : std::exchange(waiting_, {})) shot->resolve({});
    }
    co_return Result<>();
  }

  // `heard` is set by an event, or when the watch held for longer than `long_enough`.
  Task<Result<>> watch(GroupVersionKind kind, Held* held, Duration long_enough, bool* heard) {
    WatchOptions options;
    options.resource_version = held->revision;
    options.bookmarks = true;
    auto watch = OR_CO_RETURN(co_await cluster_.watch(kind, options));
    SteadyTime begin = world_.steady_now();
    while (true) {
      auto next = co_await watch->next();
      *heard |= next.has_value() || world_.steady_now() - begin > long_enough;
      WatchEvent event = OR_CO_RETURN(std::move(next));
      held->revision = std::max(held->revision, kinds::revision_of(event.object));
      Place place = place_of(event.object);
      switch (event.type) {
        case WatchType::added:
        case WatchType::modified:
          set(held, place, std::move(event.object));
          break;
        case WatchType::deleted:
          drop(held, place);
          break;
        case WatchType::bookmark:
          break;
      }
    }
  }

  // Listeners see the cache as it is after the change; they may not await, so nothing moves under them.
  void set(Held* held, Place place, Value object) {
    Value& now = held->objects.try_emplace(held->objects.end(), std::move(place))->second;  // lists come in order
    Value before = std::exchange(now, std::move(object));
    if (before["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"] && !before.is_null()) return;
    Value after = now;
    follow_owners(before, after);
    for (const Listener& listener : held->listeners) listener(before, after);
  }
  void drop_all_but(const std::vector<Value>& listed, Held* held) {
    std::set<Place> there;
    for (const Value& object : listed) there.insert(place_of(object));
    std::vector<Place> left;
    for (const auto& [place, object] : held->objects) {
      if (!there.contains(place)) left.push_back(place);
    }
    for (const Place& place : left) drop(held, place);
  }
  void drop(Held* held, const Place& place) {
    auto at = held->objects.find(place);
    if (at == held->objects.end()) return;
    Value before = std::move(at->second);
    held->objects.erase(at);
    follow_owners(before, Value());
    for (const Listener& listener : held->listeners) listener(before, Value());
  }
  void follow_owners(const Value& before, const Value& after) {
    const Value& old = before["metadata"]["ownerReferences"];
    const Value& now = after["metadata"]["ownerReferences"];
    if (old == now) return;
    ObjectKey key = ObjectKey::of(after.is_null() ? before : after);
    for (const Value& owner : old.items()) {
      auto at = dependents_.find(owner["uid"].as_string());
      if (at == dependents_.end()) continue;
      at->second.erase(key);
      if (at->second.empty()) dependents_.erase(at);
    }
    for (const Value& owner : now.items()) dependents_[owner["uid"].str()].insert(key);
  }

  World& world_;
  Cluster& cluster_;
  std::map<GroupVersionKind, Held> held_;
  std::map<std::string, std::set<ObjectKey>, std::less<>> dependents_;  // by the uid of an owner
  std::vector<std::shared_ptr<runtime::OneShot<void>>> waiting_;
};

}  // namespace

std::unique_ptr<Cache> make_cache(World& world, Cluster& cluster, std::vector<GroupVersionKind> kinds) {
  return std::make_unique<LiveCache>(world, cluster, std::move(kinds));
}

}  // namespace slipway::cluster
