// Lists among manifests (kind List, ConfigMapList), of which Argo CD takes the items for manifests of their own.
#pragma once

#include <optional>
#include <vector>

#include "value/value.h"

namespace slipway::render {

// nullopt: `object` is no list. No items where they are null, as `items:` above a loop over nothing makes them.
std::optional<std::vector<Value>> items_of_list(const Value& object);

}  // namespace slipway::render
