// time.Parse: a text read by a layout.
#include <fmt/format.h>

#include <array>

#include "lang/gotemplate/format.h"
#include "lang/sprig/go_layout.h"
#include "lang/sprig/go_time.h"

namespace slipway::lang::sprig {

namespace {

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

// As the time package quotes: bytes that are no printable ASCII in hexadecimal.
static std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x80) {
      out += fmt::format("\\x{:02x}", byte);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool Time::parse(std::string_view layout, std::string_view value, std::shared_ptr<const Zone> local, Time& out,
                 std::string& error) {
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

}  // namespace slipway::lang::sprig
