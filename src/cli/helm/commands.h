// slipway helm ...: one function a file.
#pragma once

#include "cli/command.h"

namespace slipway::cli::helm {

Command template_command();

}  // namespace slipway::cli::helm
