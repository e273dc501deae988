// The order of the output.
#pragma once

#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Whether one kind comes before another in kustomize's lists of rows and, by default, of resources.
bool comes_before(const GroupVersionKind& a, const GroupVersionKind& b);

// Error: invalid for an unknown order.
Result<> sort_resources(ResourceSet& set, const SortOptions& options);

}  // namespace slipway::render::kustomize
