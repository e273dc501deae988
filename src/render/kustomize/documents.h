// YAML text to resources, as kustomize takes them: lists opened, what is no resource refused.
#pragma once

#include <vector>

#include "render/kustomize/resource.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

// Errors: bad_request (no YAML), invalid (no kind, no name, an empty list item), with file and line.
Result<std::vector<Resource>> read_resources(std::string_view text, const std::string& file, const KnownKinds* known,
                                             value::DuplicateKeys duplicates = value::DuplicateKeys::refuse);

}  // namespace slipway::render::kustomize
