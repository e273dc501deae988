// Where a backup is written: a folder where others may write too, and what is laid in wait there.
#include "slipway/wiring/backup.h"

#include <doctest/doctest.h>

#include "apiserver/pki.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::wiring;

namespace {

constexpr auto victim = "/etc/victim";

struct Data {
  sim::SimWorld world{7};

  Data() {
    for (const char* directory : {"/data", "/tmp", "/etc"})
      REQUIRE(world.files().make_directories(directory).has_value());
    REQUIRE(apiserver::open_pki(world, {"/data/pki", {"localhost"}}).has_value());
    auto store = world.run(store::open_store(world, {.path = "/data/slipway.db", .key_file = "/data/encryption.keys"}));
    REQUIRE_MESSAGE(store.has_value(), (store ? "" : store.error().str()));
    REQUIRE(world.run((*store)->close()).has_value());
    REQUIRE(world.files().write_atomically(victim, "as it was").has_value());
  }
  std::string backup(std::string path) {
    auto facts = world.run(make_backup(world, "/data", std::move(path), true));
    return facts ? "" : facts.error().str();
  }
  // The file in /tmp that a backup was written to before it got its name.
  std::string partial(const std::string& path) {
    std::vector<std::string> steps;
    world.trace_steps(&steps);
    CHECK(backup(path) == "");
    world.trace_steps(nullptr);
    for (const std::string& step : steps) {
      size_t at = step.find("/tmp/");
      if (at != step.npos && step.find(path + ".") != step.npos) return step.substr(at, step.find(' ', at) - at);
    }
    return "";
  }
};

}  // namespace

TEST_CASE("a backup is written under a name that cannot be known before") {
  Data data;
  std::string first = data.partial("/tmp/b"), second = data.partial("/tmp/b");
  CHECK_MESSAGE(first.starts_with("/tmp/b."), first);
  CHECK(first != second);
  CHECK(data.world.files().list("/tmp").value() == std::vector<std::string>{"b"});
}

TEST_CASE("a backup writes into no file that is there, should its name be known all the same") {
  std::string name = Data().partial("/tmp/b");  // the same seed draws the same name
  for (bool link : {false, true}) {
    CAPTURE(link);
    Data data;
    if (link)
      REQUIRE(data.world.files().symlink(victim, name).has_value());
    else
      REQUIRE(data.world.files().open(name, runtime::OpenMode::create_new).has_value());
    std::string said = data.backup("/tmp/b");
    CHECK_MESSAGE(said.find(name) != said.npos, said);
    CHECK(data.world.files().read(victim).value() == "as it was");
    CHECK_FALSE(data.world.files().exists("/tmp/b"));
  }
}

TEST_CASE("a backup within what it is to outlive is refused") {
  Data data;
  for (const char* path : {"/data", "/data/b", "/data/pki/ca.key"}) {
    std::string said = data.backup(path);
    CHECK_MESSAGE((said.find("inside the data directory") != said.npos || said.find("not a file") != said.npos), said);
  }
  CHECK(data.world.files().read("/data/pki/ca.key").value().find("PRIVATE KEY") != std::string::npos);
  CHECK(data.backup("/database") == "");  // only begins alike
}
