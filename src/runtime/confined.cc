#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/text.h"
#include "runtime/confinement.h"
#include "runtime/heap.h"
#include "runtime/isolated.h"

namespace slipway::runtime {

namespace {

// What a signal handler can be given. One process is confined once.
struct Inside {
  const std::function<void(Confined& self)>& work;  // until it is done
  std::string complaint;
  IsolationLimits limits;
  Confined self;
  bool entered = false;
};
Inside* inside = nullptr;

// In one piece, without allocating.
[[noreturn]] void end_with(std::string_view why) {
  std::array<char, 4096> words;
  size_t n = 0;
  for (std::string_view part : {std::string_view(inside->complaint), why, std::string_view("\n")})
    n += part.copy(words.data() + n, words.size() - n);
  for (size_t done = 0; done < n;) {
    ssize_t more = ::write(STDERR_FILENO, words.data() + done, n - done);
    if (more <= 0) break;
    done += static_cast<size_t>(more);
  }
  _exit(1);
}

void give_up(GaveUp why, int signal) {
  std::array<char, 600> place;
  std::array<char, 1200> reason;
  size_t placed = inside->self.where ? inside->self.where(place) : 0;
  size_t n = name_reason(why, signal, inside->limits, {place.data(), std::min(placed, place.size())}, reason);
  end_with({reason.data(), n});
}

void live() {
  inside->entered = shut_in(inside->limits, give_up);
  if (!inside->entered) return;
  try {
    inside->work(inside->self);
  } catch (const std::bad_alloc&) {
    give_up(GaveUp::memory, 0);
  }
  stop_the_clock();
  inside->self.where = nullptr;
}

}  // namespace

void Confined::give_up(std::string_view why) const {
  end_with(why);
}

void Confined::begin_printing() const {
  stop_the_clock();
}

bool can_be_confined() {
  struct stat tasks{};
  // a folder's links: itself, its name, and each folder in it
  return ends_soon() && ::stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3;
}

Result<> run_confined(const std::function<void(Confined& self)>& work, std::string complaint, IsolationLimits limits) {
  limits.prints = true;
  inside = new Inside{work, std::move(complaint), std::move(limits), {}};  // handlers stay
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
  if (!on_large_stack(inside->limits.stack_bytes, live)) return fail(ErrorKind::io, "no memory for a stack");
  if (!inside->entered)
    return fail(ErrorKind::unsupported, "this kernel refuses the system call filter (seccomp) that keeps it apart");
  return {};
}

}  // namespace slipway::runtime
