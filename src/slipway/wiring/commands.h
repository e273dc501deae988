#pragma once

#include "cli/command.h"

namespace slipway::wiring {

cli::Command up_command();
cli::Command down_command();

}  // namespace slipway::wiring
