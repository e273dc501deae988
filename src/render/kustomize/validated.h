// What a validator may do to the resources that it looks at.
#pragma once

#include <span>

#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Whether they are as they were, in kustomize's eyes: but for the label validated-by.
bool is_left_alone(std::span<const Resource> before, std::span<const Resource> after);

}  // namespace slipway::render::kustomize
