// Go's time.Time: layouts ("2006-01-02T15:04:05Z07:00"), parsing by them, durations. For this room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lang/sprig/zone.h"

namespace slipway::lang::sprig {

struct Time {
  int64_t unix_s = -62135596800;  // the zero Time: 0001-01-01 00:00:00 UTC
  int nanoseconds = 0;
  std::shared_ptr<const Zone> zone = Zone::utc();

  struct Civil {
    int64_t year;
    int month, day, hour, minute, second, weekday, day_of_year;
    ZoneTime zone;
  };
  Civil civil() const;
  std::string format(std::string_view layout) const;
  std::string str() const { return format("2006-01-02 15:04:05.999999999 -0700 MST"); }
  Time plus(int64_t duration_ns) const;
  int64_t minus(const Time& other) const;  // nanoseconds, at most what fits
  // To whole units since the zero Time; rounded: half a unit goes up. A unit that is not positive changes nothing.
  Time truncated(int64_t unit_ns, bool rounded) const;
  std::string go_string() const;  // as Go source: "time.Date(2023, time.November, 14, 22, 13, 20, 0, time.UTC)"
  std::string binary() const;     // as MarshalBinary
  // As time.Date: months and days past their end run over.
  static Time of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second,
                 int64_t nanoseconds, std::shared_ptr<const Zone> zone);
  // As time.ParseInLocation; false: `error` in Go's words.
  static bool parse(std::string_view layout, std::string_view value, std::shared_ptr<const Zone> zone, Time& out,
                    std::string& error);
};

// time.ParseDuration; false: `error`: time: invalid duration "x".
bool parse_duration(std::string_view s, int64_t& out, std::string& error);

}  // namespace slipway::lang::sprig
