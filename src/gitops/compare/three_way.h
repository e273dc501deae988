// What kubectl apply sends: the patch that brings `live` to `modified`, and takes away what was applied before and is
// no longer wanted. Pure; comparing predicts with it, applying sends it.
#pragma once

#include <string>

#include "cluster/cluster.h"

namespace slipway::gitops {

inline constexpr std::string_view last_applied_annotation = "kubectl.kubernetes.io/last-applied-configuration";

// The object that the annotation holds; null when there is none (or it cannot be read).
Value last_applied(const Value& live);
// The object with the annotation that says what it is without it.
Value with_last_applied(const Value& object);

struct ThreeWayPatch {
  Value body;  // {} when nothing is to do
  cluster::PatchType type = cluster::PatchType::merge;
  bool empty() const { return body.empty(); }
};
// `kind` may be null: no type is known. Error: bad_request, an impossible $patch.
Result<ThreeWayPatch> three_way(const kinds::Kind* kind, const Value& original, const Value& modified,
                                const Value& live);
// `live` after the patch.
Result<Value> patched(const kinds::Kind* kind, const Value& live, const ThreeWayPatch& patch);

}  // namespace slipway::gitops
