// What was acknowledged and is not there any more is told at the start: files that somebody removed, cut or damaged.
#include <doctest/doctest.h>

#include "sim/sim_world.h"
#include "store/store_contract.h"

using namespace slipway;
using namespace slipway::store;

namespace {

const std::string path = "/data/state.db", wal = path + "-wal", mark = path + "-mark";

Task<void> fill_and_crash(sim::SimWorld* world, int count) {
  auto store = co_await open_store(*world, {.path = path});
  REQUIRE(store.has_value());
  for (int i = 0; i < count; ++i) {
    std::vector<Change> changes;
    changes.push_back(put("pods", "a/" + std::to_string(i), "text"));
    REQUIRE((co_await (*store)->commit(std::move(changes))).has_value());
  }
  world->crash(sim::Loss::process);
}

Task<void> look(World* world, std::string* out) {
  auto store = co_await open_store(*world, {.path = path});
  *out = store ? std::to_string((*store)->count("pods")) : store.error().str();
  if (store) (void)co_await (*store)->close();
}

std::string opened(sim::SimWorld& world) {
  std::string out;
  REQUIRE(world.run(look(&world, &out)));
  return out;
}

void overwrite(World& world, const std::string& file, uint64_t at, std::string_view bytes) {
  auto open = world.files().open(file, runtime::OpenMode::read_write);
  REQUIRE(open.has_value());
  REQUIRE((*open)->write_at(at, bytes).has_value());
}

void cut(World& world, const std::string& file, uint64_t size) {
  auto open = world.files().open(file, runtime::OpenMode::read_write);
  REQUIRE(open.has_value());
  REQUIRE((*open)->truncate(size).has_value());
}

uint64_t size_of(World& world, const std::string& file) {
  return world.files().stat(file).value().size;
}

struct Damage {
  std::string_view name;
  void (*make)(World&);
  std::string_view says;
};
const Damage damages[] = {
    {"no database", [](World& w) { REQUIRE(w.files().remove(path).has_value()); }, "the file is not there"},
    {"an empty database", [](World& w) { cut(w, path, 0); }, "the file was cut to 0 bytes"},
    {"half a page", [](World& w) { cut(w, path, 2048); }, "the file was cut to 2048 bytes"},
    {"a directory",
     [](World& w) {
       REQUIRE(w.files().remove(path).has_value());
       REQUIRE(w.files().make_directories(path, 0700).has_value());
     },
     "a directory is there instead of the file"},
    {"no log", [](World& w) { REQUIRE(w.files().remove(wal).has_value()); }, "-wal is not there"},
    {"an empty log", [](World& w) { cut(w, wal, 0); }, "-wal is empty"},
    {"half a log", [](World& w) { cut(w, wal, size_of(w, wal) / 2); }, "-wal ends at byte"},
    {"a log without its beginning", [](World& w) { overwrite(w, wal, 0, std::string(32, '?')); }, "at its beginning"},
    {"a byte in the log", [](World& w) { overwrite(w, wal, size_of(w, wal) / 2, "?"); }, "is damaged between byte"},
    {"a byte in the log's last page", [](World& w) { overwrite(w, wal, size_of(w, wal) - 9, "?"); }, "between byte"},
};

}  // namespace

TEST_CASE("a file that lacks what was acknowledged is refused, and left as it is") {
  for (const Damage& damage : damages) {
    INFO(damage.name);
    sim::SimWorld world{3};
    REQUIRE(world.files().make_directories("/data").has_value());
    world.run(fill_and_crash(&world, 20));
    world.restart();
    damage.make(world);
    std::string said = opened(world);
    CHECK(said.find("writes that were acknowledged are missing") != said.npos);
    CHECK_MESSAGE(said.find(damage.says) != said.npos, said);
    CHECK(opened(world) == said);
    // Who removes the mark goes on with what is left.
    REQUIRE(world.files().remove(mark).has_value());
    said = opened(world);
    CHECK(said.find("acknowledged") == std::string::npos);
    if (damage.name != "no database") continue;
    CHECK_MESSAGE(said.find("its log /data/") != said.npos, said);  // what is left is no beginning
    REQUIRE(world.files().remove(wal).has_value());
    CHECK(opened(world) == "0");
  }
}

TEST_CASE("what a crash leaves opens, and what an orderly end leaves") {
  sim::SimWorld world{3};
  REQUIRE(world.files().make_directories("/data").has_value());
  world.run(fill_and_crash(&world, 20));
  world.restart();
  CHECK(opened(world) == "20");
  CHECK(opened(world) == "20");
  REQUIRE(world.files().remove(path).has_value());
  CHECK(opened(world).find("the file is not there") != std::string::npos);
  for (const std::string& file : {wal, mark}) {
    if (world.files().exists(file)) REQUIRE(world.files().remove(file).has_value());
  }
  CHECK(opened(world) == "0");
}
