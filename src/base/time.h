// Points in time and their spellings. Inside the program: std::chrono; at the edges: RFC 3339 text.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::base {

using Duration = std::chrono::nanoseconds;
// Wall time (what people and certificates mean): may jump. Counts from 1970-01-01 UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;
// Steady time (what waiting means): never jumps.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

std::string format_rfc3339(WallTime time);                     // "2026-11-21T10:00:00Z" (metav1.Time)
std::string format_rfc3339_micro(WallTime time);               // "2026-11-21T10:00:00.123456Z" (metav1.MicroTime)
std::string format_rfc3339_nano(WallTime time);                // "2026-11-21T10:00:00.123456789Z" (CRI log lines)
std::optional<WallTime> parse_rfc3339(std::string_view text);  // with fraction and offset; empty when it is not one

// kubectl's and the server-side Table's short age: "91s", "7m37s", "24m", "5d3h" (apimachinery duration.HumanDuration).
std::string human_duration(Duration duration);
// Go's time.ParseDuration, for "5s", "1h30m", "250ms"; empty when it is not one.
std::optional<Duration> parse_go_duration(std::string_view text);

}  // namespace slipway::base

namespace slipway {
using base::Duration;
using base::SteadyTime;
using base::WallTime;
using namespace std::chrono_literals;
}  // namespace slipway
