// Secrets on the disk: sealed, opened with the keys only, bound to their object, sealed anew, and never found in clear.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include "base/text.h"
#include "sim/testing/seeds.h"
#include "store/index.h"
#include "store/keyring.h"
#include "store/store_contract.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr auto path = "/data/state.db";
constexpr auto key_file = "/data/encryption.keys";
constexpr auto hush = "hush-hush";  // in every Secret's text

StoreOptions sealed() {
  return {.path = path, .key_file = key_file};
}

struct Machine {
  explicit Machine(uint64_t seed = 1) : world(seed) {
    REQUIRE(world.files().make_directories("/data").has_value());
    REQUIRE(world.files().sync_directory("/").has_value());
  }
  std::string content(const std::string& file) { return world.files().read(file).value_or(""); }
  // Whether a Secret's text stands anywhere on the disk.
  bool in_clear() {
    for (const std::string& name : *world.files().list("/data")) {
      if (content("/data/" + name).find(hush) != std::string::npos) return true;
    }
    return false;
  }
  sim::SimWorld world;
};

Task<void> commit(Store* store, Change change, bool* ok = nullptr) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto done = co_await store->commit(std::move(changes));
  if (ok) *ok = done.has_value();
}

Change secret(int i, std::string_view more = "") {
  return put("secrets", fmt::format("a/s{}", i), fmt::format("{}-{}{}", hush, i, more));
}

// Opens, runs `steps`, closes; gives what opening said when it did not open.
Task<void> with(World* world, StoreOptions options, Task<void> (*steps)(Machine*, Store*), Machine* machine,
                std::string* error) {
  auto opened = co_await open_store(*world, std::move(options));
  *error = opened ? "" : opened.error().str();
  if (!opened) co_return;
  if (steps) co_await steps(machine, opened->get());
  (void)co_await (*opened)->close();
}

std::string run(Machine& machine, StoreOptions options, Task<void> (*steps)(Machine*, Store*) = nullptr) {
  std::string error;
  machine.world.run(with(&machine.world, std::move(options), steps, &machine, &error));
  return error;
}

Task<void> write_some(Machine* machine, Store* store) {
  for (int i = 0; i < 5; ++i) co_await commit(store, secret(i));
  co_await commit(store, put("pods", "a/p", "in clear"));
  CHECK(machine->in_clear() == machine->content(key_file).empty());
}

Task<void> read_some(Machine*, Store* store) {
  for (int i = 0; i < 5; ++i) {
    auto object = store->get(key_of("secrets", fmt::format("a/s{}", i)));
    REQUIRE(object.has_value());
    CHECK((*object)["text"].str() == fmt::format("{}-{}", hush, i));
  }
  co_return;
}

Task<void> rotate(Machine* machine, Store* store) {
  std::string before = store->get(key_of("secrets", "a/s1"))->at("/metadata/resourceVersion").str();
  auto rotated = co_await store->rotate_keys();
  REQUIRE(rotated.has_value());
  CHECK(rotated->objects == 5);
  auto ring = Keyring::read(machine->content(key_file));
  REQUIRE(ring.has_value());
  CHECK(ring->keys().size() == 1);
  CHECK(ring->current() == rotated->key);
  CHECK(store->get(key_of("secrets", "a/s1"))->at("/metadata/resourceVersion").str() == before);
  co_await read_some(machine, store);
  co_await commit(store, secret(5));
}

}  // namespace

TEST_CASE("Secrets are sealed on the disk, other objects are not") {
  Machine machine;
  CHECK(run(machine, sealed(), write_some) == "");
  CHECK(!machine.in_clear());
  CHECK(machine.content(path).find("in clear") != std::string::npos);
  CHECK(machine.world.files().stat(key_file)->mode == 0600);
  CHECK(run(machine, sealed(), read_some) == "");
}

TEST_CASE("the test of what stands in clear can fail") {
  Machine machine;
  CHECK(run(machine, {.path = path}, write_some) == "");
  CHECK(machine.in_clear());
}

TEST_CASE("without its keys a database is refused with the way out") {
  auto refusal = [](auto change) {
    Machine machine;
    CHECK(run(machine, sealed(), write_some) == "");
    std::string before = machine.content(path);
    change(machine.world.files());
    std::string text = run(machine, sealed(), read_some);
    CHECK(machine.content(path) == before);
    CHECK(text.find("slipway restore FILE") != std::string::npos);
    CHECK(text.find(key_file) != std::string::npos);
    return text;
  };
  CHECK(refusal([](runtime::Files& files) { CHECK(files.remove(key_file).has_value()); }).find("is not here") !=
        std::string::npos);
  refusal([](runtime::Files& files) {
    Keyring other;
    other.add(std::string(32, 'x'), {});
    CHECK(files.write_atomically(key_file, other.text()).has_value());
  });
  std::string bent = refusal([](runtime::Files& files) {
    std::string text = *files.read(key_file);
    size_t at = text.find("\"key\": \"") + 10;
    text[at] = text[at] == 'A' ? 'B' : 'A';
    CHECK(files.write_atomically(key_file, text).has_value());
  });
  CHECK(bent.find("is damaged") != std::string::npos);
  refusal([](runtime::Files& files) { CHECK(files.write_atomically(key_file, "").has_value()); });
}

TEST_CASE("a file of keys that others can read is closed") {
  Machine machine;
  CHECK(run(machine, sealed(), write_some) == "");
  CHECK(machine.world.files().set_mode(key_file, 0644).has_value());
  CHECK(run(machine, sealed(), read_some) == "");
  CHECK(machine.world.files().stat(key_file)->mode == 0600);
  CHECK(machine.world.logged("readable for others"));
}

