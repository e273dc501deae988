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
// The operations of a patch, to be held against one target after the other. They outlive this; `text`: as written, for
// its comments.
class IndexDoubts {
 public:
  IndexDoubts(const Value& operations, std::string_view text);
  // As they would be applied to `object`; ends at the first that cannot be.
  std::vector<IndexDoubt> about(const Value& object) const;

 private:
  const Value& operations_;
  std::vector<std::string> comments_;  // none where no operation names an index
};

}  // namespace slipway::render::kustomize
