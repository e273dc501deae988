#include "lang/sprig/go_time.h"

#include <fmt/format.h>

#include <array>

#include "lang/gotemplate/format.h"

namespace slipway::lang::sprig {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
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

// The first element of a layout.
Chunk next_chunk(std::string_view layout) {
  auto starts = [&layout](size_t i, std::string_view s) { return layout.substr(i).starts_with(s); };
  auto chunk = [&layout](size_t i, size_t n, Std std) {
    return Chunk{layout.substr(0, i), std, layout.substr(i, n), layout.substr(i + n), 0, '.'};
  };
  auto lower_follows = [&layout](size_t i) { return i < layout.size() && layout[i] >= 'a' && layout[i] <= 'z'; };
  for (size_t i = 0; i < layout.size(); ++i) {
    switch (layout[i]) {
      case 'J':
        if (starts(i, "January")) return chunk(i, 7, Std::long_month);
        if (starts(i, "Jan") && !lower_follows(i + 3)) return chunk(i, 3, Std::month);
        break;
      case 'M':
        if (starts(i, "Monday")) return chunk(i, 6, Std::long_weekday);
        if (starts(i, "Mon") && !lower_follows(i + 3)) return chunk(i, 3, Std::weekday);
        if (starts(i, "MST")) return chunk(i, 3, Std::zone);
        break;
      case '0':
        if (starts(i, "002")) return chunk(i, 3, Std::zero_year_day);
        if (i + 1 < layout.size() && layout[i + 1] >= '1' && layout[i + 1] <= '6') {
          static constexpr Std by[] = {Std::zero_month,  Std::zero_day,    Std::zero_hour12,
                                       Std::zero_minute, Std::zero_second, Std::year};
          return chunk(i, 2, by[layout[i + 1] - '1']);
        }
        break;
      case '1':
        if (starts(i, "15")) return chunk(i, 2, Std::hour);
        return chunk(i, 1, Std::number_month);
      case '2':
        if (starts(i, "2006")) return chunk(i, 4, Std::long_year);
        return chunk(i, 1, Std::day);
      case '_':
        if (starts(i, "_2006")) return chunk(i + 1, 4, Std::long_year);
        if (starts(i, "_2")) return chunk(i, 2, Std::blank_day);
        if (starts(i, "__2")) return chunk(i, 3, Std::blank_year_day);
        break;
      case '3':
        return chunk(i, 1, Std::hour12);
      case '4':
        return chunk(i, 1, Std::minute);
      case '5':
        return chunk(i, 1, Std::second);
      case 'P':
        if (starts(i, "PM")) return chunk(i, 2, Std::upper_pm);
        break;
      case 'p':
        if (starts(i, "pm")) return chunk(i, 2, Std::lower_pm);
        break;
      case '-':
        if (starts(i, "-070000")) return chunk(i, 7, Std::figures_seconds);
        if (starts(i, "-07:00:00")) return chunk(i, 9, Std::figures_colon_seconds);
        if (starts(i, "-0700")) return chunk(i, 5, Std::figures);
        if (starts(i, "-07:00")) return chunk(i, 6, Std::figures_colon);
        if (starts(i, "-07")) return chunk(i, 3, Std::figures_short);
        break;
      case 'Z':
        if (starts(i, "Z070000")) return chunk(i, 7, Std::iso_seconds);
        if (starts(i, "Z07:00:00")) return chunk(i, 9, Std::iso_colon_seconds);
        if (starts(i, "Z0700")) return chunk(i, 5, Std::iso);
        if (starts(i, "Z07:00")) return chunk(i, 6, Std::iso_colon);
        if (starts(i, "Z07")) return chunk(i, 3, Std::iso_short);
        break;
      case '.':
      case ',':
        if (i + 1 < layout.size() && (layout[i + 1] == '0' || layout[i + 1] == '9')) {
          char digit = layout[i + 1];
          size_t j = i + 1;
          while (j < layout.size() && layout[j] == digit) ++j;
          if (j >= layout.size() || layout[j] < '0' || layout[j] > '9') {
            Chunk c = chunk(i, j - i, digit == '0' ? Std::fraction_zeros : Std::fraction_nines);
            c.digits = static_cast<int>(j - i - 1);
            c.point = layout[i];
            return c;
          }
        }
        break;
      default:
        break;
    }
  }
  return {layout, Std::none, {}, {}, 0, '.'};
}

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

bool is_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
int days_in(int month, int64_t year) {
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}
int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

Time::Civil Time::civil() const {
  Civil c;
  c.zone = zone->at(unix_s);
  int64_t local = unix_s + c.zone.offset_s;
  int64_t days = floor_div(local, 86400), rest = local - days * 86400;
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

namespace {

bool digit_at(std::string_view s, size_t i) {
  return i < s.size() && s[i] >= '0' && s[i] <= '9';
}

bool number(std::string_view& s, bool two, int& out) {
  if (!digit_at(s, 0)) return false;
  if (!digit_at(s, 1)) {
    if (two) return false;
    out = s[0] - '0';
    s.remove_prefix(1);
    return true;
  }
  out = (s[0] - '0') * 10 + (s[1] - '0');
  s.remove_prefix(2);
  return true;
}

template <size_t N>
bool name(const std::array<std::string_view, N>& names, size_t length, std::string_view& s, int& out) {
  for (size_t i = 0; i < N; ++i) {
    std::string_view n = names[i].substr(0, length);
    if (s.size() < n.size()) continue;
    bool same = true;
    for (size_t k = 0; k < n.size() && same; ++k) same = (s[k] | 0x20) == (n[k] | 0x20);
    if (!same) continue;
    s.remove_prefix(n.size());
    out = static_cast<int>(i);
    return true;
  }
  return false;
}

bool skip(std::string_view& value, std::string_view prefix) {
  while (!prefix.empty()) {
    if (prefix[0] == ' ') {
      if (!value.empty() && value[0] != ' ') return false;
      while (prefix.starts_with(' ')) prefix.remove_prefix(1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      continue;
    }
    if (value.empty() || value[0] != prefix[0]) return false;
    prefix.remove_prefix(1);
    value.remove_prefix(1);
  }
  return true;
}

size_t zone_name_length(std::string_view s) {
  if (s.size() < 3) return 0;
  if (s.starts_with("ChST") || s.starts_with("MeST")) return 4;
  auto signed_hour = [](std::string_view t) -> size_t {
    if (t.empty() || (t[0] != '+' && t[0] != '-') || !digit_at(t, 1)) return 0;
    size_t n = 1;
    int h = 0;
    while (digit_at(t, n) && n < 4) h = h * 10 + (t[n++] - '0');
    return h > 23 ? 0 : n;
  };
  if (s.starts_with("GMT")) return 3 + signed_hour(s.substr(3));
  if (s[0] == '+' || s[0] == '-') return signed_hour(s);
  size_t upper = 0;
  while (upper < 6 && upper < s.size() && s[upper] >= 'A' && s[upper] <= 'Z') ++upper;
  if (upper == 5) return s[4] == 'T' ? 5 : 0;
  if (upper == 4) return s[3] == 'T' || s.starts_with("WITA") ? 4 : 0;
  return upper == 3 ? 3 : 0;
}

int read_nanoseconds(std::string_view s, size_t n) {  // ".123", n characters of it
  n = std::min<size_t>(n, 10);
  int ns = 0;
  for (size_t i = 1; i < n; ++i) ns = ns * 10 + (s[i] - '0');
  for (size_t i = n; i < 10; ++i) ns *= 10;
  return ns;
}

}  // namespace

bool Time::parse(std::string_view layout, std::string_view value, std::shared_ptr<const Zone> local, Time& out,
                 std::string& error) {
  using gotemplate::quote;
  std::string_view whole_layout = layout, whole = value;
  int64_t year = 0;
  int month = -1, day = -1, year_day = -1, hour = 0, minute = 0, second = 0, ns = 0, offset = -1;
  bool pm = false, am = false, utc = false;
  std::string zone_name;
  auto cannot = [&](std::string_view held, std::string_view element) {
    error = fmt::format("parsing time {} as {}: cannot parse {} as {}", quote(whole), quote(whole_layout), quote(held),
                        quote(element));
    return false;
  };
  auto wrong = [&](std::string_view what) {
    error = fmt::format("parsing time {}: {}", quote(whole), what);
    return false;
  };
  for (;;) {
    Chunk k = next_chunk(layout);
    if (!skip(value, k.before)) return cannot(value, k.before);
    if (k.std == Std::none) {
      if (!value.empty()) return wrong("extra text: " + quote(value));
      break;
    }
    layout = k.rest;
    std::string_view held = value;
    bool ok = true;
    std::string_view range;
    int n = 0;
    switch (k.std) {
      case Std::year:
        ok = digit_at(value, 0) && digit_at(value, 1);
        if (ok) {
          number(value, true, n);
          year = n + (n >= 69 ? 1900 : 2000);
        }
        break;
      case Std::long_year:
        ok = value.size() >= 4 && digit_at(value, 0) && digit_at(value, 1) && digit_at(value, 2) && digit_at(value, 3);
        if (ok) {
          int low = 0;
          number(value, true, n);
          number(value, true, low);
          year = n * 100 + low;
        }
        break;
      case Std::month:
        ok = name(kMonths, 3, value, month);
        ++month;
        break;
      case Std::long_month:
        ok = name(kMonths, 99, value, month);
        ++month;
        break;
      case Std::number_month:
      case Std::zero_month:
        ok = number(value, k.std == Std::zero_month, month);
        if (ok && (month <= 0 || month > 12)) range = "month";
        break;
      case Std::weekday:
        ok = name(kDays, 3, value, n);
        break;
      case Std::long_weekday:
        ok = name(kDays, 99, value, n);
        break;
      case Std::day:
      case Std::blank_day:
      case Std::zero_day:
        if (k.std == Std::blank_day && value.starts_with(' ')) value.remove_prefix(1);
        ok = number(value, k.std == Std::zero_day, day);
        break;
      case Std::blank_year_day:
      case Std::zero_year_day: {
        for (int i = 0; i < 2; ++i)
          if (k.std == Std::blank_year_day && value.starts_with(' ')) value.remove_prefix(1);
        size_t digits = 0;
        year_day = 0;
        while (digits < 3 && digit_at(value, digits)) year_day = year_day * 10 + (value[digits++] - '0');
        ok = digits > 0 && (k.std == Std::blank_year_day || digits == 3);
        value.remove_prefix(digits);
        break;
      }
      case Std::hour:
        ok = number(value, false, hour);
        if (hour >= 24) range = "hour";
        break;
      case Std::hour12:
      case Std::zero_hour12:
        ok = number(value, k.std == Std::zero_hour12, hour);
        if (hour > 12) range = "hour";
        break;
      case Std::minute:
      case Std::zero_minute:
        ok = number(value, k.std == Std::zero_minute, minute);
        if (minute >= 60) range = "minute";
        break;
      case Std::second:
      case Std::zero_second:
        ok = number(value, k.std == Std::zero_second, second);
        if (!ok) break;
        if (second >= 60) {
          range = "second";
          break;
        }
        if (value.size() >= 2 && (value[0] == '.' || value[0] == ',') && digit_at(value, 1)) {
          Std next = next_chunk(layout).std;
          if (next == Std::fraction_zeros || next == Std::fraction_nines) break;
          size_t digits = 2;
          while (digit_at(value, digits)) ++digits;
          ns = read_nanoseconds(value, digits);
          value.remove_prefix(digits);
        }
        break;
      case Std::upper_pm:
      case Std::lower_pm: {
        std::string_view p = value.substr(0, std::min<size_t>(2, value.size()));
        bool upper = k.std == Std::upper_pm;
        pm = p == (upper ? "PM" : "pm");
        am = p == (upper ? "AM" : "am");
        ok = pm || am;
        if (ok) value.remove_prefix(2);
        break;
      }
      case Std::zone: {
        if (value.starts_with("UTC")) {
          utc = true;
          value.remove_prefix(3);
          break;
        }
        size_t length = zone_name_length(value);
        ok = length > 0;
        zone_name = value.substr(0, length);
        value.remove_prefix(length);
        break;
      }
      case Std::fraction_zeros: {
        auto length = static_cast<size_t>(k.digits) + 1;
        ok = value.size() >= length && (value[0] == '.' || value[0] == ',');
        for (size_t i = 1; ok && i < length; ++i) ok = digit_at(value, i);
        if (!ok) break;
        ns = read_nanoseconds(value, length);
        value.remove_prefix(length);
        break;
      }
      case Std::fraction_nines: {
        if (value.size() < 2 || (value[0] != '.' && value[0] != ',') || !digit_at(value, 1)) break;
        size_t length = 1;
        while (digit_at(value, length)) ++length;
        ns = read_nanoseconds(value, length);
        value.remove_prefix(length);
        break;
      }
      default: {  // an offset
        bool iso = k.std >= Std::iso && k.std <= Std::iso_colon_seconds;
        if (iso && value.starts_with('Z')) {
          value.remove_prefix(1);
          utc = true;
          break;
        }
        bool colon = k.std == Std::iso_colon || k.std == Std::figures_colon;
        bool colons = k.std == Std::iso_colon_seconds || k.std == Std::figures_colon_seconds;
        bool is_short = k.std == Std::iso_short || k.std == Std::figures_short;
        bool seconds = k.std == Std::iso_seconds || k.std == Std::figures_seconds;
        size_t length = colons ? 9 : colon ? 6 : is_short ? 3 : seconds ? 7 : 5;
        ok = value.size() >= length && (!(colon || colons) || value[3] == ':') && (!colons || value[6] == ':');
        if (!ok) break;
        std::string figures;
        for (char c : value.substr(1, length - 1))
          if (c != ':' || !(colon || colons)) figures += c;
        figures.resize(6, '0');
        int h = 0, m = 0, s = 0;
        std::string_view f = figures;
        ok = number(f, true, h) && number(f, true, m) && number(f, true, s) && (value[0] == '+' || value[0] == '-');
        if (h > 24) range = "time zone offset hour";
        if (m > 60) range = "time zone offset minute";
        if (s > 60) range = "time zone offset second";
        offset = (h * 60 + m) * 60 + s;
        if (value[0] == '-') offset = -offset;
        value.remove_prefix(length);
      }
    }
    if (!range.empty()) return wrong(fmt::format("{} out of range", range));
    if (!ok) return cannot(held, k.text);
  }
  if (pm && hour < 12)
    hour += 12;
  else if (am && hour == 12)
    hour = 0;
  if (year_day >= 0) {
    if (year_day < 1 || year_day > (is_leap(year) ? 366 : 365)) return wrong("day-of-year out of range");
    int64_t y;
    int m, d;
    civil_from_days(days_from_civil(year, 1, 1) + year_day - 1, y, m, d);
    if (month >= 0 && month != m) return wrong("day-of-year does not match month");
    if (day >= 0 && day != d) return wrong("day-of-year does not match day");
    month = m;
    day = d;
  } else {
    if (month < 0) month = 1;
    if (day < 0) day = 1;
  }
  if (day < 1 || day > days_in(month, year)) return wrong("day out of range");
  auto date = [&](std::shared_ptr<const Zone> z) {
    return of(year, month, day, hour, minute, second, ns, std::move(z));
  };
  if (utc) {
    out = date(Zone::utc());
  } else if (offset != -1) {
    out = date(Zone::utc());
    out.unix_s -= offset;
    ZoneTime here = local->at(out.unix_s);
    out.zone = here.offset_s == offset && (zone_name.empty() || here.abbreviation == zone_name)
                   ? local
                   : Zone::fixed(zone_name, offset);
  } else if (!zone_name.empty()) {
    out = date(Zone::utc());
    int found = 0;
    if (local->offset_of(zone_name, out.unix_s, found)) {
      out.unix_s -= found;
      out.zone = local;
    } else {
      int hours = 0;
      if (zone_name.size() > 3 && zone_name.starts_with("GMT")) hours = std::atoi(zone_name.c_str() + 3);
      out.zone = Zone::fixed(zone_name, hours * 3600);
      out.unix_s -= hours * 3600;
    }
  } else {
    out = date(std::move(local));
  }
  return true;
}

bool parse_duration(std::string_view s, int64_t& out, std::string& error) {
  std::string_view whole = s;
  out = 0;
  auto wrong = [&](std::string_view what) {
    error = fmt::format("time: {} {}", what, gotemplate::quote(whole));
    return false;
  };
  bool negative = s.starts_with('-');
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  if (s == "0") return true;
  if (s.empty()) return wrong("invalid duration");
  constexpr uint64_t kMax = uint64_t{1} << 63;
  uint64_t sum = 0;
  while (!s.empty()) {
    if (s[0] != '.' && !digit_at(s, 0)) return wrong("invalid duration");
    uint64_t v = 0, f = 0;
    double scale = 1;
    bool before = digit_at(s, 0), after = false;
    while (digit_at(s, 0)) {
      if (v > kMax / 10) return wrong("invalid duration");
      v = v * 10 + static_cast<uint64_t>(s[0] - '0');
      if (v > kMax) return wrong("invalid duration");
      s.remove_prefix(1);
    }
    if (s.starts_with('.')) {
      s.remove_prefix(1);
      after = digit_at(s, 0);
      bool full = false;
      while (digit_at(s, 0)) {
        if (!full && f <= (kMax - 1) / 10) {
          f = f * 10 + static_cast<uint64_t>(s[0] - '0');
          scale *= 10;
        } else {
          full = true;
        }
        s.remove_prefix(1);
      }
    }
    if (!before && !after) return wrong("invalid duration");
    size_t n = 0;
    while (n < s.size() && s[n] != '.' && !digit_at(s, n)) ++n;
    if (n == 0) return wrong("missing unit in duration");
    static constexpr std::pair<std::string_view, uint64_t> units[] = {
        {"ns", 1},         {"us", 1000},         {"µs", 1000},          {"μs", 1000},
        {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
    uint64_t unit = 0;
    for (auto [text, ns] : units)
      if (text == s.substr(0, n)) unit = ns;
    if (unit == 0) return wrong(fmt::format("unknown unit {} in duration", gotemplate::quote(s.substr(0, n))));
    s.remove_prefix(n);
    if (v > kMax / unit) return wrong("invalid duration");
    v *= unit;
    if (f > 0) {
      v += static_cast<uint64_t>(static_cast<double>(f) * (static_cast<double>(unit) / scale));
      if (v > kMax) return wrong("invalid duration");
    }
    sum += v;
    if (sum > kMax) return wrong("invalid duration");
  }
  if (!negative && sum > kMax - 1) return wrong("invalid duration");
  out = negative ? static_cast<int64_t>(0 - sum) : static_cast<int64_t>(sum);
  return true;
}

}  // namespace slipway::lang::sprig
