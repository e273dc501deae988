// The queue on fake time: a reconciler that follows a script, and what it was called with, when.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "reconcile/reconcile.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::reconcile;

namespace {

class EmptyCache final : public Cache {
 public:
  bool synced() const override { return true; }
  const Value* get(const ObjectKey&) const override { return nullptr; }
  std::vector<Value> list(const GroupVersionKind&, std::string_view) const override { return objects; }
  const std::set<ObjectKey>& dependents(std::string_view) const override { return nobody; }
  void on_change(const GroupVersionKind&, Listener listener) override { listeners.push_back(std::move(listener)); }
  Task<void> run() override { co_return; }
  Task<Result<>> wait_synced() override { co_return Result<>(); }
  std::vector<Value> objects;
  std::set<ObjectKey> nobody;
  std::vector<Listener> listeners;
};

// What each call for a key gives, in order; the last one again and again. Every call takes `takes`.
class Script final : public Reconciler {
 public:
  Script(World& world, int workers) : world_(world), workers_(workers) {}
  std::string_view name() const override { return "script"; }
  void watch(Cache&, Enqueue enqueue) override { wake_ = std::move(enqueue); }
  std::vector<GroupVersionKind> needs() const override { return {}; }
  int workers() const override { return workers_; }
  Task<Outcome> reconcile(ObjectKey key) override {
    int call = calls[key.name]++;
    log.push_back(fmt::format("{}@{}", key.name, world_.steady_now().time_since_epoch() / 1ms - began_ms));
    most_at_once = std::max(most_at_once, ++at_once);
    most_of_one_key = std::max(most_of_one_key, ++of_key_[key.name]);
    if (takes > Duration::zero()) (void)(co_await runtime::sleep(takes)).has_value();
    --at_once;
    --of_key_[key.name];
    ++ended;
    auto& outcomes = gives[key.name];
    if (outcomes.empty()) co_return Outcome::done();
    co_return outcomes[std::min<size_t>(static_cast<size_t>(call), outcomes.size() - 1)];
  }
  Task<void> background() override {
    background_runs = true;
    (void)(co_await runtime::sleep(1h)).has_value();
    background_runs = false;
  }
  void wake(std::string name) { wake_({{"", "v1", "ConfigMap"}, "shop", std::move(name)}); }

  std::map<std::string, std::vector<Outcome>> gives;
  std::map<std::string, int> calls;
  std::vector<std::string> log;  // "key@ms"
  Duration takes{0};
  int at_once = 0, most_at_once = 0, most_of_one_key = 0, ended = 0;
  int64_t began_ms = 0;
  bool background_runs = false;

 private:
  World& world_;
  int workers_;
  Enqueue wake_;
  std::map<std::string, int> of_key_;
};

struct Fixture {
  explicit Fixture(ControllerOptions options = {}, int workers = 4) : script(world, workers), group(world.executor()) {
    group.spawn(run(world, cache, script, options));
    world.run_for(1ms);
    script.began_ms = world.steady_now().time_since_epoch() / 1ms;
  }
  ~Fixture() { stop(); }
  void stop() {
    if (!stopped) world.run(group.stop());
    stopped = true;
  }
  static Task<void> run(World& world, Cache& cache, Reconciler& script, ControllerOptions options) {
    co_await run_controller(world, cache, script, options);
  }
  std::string log() { return base::join(script.log, " "); }
  size_t warnings() {
    return static_cast<size_t>(std::ranges::count_if(
        world.logged(), [](const sim::LogLine& l) { return l.level == runtime::LogLevel::warning; }));
  }
  sim::SimWorld world{7};
  EmptyCache cache;
  Script script;
  TaskGroup group;
  bool stopped = false;
};

Outcome failed(const char* text, ErrorKind kind = ErrorKind::unavailable) {
  return Outcome::failed(fail(kind, "{}", text));
}

}  // namespace

TEST_CASE("a key that is woken often is worked on once") {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.script.wake("a");
  f.script.wake("b");
  f.world.run_for(1s);
  CHECK(f.log() == "a@0 b@0");
}

TEST_CASE("one key is never worked on twice at once, and no wake-up is lost") {
  Fixture f;
  f.script.takes = 10ms;
  f.script.wake("a");
  for (int i = 0; i < 8; ++i) {
    f.world.run_for(1ms);
    f.script.wake("a");  // all of these are the one look after the running one
  }
  f.world.run_for(1s);
  CHECK(f.log() == "a@0 a@10");
  CHECK(f.script.most_of_one_key == 1);
}

TEST_CASE("several keys are worked on at once, as many as there are workers") {
  Fixture f({}, 2);
  f.script.takes = 10ms;
  for (const char* key : {"a", "b", "c", "d", "e"}) f.script.wake(key);
  f.world.run_for(1s);
  CHECK(f.log() == "a@0 b@0 c@10 d@10 e@20");
  CHECK(f.script.most_at_once == 2);
}

TEST_CASE("whoever waits long holds up nobody else") {
  Fixture f({.patience = 100ms, .more_workers_max = 3}, 2);
  f.script.takes = 1h;
  for (const char* key : {"a", "b", "c", "d"}) f.script.wake(key);
  f.world.run_for(350ms);
  CHECK(f.log() == "a@0 b@0 c@200 d@300");  // the first look saw them take their keys
  for (const char* key : {"e", "f"}) f.script.wake(key);
  f.world.run_for(10s);
  CHECK(f.script.most_at_once == 5);  // as many as may be
  f.script.takes = 0s;
  f.world.run_for(2h);
  CHECK(f.script.ended == 6);
  f.script.most_at_once = 0;
  f.script.takes = 10ms;
  for (const char* key : {"a", "b", "c", "d"}) f.script.wake(key);
  f.world.run_for(1s);
  CHECK(f.script.most_at_once == 2);  // the others have gone
}

