// The store on a simulated disk that loses what was not synced: crash before every step of I/O of a script, start
// again, and hold the promises: no acknowledged write lost, none half there, no revision given twice.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/text.h"
#include "sim/testing/seeds.h"
#include "store/index.h"
#include "store/store_contract.h"
#include "store/testing/dishonest_world.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr auto path = "/data/state.db";

// What the outside knows: what was answered, and what was asked and never answered.
struct Ledger {
  using States = std::set<std::string>;                    // texts; "" is: not there
  std::map<std::string, States> possible;                  // by place; after an answer there is one
  std::vector<std::pair<std::string, std::string>> pairs;  // places that one commit writes with one text
  Revision seen = 0;
  int answered = 0;

  void asked(const std::string& place, const std::string& text) {
    auto [at, fresh] = possible.try_emplace(place);
    if (fresh) at->second.insert("");
    at->second.insert(text);
  }
  void answer(const std::string& place, const std::string& text) { possible[place] = {text}; }
  void saw(const Store& store) { seen = std::max(seen, store.revision()); }
};

std::string_view resource_of(const std::string& place) {
  return place[0] == 'l' ? "leases" : place[0] == 's' ? "secrets" : "pods";
}

Task<void> change(Store* store, Ledger* ledger, std::vector<std::string> places, std::string text,
                  Durability durability) {
  std::vector<Change> changes;
  for (const std::string& place : places) {
    if (durability == Durability::disk) ledger->asked(place, text);
    changes.push_back(text.empty() ? removal(resource_of(place), place)
                                   : put(resource_of(place), place, text, {}, durability));
  }
  auto done = co_await store->commit(std::move(changes));
  if (!done) co_return;
  ++ledger->answered;
  ledger->saw(*store);
  if (durability != Durability::disk) co_return;
  for (const std::string& place : places) ledger->answer(place, text);
}

// One life of a program: opens the store, writes, closes. It may end anywhere.
Task<void> life(World* world, Ledger* ledger, size_t text_size) {
  auto opened = co_await open_store(*world, {.path = path, .key_file = "/data/keys"});
  if (!opened) co_return;
  Store* store = opened->get();
  ledger->saw(*store);
  std::string padding(text_size, 'x');
  for (int round = 0; round < 4; ++round) {
    std::string text = std::to_string(round) + padding;
    co_await change(store, ledger, {"a/alone"}, text, Durability::disk);
    co_await change(store, ledger, {"s/secret"}, text, Durability::disk);
    co_await change(store, ledger, {"l/lease"}, text, Durability::memory);
    TaskGroup group(world->executor());
    for (int i = 0; i < 4; ++i) {
      group.spawn(change(store, ledger, {"a/together" + std::to_string(i)}, text, Durability::disk));
    }
    group.spawn(change(store, ledger, {"p/left", "p/right"}, text, Durability::disk));
    co_await group.join();
    if (round % 2) co_await change(store, ledger, {"a/together1"}, "", Durability::disk);
  }
  (void)co_await (*opened)->close();
}

// What is wrong after a restart; empty: nothing.
Task<void> inspect(World* world, const Ledger* ledger, std::string* wrong) {
  auto opened = co_await open_store(*world, {.path = path, .key_file = "/data/keys"});
  if (!opened) {
    *wrong = "does not open: " + opened.error().str();
    co_return;
  }
  Store& store = **opened;
  auto text_at = [&store](const std::string& place) {
    auto object = store.get(key_of(resource_of(place), place));
    return object ? (*object)["text"].str() : std::string();
  };
  for (const auto& [place, states] : ledger->possible) {
    if (!states.contains(text_at(place))) *wrong += place + ": an acknowledged write is lost; ";
  }
  if (text_at("p/left") != text_at("p/right")) *wrong += "a commit is half there; ";
  std::vector<Change> changes;
  changes.push_back(put("pods", "z/next", "next"));
  auto next = co_await store.commit(std::move(changes));
  if (!next) {
    *wrong += "does not write: " + next.error().str();
  } else if (store.revision() <= ledger->seen) {
    *wrong += "a revision is given twice; ";
  }
  auto all = store.list({.resource = "pods"});
  if (!all) co_return;
  for (const Value& object : all->items) {
    Revision revision = std::stoull(object["metadata"]["resourceVersion"].str());
    if (revision > store.revision()) *wrong += "an object from the future; ";
  }
  (void)co_await store.close();
}

// How often each kind of fault came to pass, of all trials of a test.
struct Faults {
  std::map<std::string, uint64_t> kinds;
  uint64_t crashes = 0, of_all = 0;
  void add(const sim::SimWorld& world) {
    for (const auto& [kind, count] : world.injected()) kinds[kind] += count;
    crashes += world.injected("power loss") + world.injected("process killed");
  }
  std::string str() const {
    std::string out = fmt::format("{} crashes in {} trials", crashes, of_all);
    for (const auto& [kind, count] : kinds) out += fmt::format(", {} {}", count, kind);
    return out;
  }
};

struct Trial {
  std::string wrong;
  bool crashed = false;
  uint64_t steps = 0;
  int answered = 0;
};

