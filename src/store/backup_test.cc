// Backup and restore: everything comes back, nothing broken is taken, an interruption leaves the old or the new.
#include "store/backup.h"

#include <doctest/doctest.h>

#include <set>

#include "base/text.h"
#include "sim/sim_world.h"
#include "store/index.h"
#include "store/store_contract.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr auto home = "/data", other = "/other", taken = "/backup";
constexpr auto hush = "hush-hush";

StoreOptions options(const std::string& directory) {
  return {.path = directory + "/slipway.db", .key_file = directory + "/encryption.keys"};
}

struct Machine {
  explicit Machine(uint64_t seed = 1) : world(seed) {
    for (const char* directory : {home, other}) REQUIRE(world.files().make_directories(directory).has_value());
    REQUIRE(world.files().sync_directory("/").has_value());
  }
  std::string content(const std::string& file) { return world.files().read(file).value_or(""); }
  sim::SimWorld world;
};

Task<void> commit(Store* store, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto done = co_await store->commit(std::move(changes));
  CHECK(done.has_value());
}

// Every object with its text and revision.
std::string all_of(const Snapshot& snapshot) {
  std::string out;
  for (const StoredObject& o : snapshot.objects) {
    out += fmt::format("{} {}={}@{}/{} ", o.key.resource, place_of(o.key), o.object["text"].str(), o.revision,
                       o.object["metadata"]["resourceVersion"].str());
  }
  return out;
}

Task<void> fill(World* world, std::string directory, std::string text, std::string* all, Revision* given) {
  auto opened = co_await open_store(*world, options(directory));
  REQUIRE(opened.has_value());
  Store* store = opened->get();
  for (int i = 0; i < 20; ++i) co_await commit(store, put("pods", fmt::format("a/p{}", i), text));
  for (int i = 0; i < 3; ++i) co_await commit(store, put("secrets", fmt::format("a/s{}", i), hush + text));
  co_await commit(store, removal("pods", "a/p3"));
  co_await commit(store, put("events", "a/e", text, {}, Durability::ring));
  co_await commit(store, put("leases", "a/l", text, {}, Durability::memory));
  Snapshot snapshot = store->snapshot();
  *all = all_of(snapshot);
  *given = snapshot.given;
  (void)co_await (*opened)->close();
}

Task<void> back_up(World* world, std::string directory, bool with_keys) {
  auto opened = co_await open_store(*world, options(directory));
  REQUIRE(opened.has_value());
  Store* store = opened->get();
  std::string keys = *world->files().read(directory + "/encryption.keys");
  std::vector<BackupFile> files;
  if (with_keys) files = {{"encryption.keys", 0600, keys}, {"pki/ca.key", 0600, "the key of the CA"}};
  BackupWriter writer(*world, store->snapshot(), files, *Keyring::read(keys));
  std::string text;
  while (auto piece = writer.next()) {
    text += *piece;
    // Others write meanwhile: not part of it.
    co_await commit(store, put("pods", "a/later", "later"));
  }
  CHECK(world->files().write_atomically(taken, text).has_value());
  (void)co_await (*opened)->close();
}

// What a directory holds, and the next revision that it gives.
Task<void> look(World* world, std::string directory, std::string* all, Revision* next) {
  auto opened = co_await open_store(*world, options(directory));
  if (!opened) {
    *all = opened.error().str();
    co_return;
  }
  *all = all_of((*opened)->snapshot());
  co_await commit(opened->get(), put("pods", "z/next", "x"));
  *next = (*opened)->revision();
  (void)co_await (*opened)->close();
}

struct Filled {
  std::string all;
  Revision given = 0;
};
Filled filled(Machine& machine, const std::string& directory, const std::string& text) {
  Filled f;
  REQUIRE(machine.world.run(fill(&machine.world, directory, text, &f.all, &f.given)));
  return f;
}
Filled look_at(Machine& machine, const std::string& directory) {
  Filled f;
  machine.world.run(look(&machine.world, directory, &f.all, &f.given));
  return f;
}

