// What Processes::run does with a started process, real or simulated.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/world.h"

namespace slipway::runtime {

// Feeds, collects and waits as Processes::run promises. `kill` ends the process and all it started. `name` goes in
// front of errors.
Task<Result<Finished>> run_to_end(std::unique_ptr<Process> process, std::function<void()> kill, std::string name,
                                  std::string input, size_t output_max);

}  // namespace slipway::runtime
