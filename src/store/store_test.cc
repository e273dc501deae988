#include "store/store.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/real_world.h"
#include "store/index.h"
#include "store/store_contract.h"

using namespace slipway;
using namespace slipway::store;

namespace {

// A directory of its own, gone afterwards.
struct Directory {
  Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "slipway-store-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string file() const { return path + "/state.db"; }
  std::string path;
};

Task<int> with_store(World& world, StoreOptions options, Task<void> (*run)(World&, Store&)) {
  auto store = co_await open_store(world, std::move(options));
  if (!store) {
    FAIL(store.error().str());
    co_return 1;
  }
  co_await run(world, **store);
  auto closed = co_await (*store)->close();
  CHECK(closed.has_value());
  co_return 0;
}

int run(StoreOptions options, Task<void> (*steps)(World&, Store&)) {
  auto world = runtime::RealWorld::create();
  return world->run(with_store(*world, std::move(options), steps));
}

Task<int> open_error(World& world, std::string path, std::string* out) {
  auto store = co_await open_store(world, {.path = path});
  *out = store ? "" : store.error().str();
  if (store) (void)co_await (*store)->close();
  co_return 0;
}

std::string refusal(std::string path) {
  auto world = runtime::RealWorld::create();
  std::string out;
  world->run(open_error(*world, path, &out));
  return out;
}

Task<void> commit(Store& store, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto done = co_await store.commit(std::move(changes));
  REQUIRE(done.has_value());
}

}  // namespace

TEST_CASE("the contract, in memory") {
  for (const ContractCase& test : store_contract()) {
    INFO(test.name);
    run(test.options, test.run);
  }
}

TEST_CASE("the contract, on disk") {
  for (const ContractCase& test : store_contract()) {
    INFO(test.name);
    Directory directory;
    StoreOptions options = test.options;
    options.path = directory.file();
    run(options, test.run);
  }
}

namespace {
Revision seen = 0;  // by the first life, for the second

Task<void> first_life(World&, Store& store) {
  co_await commit(store, put("pods", "a/x", "1"));
  co_await commit(store, put("pods", "a/x", "2"));
  co_await commit(store, put("pods", "a/y", "1"));
  co_await commit(store, removal("pods", "a/y"));
  co_await commit(store, put("leases", "l/n", "1", {}, Durability::memory));
  co_await commit(store, put("events", "a/e", "1", {}, Durability::ring));
  seen = store.revision();
}
Task<void> second_life(World&, Store& store) {
  CHECK(store.revision() > seen);
  auto pods = store.list({.resource = "pods"});
  REQUIRE(pods.has_value());
  CHECK(texts(*pods) == "a/x=2");
  CHECK(store.count("leases") == 0);
  CHECK(store.count("events") == 1);
  CHECK(store.subscribe("pods", seen).failed_with(ErrorKind::gone));
  CHECK(store.subscribe("pods", store.revision()).has_value());
  auto x = store.get(key_of("pods", "a/x"));
  REQUIRE(x.has_value());
  CHECK(std::stoull((*x)["metadata"]["resourceVersion"].str()) < seen);  // its own, not a new one
  co_await commit(store, put("pods", "a/z", "1", 0));
  CHECK(store.revision() > seen);
}
}  // namespace

TEST_CASE("a restart keeps what is durable and gives no revision again") {
  Directory directory;
  run({.path = directory.file()}, first_life);
  run({.path = directory.file()}, second_life);
}

namespace {
Task<void> fill(World&, Store& store) {
  for (int i = 0; i < 50; ++i) co_await commit(store, put("pods", "a/p" + std::to_string(i), std::string(3000, 'x')));
}

void overwrite(const std::string& path, std::streamoff at, std::string_view bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
}  // namespace

TEST_CASE("damaged, foreign and newer files are refused with the way out") {
  Directory directory;
  run({.path = directory.file()}, fill);
  auto size = std::filesystem::file_size(directory.file());

  SUBCASE("a flipped bit inside an object") {
    std::ifstream in(directory.file(), std::ios::binary);
    std::string all((std::istreambuf_iterator<char>(in)), {});
    size_t at = all.find("xxxxxxxxxx");
    REQUIRE(at != std::string::npos);
    overwrite(directory.file(), static_cast<std::streamoff>(at + 3), "y");
    std::string text = refusal(directory.file());
    CHECK(text.find("damaged (pods a/p") != std::string::npos);
    CHECK(text.find("wrong checksum") != std::string::npos);
    CHECK(text.find("slipway restore FILE") != std::string::npos);
  }
  SUBCASE("a page of garbage") {
    overwrite(directory.file(), static_cast<std::streamoff>(size / 4096 / 2 * 4096), std::string(4096, '\x5a'));
    CHECK(refusal(directory.file()).find("the database is damaged") != std::string::npos);
  }
  SUBCASE("no database at all") {
    overwrite(directory.file(), 0, std::string(4096, 'z'));
    CHECK(refusal(directory.file()).find("the database is damaged") != std::string::npos);
  }
  SUBCASE("a newer format") {
    overwrite(directory.file(), 60, std::string("\0\0\0\x63", 4));  // user_version
    CHECK(refusal(directory.file()).find("written by a newer Slipway (format 99") != std::string::npos);
  }
  SUBCASE("another program's") {
    overwrite(directory.file(), 68, std::string("\0\0\0\1", 4));  // application_id
    CHECK(refusal(directory.file()).find("another program") != std::string::npos);
  }
  CHECK(std::filesystem::file_size(directory.file()) == size);
}

TEST_CASE("a directory that is not there") {
  CHECK(refusal("/nonexistent-slipway/state.db").find("No such file") != std::string::npos);
}
