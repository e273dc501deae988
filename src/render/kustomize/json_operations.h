// The operations of a JSON patch, done to a resource as kustomize does them: it is written out before, and read anew
// after.
#pragma once

#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// `remembers`: the resource keeps who it was before. Error: invalid, naming the resource and the operation.
Result<> apply_operations(ResourceSet& set, size_t index, const Value& operations, bool remembers);

}  // namespace slipway::render::kustomize
