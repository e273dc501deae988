// Structural sharing between two versions of an object, so that a changed status does not keep a second copy of the
// spec.
#pragma once

#include "value/value.h"

namespace slipway::store {

struct Shared {
  Value value;            // equal to `after`; its parts that are equal to `before`'s are `before`'s
  size_t replaced_bytes;  // roughly what `before` holds that `value` does not: what the history keeps alive
};
Shared share(const Value& before, const Value& after);

}  // namespace slipway::store
