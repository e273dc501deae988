#include "sim/files.h"

#include <doctest/doctest.h>

#include <set>

#include "base/text.h"
#include "sim/testing/seeds.h"

using namespace slipway;
using namespace slipway::runtime;
using namespace slipway::sim;
using testing::for_seeds;

namespace {

// Appends records of a fixed size with a checksum in each: what a log on disk does.
constexpr size_t kRecord = 700;
std::string record(int number) {
  std::string out = fmt::format("{:08}", number);
  while (out.size() < kRecord) out += static_cast<char>('a' + number % 26);
  return out;
}

Task<void> append_records(World* world, int* acknowledged) {
  auto file = world->files().open("/log", OpenMode::create);
  if (!file || !world->files().sync_directory("/")) co_return;
  for (int i = 0; i < 10; ++i) {
    if (!(*file)->write_at(static_cast<uint64_t>(i) * kRecord, record(i))) co_return;
    if (!(*file)->sync()) co_return;
    ++*acknowledged;
    auto slept = co_await sleep(1ms);
    if (!slept) co_return;
  }
}

Task<void> replace_often(World* world, int* acknowledged) {
  for (int i = 1; i <= 10; ++i) {
    auto written = world->files().write_atomically("/dir/state", record(i));
    if (!written) co_return;
    *acknowledged = i;
    auto slept = co_await sleep(1ms);
    if (!slept) co_return;
  }
}

Task<void> wait_for_change(PathWatch* watch, int* changes) {
  while (co_await watch->changed()) ++*changes;
}

}  // namespace

TEST_CASE("whatever step the power fails at: what was synced is there, whole") {
  std::set<std::string> kinds;
  for_seeds(60, [&](SimWorld& world) {
    int acknowledged = 0;
    world.crash_at_step(1 + world.seed() % 25);
    bool ended = world.run(append_records(&world, &acknowledged));
    CHECK(ended == (acknowledged == 10));
    if (ended) return;
    world.restart();
    std::string log = world.files().read("/log").value_or("");
    CHECK(log.size() >= acknowledged * kRecord);
    for (int i = 0; i < acknowledged; ++i) CHECK(log.substr(i * kRecord, kRecord) == record(i));
    for (const auto& [fault, count] : world.injected()) kinds.insert(fault);
  });
  if (!std::getenv("SLIPWAY_SEED"))
    CHECK(kinds == std::set<std::string>{"lost name change", "lost write", "power loss", "torn write"});
}

TEST_CASE("an atomic write is the old one or the new one, never another; an acknowledged one stays") {
  for_seeds(60, [](SimWorld& world) {
    CHECK(world.files().make_directories("/dir").has_value());
    CHECK(world.files().write_atomically("/dir/state", record(0)).has_value());
    int acknowledged = 0;
    world.crash_at_step(1 + world.seed() % 55);
    bool ended = world.run(replace_often(&world, &acknowledged));
    if (ended) return;
    world.restart();
    std::string state = world.files().read("/dir/state").value_or("missing");
    CHECK((state == record(acknowledged) || state == record(acknowledged + 1)));
  });
}

TEST_CASE("a process that is killed leaves what it wrote") {
  SimWorld world(1);
  int acknowledged = 0;
  auto lock = world.files().lock("/lock");
  CHECK(world.files().lock("/lock").failed_with(ErrorKind::conflict));
  world.crash_at_step(5, Loss::process);  // create, sync of the directory, write, sync, then this write
  CHECK(!world.run(append_records(&world, &acknowledged)));
  CHECK(acknowledged == 1);
  CHECK(world.files().read("/log").failed_with(ErrorKind::io));
  world.restart();
  CHECK(world.files().read("/log").value() == record(0));
  CHECK(world.files().lock("/lock").has_value());
}

TEST_CASE("without sync of the directory a new name may be gone; with it, never") {
  int there = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimWorld world(seed);
    auto file = world.files().open("/a", OpenMode::create_new).value().release();
    CHECK(file->write_at(0, "x").has_value());
    CHECK(file->sync().has_value());
    CHECK(world.disk().read_durable("/a").failed_with(ErrorKind::not_found));
    bool synced = seed > 20;
    if (synced) CHECK(world.files().sync_directory("/").has_value());
    world.crash();
    world.restart();
    if (synced) CHECK(world.files().read("/a").value() == "x");
    if (!synced && world.files().exists("/a")) ++there;
    CHECK(file->sync().failed_with(ErrorKind::io));  // of the former life
    delete file;
  }
  CHECK(there > 0);
  CHECK(there < 20);
}

TEST_CASE("what a rename and a removal leave is the state before or after") {
  for_seeds(40, [](SimWorld& world) {
    Files& files = world.files();
    CHECK(files.write_atomically("/old", "1").has_value());
    CHECK(files.write_atomically("/gone", "2").has_value());
    CHECK(files.rename("/old", "/new").has_value());
    CHECK(files.remove("/gone").has_value());
    world.crash();
    world.restart();
    CHECK(files.exists("/old") != files.exists("/new"));
    if (!files.exists("/gone")) CHECK(files.read("/new").value() == "1");  // names change in their order
  });
}

