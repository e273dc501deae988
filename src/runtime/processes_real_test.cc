#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "runtime/loop.h"
#include "runtime/processes_real.h"
#include "runtime/testing/in_real_world.h"

using namespace slipway;
using namespace slipway::runtime;
using testing::in_real_world;

namespace {

template <class T>
Task<void> keep(Task<Result<T>> task, std::optional<Result<T>>* out) {
  out->emplace(co_await task);
}

Command sh(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}};
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

Task<void> end_of(Processes* processes, bool* done) {
  auto finished = co_await processes->run(sh("cat; exit 4"), "through a pipe");
  CHECK(finished->out == "through a pipe");
  CHECK(finished->status.code == 4);
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);
  std::optional<Result<Finished>> a, b;
  group.spawn(keep(processes->run(sh("sleep 0.02; echo a")), &a));
  group.spawn(keep(processes->run(sh("echo b; kill -9 $$")), &b));
  co_await group.join();
  CHECK(a->value().out == "a\n");
  CHECK(b->value().status.signal == SIGKILL);
  *done = true;
}

}  // namespace

TEST_CASE("run: input, both outputs, exit code, signal") {
  in_real_world([](World& world, std::string) -> Task<void> {
    std::string much(1 << 20, 'x');
    auto finished = co_await world.processes().run(sh("cat; echo oops >&2; exit 7"), much);
    REQUIRE(finished.has_value());
    CHECK(finished->out == much);
    CHECK(finished->err == "oops\n");
    CHECK(finished->status.code == 7);
    CHECK(!finished->status.ok());
    auto killed = co_await world.processes().run(sh("kill -TERM $$"));
    CHECK(killed->status.signal == SIGTERM);
    auto deaf = co_await world.processes().run({.argv = {"true"}}, much);  // reads none of it
    CHECK(deaf->status.ok());
    CHECK(!has_children());
  });
}

TEST_CASE("what cannot be started says why") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto& processes = world.processes();
    auto check = [&](Command command, ErrorKind kind, std::string expected) {
      auto started = processes.start(std::move(command));
      REQUIRE(!started.has_value());
      CHECK(started.error().is(kind));
      CHECK(started.error().str() == expected);
    };
    check({.argv = {"no-such-program"}}, ErrorKind::not_found, "start no-such-program: no such program in PATH");
    check({.argv = {"/no/such"}}, ErrorKind::not_found, "start /no/such: No such file or directory");
    check({.argv = {"true"}, .directory = "/no/such"}, ErrorKind::not_found,
          "start true: in directory /no/such: No such file or directory");
    check({.argv = {directory}}, ErrorKind::forbidden, fmt::format("start {}: Permission denied", directory));
    check({.argv = {}}, ErrorKind::invalid, "start: no program named");
    CHECK(!has_children());
    co_return;
  });
}

TEST_CASE("environment, directory, session, user and descriptors are as asked") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto& processes = world.processes();
    ::setenv("SLIPWAY_TEST_A", "ours", 1);
    Command command = sh("echo $SLIPWAY_TEST_A $B; pwd");
    command.env = {"B=given"};
    command.directory = directory;
    auto finished = co_await processes.run(command);
    CHECK(finished->out == fmt::format("ours given\n{}\n", directory));
    command = sh("echo ${SLIPWAY_TEST_A-unset} $B ${HOME:+home}");
    command.env = {"B=given"};
    command.clean_env = true;
    finished = co_await processes.run(command);
    CHECK(finished->out == "unset given home\n");
    ::unsetenv("SLIPWAY_TEST_A");

    // nothing but 0, 1, 2 and what ls itself opens; nothing ignored but what we ignored before SIGPIPE
    int leak = ::dup(0);  // not close-on-exec
    finished = co_await processes.run({.argv = {"ls", "/proc/self/fd"}});
    CHECK(finished->out == "0\n1\n2\n3\n");
    ::close(leak);
    finished = co_await processes.run(sh("grep -E 'SigBlk|SigIgn' /proc/self/status"));
    CHECK(finished->out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    finished = co_await processes.run(sh("test $(ps -o sid= -p $$) = $$ && echo leader"));
    CHECK(finished->out == "leader\n");
    if (::geteuid() == 0) {
      command = {.argv = {"id"}, .uid = 65534, .gid = 65534};
      finished = co_await processes.run(command);
      CHECK(finished->out == "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n");
    }
  });
}

