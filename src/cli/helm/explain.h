// slipway helm template --explain-values KEY: the layers that set a value, lowest first.
#pragma once

#include "cli/helm/inputs.h"

namespace slipway::cli::helm {

// Gives what to print; the chart's dependencies are processed. Errors: as values_of().
Result<std::string> explain_values(render::helm::Chart& chart, const render::helm::LayeredValues& user,
                                   const std::string& key, render::helm::Compat compat);

}  // namespace slipway::cli::helm
