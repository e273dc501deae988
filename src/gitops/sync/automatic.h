// Whether the engine starts a sync by itself (reference/gitops.md 4.10). Pure.
#pragma once

#include <optional>

#include "gitops/compare/state.h"

namespace slipway::gitops {

struct Automatic {
  Value operation;     // null: none now
  bool heals = false;  // it undoes what others changed; the commit is the one that was applied before
  std::optional<Duration> again_after;
  std::vector<Condition> conditions;
};
// What a self-heal would change: not what is on its way out already.
bool can_be_healed(const Resource& resource);

// `application`: the object; `commits`: what was compared with, one for each source.
Automatic decide_automatic(const Application& app, const Value& application, const State& state,
                           const std::vector<std::string>& commits, WallTime now);

// What differs from Git, in words, for an Event: `Deployment shop/web: spec.replicas is 5, not 2`. Values of Secrets
// are never told.
std::string describe_drift(const Resource& resource);

}  // namespace slipway::gitops
