// The order of the output.
#pragma once

#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Error: invalid for an unknown order.
Result<> sort_resources(ResourceSet& set, const SortOptions& options);

}  // namespace slipway::render::kustomize
