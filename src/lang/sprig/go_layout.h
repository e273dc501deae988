// Go's time layouts, element by element. For this room.
#pragma once

#include <array>
#include <string_view>

namespace slipway::lang::sprig {

inline constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                             "May",       "June",     "July",     "August",
                                                             "September", "October",  "November", "December"};
inline constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                          "Thursday", "Friday", "Saturday"};

enum class Std {
  none,
  long_month,
  month,
  number_month,
  zero_month,
  long_weekday,
  weekday,
  day,
  blank_day,
  zero_day,
  blank_year_day,
  zero_year_day,
  hour,
  hour12,
  zero_hour12,
  minute,
  zero_minute,
  second,
  zero_second,
  long_year,
  year,
  upper_pm,
  lower_pm,
  zone,
  // offsets: with Z for zero ("iso_"), or always in figures
  iso,
  iso_seconds,
  iso_short,
  iso_colon,
  iso_colon_seconds,
  figures,
  figures_seconds,
  figures_short,
  figures_colon,
  figures_colon_seconds,
  fraction_zeros,
  fraction_nines,
};

struct Chunk {
  std::string_view before;
  Std std = Std::none;
  std::string_view text, rest;
  int digits = 0;
  char point = '.';
};

// The first element of a layout, with what stands before it; Std::none: there is none.
Chunk next_chunk(std::string_view layout);

inline bool digit_at(std::string_view s, size_t i) {
  return i < s.size() && s[i] >= '0' && s[i] <= '9';
}

}  // namespace slipway::lang::sprig
