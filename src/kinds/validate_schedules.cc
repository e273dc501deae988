// CronJobs' schedules, as robfig/cron reads them, and time zones.
#include <array>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "kinds/checks.h"
#include "kinds/time_zones.h"

namespace slipway::kinds {

namespace {

// One of the five fields: what it may hold. Names count from `min`.
struct Field {
  uint64_t min, max;
  std::string_view names;
};
constexpr Field fields[] = {{0, 59, ""},
                            {0, 23, ""},
                            {1, 31, ""},
                            {1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
                            {0, 6, "sun mon tue wed thu fri sat"}};
constexpr std::string_view descriptors[] = {"@yearly", "@annually", "@monthly", "@weekly",
                                            "@daily",  "@midnight", "@hourly"};
constexpr std::string_view every = "@every ";

// strconv.Atoi of what may not be negative; else the problem.
std::optional<uint64_t> number(std::string_view text, std::string& problem) {
  std::string_view digits = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  bool all_digits = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  auto value = all_digits ? base::parse_int(digits) : std::nullopt;
  if (!value) {
    problem = fmt::format("failed to parse int from {}: strconv.Atoi: parsing \"{}\": {}", text, text,
                          all_digits ? "value out of range" : "invalid syntax");
    return std::nullopt;
  }
  if (text.starts_with('-') && *value > 0) {
    problem = fmt::format("negative number (-{}) not allowed: {}", *value, text);
    return std::nullopt;
  }
  return static_cast<uint64_t>(*value);
}

std::optional<uint64_t> number_or_name(const Field& field, std::string_view text, std::string& problem) {
  uint64_t value = field.min;
  for (std::string_view name : base::split(field.names, ' ')) {
    if (!name.empty() && base::to_lower(text) == name) return value;
    ++value;
  }
  return number(text, problem);
}

// "1-5/2", "*", "mon"
std::string range_problem(const Field& field, std::string_view expression) {
  std::string problem;
  auto parts = base::split(expression, '/');
  auto ends = base::split(parts[0], '-');
  uint64_t start = field.min, end = field.max, step = 1;
  if (ends[0] != "*" && ends[0] != "?") {
    auto first = number_or_name(field, ends[0], problem);
    if (!first) return problem;
    start = end = *first;
    if (ends.size() == 2) {
      auto last = number_or_name(field, ends[1], problem);
      if (!last) return problem;
      end = *last;
    }
    if (ends.size() > 2) return fmt::format("too many hyphens: {}", expression);
  }
  if (parts.size() == 2) {
    auto every_so_many = number(parts[1], problem);
    if (!every_so_many) return problem;
    step = *every_so_many;
    if (ends.size() == 1) end = field.max;
  }
  if (parts.size() > 2) return fmt::format("too many slashes: {}", expression);
  if (start < field.min)
    return fmt::format("beginning of range ({}) below minimum ({}): {}", start, field.min, expression);
  if (end > field.max) return fmt::format("end of range ({}) above maximum ({}): {}", end, field.max, expression);
  if (start > end) return fmt::format("beginning of range ({}) beyond end of range ({}): {}", start, end, expression);
  if (step == 0) return fmt::format("step of range should be a positive number: {}", expression);
  return {};
}

std::string descriptor_problem(std::string_view text) {
  for (std::string_view known : descriptors)
    if (text == known) return {};
  if (!text.starts_with(every)) return fmt::format("unrecognized descriptor: {}", text);
  std::string_view duration = text.substr(every.size());
  if (base::parse_go_duration(duration)) return {};
  return fmt::format("failed to parse duration {}: time: invalid duration \"{}\"", text, duration);
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> all;
  for (std::string_view line = text; !line.empty();) {
    size_t end = line.find_first_of(" \t\n\v\f\r");
    if (end != 0) all.emplace_back(line.substr(0, end));
    line = end == line.npos ? std::string_view() : line.substr(end + 1);
  }
  return all;
}

std::string schedule_problem(std::string_view schedule) {
  if (schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=")) {
    size_t space = schedule.find(' '), equals = schedule.find('=');
    if (space == schedule.npos) return "invalid schedule format: runtime error: slice bounds out of range [:-1]";
    std::string_view zone = schedule.substr(equals + 1, space - equals - 1);
    if (!zone.empty() && zone != "Local" && !is_time_zone(zone))
      return fmt::format("provided bad location {}: unknown time zone {}", zone, zone);
    schedule = base::trim(schedule.substr(space));
  }
  if (schedule.starts_with('@')) return descriptor_problem(schedule);
  auto parts = words(schedule);
  if (parts.size() != std::size(fields))
    return fmt::format("expected exactly {} fields, found {}: [{}]", std::size(fields), parts.size(),
                       base::join(parts, " "));
  for (size_t i = 0; i < parts.size(); ++i)
    for (std::string_view expression : base::split(parts[i], ','))
      if (std::string problem = expression.empty() ? "" : range_problem(fields[i], expression); !problem.empty())
        return problem;
  return {};
}

bool is_zone_part(std::string_view part) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+";
  return !part.empty() && part.size() <= 14 && part.find_first_not_of(letters) == part.npos && part != "." &&
         part != ".." && !part.starts_with('-');
}

}  // namespace

void check_schedule(Checks& c, const Value& spec, const Value* before, const Path& at) {
  std::string schedule = spec["schedule"].str();
  if (schedule.empty()) return c.required(at / "schedule");
  if (std::string problem = schedule_problem(schedule); !problem.empty()) c.invalid(at / "schedule", schedule, problem);
  // Who had a zone in the schedule may keep it there.
  bool names_zone = schedule.find("TZ") != schedule.npos;
  bool may = before && (*before)["schedule"].as_string().find("TZ") != std::string_view::npos;
  if (names_zone && !may)
    c.invalid(at / "schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  else if (names_zone && !spec["timeZone"].is_null())
    c.invalid(at / "schedule", schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
}

void check_time_zone(Checks& c, const Value& zone, const Path& at) {
  if (zone.is_null()) return;
  std::string name = zone.str(), unknown = fmt::format("unknown time zone {}", name);
  if (name.empty()) return c.invalid(at, zone, "timeZone must be nil or non-empty string");
  for (std::string_view part : base::split(name, '/'))
    if (!is_zone_part(part)) return c.invalid(at, zone, unknown);
  if (base::to_lower(name) == "local")
    c.invalid(at, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  if (name != "Local" && !is_time_zone(name)) c.invalid(at, zone, unknown);
}

}  // namespace slipway::kinds
