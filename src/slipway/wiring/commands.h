#pragma once

#include "cli/command.h"

namespace slipway::wiring {

cli::Command up_command();
cli::Command down_command();
cli::Command backup_command();
cli::Command restore_command();
cli::Command encryption_rotate_command();

}  // namespace slipway::wiring
