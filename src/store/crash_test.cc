// The store on a simulated disk that loses what was not synced: crash before every step of I/O of a script, start
// again, and hold the promises: no acknowledged write lost, none half there, no revision given twice.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "sim/testing/seeds.h"
#include "store/index.h"
#include "store/store_contract.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr auto path = "/data/state.db";

// A world whose disk says that it synced and did not. The tests must turn red on it.
class LyingFile final : public runtime::File {
 public:
  explicit LyingFile(std::unique_ptr<runtime::File> file) : file_(std::move(file)) {}
  Result<size_t> read_at(uint64_t offset, std::span<char> into) override { return file_->read_at(offset, into); }
  Result<> write_at(uint64_t offset, std::string_view bytes) override { return file_->write_at(offset, bytes); }
  Result<> sync() override { return {}; }
  Result<> truncate(uint64_t size) override { return file_->truncate(size); }
  Result<uint64_t> size() override { return file_->size(); }

 private:
  std::unique_ptr<runtime::File> file_;
};

class LyingFiles final : public runtime::Files {
 public:
  explicit LyingFiles(runtime::Files& files) : files_(files) {}
  Result<std::unique_ptr<runtime::File>> open(std::string path, runtime::OpenMode mode, uint32_t permissions) override {
    auto file = OR_RETURN(files_.open(path, mode, permissions));
    return std::unique_ptr<runtime::File>(std::make_unique<LyingFile>(std::move(file)));
  }
  Result<std::string> read(std::string path, size_t limit) override { return files_.read(path, limit); }
  Result<> write_atomically(std::string path, std::string_view bytes, uint32_t permissions) override {
    return files_.write_atomically(path, bytes, permissions);
  }
  Result<> make_directories(std::string path, uint32_t permissions) override {
    return files_.make_directories(path, permissions);
  }
  Result<> remove(std::string path) override { return files_.remove(path); }
  Result<> remove_tree(std::string path) override { return files_.remove_tree(path); }
  Result<> rename(std::string from, std::string to) override { return files_.rename(from, to); }
  Result<> symlink(std::string target, std::string path) override { return files_.symlink(target, path); }
  Result<std::string> read_link(std::string path) override { return files_.read_link(path); }
  Result<std::vector<std::string>> list(std::string path) override { return files_.list(path); }
  Result<runtime::FileStat> stat(std::string path) override { return files_.stat(path); }
  Result<> set_mode(std::string path, uint32_t permissions) override { return files_.set_mode(path, permissions); }
  Result<> set_owner(std::string path, uint32_t uid, uint32_t gid) override { return files_.set_owner(path, uid, gid); }
  Result<> sync_directory(std::string path) override { return files_.sync_directory(path); }
  Result<std::unique_ptr<runtime::FileLock>> lock(std::string path) override { return files_.lock(path); }
  Result<std::unique_ptr<runtime::PathWatch>> watch(std::vector<std::string> paths) override {
    return files_.watch(paths);
  }

 private:
  runtime::Files& files_;
};

class LyingWorld final : public World {
 public:
  explicit LyingWorld(World& world) : world_(world), files_(world.files()) {}
  runtime::Executor& executor() override { return world_.executor(); }
  WallTime now() override { return world_.now(); }
  runtime::Random& random() override { return world_.random(); }
  runtime::Files& files() override { return files_; }
  runtime::Network& network() override { return world_.network(); }
  runtime::Processes& processes() override { return world_.processes(); }
  runtime::Log& log() override { return world_.log(); }

 private:
  void pool_post(std::move_only_function<void()> work) override { work(); }
  World& world_;
  LyingFiles files_;
};

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

Task<void> change(Store* store, Ledger* ledger, std::vector<std::string> places, std::string text,
                  Durability durability) {
  std::vector<Change> changes;
  for (const std::string& place : places) {
    if (durability == Durability::disk) ledger->asked(place, text);
    changes.push_back(text.empty()
                          ? removal("pods", place)
                          : put(durability == Durability::disk ? "pods" : "leases", place, text, {}, durability));
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
  auto opened = co_await open_store(*world, {.path = path});
  if (!opened) co_return;
  Store* store = opened->get();
  ledger->saw(*store);
  std::string padding(text_size, 'x');
  for (int round = 0; round < 4; ++round) {
    std::string text = std::to_string(round) + padding;
    co_await change(store, ledger, {"a/alone"}, text, Durability::disk);
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
  auto opened = co_await open_store(*world, {.path = path});
  if (!opened) {
    *wrong = "does not open: " + opened.error().str();
    co_return;
  }
  Store& store = **opened;
  auto text_at = [&store](const std::string& place) {
    auto object = store.get(key_of("pods", place));
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

struct Trial {
  std::string wrong;
  bool crashed = false;
  uint64_t steps = 0;
  int answered = 0;
};

// A first life that ends well, a second one that crashes before its step `at` (0: never), then a look.
Trial trial(uint64_t seed, uint64_t at, sim::Loss loss, bool lying = false, size_t text_size = 10) {
  sim::SimWorld world(seed);
  REQUIRE(world.files().make_directories("/data").has_value());
  REQUIRE(world.files().sync_directory("/").has_value());
  LyingWorld liar(world);
  World* used = lying ? static_cast<World*>(&liar) : &world;
  Ledger ledger;
  Trial trial;
  uint64_t before = world.steps();
  if (at) world.crash_at_step(at, loss);
  trial.crashed = !world.run(life(used, &ledger, text_size));
  trial.steps = world.steps() - before;
  trial.answered = ledger.answered;
  if (trial.crashed) world.restart();
  world.run(inspect(&world, &ledger, &trial.wrong));
  return trial;
}

}  // namespace

TEST_CASE("a crash before any step of I/O loses nothing that was acknowledged") {
  for (sim::Loss loss : {sim::Loss::power, sim::Loss::process}) {
    Trial whole = trial(1, 0, loss);
    REQUIRE(whole.wrong == "");
    REQUIRE(whole.steps > 60);
    REQUIRE(whole.answered == 30);
    int crashes = 0;
    for (uint64_t at = 1; at <= whole.steps; ++at) {
      CAPTURE(at);
      Trial cut = trial(at, at, loss);
      CHECK(cut.wrong == "");
      crashes += cut.crashed;
    }
    CHECK(crashes > 60);
  }
}

TEST_CASE("the same while the log is moved into the database") {
  constexpr size_t text_size = 100'000;
  Trial whole = trial(1, 0, sim::Loss::power, false, text_size);
  REQUIRE(whole.wrong == "");
  uint64_t count = 40;
  if (const char* many = std::getenv("SLIPWAY_SEEDS")) count = std::strtoull(many, nullptr, 10);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    uint64_t at = seed * whole.steps / count;
    CAPTURE(seed);
    CAPTURE(at);
    CHECK(trial(seed, at, sim::Loss::power, false, text_size).wrong == "");
  }
}

TEST_CASE("the crash tests see a disk that does not sync") {
  Trial whole = trial(1, 0, sim::Loss::power, true);
  int wrong = 0;
  for (uint64_t at = 1; at <= whole.steps; ++at) wrong += !trial(at, at, sim::Loss::power, true).wrong.empty();
  CHECK(wrong > 10);
}
