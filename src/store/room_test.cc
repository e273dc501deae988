// A full disk: what adds is refused, what is there is read, and who removes something is heard and has the room back.
#include <doctest/doctest.h>

#include "sim/testing/seeds.h"
#include "store/index.h"
#include "store/store_contract.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr auto path = "/data/state.db";

Task<std::string> commit(Store* store, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto done = co_await store->commit(std::move(changes));
  co_return done ? "ok" : std::string(base::to_string(done.error().kind())) + ": " + done.error().str();
}

Task<void> commit_into(Store* store, Change change, std::string* out) {
  *out = co_await commit(store, std::move(change));
}

std::string place(int i) {
  return fmt::format("a/p{}", i);
}

// As Kubernetes deletes what has finalizers: a mark, then each leaves.
Change marked(const Store& store, int i, size_t growth = 0) {
  Value object = *store.get(key_of("pods", place(i)));
  return {key_of("pods", place(i)),
          object.with("/metadata/deletionTimestamp", "2026-01-01T00:00:00Z").with("/more", std::string(growth, 'm')),
          std::nullopt};
}

struct Full {
  sim::SimWorld* world;
  size_t object_bytes;
  int objects = 0;
  std::set<int> there;
};

// Writes until nothing is accepted any more; others take what is left of the disk.
Task<void> fill(Full* full, Store* store) {
  full->world->disk().faults.capacity_bytes = 14 << 20;
  for (size_t bytes = full->object_bytes; bytes > 0; bytes /= 2) {
    std::string said;
    for (said = "ok"; said == "ok";) {
      said = co_await commit(store, put("pods", place(full->objects), std::string(bytes, 'x')));
      if (said == "ok") full->there.insert(full->objects++);
    }
    CHECK_MESSAGE(said.starts_with("io: nothing was written: "), said);
    CHECK_MESSAGE(said.find("No space left on device") != said.npos, said);
  }
  full->world->disk().faults.full = true;
}

// Nothing but removals and what leads to them, between refusals.
Task<void> make_room(Full* full, Store* store) {
  auto refused = [](const std::string& said) { return said.find("No space left on device") != said.npos; };
  CHECK(store->count("pods") == full->there.size());
  CHECK(refused(co_await commit(store, put("pods", "a/more", std::string(100'000, 'y')))));

  // At once, so that they meet in one batch.
  int first = *full->there.begin(), second = *std::next(full->there.begin());
  std::string added, removed, mark, grown;
  TaskGroup group(full->world->executor());
  group.spawn(commit_into(store, put("pods", "a/more", std::string(100'000, 'y')), &added));
  group.spawn(commit_into(store, removal("pods", place(first)), &removed));
  group.spawn(commit_into(store, marked(*store, second), &mark));
  co_await group.join();
  CHECK(removed == "ok");
  CHECK(mark == "ok");
  CHECK_MESSAGE((added == "ok" || added.starts_with("io: nothing was written: ")), added);
  full->there.erase(first);
  // A mark is no way to store more.
  CHECK(refused(co_await commit(store, marked(*store, *full->there.rbegin(), 3 << 20))));
  CHECK(co_await commit(store, removal("pods", place(second))) == "ok");
  full->there.erase(second);
}

Task<void> empty(Full* full, Store* store) {
  CHECK(store->count("pods") >= full->there.size());
  for (int i : std::exchange(full->there, {})) {
    std::string said = co_await commit(store, removal("pods", place(i)));
    CHECK_MESSAGE(said == "ok", i, ": ", said);
  }
  // The room is ours again, though the disk is as full as it was.
  for (int i = 0; i < 10; ++i) CHECK(co_await commit(store, put("pods", "b/new", std::string(100'000, 'n'))) == "ok");
}

Task<void> with(Full* full, Task<void> (*first)(Full*, Store*), Task<void> (*second)(Full*, Store*), sim::Loss* crash) {
  auto opened = co_await open_store(*full->world, {.path = path});
  REQUIRE_MESSAGE(opened.has_value(), opened.error().str());
  co_await first(full, opened->get());
  if (second) co_await second(full, opened->get());
  if (crash) full->world->crash(*crash);
  (void)co_await (*opened)->close();
}

}  // namespace

TEST_CASE("on a full disk a removal works and gives room back") {
  for (size_t bytes : {size_t{1'000}, size_t{30'000}, size_t{400'000}}) {
    sim::testing::for_seeds(3, [&](sim::SimWorld& world) {
      CAPTURE(bytes);
      REQUIRE(world.files().make_directories("/data").has_value());
      Full full{.world = &world, .object_bytes = bytes};
      world.run(with(&full, fill, make_room, nullptr));
      world.run(with(&full, empty, nullptr, nullptr));  // after an orderly end as well
    });
  }
}

TEST_CASE("on a full disk a removal works after a crash") {
  for (sim::Loss loss : {sim::Loss::process, sim::Loss::power}) {
    sim::testing::for_seeds(5, [&](sim::SimWorld& world) {
      REQUIRE(world.files().make_directories("/data").has_value());
      REQUIRE(world.files().sync_directory("/").has_value());
      Full full{.world = &world, .object_bytes = 30'000};
      world.run(with(&full, fill, nullptr, &loss));
      world.restart();
      world.disk().faults.full = true;
      world.run(with(&full, make_room, nullptr, &loss));
      world.restart();
      world.disk().faults.full = true;
      world.run(with(&full, empty, nullptr, nullptr));
    });
  }
}
