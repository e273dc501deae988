// How one object is, by its kind. Pure. Source of rules and texts: Argo CD 3.2 (reference/gitops.md 4.7).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "value/value.h"

namespace slipway::gitops {

// From good to bad: what an application is, is the worst of what it has.
enum class HealthStatus { none, healthy, suspended, progressing, missing, degraded, unknown };
std::string_view to_string(HealthStatus status);  // "Healthy"; none: ""
HealthStatus health_of_text(std::string_view text);

// none: the kind has no health (a ConfigMap); it does not count for the application.
struct Health {
  HealthStatus status = HealthStatus::none;
  std::string message;
  bool operator==(const Health&) const = default;
  Value value() const;  // {"status": "Healthy", "message": ...}, empty ones left out; null when there is nothing
};

Health assess(const Value& object);

// Why the pods of a workload do not come up: "pod web-1: container api: CreateContainerConfigError: secret "x" not
// found"; empty when nothing is stuck. At most three are named.
std::string stuck_pods(std::span<const Value> pods);

}  // namespace slipway::gitops
