// Why a directory cannot be taken, in words that name the true cause.
#include "slipway/wiring/running.h"

#include <doctest/doctest.h>

#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::wiring;

TEST_CASE("a read-only file system is no matter of rights") {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/data").has_value());
  world.disk().faults.read_only = true;
  for (std::string data : {"/data", "/data/below"}) {
    auto taken = take_data_directory(world, data);
    REQUIRE_FALSE(taken.has_value());
    std::string said = taken.error().str();
    CHECK_MESSAGE(said.contains("mounted read-only"), said);
    CHECK_MESSAGE(said.contains("remount,rw"), said);
    CHECK_MESSAGE(said.ends_with("Read-only file system"), said);
    CHECK_MESSAGE(!said.contains("root?"), said);
  }
  world.disk().faults.read_only = false;
  CHECK(take_data_directory(world, "/data").has_value());
}
