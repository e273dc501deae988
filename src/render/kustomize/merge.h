// Strategic merge as kustomize does it. It differs from the API server's: new list elements come first, lists are
// merged by all their map keys, $deleteFromPrimitiveList and $setElementOrder mean nothing, a null deletes.
#pragma once

#include <optional>

#include "render/kustomize/schema.h"

namespace slipway::render::kustomize {

// `patch` laid over `target`; nothing when the patch deletes it. `known` null: no schema, so lists are replaced.
// Errors: invalid for kinds of values that do not fit each other, or an unknown $patch directive.
Result<std::optional<Value>> merge_over(const Value& target, const Value& patch, const KnownKinds* known);

}  // namespace slipway::render::kustomize
