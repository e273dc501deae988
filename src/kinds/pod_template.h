// Where an object may have a pod template, built-in kind or not.
#pragma once

#include <array>

#include "value/value.h"

namespace slipway::kinds {

// A Pod is its own; then a workload's, and a CronJob's. Null: none there.
inline std::array<const Value*, 3> pod_templates(const Value& object) {
  const Value& spec = object["spec"];
  return {&object, &spec["template"], &spec["jobTemplate"]["spec"]["template"]};
}

}  // namespace slipway::kinds