struct Plan {
  uint64_t seed = 1;
  uint64_t at = 0;  // crash before this step of the life; 0: never
  sim::Loss loss = sim::Loss::power;
  testing::Disk disk = testing::Disk::honest;
  size_t text_size = 10;
  std::vector<uint64_t> again = {};  // further lives, and the steps at which they crash
  double errors = 0;                 // chance that a write or a sync fails, in all lives
};

// A life that crashes before its step `at`, further ones that crash too, then a look.
Trial trial(const Plan& plan, Faults* faults = nullptr) {
  sim::SimWorld world(plan.seed);
  REQUIRE(world.files().make_directories("/data").has_value());
  REQUIRE(world.files().sync_directory("/").has_value());
  testing::DishonestWorld dishonest(world, plan.disk);
  World* used = plan.disk == testing::Disk::honest ? static_cast<World*>(&world) : &dishonest;
  Ledger ledger;
  Trial trial;
  uint64_t before = world.steps();
  world.disk().faults.write_error = world.disk().faults.sync_error = plan.errors;
  if (plan.at) world.crash_at_step(plan.at, plan.loss);
  trial.crashed = !world.run(life(used, &ledger, plan.text_size));
  trial.steps = world.steps() - before;
  trial.answered = ledger.answered;
  if (trial.crashed) world.restart();
  for (uint64_t at : plan.again) {
    world.crash_at_step(at, plan.loss);
    if (!world.run(life(used, &ledger, plan.text_size))) world.restart();
  }
  world.disk().faults = {};
  // A step that was never reached must not crash the look.
  world.crash(plan.loss);
  world.restart();
  world.run(inspect(&world, &ledger, &trial.wrong));
  if (faults) faults->add(world);
  if (faults) ++faults->of_all;
  return trial;
}

uint64_t times(const char* variable, uint64_t otherwise) {
  const char* said = std::getenv(variable);
  return said ? std::strtoull(said, nullptr, 10) : otherwise;
}

// Chance decides when it crashes, how, what is written, how often it crashes again and whether calls fail in between.
Plan plan_of(uint64_t seed, uint64_t small_steps, uint64_t large_steps) {
  sim::SeededRandom random(seed * 0x9e3779b97f4a7c15);
  Plan plan{.seed = seed};
  bool large = random.below(8) == 0;
  plan.text_size = large ? 150'000 : random.below(6000);
  plan.at = 1 + random.below(large ? large_steps : small_steps);
  plan.loss = random.below(3) ? sim::Loss::power : sim::Loss::process;
  for (uint64_t more = random.below(4); more > 0; --more) plan.again.push_back(1 + random.below(small_steps));
  if (random.below(4) == 0) plan.errors = 0.02;
  return plan;
}

// What is wrong in how many of the trials that crash at each step of the script.
int wrong_on(testing::Disk disk, sim::Loss loss) {
  Trial whole = trial({.loss = loss, .disk = disk});
  int wrong = 0;
  for (uint64_t at = 1; at <= whole.steps; ++at) {
    wrong += !trial({.seed = at, .at = at, .loss = loss, .disk = disk}).wrong.empty();
  }
  return wrong;
}

}  // namespace

TEST_CASE("a crash before any step of I/O loses nothing that was acknowledged") {
  for (sim::Loss loss : {sim::Loss::power, sim::Loss::process}) {
    Trial whole = trial({.loss = loss});
    REQUIRE(whole.wrong == "");
    REQUIRE(whole.steps > 60);
    REQUIRE(whole.answered == 34);
    int crashes = 0;
    for (uint64_t at = 1; at <= whole.steps; ++at) {
      CAPTURE(at);
      Trial cut = trial({.seed = at, .at = at, .loss = loss});
      CHECK(cut.wrong == "");
      crashes += cut.crashed;
    }
    CHECK(crashes > 60);
  }
}

// SLIPWAY_CRASHES=n: that many crashes (script/soak: 10,000). SLIPWAY_SEED=n repeats one trial.
TEST_CASE("many crashes, again and again, with failing calls in between") {
  const uint64_t small = trial({}).steps, large = trial({.text_size = 150'000}).steps;
  const uint64_t wanted = times("SLIPWAY_CRASHES", 600);
  Faults faults;
  uint64_t first = times("SLIPWAY_SEED", 1), last = std::getenv("SLIPWAY_SEED") ? first : ~uint64_t{0};
  for (uint64_t seed = first; seed <= last && faults.crashes < wanted; ++seed) {
    INFO("repeat with SLIPWAY_SEED=", seed, " store_test -tc='many crashes*'");
    CHECK(trial(plan_of(seed, small, large), &faults).wrong == "");
  }
  MESSAGE(faults.str());
  if (first == last) return;
  for (const char* kind :
       {"power loss", "process killed", "lost write", "torn write", "lost name change", "write error", "sync error"}) {
    INFO(kind);
    CHECK(faults.kinds[kind] > 0);
  }
}

TEST_CASE("the crash tests see a disk that does not sync") {
  CHECK(wrong_on(testing::Disk::honest, sim::Loss::power) == 0);
  CHECK(wrong_on(testing::Disk::never_syncs, sim::Loss::power) > 10);
}

TEST_CASE("the crash tests see an acknowledgement before the commit") {
  for (sim::Loss loss : {sim::Loss::power, sim::Loss::process}) {
    CHECK(wrong_on(testing::Disk::answers_before, loss) > 10);
  }
}
