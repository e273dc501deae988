// The shape of an Application's spec.source.helm, as its CustomResourceDefinition has it (Argo CD 3).
#pragma once

#include "base/result.h"
#include "value/value.h"

namespace slipway::render::helm {

// Error: invalid, with the field and what was expected there.
Result<> check_source_types(const Value& helm);

}  // namespace slipway::render::helm