std::string refusal(Machine& machine, RestoreOptions options) {
  auto restored = restore_backup(machine.world, std::move(options));
  return restored ? "" : restored.error().str();
}

}  // namespace

TEST_CASE("what is restored is what was backed up, and gives no revision again") {
  Machine machine;
  Filled before = filled(machine, home, "first");
  CHECK(before.all.find("leases") == std::string::npos);
  REQUIRE(machine.world.run(back_up(&machine.world, home, true)));
  CHECK(machine.content(taken).find(hush) == std::string::npos);
  CHECK(machine.content(taken).find("later") == std::string::npos);
  Revision highest = look_at(machine, home).given;

  auto restored = restore_backup(machine.world, {.file = taken, .directory = other});
  REQUIRE(restored.has_value());
  CHECK(restored->facts.objects == 23);
  CHECK(restored->facts.files == 2);
  CHECK(restored->aside.empty());
  CHECK(machine.content("/other/pki/ca.key") == "the key of the CA");
  CHECK(machine.world.files().stat("/other/encryption.keys")->mode == 0600);
  CHECK(machine.world.files().stat("/other/slipway.db")->mode == 0600);
  CHECK(machine.content("/other/slipway.db").find(hush) == std::string::npos);
  Filled after = look_at(machine, other);
  CHECK(after.all == before.all);
  CHECK(after.given > highest);

  // Once more, over what is there: the revisions of the life in between do not come again, even with the clock set
  // back.
  machine.world.jump_wall_clock(-24h);
  CHECK(refusal(machine, {.file = taken, .directory = other}).find("--force") != std::string::npos);
  auto again = restore_backup(machine.world, {.file = taken, .directory = other, .force = true});
  REQUIRE(again.has_value());
  CHECK(machine.content(again->aside + "/pki/ca.key") == "the key of the CA");
  Filled last = look_at(machine, other);
  CHECK(last.all == before.all);
  CHECK(last.given > after.given);
}

TEST_CASE("a backup without keys needs those of its server") {
  Machine machine;
  Filled before = filled(machine, home, "first");
  REQUIRE(machine.world.run(back_up(&machine.world, home, false)));
  CHECK(refusal(machine, {.file = taken, .directory = other}).find("put encryption.keys into the data directory") !=
        std::string::npos);
  CHECK(machine.world.files().list(other)->empty());
  Keyring stranger;
  stranger.add(std::string(32, 'x'), {});
  REQUIRE(machine.world.files().write_atomically("/other/encryption.keys", stranger.text()));
  CHECK(refusal(machine, {.file = taken, .directory = other})
            .find("encryption.keys in the data directory holds others") != std::string::npos);
  REQUIRE(machine.world.files().write_atomically("/other/encryption.keys", machine.content("/data/encryption.keys")));
  CHECK(refusal(machine, {.file = taken, .directory = other}) == "");
  CHECK(look_at(machine, other).all == before.all);
}

