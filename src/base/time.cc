#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/timestamp.h"

namespace slipway::base {

using namespace std::chrono;

static std::string format_seconds(Timestamp time) {
  sys_seconds second{seconds(time.seconds)};
  auto day = floor<days>(second);
  year_month_day date{day};
  hh_mm_ss clock{second - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string format_rfc3339(Timestamp time) {
  return format_seconds(time) + "Z";
}

std::string format_rfc3339_micro(Timestamp time) {
  return fmt::format("{}.{:06}Z", format_seconds(time), time.nanos / 1000);
}

std::string format_rfc3339(WallTime time) {
  return format_rfc3339(to_timestamp(time));
}

std::string format_rfc3339_micro(WallTime time) {
  return format_rfc3339_micro(to_timestamp(time));
}

std::string format_rfc3339_nano(WallTime time) {
  Timestamp stamp = to_timestamp(time);
  return fmt::format("{}.{:09}Z", format_seconds(stamp), stamp.nanos);
}

Timestamp to_timestamp(WallTime time) {
  auto second = floor<seconds>(time);
  return {second.time_since_epoch().count(), static_cast<int32_t>((time - second).count())};
}

WallTime to_wall_time(Timestamp time) {
  constexpr int64_t most = floor<seconds>(Duration::max() / 2).count();
  if (time.seconds < -most) return WallTime(seconds(-most));
  if (time.seconds > most) return WallTime(seconds(most));
  return WallTime(seconds(time.seconds)) + nanoseconds(time.nanos);
}

Duration whole_seconds(int64_t count) {
  constexpr int64_t most = int64_t{1} << 31;
  return seconds(std::clamp(count, -most, most));
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  auto time = parse_timestamp(text);
  return time ? std::optional(to_wall_time(*time)) : std::nullopt;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  auto digits = [&](size_t at, size_t count) -> int {
    if (at + count > text.size()) return -1;
    int number = 0;
    for (size_t i = at; i < at + count; ++i) {
      if (!std::isdigit(static_cast<unsigned char>(text[i]))) return -1;
      number = number * 10 + (text[i] - '0');
    }
    return number;
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  int y = digits(0, 4), mo = digits(5, 2), d = digits(8, 2), h = digits(11, 2), mi = digits(14, 2), s = digits(17, 2);
  year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (y < 0 || !date.ok() || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) return std::nullopt;
  size_t at = 19;
  int32_t nanos = 0;
  if (text[at] == '.' || text[at] == ',') {  // both, as Go
    size_t begin = ++at;
    int32_t scale = 1'000'000'000;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) {
      if (at - begin < 9) {
        nanos = nanos * 10 + (text[at] - '0');
        scale /= 10;
      }
      ++at;
    }
    if (at == begin) return std::nullopt;
    nanos *= scale;
  }
  minutes offset{0};
  if (at >= text.size()) return std::nullopt;
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else if (text[at] == '+' || text[at] == '-') {
    int oh = digits(at + 1, 2), om = digits(at + 4, 2);
    if (oh < 0 || om < 0 || at + 6 > text.size() || text[at + 3] != ':') return std::nullopt;
    offset = minutes((text[at] == '-' ? -1 : 1) * (oh * 60 + om));
    at += 6;
  }
  if (at != text.size()) return std::nullopt;
  sys_seconds second = sys_days(date) + hours(h) + minutes(mi) + seconds(s) - offset;
  Timestamp time{second.time_since_epoch().count(), nanos};
  if (time.seconds < Timestamp::earliest || time.seconds > Timestamp::latest) return std::nullopt;
  return time;
}

std::string human_duration(Duration duration) {
  long long s = duration_cast<seconds>(duration).count();
  if (s < -1) return "<invalid>";
  if (s < 0) return "0s";
  if (s < 120) return fmt::format("{}s", s);
  long long m = s / 60;
  if (m < 10) return s % 60 ? fmt::format("{}m{}s", m, s % 60) : fmt::format("{}m", m);
  if (m < 180) return fmt::format("{}m", m);
  long long h = m / 60;
  if (h < 8) return m % 60 ? fmt::format("{}h{}m", h, m % 60) : fmt::format("{}h", h);
  if (h < 48) return fmt::format("{}h", h);
  if (h < 24 * 8) return h % 24 ? fmt::format("{}d{}h", h / 24, h % 24) : fmt::format("{}d", h / 24);
  if (h < 24 * 365 * 2) return fmt::format("{}d", h / 24);
  if (h < 24 * 365 * 8) {
    long long d = h / 24 % 365;
    return d ? fmt::format("{}y{}d", h / 24 / 365, d) : fmt::format("{}y", h / 24 / 365);
  }
  return fmt::format("{}y", h / 24 / 365);
}

std::optional<Duration> parse_go_duration(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    size_t used = 0;
    double number = 0, scale = 1;
    bool point = false, any = false;
    for (; used < text.size(); ++used) {
      char c = text[used];
      if (c == '.' && !point) {
        point = true;
      } else if (std::isdigit(static_cast<unsigned char>(c))) {
        any = true;
        number = number * 10 + (c - '0');
        if (point) scale *= 10;
      } else {
        break;
      }
    }
    if (!any) return std::nullopt;
    text.remove_prefix(used);
    double unit = 0;
    struct Unit {
      std::string_view name;
      double nanos;
    };
    for (Unit u :
         {Unit{"ns", 1}, {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}}) {
      if (text.starts_with(u.name) && !(u.name == "m" && text.starts_with("ms"))) {
        unit = u.nanos;
        text.remove_prefix(u.name.size());
        break;
      }
    }
    if (unit == 0) return std::nullopt;
    total += number / scale * unit;
    if (total > 9e18) return std::nullopt;
  }
  return Duration(static_cast<long long>(negative ? -total : total));
}

}  // namespace slipway::base