TEST_CASE("what an older Slipway wrote in clear is sealed and wiped") {
  Machine machine;
  CHECK(run(machine, {.path = path}, write_some) == "");
  CHECK(machine.in_clear());
  CHECK(run(machine, sealed(), read_some) == "");
  CHECK(!machine.in_clear());
  CHECK(machine.world.logged("sealed 5 Secrets"));
  CHECK(run(machine, sealed(), read_some) == "");
}

TEST_CASE("rotation seals every Secret anew and forgets the older keys") {
  Machine machine;
  CHECK(run(machine, sealed(), write_some) == "");
  std::string old_keys = machine.content(key_file);
  CHECK(run(machine, sealed(), rotate) == "");
  CHECK(machine.content(path).find(Keyring::read(old_keys)->current()) == std::string::npos);
  CHECK(run(machine, sealed(), read_some) == "");
  CHECK(machine.world.files().write_atomically(key_file, old_keys).has_value());
  CHECK(run(machine, sealed()).find("is not here") != std::string::npos);
}

namespace {

Task<void> rotate_anyhow(Machine*, Store* store) {
  (void)co_await store->rotate_keys();
  bool ok = false;
  co_await commit(store, put("secrets", "a/late", std::string(hush) + "-late"), &ok);
}

}  // namespace

TEST_CASE("a crash at any step of sealing or rotating loses no Secret and leaves none in clear") {
  for (bool rotating : {false, true}) {
    uint64_t crashes = 0;
    for (uint64_t at = 1;; ++at) {
      CAPTURE(rotating);
      CAPTURE(at);
      Machine machine(at);
      REQUIRE(run(machine, rotating ? sealed() : StoreOptions{.path = path}, write_some) == "");
      machine.world.crash_at_step(at, at % 3 ? sim::Loss::power : sim::Loss::process);
      run(machine, sealed(), rotate_anyhow);
      if (!machine.world.off()) break;
      ++crashes;
      machine.world.restart();
      CHECK(run(machine, sealed(), read_some) == "");
      CHECK(!machine.in_clear());
    }
    CHECK(crashes > 20);
  }
}

TEST_CASE("a rotation that cannot be written leaves what opens") {
  for (double chance : {1.0, 0.3, 0.1}) {
    sim::testing::for_seeds(20, [&](sim::SimWorld& unused) {
      Machine machine(unused.seed());
      REQUIRE(run(machine, sealed(), write_some) == "");
      auto steps = +[](Machine* m, Store* store) -> Task<void> {
        (void)co_await store->rotate_keys();
        m->world.disk().faults = {};
        co_await commit(store, secret(1));
        co_await read_some(m, store);
      };
      // From the first write of the rotation on.
      machine.world.disk().faults.decide = [&machine, chance](std::string_view what,
                                                              std::string_view where) -> std::optional<Error> {
        if (what == "write" && where.find("keys") != std::string_view::npos) {
          machine.world.disk().faults.write_error = machine.world.disk().faults.sync_error = chance;
        }
        return std::nullopt;
      };
      CHECK(run(machine, sealed(), steps) == "");
      machine.world.disk().faults = {};
      CHECK(run(machine, sealed(), read_some) == "");
      CHECK(!machine.in_clear());
    });
  }
}

TEST_CASE("a rotation that met a full disk keeps no start from reading") {
  Machine machine;
  REQUIRE(run(machine, sealed(), write_some) == "");
  auto begin = +[](Machine* m, Store* store) -> Task<void> {
    // The new key gets to the disk, the rows do not.
    m->world.disk().faults.decide = [m](std::string_view what, std::string_view where) -> std::optional<Error> {
      if (what == "write" && where.find("state.db") != std::string_view::npos) m->world.disk().faults.full = true;
      return std::nullopt;
    };
    CHECK(!(co_await store->rotate_keys()).has_value());
    m->world.crash(sim::Loss::process);
  };
  run(machine, sealed(), begin);
  machine.world.restart();
  machine.world.disk().faults.decide = nullptr;
  REQUIRE(Keyring::read(machine.content(key_file))->keys().size() == 2);
  machine.world.disk().faults.full = true;
  CHECK(run(machine, sealed(), read_some) == "");
  CHECK(machine.world.logged("5 Secrets are not sealed with the current key"));
  machine.world.disk().faults = {};
  CHECK(run(machine, sealed(), read_some) == "");
  CHECK(machine.world.logged("sealed 5 Secrets"));
}

TEST_CASE("a sealed body is bound to its object and revision") {
  Keyring ring;
  ring.add(std::string(32, 'k'), {});
  Key a{"secrets", "a", "x"}, b{"secrets", "a", "y"};
  std::string body = *ring.seal(std::string(12, 'n'), bound_to(a, 5), "{}");
  CHECK(sealed_by(body) == ring.current());
  CHECK(*ring.open(bound_to(a, 5), body) == "{}");
  CHECK(ring.open(bound_to(b, 5), body).failed_with(ErrorKind::invalid));
  CHECK(ring.open(bound_to(a, 6), body).failed_with(ErrorKind::invalid));
  CHECK(sealed_by("{}").empty());
  CHECK(sealed_by("slw1:").empty());
  auto again = Keyring::read(ring.text());
  REQUIRE(again.has_value());
  CHECK(*again->open(bound_to(a, 5), body) == "{}");
}
