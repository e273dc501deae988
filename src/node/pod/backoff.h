// The kubelet's back-off: doubles from 10 s to 5 min, and is forgotten when nothing happened for twice the longest.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"
#include "node/pod/decide.h"

namespace slipway::node::pod {

inline constexpr Duration kBackoffFirst = 10s, kBackoffMax = 5min;

// Until when a container that ended at `ended` must wait; nothing: it may start now (as when the clock went back).
inline std::optional<WallTime> held_until(const CrashBackoff* backoff, WallTime ended, WallTime now) {
  if (!backoff || ended - backoff->updated > kBackoffMax * 2) return std::nullopt;
  WallTime until = ended + backoff->delay;
  return now >= ended && now < until ? std::optional(until) : std::nullopt;
}

// What to remember when it starts again at `now` after it ended at `ended`.
inline CrashBackoff next_backoff(const CrashBackoff* backoff, WallTime ended, WallTime now) {
  if (!backoff || ended - backoff->updated > kBackoffMax * 2) return {kBackoffFirst, now};
  return {std::min(backoff->delay * 2, kBackoffMax), now};
}

inline Duration next_delay(Duration before) {
  return before == Duration() ? kBackoffFirst : std::min(before * 2, kBackoffMax);
}

}  // namespace slipway::node::pod