TEST_CASE("a damaged, cut off, foreign or newer backup changes nothing") {
  Machine machine;
  filled(machine, home, "first");
  REQUIRE(machine.world.run(back_up(&machine.world, home, true)));
  const std::string whole = machine.content(taken);
  auto says = [&](std::string text, std::string_view expected) {
    REQUIRE(machine.world.files().write_atomically(taken, text).has_value());
    std::string said = refusal(machine, {.file = taken, .directory = other});
    INFO(said);
    CHECK(said.find(expected) != std::string::npos);
    CHECK(machine.world.files().list(other)->empty());
  };
  says("", "no backup of Slipway");
  says("PK\003\004", "no backup of Slipway");
  // What has no line end is not read on in the hope of one.
  says(std::string(1 << 20, '\0'), "no backup of Slipway");
  says("{" + std::string(1 << 20, ' '), "no backup of Slipway");
  const std::string head = whole.substr(0, whole.find('\n') + 1);
  says(head + std::string(1 << 20, '\0'), "line 2: the backup is damaged (not a line of a backup)");
  says(head + "{\"file\":\"" + std::string(1 << 20, '\0'), "line 2: the backup is damaged (not a line of a backup)");
  says(head + std::string(1 << 20, 'x'), "line 2: the backup is damaged (not a line of a backup)");
  std::string newer = whole;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  says(newer, "newer Slipway");
  CHECK(refusal(machine, {.file = "/nowhere", .directory = other}).find("/nowhere") != std::string::npos);
  for (size_t cut : {whole.size() - 1, whole.size() - 20, whole.size() / 2, whole.find('\n') + 1}) {
    says(whole.substr(0, cut), "the backup is damaged");
  }
  says(whole + "x", "it goes on behind its end");
  says(whole + whole, "it goes on behind its end");
  size_t lost = whole.find('\n', whole.size() / 2) + 1;  // a line
  says(whole.substr(0, lost) + whole.substr(whole.find('\n', lost) + 1), "the backup is damaged");
  sim::SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    std::string bent = whole;
    size_t at = random.below(bent.size() - 1);
    bent[at] = static_cast<char>(bent[at] ^ (1 << random.below(7)));
    says(bent, "");
    CHECK(!refusal(machine, {.file = taken, .directory = other}).empty());
  }
}

TEST_CASE("a restore that finds no room leaves nothing behind") {
  Machine machine;
  filled(machine, home, "first");
  REQUIRE(machine.world.run(back_up(&machine.world, home, true)));
  for (int allowed : {0, 1, 3, 8, 20}) {
    machine.world.disk().faults.decide = [left = allowed](std::string_view what,
                                                          std::string_view where) mutable -> std::optional<Error> {
      if (what != "write" || !where.starts_with(other) || left-- > 0) return std::nullopt;
      return Error(ErrorKind::io, "write: No space left on device");
    };
    CHECK(refusal(machine, {.file = taken, .directory = other}).find("No space left") != std::string::npos);
    machine.world.disk().faults = {};
    CHECK(machine.world.files().list(other)->empty());
  }
}

TEST_CASE("a restore that is interrupted leaves the old state, the new one, or a clear word") {
  Machine model;
  filled(model, home, "first");
  REQUIRE(model.world.run(back_up(&model.world, home, true)));
  const std::string backup = model.content(taken);
  const std::string new_state = [&] {
    CHECK(refusal(model, {.file = taken, .directory = other}) == "");
    return look_at(model, other).all;
  }();
  std::set<std::string> seen;
  for (uint64_t at = 1;; ++at) {
    CAPTURE(at);
    Machine machine(at);
    Filled old_state = filled(machine, home, "second");
    REQUIRE(machine.world.files().write_atomically(taken, backup).has_value());
    machine.world.crash_at_step(at, at % 3 ? sim::Loss::power : sim::Loss::process);
    bool done = restore_backup(machine.world, {.file = taken, .directory = home, .force = true}).has_value();
    if (!machine.world.off()) break;
    CHECK(!done);
    machine.world.restart();
    std::string found = look_at(machine, home).all;
    if (found == old_state.all) {
      CHECK(!machine.world.files().exists(std::string(home) + "/" + std::string(restore_staging_name)));
      seen.insert("old");
    } else if (found == new_state) {
      seen.insert("new");
    } else {
      seen.insert("refused");
      CHECK(found.find("a restore was interrupted") != std::string::npos);
      CHECK(refusal(machine, {.file = taken, .directory = home, .force = true}) == "");
      Filled after = look_at(machine, home);
      CHECK(after.all == new_state);
      CHECK(after.given > old_state.given);
      std::vector<std::string> aside = machine.world.files().list(home).value();
      std::erase_if(aside, [](const std::string& name) { return !name.starts_with("before-restore-"); });
      REQUIRE_MESSAGE(aside.size() == 1, base::join(aside, " "));
      CHECK(look_at(machine, std::string(home) + "/" + aside[0]).all == old_state.all);
    }
  }
  CHECK(seen.contains("old"));
  CHECK(seen.contains("refused"));
}
