// What does not count when two states of an object are compared (reference/gitops.md 4.8). Pure.
#pragma once

#include "gitops/compare/ignore_rules.h"
#include "kinds/object.h"

namespace slipway::gitops {

// What people may write in two ways is brought into one: Secret stringData into data; rules of aggregated roles left
// out. For targets, and for what was applied before.
Value normalize_intent(Value object);

// An object as it is compared: canonical, with defaults, without status, managed fields and what `ignore` names. `kind`
// may be null.
Value normalize_state(const kinds::Kind* kind, Value object, const IgnoreRules& ignore);

// The same with the values of a Secret replaced by "++++++++", longer for each other value; equal ones look equal in
// both.
void mask_secrets(Value& live, Value& target);

}  // namespace slipway::gitops
