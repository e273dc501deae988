// Parts of chart loading that only the loader and the dependency commands call.
#pragma once

#include "render/helm/chart.h"

namespace slipway::render::helm {

Result<> read_requirements(std::string_view text, Metadata& into);  // requirements.yaml of a v1 chart
Result<Lock> read_lock(std::string_view text);                      // Chart.lock, requirements.lock
Value to_value(const Dependency& dependency);

}  // namespace slipway::render::helm
