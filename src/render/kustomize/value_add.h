// ValueAddTransformer: one text written at a path of every resource that is selected, or put into the file path that
// stands there.
#pragma once

#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

struct ValueAdd {
  struct Target {
    std::optional<Selector> selector;  // nothing: every resource
    std::string field_path;            // "spec/containers/[name=web]/image"; what is missing on the way is made
    int64_t file_path_position = 0;    // 1: the text becomes the path's first part, 9999: its last; 0: all of it
  };
  std::string value;
  std::vector<Target> targets;
};
// Errors: invalid (no target, no path, a path that leads through something else).
Result<> add_value(ResourceSet& set, const ValueAdd& add);

}  // namespace slipway::render::kustomize
