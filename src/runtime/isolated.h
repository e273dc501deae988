// Runs a piece of pure work in a process that can reach nothing: no files (but stdout, if it may print), no network, no
// other processes, bounded memory and time. What untrusted input can break there (a crash, endless memory, endless
// time) is one error. The process is a fork: it sees everything that this one had in memory and costs about a
// millisecond; a system call filter that lets it compute, read and write one pipe and end is all that it keeps. Blocks:
// call it on the pool. A command that ends with its work can go without the fork, and shut itself in.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/shared_text.h"
#include "base/time.h"

namespace slipway::runtime {

// Half of this machine's memory, 2 GiB at most: what work may take that nobody said more about.
uint64_t sane_memory_max();

struct IsolationLimits {
  Duration time_max = 30s;                 // wall; CPU time is bounded by the same
  uint64_t memory_bytes_max = 1ull << 30;  // beyond what this process has already
  uint64_t output_bytes_max = 256 << 20;
  size_t stack_bytes = 64 << 20;  // taken as it is used
  std::function<bool()> stop;     // asked now and then; true: the work is ended, and is canceled
  bool prints = false;            // stdout stays open, for what IsolatedOutput::begin_printing() announces
};

// What the work may ask of the process around it, one question at a time; the answer is text.
using Ask = std::function<std::string(std::string_view question)>;

// Where the work puts its result: memory that this process sees as well, so that large results are not sent.
class IsolatedOutput {
 public:
  IsolatedOutput(char* memory, uint64_t bytes_max, std::function<void()> full, std::function<void()> prints)
      : memory_(memory), bytes_max_(bytes_max), full_(std::move(full)), prints_(std::move(prints)) {}
  // Gives where they are now, in memory that outlives this process. Ends the process when there is no room.
  std::string_view append(std::string_view bytes);
  std::string_view view() const { return {memory_, size_}; }

  // All is computed: from here on the work prints, and whoever reads that may take any time. A reader that goes away is
  // an error of the write.
  void begin_printing() const { prints_(); }

  // Where the work stands, for the error when it is ended; gives how much it wrote. Called from a signal handler, and
  // where there is no memory: it must not allocate.
  std::function<size_t(std::span<char> into)> where;

 private:
  void make_ready(uint64_t bytes);

  char* memory_;
  uint64_t bytes_max_, size_ = 0;
  uint64_t ready_ = 0;  // so much has pages
  std::function<void()> full_, prints_;
};

// What `work` put into its output; nobody changes it any more. `answer` runs here. Errors: too_large (memory, output),
// timeout, canceled, internal (it crashed; which signal), unavailable (others ended it), io. They end in " at PLACE"
// where the work said it.
Result<base::SharedText> run_isolated(const std::function<void(const Ask& ask, IsolatedOutput& out)>& work,
                                      const Ask& answer, IsolationLimits limits = {});

// Of work in a process that shut itself in.
struct Confined {
  std::function<size_t(std::span<char> into)> where;  // as IsolatedOutput::where
  // It needs what it cannot reach any more: ends the process as a limit does.
  [[noreturn]] void give_up(std::string_view why) const;
  // As IsolatedOutput::begin_printing().
  void begin_printing() const;
};

// This process ends soon (runtime/heap.h) and has no other threads, which would stay outside.
bool can_be_confined();

// Shuts this process in for good and runs `work` in it, which has nobody to ask. A limit that is met, or a crash, ends
// the process: `complaint`, why, and exit code 1. What was open is closed but for stdin, stdout and stderr: whoever
// goes on behind this can print, and end. Errors, before any work: unsupported, io.
Result<> run_confined(const std::function<void(Confined& self)>& work, std::string complaint,
                      IsolationLimits limits = {});

}  // namespace slipway::runtime
