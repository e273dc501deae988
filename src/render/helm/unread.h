// Values that nothing reads: a key that a user sets, that the chart's defaults do not have and whose name stands in no
// template. Helm says nothing about them, and people lost security settings so. Pure; told by name, so that a key that
// is reached in some dynamic way is not accused.
#pragma once

#include <string>
#include <vector>

#include "render/helm/chart.h"
#include "render/helm/explain.h"

namespace slipway::render::helm {

inline constexpr const char* kUnreadValue = "unread-value";

struct Unread {
  std::string file;     // the layer's; "" when it stands in no file
  std::string pointer;  // "/image/tagg"
  std::string message, fix;
};

// What users say. What a parent chart's values.yaml says to its sub-charts is judged as well.
std::vector<Unread> unread_values(const Chart& chart, const std::vector<Layer>& user);
// Keys of the chart's own values.yaml that no template names, below tables that no template takes as a whole. `folder`:
// the chart's.
std::vector<Unread> unread_defaults(const Chart& chart, const std::string& folder);

}  // namespace slipway::render::helm
