// Charts as archives on the disk: packing, dependencies into charts/, Chart.lock.
#pragma once

#include <functional>

#include "cli/helm/inputs.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

// The chart's archive, its files in Helm's order, Chart.yaml and Chart.lock written anew. `modified`: seconds since
// 1970. Error: invalid, a schema that is no JSON.
Result<std::string> pack(const rh::Chart& chart, int64_t modified);

// The chart in a folder; its warnings are printed.
Task<Result<std::shared_ptr<rh::Chart>>> load_folder(World& world, std::string directory,
                                                     render::helm::ChartLimits limits = {});

enum class Wanted { locked, latest };  // dependency build, dependency update
using Say = std::function<void(std::string_view)>;
// Fetches what Chart.yaml names into CHART/charts and writes Chart.lock: everything is fetched before the first file is
// written. `path`: the chart as it was named. `say` gets what Helm prints on the way. Errors in Helm's words, or naming
// the dependency, the repository and what was tried.
Task<Result<>> fetch_dependencies(World& world, std::string path, Wanted wanted, Flags flags, Say say);

}  // namespace slipway::cli::helm
