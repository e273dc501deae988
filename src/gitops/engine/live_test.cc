// What is remembered of our own writes.
#include "gitops/engine/live.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "cluster/embedded/embedded.h"
#include "cluster/watched_kinds.h"
#include "sim/sim_world.h"
#include "store/store.h"

using namespace slipway;
using namespace slipway::gitops;

TEST_CASE("writes that the cache never hears of are forgotten after a while") {
  sim::SimWorld world{1};
  auto store = world.run(store::open_store(world, {})).value();
  auto cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
  auto cache = cluster::make_cache(world, *cluster, cluster::watched_kinds(cluster->catalog()));  // it never runs
  LiveObjects live(world, *cluster, *cache, "argocd");
  live.watch([](cluster::ObjectKey) {});
  cluster::ObjectKey last;
  for (int i = 0; i < 1000; ++i) {
    last = {{"", "v1", "ConfigMap"}, "shop", fmt::format("c{}", i)};
    Value metadata{{"name", last.name}, {"namespace", last.ns}, {"resourceVersion", std::to_string(i + 1)}};
    live.wrote(last, Value{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", metadata}});
    world.run_for(1s);
  }
  CHECK_FALSE(live.known(last).is_null());
  CHECK(live.unheard() <= 122);
  CHECK(world.run(store->close()).has_value());
}
