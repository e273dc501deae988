// Charts in OCI registries, for chart_repository.h. `repository`: "oci://host/path".
#pragma once

#include "sources/chart_repository.h"

namespace slipway::sources {

Task<Result<FetchedChart>> fetch_from_registry(World& world, std::string repository, std::string name,
                                               std::string range, ChartAccess access);
// The highest of its tags in `range`; an exact version as it is.
Task<Result<std::string>> resolve_in_registry(World& world, std::string repository, std::string name, std::string range,
                                              ChartAccess access);

}  // namespace slipway::sources
