#include "sim/processes.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "sim/testing/seeds.h"

using namespace slipway;
using namespace slipway::runtime;
using namespace slipway::sim;

namespace {

Finished shout(const Command& command, const std::string& input) {
  return {{static_cast<int>(command.argv.size()), 0}, input + "!", "warned"};
}

Task<ExitStatus> serve(PlayedProcess& process) {
  auto said = co_await process.out().write("ready\n");
  auto slept = co_await sleep(24h);
  co_return ExitStatus{said && slept ? 0 : 1, 0};
}

Task<ExitStatus> babble(PlayedProcess& process) {
  std::string much(100000, 'x');
  while (true) {
    auto written = co_await process.out().write(much);
    if (!written) co_return ExitStatus{1, 0};
  }
}

Task<void> wait_until_over(World* world, Result<Finished>* out) {
  *out = co_await world->processes().run({.argv = {"serve"}});
}

}  // namespace

TEST_CASE("run plays a program and gives its answer, after its time") {
  SimWorld world(1);
  world.programs().on_command("shout", shout, 100ms);
  auto finished = world.run(world.processes().run({.argv = {"/usr/bin/shout", "-x"}}, "hey"));
  CHECK(finished->out == "hey!");
  CHECK(finished->err == "warned");
  CHECK(finished->status.code == 2);
  CHECK(world.elapsed() == SteadyTime(100ms));
  CHECK(world.programs().started().size() == 1);
  auto missing = world.run(world.processes().run({.argv = {"nothing"}}));
  CHECK(missing.error().str() == "start nothing: no such program in PATH");
}

TEST_CASE("too much output and a cancel kill it") {
  SimWorld world(1);
  world.programs().on_start("babble", babble);
  world.programs().on_start("serve", serve);
  auto much = world.run(world.processes().run({.argv = {"babble"}}, {}, 1000000));
  CHECK(much.failed_with(ErrorKind::too_large));
  auto late = world.run(with_timeout(1s, world.processes().run({.argv = {"serve"}})));
  CHECK(late.failed_with(ErrorKind::timeout));
  CHECK(world.programs().running() == 0);
}

TEST_CASE("a started program: streams, signals, output_file, life after a crash") {
  SimWorld world(1);
  world.programs().on_start("serve", serve);
  auto process = world.processes().start({.argv = {"serve"}}).value().release();
  char buffer[10];
  auto n = world.run(process->out().read(buffer));
  CHECK(std::string(buffer, *n) == "ready\n");
  CHECK(world.processes().alive(process->pid()));
  process->signal(SIGTERM);
  CHECK(world.run(process->wait())->signal == SIGTERM);
  CHECK(!world.processes().alive(process->pid()));
  delete process;

  CHECK(world.files().make_directories("/var").has_value());
  auto daemon = world.processes().start({.argv = {"serve"}, .new_session = true, .output_file = "/var/log"});
  auto child = world.processes().start({.argv = {"serve"}});
  world.run_for(1s);
  CHECK(world.files().read("/var/log").value() == "ready\n");
  world.crash(Loss::process);
  world.restart();
  CHECK(world.processes().alive((*daemon)->pid()));
  CHECK(!world.processes().alive((*child)->pid()));
  world.crash(Loss::power);
  world.restart();
  CHECK(!world.processes().alive((*daemon)->pid()));
}

TEST_CASE("a program dies by chance") {
  SimWorld world(1);
  world.programs().on_start("serve", serve);
  world.programs().die = 1;
  Result<Finished> finished = Finished{};
  CHECK(world.run(wait_until_over(&world, &finished)));
  CHECK(finished->status.signal == SIGKILL);
  CHECK(world.injected("killed program") == 1);
}
