#include "runtime/isolated.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

using namespace slipway;
using runtime::Ask;
using runtime::IsolatedOutput;
using runtime::IsolationLimits;
using runtime::run_isolated;

TEST_CASE("isolated work computes, asks and answers") {
  std::string captured = "from before";
  auto done = run_isolated([&](const Ask& ask, IsolatedOutput& out) { out.append(captured + ", " + ask("zone?")); },
                           [](std::string_view question) { return std::string(question) + " answered"; });
  REQUIRE_MESSAGE(done, done.error().str());
  CHECK(done->view() == "from before, zone? answered");
  std::string big(3 << 20, 'x');
  auto long_one = run_isolated([&](const Ask&, IsolatedOutput& out) { out.append(big); }, {});
  REQUIRE(long_one);
  CHECK(long_one->view() == big);
}

TEST_CASE("isolated work reaches nothing") {
  auto done = run_isolated(
      [](const Ask&, IsolatedOutput& result) {
        std::string out;
        out += ::open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM ? "no files" : "files";
        out += ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? ", no network" : ", network";
        out += ::fork() < 0 && errno == EPERM ? ", no processes" : ", processes";
        out += ::write(2, "x", 1) < 0 ? ", no stderr" : ", stderr";
        result.append(out);
      },
      {});
  REQUIRE_MESSAGE(done, done.error().str());
  CHECK(done->view() == "no files, no network, no processes, no stderr");
}

TEST_CASE("isolated work may print, and a slow reader takes none of its time") {
  int ends[2], before = ::dup(STDOUT_FILENO);
  REQUIRE(::pipe(ends) == 0);
  std::thread reader([from = ends[0]] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    char some[4096];
    while (::read(from, some, sizeof some) > 0) {
    }
  });
  std::fflush(stdout);
  ::dup2(ends[1], STDOUT_FILENO);
  auto print = [](const Ask&, IsolatedOutput& out) {
    out.begin_printing();
    std::string much(1 << 20, 'x');
    out.append(std::to_string(::write(STDOUT_FILENO, much.data(), much.size())));
  };
  auto done = run_isolated(print, {}, {.time_max = std::chrono::milliseconds(100), .prints = true});
  auto unasked = run_isolated(print, {}, {.time_max = std::chrono::milliseconds(100)});
  ::dup2(before, STDOUT_FILENO);
  for (int fd : {before, ends[1]}) ::close(fd);
  reader.join();
  ::close(ends[0]);
  REQUIRE_MESSAGE(done, done.error().str());
  CHECK(done->view() == std::to_string(1 << 20));
  REQUIRE(unasked);
  CHECK(unasked->view() == "-1");  // its stdout is closed
}

TEST_CASE("what breaks there is one error here") {
  auto crash = run_isolated([](const Ask&, IsolatedOutput&) { std::raise(SIGSEGV); }, {});
  REQUIRE(!crash);
  CHECK(crash.error().message().starts_with("it crashed"));
  auto forever = run_isolated(
      [](const Ask&, IsolatedOutput&) {
        for (volatile uint64_t i = 0;; i = i + 1) {
        }
      },
      {}, {.time_max = std::chrono::milliseconds(200)});
  CHECK(forever.failed_with(ErrorKind::timeout));
  for (auto [signal, says] : {std::pair{SIGKILL, "it was killed from outside, not by us: this machine"},
                              {SIGTERM, "it was ended from outside (Terminated)"}}) {
    auto ended = run_isolated([signal](const Ask&, IsolatedOutput&) { std::raise(signal); }, {});
    REQUIRE(!ended);
    CHECK(ended.error().message().starts_with(says));
  }
  auto output = run_isolated([](const Ask&, IsolatedOutput& out) { out.append(std::string(2000, 'x')); }, {},
                             {.output_bytes_max = 1000});
  CHECK(output.failed_with(ErrorKind::too_large));
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  auto memory = run_isolated(
      [](const Ask&, IsolatedOutput&) {
        std::string all;
        for (;;) all.append(1 << 20, 'x');
      },
      {}, {.memory_bytes_max = 64 << 20});
  CHECK_MESSAGE(memory.failed_with(ErrorKind::too_large), memory.error().str());
#endif
}