TEST_CASE("a full disk, a read-only one and broken ones say so") {
  SimWorld world(1);
  Files& files = world.files();
  DiskFaults& faults = world.disk().faults;
  CHECK(files.write_atomically("/a", "one").has_value());
  faults.full = true;
  CHECK(files.write_atomically("/a", "two").error().str().find("No space left on device") != std::string::npos);
  CHECK(files.read("/a").value() == "one");
  CHECK(files.list("/").value() == std::vector<std::string>{"a"});
  faults.full = false;
  faults.capacity_bytes = 10;
  CHECK(files.write_atomically("/b", "12345678901").failed_with(ErrorKind::io));
  CHECK(files.write_atomically("/b", "123456").has_value());
  CHECK(world.disk().bytes_used() == 9);
  faults = {};
  faults.read_only = true;
  CHECK(files.write_atomically("/a", "two").failed_with(ErrorKind::forbidden));
  CHECK(files.open("/a", OpenMode::read_write).failed_with(ErrorKind::forbidden));
  CHECK(files.read("/a").value() == "one");
  faults = {};
  faults.sync_error = 1;
  CHECK(files.write_atomically("/a", "two").failed_with(ErrorKind::io));
  CHECK(files.read("/a").value() == "one");
  faults = {};
  faults.read_error = 1;
  CHECK(files.read("/a").failed_with(ErrorKind::io));
  faults = {};
  faults.decide = [](std::string_view what, std::string_view path) -> std::optional<Error> {
    if (what == "rename") return Error(ErrorKind::io, "no renames today");
    return {};
  };
  CHECK(files.write_atomically("/a", "two").error().str() == "no renames today");
  faults = {};
  CHECK(files.list("/").value() == std::vector<std::string>{"a", "b"});
  for (const char* fault : {"disk full", "read-only", "sync error", "read error", "decided error"})
    CHECK(world.injected(fault) > 0);
}

TEST_CASE("a failed sync may lose the data for good") {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimWorld world(seed);
    auto file = world.files().open("/a", OpenMode::create);
    CHECK(world.files().sync_directory("/").has_value());
    CHECK((*file)->write_at(0, "x").has_value());
    world.disk().faults.sync_error = 1;
    CHECK((*file)->sync().failed_with(ErrorKind::io));
    world.disk().faults = {};
    CHECK((*file)->sync().has_value());
    CHECK(world.files().read("/a").value() == "x");  // reads still show it
    if (world.disk().read_durable("/a").value().empty()) ++lost;
  }
  CHECK(lost > 0);
  CHECK(lost < 20);
}

TEST_CASE("paths: links, directories, errors as on a real disk") {
  SimWorld world(1);
  Files& files = world.files();
  CHECK(files.make_directories("/a/b/c").has_value());
  CHECK(files.make_directories("/a/b/c").has_value());
  CHECK(files.write_atomically("/a/b/c/f", "x", 0640).has_value());
  CHECK(files.symlink("b/c", "/a/link").has_value());
  CHECK(files.read("/a/link/f").value() == "x");
  CHECK(files.read("/a/link/../../b/c/f").value() == "x");  // ".." is above what the link points at
  CHECK(files.stat("/a/link")->kind == FileStat::Kind::symlink);
  CHECK(files.stat("/a/b/c/f")->mode == 0640);
  CHECK(files.symlink("loop", "/loop").has_value());
  CHECK(files.read("/loop").failed_with(ErrorKind::io));
  CHECK(files.read("/none").error().str() == "open /none: No such file or directory");
  CHECK(files.read("/a/b/c/f/g").failed_with(ErrorKind::not_found));
  CHECK(files.open("/none/f", OpenMode::create).failed_with(ErrorKind::not_found));
  CHECK(files.open("/a/b/c/f", OpenMode::create_new).failed_with(ErrorKind::already_exists));
  CHECK(files.make_directories("/a/b/c/f").failed_with(ErrorKind::already_exists));
  CHECK(files.remove("/a").failed_with(ErrorKind::io));
  CHECK(files.rename("/a", "/a/b/x").failed_with(ErrorKind::io));
  CHECK(files.rename("/a/b", "/z").has_value());
  CHECK(files.read("/z/c/f").value() == "x");
  CHECK(files.list("/z").value() == std::vector<std::string>{"c"});
  CHECK(files.read("relative").failed_with(ErrorKind::invalid));
  CHECK(files.remove_tree("/a").has_value());
  CHECK(files.remove_tree("/a").has_value());
  CHECK(files.read("/z/c/f", 0).failed_with(ErrorKind::too_large));
  CHECK(world.disk().damage("/z/c/f", 0).has_value());
  CHECK(files.read("/z/c/f").value() == "y");
}

TEST_CASE("a watch tells of its paths only") {
  SimWorld world(1);
  TaskGroup group(world.executor());
  int changes = 0;
  auto watch = world.files().watch({"/repo/refs", "/repo/packed-refs"}).value().release();
  group.spawn(wait_for_change(watch, &changes));
  auto check = [&](std::string path, int expected) {
    changes = 0;
    auto file = world.files().open(path, OpenMode::create);
    CHECK(file.has_value());
    world.run_until_idle();
    CHECK(changes == expected);
  };
  CHECK(world.files().make_directories("/repo/refs/heads").has_value());
  world.run_until_idle();
  check("/repo/refs/heads/main", 1);
  check("/repo/other", 0);
  check("/repo/packed-refs", 1);
  delete watch;
  world.run_until_idle();
  CHECK(group.running() == 0);
}
