#pragma once

#include "cluster/cluster.h"

namespace slipway::cluster {

// `target` with the write's patch applied. Errors in the words of a PATCH.
Result<Value> patched(const kinds::Kind& kind, const Value& target, const Write& write);

}  // namespace slipway::cluster
