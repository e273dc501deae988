// What Helm 4 has beyond Helm 3: must... of what else hides an error, and durations.
#include <cmath>

#include "lang/gotemplate/duration.h"
#include "lang/gotemplate/number.h"
#include "lang/sprig/families.h"
#include "lang/sprig/go_time.h"

namespace slipway::lang::sprig {

namespace {

constexpr int64_t kSecond = 1'000'000'000, kHour = 3600 * kSecond;

std::optional<int64_t> overflow(std::string_view what, const Any& number, std::string& error) {
  error = fmt::format("duration {} overflow: {}", what, gotemplate::printed(number));
  return std::nullopt;
}

std::optional<int64_t> of_seconds(double seconds, std::string& error) {
  constexpr double kSecondsMax = 0x1p63 / kSecond;
  if (!std::isfinite(seconds)) {
    error = "invalid duration seconds: " + gotemplate::printed(Any::of(seconds));
    return std::nullopt;
  }
  if (std::fabs(seconds) > kSecondsMax) return overflow("seconds", Any::of(seconds), error);
  double nanoseconds = seconds * kSecond;
  if (std::fabs(nanoseconds) > 0x1p63) return overflow("nanoseconds", Any::of(nanoseconds), error);
  return gotemplate::float_to_int(nanoseconds);
}

std::optional<int64_t> of_text(std::string_view text, std::string& error) {
  std::string_view s = trim_space(text);
  if (s.empty()) {
    error = "empty duration";
    return std::nullopt;
  }
  int64_t duration = 0;
  if (parse_duration(s, duration, error)) return duration;
  double seconds = 0;
  if (gotemplate::read_float(s, seconds) == gotemplate::ReadNumber::ok) return of_seconds(seconds, error);
  error = "could not parse duration " + gotemplate::quote(text);
  return std::nullopt;
}

// A duration; a text of one, or of seconds; or a number of seconds. Otherwise nothing, and `error`.
std::optional<int64_t> as_duration(const Any& v, std::string& error) {
  if (v.type() == &types::duration) return v.as_int();
  if (v.type() == &types::string) return of_text(v.text(), error);
  if (v.is_nil()) {
    error = "invalid duration";
    return std::nullopt;
  }
  if (v.is_float()) return of_seconds(v.as_float(), error);
  if (v.is_uint() ? v.as_uint() > INT64_MAX / kSecond
                  : v.is_int() && (v.as_int() > INT64_MAX / kSecond || v.as_int() < INT64_MIN / kSecond))
    return overflow("seconds", v.is_uint() ? Any::number(types::uint64, v.as_int()) : Any::of_int64(v.as_int()), error);
  if (v.is_uint() || v.is_int()) return v.as_int() * kSecond;
  error = fmt::format("unsupported duration type {}", v.type_name());
  return std::nullopt;
}

int64_t duration_or_0(const Any& v) {
  std::string error;
  return as_duration(v, error).value_or(0);
}

Any to_multiple(Call& c, int64_t (*run)(int64_t, int64_t)) {
  std::string error;
  auto duration = as_duration(c[0], error), unit = as_duration(c[1], error);
  if (!duration || !unit) return Any::number(types::duration, duration.value_or(0));
  return Any::number(types::duration, run(*duration, *unit));
}

void add_durations(Functions& f) {
  using gotemplate::duration_in;
  const Type* more[] = {&types::duration};
  f.add(
      "mustToDuration", "(any) time.Duration",
      [](Call& c) {
        std::string error;
        auto duration = as_duration(c[0], error);
        return duration ? Any::number(types::duration, *duration) : c.fail(error);
      },
      more);
  f.add("durationSeconds", "(any) float64", [](Call& c) { return Any::of(duration_in(duration_or_0(c[0]), kSecond)); });
  f.add("durationMilliseconds", "(any) int64", [](Call& c) { return Any::of_int64(duration_or_0(c[0]) / 1'000'000); });
  f.add("durationMicroseconds", "(any) int64", [](Call& c) { return Any::of_int64(duration_or_0(c[0]) / 1'000); });
  f.add("durationNanoseconds", "(any) int64", [](Call& c) { return Any::of_int64(duration_or_0(c[0])); });
  f.add("durationMinutes", "(any) float64",
        [](Call& c) { return Any::of(duration_in(duration_or_0(c[0]), kHour / 60)); });
  f.add("durationHours", "(any) float64", [](Call& c) { return Any::of(duration_in(duration_or_0(c[0]), kHour)); });
  f.add("durationDays", "(any) float64", [](Call& c) { return Any::of(duration_in(duration_or_0(c[0]), kHour) / 24); });
  f.add("durationWeeks", "(any) float64",
        [](Call& c) { return Any::of(duration_in(duration_or_0(c[0]), kHour) / 24 / 7); });
  f.add(
      "durationRoundTo", "(any, any) time.Duration",
      [](Call& c) { return to_multiple(c, gotemplate::duration_rounded); }, more);
  f.add(
      "durationTruncateTo", "(any, any) time.Duration",
      [](Call& c) { return to_multiple(c, gotemplate::duration_truncated); }, more);
}

}  // namespace

void add_helm4_functions(Functions& f) {
  f.add("mustToToml", "(any) string", [](Call& c) { return to_toml(c, true); });
  f.add("mustToYaml", "(any) string", must_to_yaml);
  f.add("mustToJson", "(any) string", [](Call& c) {
    auto tree = gotemplate::to_value(c[0]);
    return tree ? Any::of(to_json(c[0])) : c.fail(tree.error().message());
  });
  add_durations(f);
}

}  // namespace slipway::lang::sprig
