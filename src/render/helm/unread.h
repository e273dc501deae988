// Values that nothing reads: a key that a user sets, that the chart's defaults do not have and whose name stands in no
// template. Helm says nothing about them, and people lost security settings so. Pure; told by name, so that a key that
// is reached in some dynamic way is not accused.
#pragma once

#include <string>
#include <vector>

#include "render/helm/chart.h"

namespace slipway::render::helm {

// One sentence each. `values`: of the user. What a parent chart's values.yaml says to its sub-charts is judged as well.
std::vector<std::string> unread_values(const Chart& chart, const Value& values);

}  // namespace slipway::render::helm