TEST_CASE("a failure is tried again, each time later, and success starts anew") {
  Fixture f;
  f.script.gives["a"] = {failed("x"), failed("x"), failed("x"), Outcome::done(), failed("x"), Outcome::done()};
  f.script.wake("a");
  f.world.run_for(1s);
  CHECK(f.log() == "a@0 a@5 a@15 a@35");
  f.script.log.clear();
  f.script.wake("a");
  f.world.run_for(1s);
  CHECK(f.log() == "a@1000 a@1005");
}

TEST_CASE("the delay has an upper end") {
  Fixture f({.retry_delay_first = 5ms, .retry_delay_max = 20ms});
  f.script.gives["a"] = {failed("x")};
  f.script.wake("a");
  f.world.run_for(99ms);
  CHECK(f.log() == "a@0 a@5 a@15 a@35 a@55 a@75 a@95");
}

TEST_CASE("a key that wakes itself by what it writes about its failures does not spin") {
  Fixture f;
  f.script.gives["a"] = {failed("x")};
  for (int ms = 0; ms < 20'000; ++ms) {
    f.script.wake("a");
    f.world.run_for(1ms);
  }
  CHECK(f.script.calls["a"] >= 20);  // once a second, whatever the back-off
  CHECK(f.script.calls["a"] < 35);
}

TEST_CASE("a failing key does not hold up another") {
  Fixture f({}, 1);
  f.script.gives["bad"] = {failed("x")};
  f.script.wake("bad");
  f.script.wake("good");
  f.world.run_for(6ms);
  CHECK(f.log() == "bad@0 good@0 bad@5");
}

TEST_CASE("an error is told once until it changes; a conflict is no word worth") {
  Fixture f;
  f.script.gives["a"] = {failed("disk full"), failed("disk full"), failed("disk gone"), Outcome::done()};
  f.script.gives["b"] = {failed("somebody was quicker", ErrorKind::conflict), Outcome::done()};
  f.script.wake("a");
  f.script.wake("b");
  f.world.run_for(1s);
  CHECK(f.script.calls["b"] == 2);
  CHECK(f.warnings() == 2);
  CHECK(f.world.logged("script: ConfigMap shop/a: disk full"));
  CHECK(f.world.logged("disk gone"));
}

TEST_CASE("a look is asked for: the earliest counts, and a wake-up does not wait for it") {
  Fixture f;
  f.script.gives["a"] = {Outcome::again_after(100ms), Outcome::again_after(30ms), Outcome::done()};
  f.script.wake("a");
  f.world.run_for(50ms);
  f.script.wake("a");
  f.world.run_for(1s);
  CHECK(f.log() == "a@0 a@50 a@80");
}

TEST_CASE("it ends when told, in the middle of work, and is deaf afterwards") {
  Fixture f;
  f.script.takes = 10ms;
  f.script.gives["b"] = {failed("x")};
  f.script.wake("b");
  f.world.run_for(15ms);
  f.script.wake("a");
  f.world.run_for(1ms);
  CHECK(f.script.background_runs);
  CHECK(f.script.at_once > 0);
  f.stop();
  CHECK(f.script.at_once == 0);
  CHECK_FALSE(f.script.background_runs);
  auto calls = f.script.calls;
  f.script.wake("a");
  f.world.run_for(1min);
  CHECK(f.script.calls == calls);
}

TEST_CASE("objects wake themselves: those there, those that change, those that go") {
  EmptyCache cache;
  Value there{{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", Value{{"name", "there"}, {"namespace", "shop"}}}};
  Value other = there.with("/metadata/name", "other");
  cache.objects = {there};
  std::vector<std::string> woken;
  wake_self(cache, {"", "v1", "Pod"}, [&](ObjectKey key) { woken.push_back(key.ns + "/" + key.name); });
  REQUIRE(cache.listeners.size() == 1);
  cache.listeners[0](Value(), other);
  cache.listeners[0](other, Value());
  CHECK(woken == std::vector<std::string>{"shop/there", "shop/other", "shop/other"});
}

TEST_CASE("children wake their controller, the old one too, and nobody else") {
  EmptyCache cache;
  auto child = [](const char* kind, const char* owner) {
    Value reference{{"apiVersion", "apps/v1"}, {"kind", kind}, {"name", owner}, {"controller", true}};
    return Value{
        {"apiVersion", "v1"},
        {"kind", "Pod"},
        {"metadata", Value{{"name", "p"}, {"namespace", "shop"}, {"ownerReferences", Value::array({reference})}}}};
  };
  auto woken_by = [&](const Value& before, const Value& after) {
    EmptyCache c;
    std::string woken;
    wake_owner(c, {"", "v1", "Pod"}, {"apps", "v1", "ReplicaSet"}, [&](ObjectKey key) { woken += key.name + " "; });
    c.listeners.at(0)(before, after);
    return woken;
  };
  CHECK(woken_by(Value(), child("ReplicaSet", "a")) == "a ");
  CHECK(woken_by(child("ReplicaSet", "a"), child("ReplicaSet", "a")) == "a ");
  CHECK(woken_by(child("ReplicaSet", "a"), child("ReplicaSet", "b")) == "a b ");
  CHECK(woken_by(child("ReplicaSet", "a"), Value()) == "a ");
  CHECK(woken_by(Value(), child("StatefulSet", "a")) == "");
}
