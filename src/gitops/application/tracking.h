// Whose object is it: the annotation argocd.argoproj.io/tracking-id (reference/gitops.md 4.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/cluster.h"

namespace slipway::gitops {

inline constexpr std::string_view tracking_annotation = "argocd.argoproj.io/tracking-id";

// "app:group/Kind:namespace/name"; empty parts stay empty. Cluster-scoped: the destination's namespace.
struct TrackingId {
  std::string application, group, kind, ns, name;
  std::string str() const;
  static std::optional<TrackingId> parse(std::string_view text);
  static std::optional<TrackingId> of(const Value& object);
  // The annotation names this very object; else it is a copy that some controller made.
  bool names(const Value& object) const;
};

}  // namespace slipway::gitops
