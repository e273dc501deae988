// Runs a piece of pure work in a process of its own that can reach nothing: no files, no network, no other processes,
// bounded memory and time. What untrusted input can break there (a crash, endless memory, endless time) is one error
// here. The child is a fork: it sees everything that this process had in memory and costs about a millisecond; a system
// call filter that lets it compute, read and write one pipe and end is all that it keeps. Blocks: call it on the pool.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace slipway::runtime {

struct IsolationLimits {
  Duration time_max = 30s;                 // wall; CPU time is bounded by the same
  uint64_t memory_bytes_max = 1ull << 30;  // beyond what this process has already
  uint64_t output_bytes_max = 256 << 20;
  std::function<bool()> stop;  // asked now and then; true: the work is ended, and is canceled
};

// What the work may ask of the process around it, one question at a time; the answer is text.
using Ask = std::function<std::string(std::string_view question)>;

// The text that `work` gives. `answer` runs here. Errors: too_large (memory, output), timeout, canceled, internal (it
// crashed; which signal), io.
Result<std::string> run_isolated(const std::function<std::string(const Ask& ask)>& work, const Ask& answer,
                                 IsolationLimits limits = {});

}  // namespace slipway::runtime
