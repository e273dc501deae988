#include "gitops/compare/three_way.h"

#include "value/json.h"
#include "value/patch.h"

namespace slipway::gitops {

namespace {

// A merge patch has two kinds of leaves: nulls take away, the rest adds or changes.
Value only(const Value& patch, bool nulls) {
  ObjectBuilder kept;
  for (const auto& [key, value] : patch.members()) {
    if (value.is_object() && !value.empty()) {
      Value below = only(value, nulls);
      if (!below.empty()) kept.set(key, below);
    } else if (value.is_null() == nulls) {
      kept.set(key, value);
    }
  }
  return kept.build();
}

Value joined(const Value& a, const Value& b) {
  Value out = a;
  for (const auto& [key, value] : b.members()) {
    const Value& there = a[key];
    out = out.with_member(key, there.is_object() && value.is_object() ? joined(there, value) : value);
  }
  return out;
}

bool is_strategic(const kinds::Kind* kind) {
  return kind && kind->builtin && kind->type;
}

}  // namespace

Value last_applied(const Value& live) {
  const Value& text = live["metadata"]["annotations"][last_applied_annotation];
  if (!text.is_string()) return Value();
  auto object = value::parse_json(text.as_string());
  return object ? *object : Value();
}

Value with_last_applied(const Value& object) {
  Value annotations = object["metadata"]["annotations"];
  if (!annotations.is_object()) annotations = Value::object();
  Value plain = object.with("/metadata/annotations", annotations.without_member(last_applied_annotation));
  annotations = annotations.with_member(last_applied_annotation, value::to_json(plain) + "\n");
  return object.with("/metadata/annotations", annotations);
}

Result<ThreeWayPatch> three_way(const kinds::Kind* kind, const Value& original, const Value& modified,
                                const Value& live) {
  if (is_strategic(kind)) {
    Value before = original.is_object() ? original : Value::object();
    return ThreeWayPatch{OR_RETURN(kinds::three_way_patch(kind->type, before, modified, live)),
                         cluster::PatchType::strategic};
  }
  Value changes = only(value::merge_diff(live, modified), false);
  Value deletions = original.is_object() ? only(value::merge_diff(original, modified), true) : Value::object();
  Value body = joined(deletions, changes);
  // Taking away what is not there is nothing to do.
  if (value::merge_patch(live, body) == live) body = Value::object();
  return ThreeWayPatch{body, cluster::PatchType::merge};
}

Result<Value> patched(const kinds::Kind* kind, const Value& live, const ThreeWayPatch& patch) {
  if (patch.type == cluster::PatchType::strategic) return kinds::strategic_merge(kind->type, live, patch.body);
  return value::merge_patch(live, patch.body);
}

}  // namespace slipway::gitops
