// A process that is shut in stays so: each case is a child of the test.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>

#include "runtime/isolated.h"

using namespace slipway;
using runtime::Confined;
using runtime::IsolationLimits;

namespace {

struct Ended {
  std::string out, complaint;
  int code = -1;  // 128 and the signal, as a shell says it
};

std::string all_of(int fd) {
  std::string text;
  char some[4096];
  for (ssize_t n; (n = ::read(fd, some, sizeof some)) > 0;) text.append(some, static_cast<size_t>(n));
  ::close(fd);
  return text;
}

Ended end_of(const std::function<void(Confined& self)>& work, IsolationLimits limits = {}) {
  int out[2], complaint[2];
  REQUIRE(::pipe(out) == 0);
  REQUIRE(::pipe(complaint) == 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(complaint[1], STDERR_FILENO);
    auto done = runtime::run_confined(work, "chart web: ", std::move(limits));
    std::string_view end = done ? "the end" : "refused";
    _exit(::write(STDOUT_FILENO, end.data(), end.size()) > 0 ? 0 : 3);
  }
  ::close(out[1]);
  ::close(complaint[1]);
  Ended ended;
  ended.out = all_of(out[0]);
  ended.complaint = all_of(complaint[0]);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  ended.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ended;
}

// Of a known depth, so that no compiler makes a loop of it.
uint64_t fall(uint64_t depth) {
  volatile char some[4096];
  some[depth % sizeof some] = 1;
  return depth == 0 ? some[0] : fall(depth - 1) + static_cast<uint64_t>(some[depth % sizeof some]);
}

}  // namespace

TEST_CASE("confined work prints, reaches nothing, and this process goes on behind it") {
  auto ended = end_of([open = ::dup(STDERR_FILENO)](Confined&) {
    std::string out;
    out += ::open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM ? "no files" : "files";
    out += ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? ", no network" : ", network";
    out += ::fork() < 0 && errno == EPERM ? ", no processes" : ", processes";
    out += ::write(open, "x", 1) < 0 && errno == EBADF ? ", nothing that was open; " : ", what was open; ";
    CHECK(::write(STDOUT_FILENO, out.data(), out.size()) > 0);
  });
  CHECK(ended.out == "no files, no network, no processes, nothing that was open; the end");
  CHECK(ended.complaint.empty());
  CHECK(ended.code == 0);
}

TEST_CASE("every system call that is not allowed fails, and nothing happens") {
  auto ended = end_of([](Confined&) {
    constexpr long allowed[] = {
        SYS_read,           SYS_write,        SYS_mmap,        SYS_munmap,        SYS_mremap,       SYS_mprotect,
        SYS_madvise,        SYS_brk,          SYS_futex,       SYS_exit,          SYS_exit_group,   SYS_rt_sigaction,
        SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom,
        SYS_sched_yield,    SYS_gettid,       SYS_getpid,      SYS_tgkill,        SYS_nanosleep,    SYS_clock_nanosleep,
        SYS_writev,
#if defined(SYS_poll)
        SYS_poll,
#endif
        SYS_ppoll};
    int refused = 0, done = 0;
    constexpr long of_x32 = 0x40000000;
    for (long base : {0L, of_x32})
      for (long call = 0; call < 600; ++call) {
        if (base == 0 && std::ranges::find(allowed, call) != std::end(allowed)) continue;
        if (call == 335 || call == 336)
          continue;  // of the kernel's own probes, which pass any filter and end the process
        (::syscall(base + call, -1, -1, -1, -1, -1, -1) == -1 && errno == EPERM ? refused : done) += 1;
      }
    std::string out = std::to_string(done) + " done, " + (refused > 1100 ? "all others refused; " : "few refused; ");
    CHECK(::write(STDOUT_FILENO, out.data(), out.size()) > 0);
  });
  CHECK(ended.code == 0);
  CHECK(ended.complaint == "");
  CHECK(ended.out == "0 done, all others refused; the end");
}

TEST_CASE("what breaks in confined work ends the process with its last words") {
  auto crash = end_of([](Confined& self) {
    self.where = [](std::span<char> into) { return std::string_view("a.yaml:3").copy(into.data(), into.size()); };
    std::raise(SIGSEGV);
  });
  CHECK(crash.complaint == "chart web: it crashed (Segmentation fault), at a.yaml:3; nothing else was harmed\n");
  CHECK(crash.code == 1);
  auto forever = end_of(
      [](Confined&) {
        for (volatile uint64_t i = 0;; i = i + 1) {
        }
      },
      {.time_max = std::chrono::milliseconds(200)});
  CHECK(forever.complaint == "chart web: it did not end within 0.2 s, and was stopped\n");
  CHECK(forever.code == 1);
  auto wanting = end_of([](Confined& self) { self.give_up("it wants a file"); });
  CHECK(wanting.complaint == "chart web: it wants a file\n");
  CHECK(wanting.code == 1);
  auto killed = end_of([](Confined&) { std::raise(SIGTERM); });
  CHECK(killed.complaint.empty());
  CHECK(killed.code == 128 + SIGTERM);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  auto memory = end_of(
      [](Confined&) {
        std::string all;
        for (;;) all.append(1 << 20, 'x');
      },
      {.memory_bytes_max = 64 << 20});
  CHECK(memory.complaint == "chart web: it needs more than 64 MB of memory, and was stopped\n");
  CHECK(memory.code == 1);
  auto deep = end_of([](Confined&) { (void)fall(1 << 20); }, {.stack_bytes = 16 << 20});
  CHECK(deep.complaint == "chart web: it crashed (Segmentation fault); nothing else was harmed\n");
#endif
}

TEST_CASE("confined work that prints may wait for its reader as long as it takes") {
  auto ended = end_of(
      [](Confined& self) {
        self.begin_printing();
        timespec while_somebody_reads{0, 300'000'000};
        ::nanosleep(&while_somebody_reads, nullptr);
      },
      {.time_max = std::chrono::milliseconds(100)});
  CHECK(ended.out == "the end");
  CHECK(ended.complaint.empty());
}
