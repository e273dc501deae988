// slipway helm template --explain-values KEY: the layers that set a value, lowest first.
#pragma once

#include "cli/helm/inputs.h"

namespace slipway::cli::helm {

// Gives what to print. Errors: as reading the values.
Task<Result<std::string>> explain_values(World& world, std::shared_ptr<render::helm::Chart> chart, std::string key,
                                         Flags flags);

}  // namespace slipway::cli::helm
