// Why a directory cannot be taken, in words that name the true cause.
#include "slipway/wiring/running.h"

#include <doctest/doctest.h>

#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::wiring;

TEST_CASE("what was killed before it could tell of itself left its containers nonetheless") {
  sim::SimWorld world(1);
  for (const char* directory : {"/data/containerd", "/other"})
    REQUIRE(world.files().make_directories(directory).has_value());
  CHECK_FALSE(what_ran(world, "/data"));
  REQUIRE(claim_machine(world, "/data").has_value());
  auto ran = what_ran(world, "/data");
  REQUIRE(ran);
  CHECK(ran->containerd_socket == "/data/containerd/grpc.sock");
  CHECK(ran->own_containerd);
  CHECK_FALSE(what_ran(world, "/other"));
  // The machine is another's only while nothing of the first can run.
  REQUIRE(world.files().write_atomically("/data/containerd/containerd.pid", "1 2 3\n").has_value());
  CHECK(claim_machine(world, "/other").failed_with(ErrorKind::conflict));
  free_machine(world, "/data");
  CHECK(what_ran(world, "/data"));
  // Nor does one without containers that ran since hide them; what runs elsewhere is named by what was written.
  REQUIRE(write_running(world, "/data", {.pid = 7}).has_value());
  ran = what_ran(world, "/data");
  REQUIRE(ran);
  CHECK(ran->pid == 7);
  CHECK(ran->containerd_socket == "/data/containerd/grpc.sock");
  REQUIRE(write_running(world, "/data", {.containerd_socket = "/run/a.sock", .own_containerd = false}).has_value());
  CHECK(what_ran(world, "/data")->containerd_socket == "/run/a.sock");
  // Ended: simulated pods alone.
  REQUIRE(world.files().remove("/data/containerd/containerd.pid").has_value());
  REQUIRE(write_running(world, "/data", {.pid = 7}).has_value());
  CHECK(what_ran(world, "/data")->containerd_socket == "");
}

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
