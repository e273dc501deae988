#include "runtime/confinement.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>

namespace slipway::runtime {

namespace {

constexpr size_t kGuardBytes = 64 << 10;  // a whole number of pages anywhere

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

GiveUp last_act = nullptr;

void out_of_time(int) {
  last_act(GaveUp::time, 0);
}
void crashed(int signal) {
  // Once more, and it is over.
  for (int each : kCrashes) std::signal(each, SIG_DFL);
  last_act(GaveUp::crash, signal);
}

void listen_to(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;  // what crashes may have used up its own
  sigaction(signal, &action, nullptr);
}

// After so long the process says where it stands, and ends.
void end_after(Duration time) {
  auto us = std::max<int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count(), 1);
  itimerval timer{};
  timer.it_value = {us / 1'000'000, us % 1'000'000};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

uint64_t address_space() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// `last`: how much more it is before the kernel kills without a word.
// Not beyond what others left of it.
void bound(int resource, uint64_t value, uint64_t last = 0) {
  auto which = static_cast<__rlimit_resource>(resource);
  rlimit limit{};
  if (getrlimit(which, &limit) != 0) return;
  limit.rlim_max = std::min<uint64_t>(limit.rlim_max, value + last);
  limit.rlim_cur = std::min<uint64_t>(limit.rlim_cur, limit.rlim_max > last ? limit.rlim_max - last : 0);
  setrlimit(which, &limit);
}

// Everything else fails with EPERM: a library that looks for a file goes on without it, and reaches nothing.
bool close_the_door() {
  static constexpr int allowed[] = {
      SYS_read,           SYS_write,        SYS_mmap,        SYS_munmap,        SYS_mremap,       SYS_mprotect,
      SYS_madvise,        SYS_brk,          SYS_futex,       SYS_exit,          SYS_exit_group,   SYS_rt_sigaction,
      SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom,
      SYS_sched_yield,    SYS_gettid,       SYS_getpid,      SYS_tgkill,        SYS_nanosleep,    SYS_clock_nanosleep,
      SYS_writev,
#if defined(SYS_poll)
      SYS_poll,
#endif
      SYS_ppoll};
  // A bit for each, 32 to a word: the kernel runs the filter for each call that there is when it takes it, and a test
  // for each that is allowed would be most of a small chart's confinement.
  constexpr uint32_t bits = 32, words = *std::ranges::max_element(allowed) / bits + 1;
  std::array<uint32_t, words> allowed_of{};
  for (int call : allowed) allowed_of[static_cast<uint32_t>(call) / bits] |= 1u << static_cast<uint32_t>(call) % bits;
  sock_filter program[6 * words + 16];
  size_t n = 0;
#if defined(__x86_64__)
  constexpr uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  constexpr uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "run_isolated: the system call filter knows x86-64 and arm64"
#endif
  program[n++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  program[n++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
  program[n++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  sock_filter number = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  program[n++] = number;
  program[n++] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits - 1);
  program[n++] = BPF_STMT(BPF_MISC | BPF_TAX, 0);  // the bit
  program[n++] = number;
  program[n++] = BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, bits);  // the word
  for (uint32_t word = 0; word < words; ++word) {
    if (allowed_of[word] == 0) continue;
    program[n++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 0, 5);
    program[n++] = BPF_STMT(BPF_LD | BPF_IMM, allowed_of[word]);
    program[n++] = BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0);
    program[n++] = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1);
    program[n++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[n++] = refuse;
  }
  program[n++] = refuse;
  sock_fprog filter{static_cast<unsigned short>(n), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

bool is_crash(int signal) {
  return std::ranges::find(kCrashes, signal) != std::end(kCrashes);
}

size_t name_reason(GaveUp why, int signal, const IsolationLimits& limits, std::string_view place,
                   std::span<char> into) {
  auto say = [&](auto format, const auto&... words) {
    return std::min(
        fmt::format_to_n(into.data(), into.size(), format, words..., place.empty() ? "" : ", at ", place).size,
        into.size());
  };
  switch (why) {
    case GaveUp::memory:
      return say(FMT_STRING("it needs more than {} MB of memory, and was stopped{}{}"), limits.memory_bytes_max >> 20);
    case GaveUp::output:
      return say(FMT_STRING("its output is over the limit of {} bytes{}{}"), limits.output_bytes_max);
    case GaveUp::time:
      return say(FMT_STRING("it did not end within {} s, and was stopped{}{}"),
                 std::chrono::duration<double>(limits.time_max).count());
    default:
      const char* name = sigdescr_np(signal);
      return say(FMT_STRING("it crashed ({}){}{}; nothing else was harmed"), name == nullptr ? "unknown signal" : name);
  }
}

bool on_large_stack(size_t bytes, void (*work)()) {
  void* stack =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  static ucontext_t there, here;
  // whoever runs off its end meets a page that is nobody's
  if (stack == MAP_FAILED || ::mprotect(stack, kGuardBytes, PROT_NONE) != 0 || ::getcontext(&there) != 0) return false;
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = bytes;
  there.uc_link = &here;
  ::makecontext(&there, work, 0);
  return ::swapcontext(&here, &there) == 0;
}

bool shut_in(const IsolationLimits& limits, GiveUp give_up) {
  last_act = give_up;
  // What we were told to ignore (nohup) stays so.
  for (int signal : {SIGTERM, SIGINT, SIGHUP})
    if (std::signal(signal, SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
  static char handlers_stack[64 << 10];
  stack_t stack{};
  stack.ss_sp = handlers_stack;
  stack.ss_size = sizeof handlers_stack;
  sigaltstack(&stack, nullptr);
  for (int signal : kCrashes) listen_to(signal, crashed);
  for (int signal : {SIGALRM, SIGXCPU}) listen_to(signal, out_of_time);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  using std::chrono::seconds;
  auto cpu = static_cast<uint64_t>(used.tv_sec + std::chrono::duration_cast<seconds>(limits.time_max).count()) + 1;
  bound(RLIMIT_CPU, cpu, 1);  // SIGXCPU comes first, so that a SIGKILL is somebody else's
  bound(RLIMIT_CORE, 0);
  if (!limits.prints) bound(RLIMIT_FSIZE, 0);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  bound(RLIMIT_AS, address_space() + limits.memory_bytes_max);
#endif
  end_after(limits.time_max);
  std::set_new_handler([] { last_act(GaveUp::memory, 0); });
  return close_the_door();
}

void stop_the_clock() {
  std::signal(SIGALRM, SIG_IGN);
}

}  // namespace slipway::runtime
