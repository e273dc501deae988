// Charts as archives on the disk: packing, dependencies into charts/, Chart.lock.
#pragma once

#include "cli/helm/inputs.h"

namespace slipway::cli::helm {

// The chart's archive, Chart.yaml written anew from its metadata. `modified`: seconds since 1970.
std::string pack(const render::helm::Chart& chart, int64_t modified);

enum class Wanted { locked, latest };  // dependency build, dependency update
// Fetches what Chart.yaml names into DIR/charts and writes Chart.lock: everything is fetched before the first file is
// written. Gives what to print. Errors name the dependency, the repository and what was tried.
Task<Result<std::string>> fetch_dependencies(World& world, std::string directory, Wanted wanted, Flags flags);

}  // namespace slipway::cli::helm
