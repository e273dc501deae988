// A cache that lists again: what went meanwhile is told as deleted, what stayed is not told again.
#include <doctest/doctest.h>

#include <deque>

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
