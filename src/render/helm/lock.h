// Chart.lock: which versions Chart.yaml's ranges came to, and a digest that says whether the two still belong together.
#pragma once

#include <string>
#include <vector>

#include "render/helm/chart.h"

namespace slipway::render::helm {

// "sha256:..." as Helm makes it of what Chart.yaml wants and what was locked.
std::string lock_digest(const std::vector<Dependency>& wanted, const std::vector<Dependency>& locked);

// A lock that is not of this Chart.yaml, in Helm's words.
Error out_of_sync();

}  // namespace slipway::render::helm
