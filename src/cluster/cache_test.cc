// A cache that lists again: what went meanwhile is told as deleted, what stayed is not told again.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>

#include "cluster/cluster.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::cluster;

namespace {

const GroupVersionKind config_map{"", "v1", "ConfigMap"};

Value config(std::string ns, std::string name, int revision) {
  return Value{{"apiVersion", "v1"},
               {"kind", "ConfigMap"},
               {"metadata", Value{{"namespace", ns}, {"name", name}, {"resourceVersion", std::to_string(revision)}}}};
}

// Gives one list after the other; the watch after each ends with `gone`, after the last one it waits.
class Listed final : public Cluster {
 public:
  explicit Listed(std::deque<std::vector<Value>> lists) : lists_(std::move(lists)) {}
  Task<Result<Value>> get(ObjectKey) override { co_return Error(ErrorKind::not_found, "not asked for"); }
  Task<Result<List>> list(GroupVersionKind, ListOptions) override {
    List page{.items = std::move(lists_.front()), .revision = ++revision_, .continue_token = {}, .remaining = {}};
    lists_.pop_front();
    co_return page;
  }
  Task<Result<std::unique_ptr<Watch>>> watch(GroupVersionKind, WatchOptions) override {
    co_return std::unique_ptr<Watch>(std::make_unique<Ending>(lists_.empty()));
  }
  Task<Result<Written>> write(Write) override { co_return Error(ErrorKind::unsupported, "not asked for"); }
  const kinds::Catalog& catalog() const override { return kinds::builtin_catalog(); }

 private:
  struct Ending final : Watch {
    explicit Ending(bool waits) : waits(waits) {}
    Task<Result<WatchEvent>> next() override {
      if (waits) OR_CO_RETURN(co_await runtime::sleep(1000s));
      co_return Error(ErrorKind::gone, "too old");
    }
    bool waits;
  };
  std::deque<std::vector<Value>> lists_;
  uint64_t revision_ = 100;
};

Task<void> follow(World* world, std::deque<std::vector<Value>> lists, std::string* told, std::string* held) {
  Listed cluster(std::move(lists));
  auto cache = make_cache(*world, cluster, {config_map});
  cache->on_change(config_map, [told](const Value& before, const Value& after) {
    *told += before.is_null() ? "+" : after.is_null() ? "-" : "~";
    *told += std::string(kinds::name_of(after.is_null() ? before : after)) + " ";
  });
  TaskGroup group(world->executor());
  group.spawn(cache->run());
  (void)co_await runtime::sleep(10s);
  for (const Value& object : cache->list(config_map)) *held += std::string(kinds::name_of(object)) + " ";
  co_await group.stop();
}

}  // namespace

TEST_CASE("a list after another tells what changed between them, in whatever order it comes") {
  sim::SimWorld world{1};
  std::string told, held;
  REQUIRE(world.run(follow(&world,
                           {{config("a-b", "x", 1), config("a", "y", 2), config("a", "z", 3)},
                            {config("a", "y", 2), config("a", "z", 5), config("b", "w", 6)},
                            {config("b", "w", 6)},
                            {}},
                           &told, &held)));
  CHECK(told == "+x +y +z ~z +w -x -y -z -w ");
  CHECK(held == "");
}

namespace {

// Its lists are always answered; its watches are refused while `away`, and end after `holds` otherwise.
class Restarting final : public Cluster {
 public:
  explicit Restarting(World& world) : world_(world) {}
  Task<Result<Value>> get(ObjectKey) override { co_return Error(ErrorKind::not_found, "not asked for"); }
  Task<Result<List>> list(GroupVersionKind, ListOptions) override {
    ++lists;
    co_return List{.items = {}, .revision = 100, .continue_token = {}, .remaining = {}};
  }
  Task<Result<std::unique_ptr<Watch>>> watch(GroupVersionKind, WatchOptions) override {
    asked.push_back(world_.steady_now());
    if (away) co_return *away;
    co_return std::unique_ptr<Watch>(std::make_unique<Ending>(holds, ends));
  }
  Task<Result<Written>> write(Write) override { co_return Error(ErrorKind::unsupported, "not asked for"); }
  const kinds::Catalog& catalog() const override { return kinds::builtin_catalog(); }

  std::optional<Error> away;
  Duration holds = 1000s;
  ErrorKind ends = ErrorKind::unavailable;
  int lists = 0;
  std::vector<SteadyTime> asked;

 private:
  struct Ending final : Watch {
    Ending(Duration holds, ErrorKind ends) : holds(holds), ends(ends) {}
    Task<Result<WatchEvent>> next() override {
      OR_CO_RETURN(co_await runtime::sleep(holds));
      co_return Error(ends, "the watch ended");
    }
    Duration holds;
    ErrorKind ends;
  };
  World& world_;
};

// What is done to the cluster, and how long it lasts. Gives the watches asked for in each step.
struct Step {
  std::function<void(Restarting&)> set;
  Duration lasts;
};
Task<void> watch_through(World* world, Restarting* cluster, std::vector<Step> steps, std::vector<size_t>* counts) {
  auto cache = make_cache(*world, *cluster, {config_map});
  TaskGroup group(world->executor());
  group.spawn(cache->run());
  for (const Step& step : steps) {
    step.set(*cluster);
    size_t before = cluster->asked.size();
    (void)co_await runtime::sleep(step.lasts);
    counts->push_back(cluster->asked.size() - before);
  }
  co_await group.stop();
}

size_t warnings(const sim::SimWorld& world) {
  return static_cast<size_t>(std::count_if(world.logged().begin(), world.logged().end(),
                                           [](const auto& line) { return line.level == runtime::LogLevel::warning; }));
}

}  // namespace

TEST_CASE("a server that is away is asked ever more seldom, and told of once") {
  sim::SimWorld world{1};
  Restarting cluster(world);
  std::vector<size_t> counts;
  Error refused(ErrorKind::unavailable, "connection refused");
  auto go_away = [&](Restarting& c) {
    c.away = refused;
    c.holds = 30s;
  };
  auto come_back = [](Restarting& c) { c.away.reset(); };
  world.run(watch_through(&world, &cluster, {{go_away, 120s}, {come_back, 85s}, {go_away, 120s}}, &counts));
  CHECK(counts[0] <= 12);  // 200 ms, 400 ms, ... 20 s
  CHECK(counts[0] >= 8);
  // Watches that hold are a server that is well: the next outage begins at 200 ms again, and is told.
  CHECK(counts[1] == 3);
  CHECK(counts[2] <= 12);
  CHECK(counts[2] >= 8);
  CHECK(cluster.lists == 1);
  CHECK(world.logged("connection refused"));
  CHECK(warnings(world) == 2);
}

TEST_CASE("a server that says when to come again, or that every revision is too old, is not pressed") {
  std::vector<size_t> counts;
  auto run = [&](std::function<void(Restarting&)> set) {
    sim::SimWorld world{1};
    Restarting cluster(world);
    world.run(watch_through(&world, &cluster, {{std::move(set), 60s}}, &counts));
  };
  run([](Restarting& c) { c.away = Error(ErrorKind::unavailable, "too many requests").retry_after(30); });
  run([](Restarting& c) { c.away = Error(ErrorKind::gone, "too old resource version"); });
  CHECK(counts[0] <= 3);
  CHECK(counts[1] <= 11);
}
