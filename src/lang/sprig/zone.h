// Time zones out of TZif files, as Go's time.Location. For this room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lang/gotemplate/template.h"

namespace slipway::lang::sprig {

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back.
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t& year, int& month, int& day);
bool is_leap(int64_t year);
int days_in(int month, int64_t year);

struct ZoneTime {
  std::string abbreviation = "UTC";
  int offset_s = 0;
  bool is_daylight = false;
};

class Zone {
 public:
  static std::shared_ptr<const Zone> utc();
  static std::shared_ptr<const Zone> local_utc();
  static std::shared_ptr<const Zone> fixed(std::string abbreviation, int offset_s);
  // As time.LoadLocation: "", "UTC", "Local" and names of files. Null: unknown. Kept for the thread's next question.
  static std::shared_ptr<const Zone> load(std::string_view name, const gotemplate::Environment& environment);

  ZoneTime at(int64_t unix_s) const;
  const std::string& name() const { return name_; }
  // The offset of an abbreviation such as "CET"; false: not of this zone.
  bool offset_of(std::string_view abbreviation, int64_t unix_s, int& offset_s) const;

 private:
  bool read(std::string_view tzif);
  bool by_rule(int64_t unix_s, ZoneTime& out) const;
  std::string name_;
  std::vector<std::pair<int64_t, uint8_t>> changes_;  // when, which kind
  std::vector<ZoneTime> kinds_;
  std::string rule_;  // POSIX TZ: what holds after the last change
};

}  // namespace slipway::lang::sprig
