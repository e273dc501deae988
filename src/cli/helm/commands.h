// slipway helm ...: one function a file.
#pragma once

#include "cli/command.h"

namespace slipway::cli::helm {

// One that reads its own words, as Helm's are read. `help` "": the summary is all.
Command command(const char* words, Literal arguments, Literal summary, Literal help, std::vector<Option> options,
                Task<int> (*run)(runtime::RealWorld&, Invocation));

Command template_command();
Command lint_command();
Command show_command();
Command inspect_command();
Command dependency_command();
Command dep_command();
Command dependencies_command();
Command package_command();
Command pull_command();
Command push_command();
Command registry_command();
Command repo_command();
Command version_command();
Command other_command();  // flags before the command's name; names that are none

}  // namespace slipway::cli::helm
