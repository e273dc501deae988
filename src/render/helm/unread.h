// Values that nothing reads: a key that a user or a parent chart sets, and that no template can reach under any values
// (reads.h). Helm says nothing about them, and people lost security settings so. Pure.
#pragma once

#include <string>
#include <vector>

#include "render/helm/chart.h"
#include "render/helm/explain.h"
#include "render/helm/reads.h"

namespace slipway::render::helm {

inline constexpr const char* kUnreadValue = "unread-value";

struct Unread {
  std::string file;     // the layer's; "" when it stands in no file
  std::string pointer;  // "/image/tagg"
  std::string message, fix;
};

// What users say. `reads`: with what all layers say.
std::vector<Unread> unread_values(const Reads& reads, const std::vector<Layer>& user);
// What the values.yaml of charts say to their sub-charts.
std::vector<Unread> unread_by_parents(const Reads& reads);
// Keys of the chart's own values.yaml. `folder`: the chart's.
std::vector<Unread> unread_defaults(const Reads& reads, const std::string& folder);

}  // namespace slipway::render::helm
