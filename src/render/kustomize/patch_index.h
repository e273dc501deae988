// Indexes of JSON patches: /spec/containers/1 counts, and what it counts may have moved. Each is held against what the
// comment beside it says, what the new value looks like, and what earlier operations did to the list.
#pragma once

#include <string>
#include <vector>

#include "render/kustomize/patch_source.h"
#include "value/value.h"

namespace slipway::render::kustomize {

struct IndexDoubt {
  size_t operation;  // counts from 0
  std::string message, fix;
};
// `operations` as they would be applied to `object`; ends at the first that cannot be. `text`: as written, for its
// comments.
std::vector<IndexDoubt> doubtful_indexes(const Value& object, const Value& operations, std::string_view text);

}  // namespace slipway::render::kustomize
