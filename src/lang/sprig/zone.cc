#include "lang/sprig/zone.h"

#include <algorithm>
#include <map>

namespace slipway::lang::sprig {

int64_t days_from_civil(int64_t year, int month, int day) {
  // Years that begin in March: the leap day is then the last.
  year -= month <= 2 ? 1 : 0;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool is_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
int days_in(int month, int64_t year) {
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

void civil_from_days(int64_t days, int64_t& year, int& month, int& day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t of_era = days - era * 146097;
  int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t m = (5 * of_year + 2) / 153;
  day = static_cast<int>(of_year - (153 * m + 2) / 5 + 1);
  month = static_cast<int>(m < 10 ? m + 3 : m - 9);
  year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
}

std::shared_ptr<const Zone> Zone::utc() {
  static const std::shared_ptr<const Zone> zone = fixed("UTC", 0);
  return zone;
}

// The time of a machine that keeps UTC: the same hours, and another place to those who print it.
std::shared_ptr<const Zone> Zone::local_utc() {
  static const std::shared_ptr<const Zone> zone = [] {
    Zone local(*utc());
    local.name_ = "Local";
    return std::make_shared<Zone>(std::move(local));
  }();
  return zone;
}

std::shared_ptr<const Zone> Zone::fixed(std::string abbreviation, int offset_s) {
  auto zone = std::make_shared<Zone>();
  zone->name_ = abbreviation;
  zone->kinds_.push_back({std::move(abbreviation), offset_s, false});
  return zone;
}

std::shared_ptr<const Zone> Zone::load(std::string_view name, const gotemplate::Environment& environment) {
  if (name == "Local" && (environment.local_zone.empty() || environment.local_zone == "UTC")) return local_utc();
  if (name == "Local") name = environment.local_zone;
  if (name.empty() || name == "UTC") return utc();
  if (name.find("..") != name.npos || name.starts_with('/') || name.find('\\') != name.npos) return nullptr;
  thread_local std::map<std::string, std::shared_ptr<const Zone>, std::less<>> known;
  auto found = known.find(name);
  if (found != known.end()) return found->second;
  if (!environment.zoneinfo) return nullptr;
  auto bytes = environment.zoneinfo(name);
  auto zone = std::make_shared<Zone>();
  zone->name_ = name;
  if (!bytes || !zone->read(*bytes)) return nullptr;
  if (known.size() > 64) known.clear();
  known.emplace(std::string(name), zone);
  return zone;
}

bool Zone::read(std::string_view s) {
  auto be = [&s](size_t at, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; ++i) v = v << 8 | static_cast<unsigned char>(s[at + i]);
    return n == 4 ? static_cast<int64_t>(static_cast<int32_t>(v)) : static_cast<int64_t>(v);
  };
  size_t wide = 4;
  for (int pass = 0;; ++pass) {
    if (s.size() < 44 || !s.starts_with("TZif")) return false;
    char version = s[4];
    auto isut = static_cast<size_t>(be(20, 4)), isstd = static_cast<size_t>(be(24, 4)),
         leap = static_cast<size_t>(be(28, 4)), times = static_cast<size_t>(be(32, 4)),
         kinds = static_cast<size_t>(be(36, 4)), chars = static_cast<size_t>(be(40, 4));
    if (std::max({isut, isstd, leap, times, kinds, chars}) > 100'000) return false;
    size_t size = 44 + times * wide + times + kinds * 6 + chars + leap * (wide + 4) + isstd + isut;
    if (s.size() < size) return false;
    if (pass == 0 && version >= '2') {  // the second block has 64-bit times
      s.remove_prefix(size);
      wide = 8;
      continue;
    }
    size_t types_at = 44 + times * wide, kinds_at = types_at + times, chars_at = kinds_at + kinds * 6;
    for (size_t i = 0; i < kinds; ++i) {
      size_t at = kinds_at + i * 6;
      auto name_at = static_cast<size_t>(static_cast<unsigned char>(s[at + 5]));
      if (name_at >= chars) return false;
      std::string_view name = s.substr(chars_at + name_at, chars - name_at);
      kinds_.push_back({std::string(name.substr(0, name.find('\0'))), static_cast<int>(be(at, 4)), s[at + 4] != 0});
    }
    if (kinds_.empty()) return false;
    for (size_t i = 0; i < times; ++i) {
      auto kind = static_cast<uint8_t>(s[types_at + i]);
      if (kind >= kinds) return false;
      changes_.push_back({be(44 + i * wide, wide), kind});
    }
    std::string_view footer = s.substr(size);
    if (footer.size() > 2 && footer[0] == '\n') rule_ = footer.substr(1, footer.find('\n', 1) - 1);
    return true;
  }
}

ZoneTime Zone::at(int64_t unix_s) const {
  if (changes_.empty() || unix_s < changes_.front().first) {
    ZoneTime out;
    if (changes_.empty() && by_rule(unix_s, out)) return out;
    for (const ZoneTime& k : kinds_)
      if (!k.is_daylight) return k;
    return kinds_.front();
  }
  auto after = std::upper_bound(changes_.begin(), changes_.end(), unix_s,
                                [](int64_t t, const auto& change) { return t < change.first; });
  ZoneTime out;
  if (after == changes_.end() && by_rule(unix_s, out)) return out;
  return kinds_[std::prev(after)->second];
}

bool Zone::offset_of(std::string_view abbreviation, int64_t unix_s, int& offset_s) const {
  for (const ZoneTime& k : kinds_)
    if (k.abbreviation == abbreviation && at(unix_s - k.offset_s).abbreviation == abbreviation) {
      offset_s = k.offset_s;
      return true;
    }
  for (const ZoneTime& k : kinds_)
    if (k.abbreviation == abbreviation) {
      offset_s = k.offset_s;
      return true;
    }
  return false;
}

namespace {

// "CET-1CEST,M3.5.0,M10.5.0/3"
struct Rule {
  enum class Kind { julian, day, month } kind = Kind::month;
  int month = 0, week = 0, day = 0, time_s = 7200;

  int64_t second_of_year(int64_t year) const {
    int64_t first = days_from_civil(year, 1, 1);
    bool leap = days_from_civil(year, 3, 1) - days_from_civil(year, 2, 28) == 2;
    int64_t d = day;
    if (kind == Kind::julian) d = day - 1 + (leap && day >= 60 ? 1 : 0);
    if (kind == Kind::month) {
      int64_t begin = days_from_civil(year, month, 1);
      int64_t end = month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
      int64_t weekday = ((begin + 4) % 7 + 7) % 7;
      int64_t at = begin + (day - weekday + 7) % 7 + 7 * (week - 1);
      while (at >= end) at -= 7;
      d = at - first;
    }
    return d * 86400 + time_s;
  }
};

class RuleReader {
 public:
  explicit RuleReader(std::string_view s) : s_(s) {}
  bool done() const { return s_.empty(); }
  bool take(char c) {
    if (!s_.starts_with(c)) return false;
    s_.remove_prefix(1);
    return true;
  }
  bool at(char c) const { return s_.starts_with(c); }
  bool name(std::string& out) {
    if (take('<')) {
      size_t end = s_.find('>');
      if (end == s_.npos) return false;
      out = s_.substr(0, end);
      s_.remove_prefix(end + 1);
      return true;
    }
    size_t n = 0;
    while (n < s_.size() && ((s_[n] | 0x20) >= 'a' && (s_[n] | 0x20) <= 'z')) ++n;
    out = s_.substr(0, n);
    s_.remove_prefix(n);
    return n >= 3;
  }
  bool number(int low, int high, int& out) {
    size_t n = 0;
    out = 0;
    while (n < s_.size() && s_[n] >= '0' && s_[n] <= '9' && out <= high) out = out * 10 + (s_[n++] - '0');
    s_.remove_prefix(n);
    return n > 0 && out >= low && out <= high;
  }
  bool offset(int& out) {
    bool negative = take('-');
    if (!negative) take('+');
    int h = 0, m = 0, sec = 0;
    if (!number(0, 24 * 7, h)) return false;
    if (take(':') && !number(0, 59, m)) return false;
    if (take(':') && !number(0, 59, sec)) return false;
    out = (h * 60 + m) * 60 + sec;
    if (negative) out = -out;
    return true;
  }
  bool rule(Rule& r) {
    if (take('J')) {
      r.kind = Rule::Kind::julian;
      if (!number(1, 365, r.day)) return false;
    } else if (take('M')) {
      if (!number(1, 12, r.month) || !take('.') || !number(1, 5, r.week) || !take('.') || !number(0, 6, r.day))
        return false;
    } else {
      r.kind = Rule::Kind::day;
      if (!number(0, 365, r.day)) return false;
    }
    return !take('/') || offset(r.time_s);
  }

 private:
  std::string_view s_;
};

}  // namespace

bool Zone::by_rule(int64_t unix_s, ZoneTime& out) const {
  if (rule_.empty()) return false;
  RuleReader in(rule_);
  ZoneTime standard, daylight;
  if (!in.name(standard.abbreviation) || !in.offset(standard.offset_s)) return false;
  standard.offset_s = -standard.offset_s;
  out = standard;
  if (in.done()) return true;
  daylight.is_daylight = true;
  if (!in.name(daylight.abbreviation)) return false;
  daylight.offset_s = standard.offset_s + 3600;
  if (!in.done() && !in.at(',')) {
    if (!in.offset(daylight.offset_s)) return false;
    daylight.offset_s = -daylight.offset_s;
  }
  Rule start, end;
  if (!in.take(',') || !in.rule(start) || !in.take(',') || !in.rule(end)) return false;
  constexpr int64_t four_centuries = 146'097ll * 86400;  // the calendar repeats, with its weekdays
  unix_s %= four_centuries;
  int64_t year;
  int month, day;
  civil_from_days((unix_s - (((unix_s % 86400) + 86400) % 86400)) / 86400, year, month, day);
  int64_t of_year = unix_s - days_from_civil(year, 1, 1) * 86400;
  int64_t begins = start.second_of_year(year) - standard.offset_s, ends = end.second_of_year(year) - daylight.offset_s;
  bool in_daylight =
      begins < ends ? of_year >= begins && of_year < ends : of_year >= begins || of_year < ends;  // the south
  if (in_daylight) out = daylight;
  return true;
}

}  // namespace slipway::lang::sprig
