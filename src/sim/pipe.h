// Two streams joined to one another within one machine: no delay, no faults, no steps.
#pragma once

#include <memory>
#include <utility>

#include "sim/fate.h"

namespace slipway::sim {

std::pair<std::unique_ptr<runtime::Stream>, std::unique_ptr<runtime::Stream>> create_pipe(Fate& fate,
                                                                                          runtime::Executor& executor);

}  // namespace slipway::sim
