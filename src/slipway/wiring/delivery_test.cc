// What strangers may send to the webhook.
#include "slipway/wiring/delivery.h"

#include <doctest/doctest.h>

#include "apiserver/testing/fake_exchange.h"
#include "cluster/embedded/embedded.h"
#include "cluster/watched_kinds.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::wiring;
using apiserver::testing::FakeExchange;

namespace {

Task<void> serve_one(std::function<Task<bool>(runtime::Exchange&)> handler, FakeExchange* exchange) {
  bool served = co_await handler(*exchange);
  CHECK(served);
}

}  // namespace

TEST_CASE("push events that never end take little memory, and have an end in time") {
  sim::SimWorld world(1);
  auto store = world.run(store::open_store(world, {})).value();
  auto cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
  auto cache = cluster::make_cache(world, *cluster, cluster::watched_kinds(cluster->catalog()));
  auto repositories = make_repositories(world, {.data = "/data"}, *cache);
  Webhook webhook;
  webhook.set(*cache, *repositories);
  std::vector<std::unique_ptr<FakeExchange>> stalled;
  auto answered = [&](int code) {
    return std::ranges::count_if(stalled, [code](const auto& exchange) { return exchange->status == code; });
  };
  {
    TaskGroup group(world.executor());
    for (int i = 0; i < 60; ++i) {
      stalled.push_back(std::make_unique<FakeExchange>("POST", "/api/webhook", std::string(1'000'000, 'x')));
      stalled.back()->as("", {}).stalling();
      group.spawn(serve_one(webhook.handler(), stalled.back().get()));
    }
    world.run_for(1s);
    CHECK(answered(0) <= 20);
    CHECK(answered(503) >= 40);
    world.run_for(15s);
    CHECK(answered(0) == 0);
    FakeExchange push("POST", "/api/webhook",
                      R"({"ref": "refs/heads/main", "repository": {"clone_url": "https://git.example/team/shop"}})");
    group.spawn(serve_one(webhook.handler(), &push.as("", {})));
    world.run_for(1s);
    CHECK(push.status == 200);
    world.run(group.stop());
  }
  REQUIRE(world.run(store->close()).has_value());
}