TEST_CASE("a started process: streams, wait twice, signals, alive") {
  in_real_world([](World& world, std::string) -> Task<void> {
    auto& processes = world.processes();
    auto started = processes.start(sh("read line; echo got $line; exec sleep 100"));
    REQUIRE(started.has_value());
    Process& process = **started;
    auto written = co_await process.in().write("hello\n");
    CHECK(written.has_value());
    char buffer[100];
    auto n = co_await process.out().read(buffer);
    CHECK(std::string(buffer, *n) == "got hello\n");
    CHECK(processes.alive(process.pid()));
    auto early = co_await with_timeout(5ms, process.wait());
    CHECK(early.failed_with(ErrorKind::timeout));
    process.signal(SIGTERM);
    auto status = co_await process.wait();
    CHECK(status->signal == SIGTERM);
    status = co_await process.wait();
    CHECK(status->signal == SIGTERM);
    CHECK(!processes.alive(process.pid()));
    process.signal(SIGKILL);  // to nobody
    n = co_await process.out().read(buffer);
    CHECK(n.value() == 0);
    CHECK(processes.send_signal(process.pid(), 0).failed_with(ErrorKind::not_found));
    CHECK(processes.send_signal(-1, 0).failed_with(ErrorKind::invalid));
    CHECK(processes.alive(1));
  });
}

TEST_CASE("output_file gets both outputs, appended") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    for (int i = 0; i < 2; ++i) {
      Command command = sh("cat; echo out; echo err >&2");
      command.output_file = directory + "/log";
      command.new_session = true;
      auto started = world.processes().start(command);
      REQUIRE(started.has_value());
      char buffer[10];
      auto n = co_await (*started)->out().read(buffer);
      CHECK(n.value() == 0);
      auto status = co_await (*started)->wait();
      CHECK(status->ok());
    }
    CHECK(world.files().read(directory + "/log").value() == "out\nerr\nout\nerr\n");
  });
}

TEST_CASE("too much output, a cancel and a dropped process leave no process behind") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto& processes = world.processes();
    auto much = co_await processes.run(sh("yes"), {}, 100000);
    REQUIRE(much.failed_with(ErrorKind::too_large));
    CHECK(much.error().str() == "sh: wrote more than 100000 bytes");
    CHECK(!has_children());

    // what it started is killed with it
    std::string script = fmt::format("sleep 100 & echo $! > {0}/new; mv {0}/new {0}/pid; wait", directory);
    for (Duration patience : {Duration(200ms), Duration(2s), Duration(20s)}) {  // a busy machine starts it late
      auto canceled = co_await with_timeout(patience, processes.run(sh(script)));
      CHECK(canceled.failed_with(ErrorKind::timeout));
      CHECK(!has_children());
      if (world.files().exists(directory + "/pid")) break;
    }
    auto inner = base::parse_int(base::trim(world.files().read(directory + "/pid").value()));
    REQUIRE(inner.has_value());
    for (int i = 0; i < 100 && processes.alive(static_cast<int>(*inner)); ++i) {
      auto slept = co_await sleep(10ms);
      CHECK(slept.has_value());
    }
    CHECK(!processes.alive(static_cast<int>(*inner)));

    // one that nobody waits for is reaped all the same
    auto dropped = processes.start(sh("exit 3"));
    REQUIRE(dropped.has_value());
    dropped->reset();
    for (int i = 0; i < 100; ++i) {
      auto slept = co_await sleep(5ms);
      CHECK(slept.has_value());
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) break;
    }
    CHECK(!has_children());

    // a pipe that something else keeps open does not hold us up
    auto begin = world.steady_now();
    auto left = co_await processes.run(sh("echo said; sleep 5 &"));
    CHECK(left->out == "said\n");
    CHECK(world.steady_now() - begin < 4s);
  });
}

TEST_CASE("a limit ends it with all that it started; so does its own end, unless daemons may stay") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto& processes = world.processes();
    Command mute = sh("sleep 100 & sleep 100");
    mute.silence_max = 200ms;
    auto silent = co_await processes.run(mute);
    REQUIRE(silent.failed_with(ErrorKind::timeout));
    CHECK(silent.error().str() == "sh: gave no answer for 0.2 s");
    Command talking = sh("while echo on; do sleep 0.05; done");
    talking.silence_max = 20s;
    talking.time_max = 300ms;
    auto late = co_await processes.run(talking);
    REQUIRE(late.failed_with(ErrorKind::timeout));
    CHECK(late.error().str() == "sh: took longer than 0.3 s");
    CHECK(!has_children());

    for (bool stays : {false, true}) {
      Command command = sh(fmt::format("sleep 100 >{0}/null 2>&1 <{0}/null & echo $!", directory));
      command.daemons_stay = stays;
      REQUIRE(world.files().write_atomically(directory + "/null", "").has_value());
      auto done = co_await processes.run(command);
      REQUIRE(done.has_value());
      int pid = static_cast<int>(base::parse_int(base::trim(done->out)).value());
      for (int i = 0; i < 100 && !stays && processes.alive(pid); ++i) {
        auto slept = co_await sleep(10ms);
        CHECK(slept.has_value());
      }
      CHECK(processes.alive(pid) == stays);
      if (stays) CHECK(processes.send_signal(pid, SIGKILL).has_value());
    }
  });
}

TEST_CASE("children are noticed by SIGCHLD where there is no pidfd") {
  auto loop = Loop::create();
  auto processes = create_real_processes(*loop, ChildWatch::child_signal);
  TaskGroup group(*loop);
  bool done = false;
  group.spawn(end_of(processes.get(), &done));
  loop->run(done);
  CHECK(!has_children());
}
