#include "runtime/isolated.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "runtime/confinement.h"
#include "runtime/heap.h"

namespace slipway::runtime {

namespace {

// Between the two: a letter, a length, that many bytes. Q: a question; A: its answer; where the work stands when it is
// out of memory (M), of room for output (O), of time (T), or crashes (C, the signal's number before it). A letter and a
// number: R: the result, so long; P: it prints now, which takes as long as its reader does.
constexpr size_t kHeadBytes = 9;
constexpr size_t kPlaceMax = 600;
constexpr std::chrono::milliseconds kLastWords(500);  // for a child to say where it stands, after its time
constexpr int kSpoke = 99;                            // exit code

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool send_head(int fd, char kind, uint64_t number) {
  char head[kHeadBytes];
  head[0] = kind;
  std::memcpy(head + 1, &number, sizeof number);
  return write_all(fd, {head, sizeof head});
}

bool send(int fd, char kind, std::string_view text) {
  return send_head(fd, kind, text.size()) && write_all(fd, text);
}

bool read_exactly(int fd, char* into, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = ::read(fd, into, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    into += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

// ---- in the child ----

int child_fd = -1;
const IsolatedOutput* child_output = nullptr;

void give_up(GaveUp why, int signal) {
  char words[kHeadBytes + kPlaceMax];
  size_t n = kHeadBytes;
  if (why == GaveUp::crash) words[n++] = static_cast<char>(signal);
  if (child_output != nullptr && child_output->where) n += child_output->where({words + n, sizeof words - n});
  uint64_t size = n - kHeadBytes;
  words[0] = static_cast<char>(why);
  std::memcpy(words + 1, &size, sizeof size);
  (void)write_all(child_fd, {words, n});
  _exit(kSpoke);
}

[[noreturn]] void live(int fd, char* memory, const std::function<void(const Ask& ask, IsolatedOutput& out)>& work,
                       const IsolationLimits& limits) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  child_fd = fd;
  std::signal(SIGPIPE, SIG_DFL);
  // Nothing of ours stays open but the pipe.
  if (fd > 3) syscall(SYS_close_range, 3, fd - 1, 0);
  syscall(SYS_close_range, fd + 1, ~0u, 0);
  for (int i = 0; i < 3; ++i)
    if (i != fd && !(limits.prints && i == STDOUT_FILENO)) ::close(i);
  auto prints = [fd] {
    stop_the_clock();
    std::signal(SIGPIPE, SIG_IGN);
    if (!send_head(fd, 'P', 0)) _exit(97);
  };
  IsolatedOutput out(memory, limits.output_bytes_max, [] { give_up(GaveUp::output, 0); }, prints);
  child_output = &out;
  if (!shut_in(limits, give_up)) _exit(98);
  Ask ask = [fd](std::string_view question) {
    std::string answer;
    if (!send(fd, 'Q', question)) _exit(97);
    char head[kHeadBytes];
    if (!read_exactly(fd, head, sizeof head)) _exit(97);
    uint64_t size = 0;
    std::memcpy(&size, head + 1, sizeof size);
    answer.resize(size);
    if (!read_exactly(fd, answer.data(), size)) _exit(97);
    return answer;
  };
  try {
    work(ask, out);
  } catch (const std::bad_alloc&) {
    give_up(GaveUp::memory, 0);
  }
  send_head(fd, 'R', out.view().size());
  _exit(0);
}

// What live() gets, for a function that can be given no pointers.
struct Birth {
  int fd;
  char* memory;
  const std::function<void(const Ask& ask, IsolatedOutput& out)>* work;
  const IsolationLimits* limits;
};
Birth birth;

// ---- in the parent ----

struct Fd {
  int value = -1;
  ~Fd() {
    if (value >= 0) ::close(value);
  }
};

// Kills and reaps the child whatever happens.
struct Child {
  pid_t pid;
  int status = 0;
  bool reaped = false;
  int end(bool kill) {
    if (reaped) return status;
    if (kill) ::kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    reaped = true;
    return status;
  }
  // Ended, and not waited for: taking its memory apart takes the kernel as long as a small chart takes to render.
  void leave() {
    ::kill(pid, SIGKILL);
    reaped = true;
  }
  ~Child() { end(true); }
};

// Memory that this process and the child share; not a page of it is there before somebody writes.
struct Shared {
  Shared(const Shared&) = delete;
  explicit Shared(size_t size)
      : size(size),
        at(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~Shared() {
    if (at != MAP_FAILED) ::munmap(at, size);
  }
  size_t size;
  void* at;
};

using Clock = std::chrono::steady_clock;

constexpr long long kStopAskedMs = 100;
constexpr uint64_t kCopiedMax = 256 << 10;  // of a result, by a process that ends soon

// Reads exactly so much before the deadline. Errors: timeout; canceled; unavailable (the child is gone).
Result<> read_until(int fd, char* into, size_t bytes, Clock::time_point deadline, const std::function<bool()>& stop) {
  while (bytes > 0) {
    if (stop && stop()) return fail(ErrorKind::canceled, "stopped");
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return fail(ErrorKind::timeout, "time is over");
    pollfd wait{fd, POLLIN, 0};
    int ready = ::poll(&wait, 1, static_cast<int>(std::min<long long>(left, kStopAskedMs)));
    if (ready < 0 && errno != EINTR) return fail(ErrorKind::io, "poll: {}", std::strerror(errno));
    if (ready <= 0) continue;
    ssize_t n = ::read(fd, into, bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return fail(ErrorKind::unavailable, "gone");
    into += n;
    bytes -= static_cast<size_t>(n);
  }
  return {};
}

// By a signal that is no fault of its own.
Error ended_by(int signal) {
  if (signal == SIGKILL)
    return fail(ErrorKind::unavailable,
                "it was killed from outside, not by us: this machine or container may be out of memory");
  return fail(ErrorKind::unavailable, "it was ended from outside ({})", strsignal(signal));
}

ErrorKind kind_of(GaveUp why) {
  if (why == GaveUp::time) return ErrorKind::timeout;
  return why == GaveUp::crash ? ErrorKind::internal : ErrorKind::too_large;
}

// What the child said last, or why it was ended. `place`: what it sent.
Error given_up(GaveUp why, std::string_view place, const IsolationLimits& limits) {
  int signal = 0;
  if (why == GaveUp::crash && !place.empty()) {
    signal = static_cast<unsigned char>(place.front());
    place.remove_prefix(1);
  }
  char words[2 * kPlaceMax];
  return {kind_of(why), std::string(words, name_reason(why, signal, limits, place, words))};
}

Error what_happened(Child& child, const Error& error, const IsolationLimits& limits) {
  if (error.is(ErrorKind::timeout)) {
    child.end(true);
    return given_up(GaveUp::time, {}, limits);
  }
  if (error.is(ErrorKind::canceled)) {
    child.end(true);
    return error;
  }
  int status = child.end(false);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 98)
    return fail(ErrorKind::unsupported, "this kernel refuses the system call filter (seccomp) that keeps it apart");
  // It ended itself while it asked something, and its last words lie between others.
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSpoke) return given_up(GaveUp::time, {}, limits);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) return given_up(GaveUp::time, {}, limits);
  if (WIFSIGNALED(status) && !is_crash(WTERMSIG(status))) return ended_by(WTERMSIG(status));
  if (WIFSIGNALED(status)) {
    char signal = static_cast<char>(WTERMSIG(status));
    return given_up(GaveUp::crash, {&signal, 1}, limits);
  }
  return fail(ErrorKind::internal, "it ended without an answer (exit code {})", WEXITSTATUS(status));
}

}  // namespace

// Pages that come in one go cost a fourth of those that come one by one when they are touched.
void IsolatedOutput::make_ready(uint64_t bytes) {
  uint64_t step = size_ == 0 ? 4096 : std::max<uint64_t>(size_ / 4, 64 << 10);  // often there is little at all
  uint64_t more = std::min(std::max(bytes, step) + 4095, bytes_max_ - ready_) & ~uint64_t{4095};
  take_pages(memory_ + ready_, more);
  ready_ += more;
}

std::string_view IsolatedOutput::append(std::string_view bytes) {
  if (bytes.size() > bytes_max_ - size_) full_();
  if (size_ + bytes.size() > ready_) make_ready(bytes.size());
  std::string_view there(static_cast<char*>(std::memcpy(memory_ + size_, bytes.data(), bytes.size())), bytes.size());
  size_ += bytes.size();
  return there;
}

uint64_t sane_memory_max() {
  auto half = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 2;
  return std::min<uint64_t>(half, 2ull << 30);
}

Result<base::SharedText> run_isolated(const std::function<void(const Ask& ask, IsolatedOutput& out)>& work,
                                      const Ask& answer, IsolationLimits limits) {
  auto shared = std::make_shared<Shared>(limits.output_bytes_max);
  if (shared->at == MAP_FAILED) return fail(ErrorKind::io, "mmap: {}", std::strerror(errno));
  auto* memory = static_cast<char*>(shared->at);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorKind::io, "socketpair: {}", std::strerror(errno));
  Fd ours{ends[0]}, theirs{ends[1]};
  pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::io, "fork: {}", std::strerror(errno));
  if (pid == 0) {
    birth = {theirs.value, memory, &work, &limits};
    on_large_stack(limits.stack_bytes, [] { live(birth.fd, birth.memory, *birth.work, *birth.limits); });
    _exit(96);
  }
  Child child{pid};
  ::close(theirs.value);
  theirs.value = -1;
  auto deadline = Clock::now() + limits.time_max + kLastWords;
  for (;;) {
    char head[kHeadBytes];
    if (auto got = read_until(ours.value, head, sizeof head, deadline, limits.stop); !got)
      return what_happened(child, got.error(), limits);
    uint64_t size = 0;
    std::memcpy(&size, head + 1, sizeof size);
    bool ends = std::strchr("MOTC", head[0]) != nullptr && head[0] != '\0';
    if (size > (ends ? kPlaceMax : limits.output_bytes_max)) return given_up(GaveUp::output, {}, limits);
    if (head[0] == 'P' && size == 0 && limits.prints) {
      deadline = Clock::time_point::max();
      continue;
    }
    if (head[0] == 'R') {
      if (ends_soon() && size <= kCopiedMax) {  // whoever outlives this process reaps what it leaves
        std::string text(memory, size);
        child.leave();
        return base::SharedText(std::move(text));
      }
      child.end(true);  // then nobody writes to the memory any more
      return base::SharedText({memory, size}, std::move(shared));
    }
    std::string text(size, '\0');
    if (auto got = read_until(ours.value, text.data(), size, deadline, limits.stop); !got)
      return what_happened(child, got.error(), limits);
    if (ends) return given_up(GaveUp{head[0]}, text, limits);
    if (!send(ours.value, 'A', answer ? answer(text) : std::string())) {
      return what_happened(child, fail(ErrorKind::unavailable, "gone"), limits);
    }
  }
}

}  // namespace slipway::runtime
