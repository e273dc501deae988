// A moment of any year that RFC 3339 can write. Objects hold such times ("9999-12-31T23:59:59Z": never); a WallTime
// counts nanoseconds in 64 bits and ends in 2262, so texts go there and back through a Timestamp, as through Go's time.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace slipway::base {

struct Timestamp {
  int64_t seconds = 0;                                  // since 1970-01-01 UTC; between `earliest` and `latest`
  int32_t nanos = 0;                                    // after them, 0 to 999'999'999
  static constexpr int64_t earliest = -62'167'219'200;  // 0000-01-01T00:00:00Z
  static constexpr int64_t latest = 253'402'300'799;    // 9999-12-31T23:59:59Z
  // Go's zero time, 0001-01-01T00:00:00Z: what Kubernetes writes as null.
  static constexpr int64_t never = -62'135'596'800;

  auto operator<=>(const Timestamp&) const = default;
};

// With fraction and offset; empty when it is no such text, or when its offset leads out of the four-digit years.
std::optional<Timestamp> parse_timestamp(std::string_view text);
std::string format_rfc3339(Timestamp time);
std::string format_rfc3339_micro(Timestamp time);

Timestamp to_timestamp(WallTime time);
// For reckoning with the clock. A time before 1824 or after 2116 becomes that end: half of what a WallTime can hold, so
// that the difference of any two, or a few decades more, still fits.
WallTime to_wall_time(Timestamp time);

// Seconds that a client wrote, as a duration: more than 2^31 of them, 68 years, either way are as many. What is
// reckoned with them then still fits into the clock's types.
Duration whole_seconds(int64_t seconds);

}  // namespace slipway::base
