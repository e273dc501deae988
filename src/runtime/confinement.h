// How a process shuts itself in. For isolated.cc (a child does it) and confined.cc (a command's own process does)
// alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/isolated.h"

namespace slipway::runtime {

// Why work is over before its end.
enum class GaveUp : char { memory = 'M', output = 'O', time = 'T', crash = 'C' };

// Ends the process with its last words. Nothing that allocates: it is called from signal handlers, and where no memory
// is left. `signal`: of a crash.
using GiveUp = void (*)(GaveUp why, int signal);

// Signals that mean a crash.
bool is_crash(int signal);

// What `why` is called: "it needs more than 64 MB of memory, and was stopped, at a.yaml:3"; as much of it as there is
// room for. Gives its size.
size_t name_reason(GaveUp why, int signal, const IsolationLimits& limits, std::string_view place, std::span<char> into);

// A thread's stack is small, and recursive work (templates that include one another) is what this is for: `work` lives
// on a stack of its own, whose pages come as they are used, and must not throw. False: there is no memory for one.
bool on_large_stack(size_t bytes, void (*work)());

// From here on this process has what `limits` gives, beyond what it has, and can compute, write to what is open, and
// end. What breaks that gives up; being ended by others goes as ever. False: the kernel has no system call filter.
bool shut_in(const IsolationLimits& limits, GiveUp give_up);

// All is computed: what comes takes as long as others do.
void stop_the_clock();

}  // namespace slipway::runtime
