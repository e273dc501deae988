// What Processes::run does with a started process, real or simulated.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/world.h"

namespace slipway::runtime {

// Feeds, collects and waits as Processes::run promises. `kill` ends the process and all it started, `has_ended` asks
// for it after the Process is gone; of the command its name and its limits are used.
struct RunningChild {
  std::unique_ptr<Process> process;
  std::function<void()> kill;
  std::function<bool()> has_ended;
};
Task<Result<Finished>> run_to_end(RunningChild child, Command command, std::string input, size_t output_max);

}  // namespace slipway::runtime
