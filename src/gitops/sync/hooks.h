// What annotations say about when an object is applied: hooks, waves (reference/gitops.md 4.2, 4.4). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::gitops {

enum class Phase { pre_sync, sync, post_sync, sync_fail };
std::string_view to_string(Phase phase);  // "PreSync"

inline constexpr std::string_view hook_finalizer = "argocd.argoproj.io/hook-finalizer";

struct Hook {
  bool is_hook = false;  // also with no phase: such a hook is never applied
  bool skip = false;     // argocd.argoproj.io/hook: Skip
  std::vector<Phase> phases;
  bool delete_succeeded = false, delete_failed = false, delete_before = false;
};
Hook hook_of(const Value& object);

int64_t wave_of(const Value& object);
// Where a kind stands within a wave; unlisted ones come last.
int kind_order(std::string_view kind);
inline constexpr int kind_order_last = 1000;

}  // namespace slipway::gitops
