// One controller: a queue of keys and a few workers. A key stands in the queue at most once; while it is being worked
// on, a new wake-up is remembered and queued afterwards, so no key is ever worked on twice at once and no wake-up is
// lost.
#include <fmt/format.h>

#include <deque>
#include <map>
#include <set>

#include "reconcile/reconcile.h"

namespace slipway::reconcile {

namespace {

class Controller {
 public:
  Controller(World& world, Reconciler& reconciler, ControllerOptions options, runtime::Scope& outer)
      : world_(world), reconciler_(reconciler), options_(options), group_(outer) {}

  Task<void> run(Cache& cache) {
    // The cache's listeners outlive this controller; they find it through a slot that is emptied at the end.
    auto self = std::make_shared<Controller*>(this);
    reconciler_.watch(cache, [self](ObjectKey key) {
      if (*self) (*self)->enqueue(std::move(key));
    });
    auto synced = co_await cache.wait_synced();
    if (synced) {
      begun_ = true;
      group_.spawn(reconciler_.background());
      for (int i = 0; i < reconciler_.workers(); ++i) group_.spawn(work(true));
      if (!ready_.empty() && !patience_) be_patient(taken_);
      co_await group_.join();
    }
    *self = nullptr;
    for (auto& [key, timer] : timers_) world_.executor().forget_call(timer.id);
    if (patience_) world_.executor().forget_call(*patience_);
  }

 private:
  struct Timer {
    uint64_t id;
    SteadyTime when;
  };

  // `stays`: not one of those that came because the others are held up.
  Task<void> work(bool stays) {
    while (true) {
      while (ready_.empty()) {
        if (!stays) {
          --more_;
          co_return;
        }
        auto shot = runtime::OneShot<void>::create();
        idle_.push_back(shot);
        auto woken = co_await shot->wait();
        if (!woken) {
          std::erase(idle_, shot);
          co_return;
        }
      }
      ObjectKey key = std::move(ready_.front());
      ready_.pop_front();
      ++taken_;
      queued_.erase(key);
      working_.insert(key);
      Outcome outcome = co_await reconciler_.reconcile(key);
      working_.erase(key);
      if (group_.scope().canceled()) co_return;
      settle(key, std::move(outcome));
      if (again_.erase(key)) enqueue(key);
    }
  }

  void settle(const ObjectKey& key, Outcome outcome) {
    if (!outcome.error) {
      failures_.erase(key);
      if (outcome.after) enqueue_after(key, *outcome.after);
      return;
    }
    if (outcome.error->is(ErrorKind::canceled)) return;
    Failure& failure = failures_[key];
    failure.ended = world_.steady_now();
    Duration delay = options_.retry_delay_first;
    for (int i = 0; i < failure.count && delay < options_.retry_delay_max; ++i) delay *= 2;
    ++failure.count;
    // A conflict only says that somebody else was quicker: look again, no word about it.
    std::string text = outcome.error->str();
    if (!outcome.error->is(ErrorKind::conflict) && text != failure.last) {
      world_.log().write(runtime::LogLevel::warning, fmt::format("{}: {}: {}", reconciler_.name(), key.str(), text));
    }
    failure.last = std::move(text);
    enqueue_after(key, std::min(delay, options_.retry_delay_max));
  }

  void enqueue(ObjectKey key) {
    if (working_.contains(key)) {
      again_.insert(std::move(key));
      return;
    }
    // What a key that goes on failing writes about that may be what wakes it: without this it would never rest.
    if (auto failing = failures_.find(key); failing != failures_.end() && failing->second.count > failures_unslowed) {
      Duration rest = failing->second.ended + failing_rest - world_.steady_now();
      if (rest > Duration::zero()) return enqueue_after(key, rest);
    }
    if (!queued_.insert(key).second) return;
    ready_.push_back(std::move(key));
    if (!idle_.empty()) {
      auto shot = idle_.front();
      idle_.pop_front();
      shot->resolve({});
    } else if (!patience_) {
      be_patient(taken_);
    }
  }

  // Whoever waits for somebody else (a repository that answers a byte a second) holds a worker, and must not hold up
  // the rest: where nothing has been taken for a while, one more comes, for as long as there is something to do.
  // `taken`: how many keys have been taken as of now.
  void be_patient(uint64_t taken) {
    patience_ = world_.executor().call_at(world_.steady_now() + options_.patience, [this, taken] {
      patience_.reset();
      if (!begun_ || ready_.empty() || group_.scope().canceled()) return;
      bool one_more = taken == taken_ && more_ < options_.more_workers_max;
      if (one_more) {
        ++more_;
        group_.spawn(work(false));
      }
      be_patient(taken_ + (one_more ? 1 : 0));  // it takes one
    });
  }

  void enqueue_after(const ObjectKey& key, Duration delay) {
    SteadyTime when = world_.steady_now() + delay;
    if (auto it = timers_.find(key); it != timers_.end()) {
      if (it->second.when <= when) return;
      world_.executor().forget_call(it->second.id);
      timers_.erase(it);
    }
    uint64_t id = world_.executor().call_at(when, [this, key] {
      timers_.erase(key);
      enqueue(key);
    });
    timers_.emplace(key, Timer{id, when});
  }

  World& world_;
  Reconciler& reconciler_;
  ControllerOptions options_;
  TaskGroup group_;
  bool begun_ = false;  // the cache is whole: before that nobody works
  std::deque<ObjectKey> ready_;
  std::set<ObjectKey> queued_, working_, again_;
  uint64_t taken_ = 0;
  int more_ = 0;  // workers
  std::optional<uint64_t> patience_;
  static constexpr int failures_unslowed = 8;  // by then the retries are a second apart by themselves
  static constexpr Duration failing_rest = 1s;
  struct Failure {
    int count = 0;
    SteadyTime ended;
    std::string last;
  };
  std::map<ObjectKey, Failure> failures_;
  std::map<ObjectKey, Timer> timers_;
  std::deque<std::shared_ptr<runtime::OneShot<void>>> idle_;
};

}  // namespace

Task<void> run_controller(World& world, Cache& cache, Reconciler& reconciler, ControllerOptions options) {
  runtime::Scope& scope = co_await runtime::current_scope();
  Controller controller(world, reconciler, options, scope);
  co_await controller.run(cache);
}

void wake_self(Cache& cache, GroupVersionKind kind, Reconciler::Enqueue enqueue) {
  for (const Value& object : cache.list(kind)) enqueue(ObjectKey::of(object));
  cache.on_change(kind, [enqueue](const Value& before, const Value& after) {
    enqueue(ObjectKey::of(after.is_null() ? before : after));
  });
}

void wake_owner(Cache& cache, GroupVersionKind child, GroupVersionKind owner, Reconciler::Enqueue enqueue) {
  cache.on_change(child, [enqueue, owner](const Value& before, const Value& after) {
    std::string_view last;
    for (const Value* object : {&before, &after}) {
      const Value& controller = kinds::controller_of(*object);
      if (controller["kind"].as_string() != owner.kind) continue;
      std::string_view name = controller["name"].as_string();
      if (name == last) continue;
      last = name;
      enqueue(ObjectKey{owner, std::string(kinds::namespace_of(*object)), std::string(name)});
    }
  });
}

}  // namespace slipway::reconcile
