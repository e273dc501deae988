#include "lang/sprig/go_time.h"

#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/format.h"
#include "lang/sprig/go_layout.h"

namespace slipway::lang::sprig {

namespace {

std::string fraction(int nanoseconds, const Chunk& c) {
  std::string digits = fmt::format("{:09}", nanoseconds).substr(0, static_cast<size_t>(std::min(c.digits, 9)));
  for (int i = 9; i < c.digits; ++i) digits += '0';
  if (c.std == Std::fraction_nines) {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return "";
  }
  return c.point + digits;
}

std::string offset_text(int s, Std std) {
  bool iso = std >= Std::iso && std <= Std::iso_colon_seconds;
  if (iso && s == 0) return "Z";
  char sign = s < 0 ? '-' : '+';
  int a = s < 0 ? -s : s, minutes = a / 60;
  bool colon = std == Std::iso_colon || std == Std::figures_colon || std == Std::iso_colon_seconds ||
               std == Std::figures_colon_seconds;
  std::string out = fmt::format("{}{:02}", sign, minutes / 60);
  if (std == Std::iso_short || std == Std::figures_short) return out;
  out += fmt::format("{}{:02}", colon ? ":" : "", minutes % 60);
  if (std == Std::iso_seconds || std == Std::figures_seconds || std == Std::iso_colon_seconds ||
      std == Std::figures_colon_seconds)
    out += fmt::format("{}{:02}", colon ? ":" : "", a % 60);
  return out;
}

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

Time::Civil Time::civil() const {
  Civil c;
  c.zone = zone->at(unix_s);
  // Go counts from a day 292 thousand million years back, and what lies before it lies at the end of all time.
  constexpr uint64_t kUnixEpoch = 9'223'372'028'741'760'000;
  uint64_t since = static_cast<uint64_t>(unix_s) + static_cast<uint64_t>(c.zone.offset_s) + kUnixEpoch;
  auto days = static_cast<int64_t>(since / 86400) - static_cast<int64_t>(kUnixEpoch / 86400);
  auto rest = static_cast<int64_t>(since % 86400);
  civil_from_days(days, c.year, c.month, c.day);
  c.hour = static_cast<int>(rest / 3600);
  c.minute = static_cast<int>(rest / 60 % 60);
  c.second = static_cast<int>(rest % 60);
  c.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  c.day_of_year = static_cast<int>(days - days_from_civil(c.year, 1, 1)) + 1;
  return c;
}

std::string Time::format(std::string_view layout) const {
  Civil c = civil();
  std::string out;
  auto put = [&out](auto n, int width) { out += fmt::format("{:0{}}", n, width); };
  while (!layout.empty()) {
    Chunk k = next_chunk(layout);
    out += k.before;
    layout = k.rest;
    int hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12;
    switch (k.std) {
      case Std::none:
        return out;
      case Std::year:
        put((c.year < 0 ? -c.year : c.year) % 100, 2);
        break;
      case Std::long_year:
        if (c.year < 0)
          out += fmt::format("-{:04}", -c.year);
        else
          put(c.year, 4);
        break;
      case Std::month:
        out += kMonths[static_cast<size_t>(c.month - 1)].substr(0, 3);
        break;
      case Std::long_month:
        out += kMonths[static_cast<size_t>(c.month - 1)];
        break;
      case Std::number_month:
        put(c.month, 0);
        break;
      case Std::zero_month:
        put(c.month, 2);
        break;
      case Std::weekday:
        out += kDays[static_cast<size_t>(c.weekday)].substr(0, 3);
        break;
      case Std::long_weekday:
        out += kDays[static_cast<size_t>(c.weekday)];
        break;
      case Std::day:
        put(c.day, 0);
        break;
      case Std::blank_day:
        out += fmt::format("{:2}", c.day);
        break;
      case Std::zero_day:
        put(c.day, 2);
        break;
      case Std::blank_year_day:
        out += fmt::format("{:3}", c.day_of_year);
        break;
      case Std::zero_year_day:
        put(c.day_of_year, 3);
        break;
      case Std::hour:
        put(c.hour, 2);
        break;
      case Std::hour12:
        put(hour12, 0);
        break;
      case Std::zero_hour12:
        put(hour12, 2);
        break;
      case Std::minute:
        put(c.minute, 0);
        break;
      case Std::zero_minute:
        put(c.minute, 2);
        break;
      case Std::second:
        put(c.second, 0);
        break;
      case Std::zero_second:
        put(c.second, 2);
        break;
      case Std::upper_pm:
        out += c.hour >= 12 ? "PM" : "AM";
        break;
      case Std::lower_pm:
        out += c.hour >= 12 ? "pm" : "am";
        break;
      case Std::zone:
        if (!c.zone.abbreviation.empty()) {
          out += c.zone.abbreviation;
        } else {  // unnamed: by its offset
          int minutes = c.zone.offset_s / 60;
          out += minutes < 0 ? '-' : '+';
          minutes = minutes < 0 ? -minutes : minutes;
          put(minutes / 60, 2);
          put(minutes % 60, 2);
        }
        break;
      case Std::fraction_zeros:
      case Std::fraction_nines:
        out += fraction(nanoseconds, k);
        break;
      default:
        out += offset_text(c.zone.offset_s, k.std);
    }
  }
  return out;
}

Time Time::plus(int64_t d) const {
  Time t = *this;
  int64_t seconds = d / 1'000'000'000;
  int64_t ns = nanoseconds + d % 1'000'000'000;
  if (ns >= 1'000'000'000) {
    ++seconds;
    ns -= 1'000'000'000;
  } else if (ns < 0) {
    --seconds;
    ns += 1'000'000'000;
  }
  t.unix_s = static_cast<int64_t>(static_cast<uint64_t>(unix_s) + static_cast<uint64_t>(seconds));
  t.nanoseconds = static_cast<int>(ns);
  return t;
}

int64_t Time::minus(const Time& o) const {
  __int128 d = (static_cast<__int128>(unix_s) - o.unix_s) * 1'000'000'000 + (nanoseconds - o.nanoseconds);
  return d > INT64_MAX ? INT64_MAX : d < INT64_MIN ? INT64_MIN : static_cast<int64_t>(d);
}

Time Time::of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second,
              int64_t nanoseconds, std::shared_ptr<const Zone> zone) {
  constexpr int64_t kFar = int64_t{1} << 40;  // further away nothing means anything
  for (int64_t* n : {&year, &month, &day, &hour, &minute, &second}) *n = std::clamp(*n, -kFar, kFar);
  int64_t m = month - 1;
  year += floor_div(m, 12);
  m -= floor_div(m, 12) * 12;
  second += floor_div(nanoseconds, 1'000'000'000);
  nanoseconds -= floor_div(nanoseconds, 1'000'000'000) * 1'000'000'000;
  int64_t days = days_from_civil(year, static_cast<int>(m + 1), 1) + day - 1;
  int64_t seconds = (days * 24 + hour) * 3600 + minute * 60 + second;
  // As Go: the offset at that many seconds, or the one that holds once it is taken off.
  int64_t offset = zone->at(seconds).offset_s;
  if (offset != 0) offset = zone->at(seconds - offset).offset_s;
  Time t;
  t.unix_s = seconds - offset;
  t.nanoseconds = static_cast<int>(nanoseconds);
  t.zone = std::move(zone);
  return t;
}

Time Time::truncated(int64_t unit_ns, bool rounded) const {
  if (unit_ns <= 0) return *this;
  __int128 since = (static_cast<__int128>(unix_s) - Time().unix_s) * 1'000'000'000 + nanoseconds;
  auto rest = static_cast<int64_t>((since % unit_ns + unit_ns) % unit_ns);
  return rounded && rest >= unit_ns - rest ? plus(unit_ns - rest) : plus(-rest);
}

std::string Time::go_string() const {
  Civil c = civil();
  std::string place = zone == Zone::utc() ? "time.UTC" : "time.Local";
  if (zone != Zone::utc() && zone->name() == c.zone.abbreviation)  // made by an offset in a text
    place = "time.Location(" + gotemplate::quote(zone->name()) + ")";
  return fmt::format("time.Date({}, time.{}, {}, {}, {}, {}, {}, {})", c.year,
                     kMonths[static_cast<size_t>(c.month - 1)], c.day, c.hour, c.minute, c.second, nanoseconds, place);
}

std::string Time::binary() const {
  int offset_s = zone == Zone::utc() ? -60 : civil().zone.offset_s;
  std::string out(1, offset_s % 60 == 0 ? '\x01' : '\x02');
  auto put = [&out](uint64_t n, int bytes) {
    while (bytes-- > 0) out += static_cast<char>(n >> (8 * bytes));
  };
  put(static_cast<uint64_t>(unix_s) - static_cast<uint64_t>(Time().unix_s), 8);
  put(static_cast<uint64_t>(nanoseconds), 4);
  put(static_cast<uint16_t>(offset_s / 60), 2);
  if (offset_s % 60 != 0) put(static_cast<uint8_t>(offset_s % 60), 1);
  return out;
}

}  // namespace slipway::lang::sprig
