// What lists and watches of one object by its name cost: what one object costs, however many there are.
#include <doctest/doctest.h>

#include <time.h>

#include <algorithm>

#include "cluster/embedded/embedded.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::cluster;

namespace {

const GroupVersionKind config_map{"", "v1", "ConfigMap"};

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct Costs {
  double list = 1e9, watch = 1e9;
};

Task<void> ask(Cluster* cluster, std::string ns, std::string fields, std::string expected, Costs* costs) {
  for (int i = 0; i < 5; ++i) {
    double began = cpu_seconds();
    auto list = co_await cluster->list(config_map, {.ns = ns, .label_selector = {}, .field_selector = fields});
    costs->list = std::min(costs->list, cpu_seconds() - began);
    REQUIRE(list.has_value());
    std::string names;
    for (const Value& item : list->items) names += std::string(kinds::name_of(item)) + " ";
    CHECK(names == expected);

    began = cpu_seconds();
    auto watch = co_await cluster->watch(config_map, {.ns = ns,
                                                      .label_selector = {},
                                                      .field_selector = fields,
                                                      .resource_version = {},
                                                      .bookmarks = true,
                                                      .send_initial_events = true});
    costs->watch = std::min(costs->watch, cpu_seconds() - began);
    REQUIRE(watch.has_value());
    names.clear();
    while (true) {
      auto event = co_await (*watch)->next();
      REQUIRE(event.has_value());
      if (event->type == WatchType::bookmark) break;
      names += std::string(kinds::name_of(event->object)) + " ";
    }
    CHECK(names == expected);
  }
}

Task<Costs> one_of(World* world, int objects) {
  auto store = co_await store::open_store(*world, {});
  REQUIRE(store.has_value());
  std::vector<store::Change> changes;
  for (std::string ns : {"a", "b"}) {
    for (int i = 0; i < objects; ++i) {
      std::string name = "c" + std::to_string(i);
      Value object{{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata", Value{{"name", name}, {"namespace", ns}, {"labels", Value{{"ns", ns}}}}}};
      changes.push_back({{"configmaps", ns, name}, object, store::Revision{0}});
    }
  }
  auto stored = co_await (*store)->commit(std::move(changes));
  REQUIRE(stored.has_value());
  auto cluster = make_embedded_cluster(*world, **store, kinds::builtin_catalog());
  REQUIRE(cluster.has_value());
  Costs costs, unused;
  co_await ask(cluster->get(), "b", "metadata.name=c7", "c7 ", &costs);
  co_await ask(cluster->get(), "b", "metadata.name=none", "", &unused);
  co_await ask(cluster->get(), "b", "metadata.name=c7,metadata.namespace=a", "", &unused);
  co_await ask(cluster->get(), "", "metadata.name=c7", "c7 c7 ", &unused);  // of every namespace
  auto closed = co_await (*store)->close();
  CHECK(closed.has_value());
  co_return costs;
}

}  // namespace

TEST_CASE("one object by its name is looked up, by lists and by watches") {
  sim::SimWorld world{1};
  Costs few = world.run(one_of(&world, 10)), many = world.run(one_of(&world, 5000));
  INFO("of 10: " << few.list << " and " << few.watch << " s, of 5,000: " << many.list << " and " << many.watch << " s");
  CHECK(many.list < few.list * 5);
  CHECK(many.watch < few.watch * 5);
}
