// slipway helm ...: one function a file.
#pragma once

#include "cli/command.h"

namespace slipway::cli::helm {

Command template_command();
Command lint_command();
Command show_command();
Command dependency_command();
Command dep_command();
Command package_command();
Command pull_command();
Command push_command();
Command repo_command();
Command version_command();

}  // namespace slipway::cli::helm
