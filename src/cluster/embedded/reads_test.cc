// What lists and watches of one object by its name cost: what one object costs, however many there are. And watches of
// many objects, whose first part is read while others write.
#include <doctest/doctest.h>

#include <fmt/format.h>
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

store::Change config(std::string ns, int number, std::string_view value = "") {
  std::string name = "c" + std::to_string(number);
  Value object{{"apiVersion", "v1"},
               {"kind", "ConfigMap"},
               {"metadata", Value{{"name", name}, {"namespace", ns}, {"labels", Value{{"ns", ns}}}}},
               {"data", Value{{"value", value}}}};
  return {{"configmaps", ns, name}, object, store::Revision{0}};
}

Task<void> commit(store::Store* store, std::vector<store::Change> changes) {
  auto stored = co_await store->commit(std::move(changes));
  REQUIRE_MESSAGE(stored.has_value(), (stored ? "" : stored.error().str()));
}

Task<void> commit(store::Store* store, store::Change change) {
  std::vector<store::Change> changes;
  changes.push_back(std::move(change));
  co_await commit(store, std::move(changes));
}

Task<Costs> one_of(World* world, int objects) {
  auto store = co_await store::open_store(*world, {});
  REQUIRE(store.has_value());
  std::vector<store::Change> changes;
  for (std::string ns : {"a", "b"})
    for (int i = 0; i < objects; ++i) changes.push_back(config(ns, i));
  co_await commit(store->get(), std::move(changes));
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

// Others change what the watch has not come to yet, in the order of names: c0 c1 c10 c100 ...
Task<void> read_slowly(World* world) {
  constexpr int objects = 2500;
  auto store = co_await store::open_store(*world, {});
  REQUIRE(store.has_value());
  std::vector<store::Change> changes;
  for (int i = 0; i < objects; ++i) changes.push_back(config("a", i, "then"));
  co_await commit(store->get(), std::move(changes));
  auto cluster = make_embedded_cluster(*world, **store, kinds::builtin_catalog());
  REQUIRE(cluster.has_value());
  auto watch = co_await (*cluster)->watch(config_map, {.ns = "a",
                                                       .label_selector = {},
                                                       .field_selector = {},
                                                       .resource_version = {},
                                                       .bookmarks = false,
                                                       .send_initial_events = true});
  REQUIRE(watch.has_value());
  auto first = co_await (*watch)->next();
  CHECK(kinds::name_of(first->object) == "c0");
  store::Change changed = config("a", 999, "now");
  changed.expected.reset();
  co_await commit(store->get(), std::move(changed));
  co_await commit(store->get(), store::Change{{"configmaps", "a", "c998"}, std::nullopt, {}});
  co_await commit(store->get(), config("a", 9999, "now"));

  size_t seen = 1;
  std::string later;
  for (bool begun = true; seen < objects + 3;) {
    auto event = co_await (*watch)->next();
    REQUIRE(event.has_value());
    if (event->type == WatchType::bookmark) {
      CHECK(seen == objects);
      begun = false;
      continue;
    }
    ++seen;
    std::string value = event->object["data"]["value"].str();
    if (begun) {
      CHECK(event->type == WatchType::added);
      CHECK(value == "then");
    } else {
      later += fmt::format("{} {} {}; ", static_cast<int>(event->type), kinds::name_of(event->object), value);
    }
  }
  CHECK(later == fmt::format("{} c999 now; {} c998 then; {} c9999 now; ", static_cast<int>(WatchType::modified),
                             static_cast<int>(WatchType::deleted), static_cast<int>(WatchType::added)));
  auto closed = co_await (*store)->close();
  CHECK(closed.has_value());
}

}  // namespace

TEST_CASE("one object by its name is looked up, by lists and by watches") {
  sim::SimWorld world{1};
  Costs few = world.run(one_of(&world, 10)), many = world.run(one_of(&world, 5000));
  INFO("of 10: " << few.list << " and " << few.watch << " s, of 5,000: " << many.list << " and " << many.watch << " s");
  CHECK(many.list < few.list * 5);
  CHECK(many.watch < few.watch * 5);
}

TEST_CASE("the first part of a watch is of one revision, however slowly it is read") {
  sim::SimWorld world{1};
  REQUIRE(world.run(read_slowly(&world)));
}
