#include "base/time.h"

#include <doctest/doctest.h>

#include "base/timestamp.h"

using namespace slipway;
using namespace slipway::base;

TEST_CASE("RFC 3339 goes there and back") {
  CHECK(format_rfc3339(*parse_rfc3339("2026-11-21T10:00:00Z")) == "2026-11-21T10:00:00Z");
  CHECK(format_rfc3339(*parse_rfc3339("2026-11-21T10:00:00.5+02:30")) == "2026-11-21T07:30:00Z");
  CHECK(format_rfc3339_micro(*parse_rfc3339("2026-11-21T10:00:00.123456Z")) == "2026-11-21T10:00:00.123456Z");
  for (auto bad : {"", "2026-11-21", "2026-13-21T10:00:00Z", "2026-11-21T10:00:00", "2026-11-21T10:00:00+2", "x"}) {
    CHECK_FALSE(parse_rfc3339(bad).has_value());
  }
}

TEST_CASE("a timestamp holds every year of four digits") {
  auto check = [](const char* text, int64_t seconds, const char* expected) {
    auto time = parse_timestamp(text);
    REQUIRE_MESSAGE(time.has_value(), text);
    CHECK(time->seconds == seconds);
    CHECK(format_rfc3339(*time) == expected);
  };
  check("9999-12-31T23:59:59Z", Timestamp::latest, "9999-12-31T23:59:59Z");
  check("9999-12-31T23:59:59.999999999Z", Timestamp::latest, "9999-12-31T23:59:59Z");
  check("0000-01-01T00:00:00Z", Timestamp::earliest, "0000-01-01T00:00:00Z");
  check("0001-01-01T00:00:00Z", Timestamp::never, "0001-01-01T00:00:00Z");
  check("2262-04-11T23:47:17Z", 9'223'372'037, "2262-04-11T23:47:17Z");
  check("1600-02-29T12:00:00+12:00", -11'670'998'400, "1600-02-29T00:00:00Z");
  CHECK(format_rfc3339_micro(*parse_timestamp("9999-12-31T23:59:59.123456Z")) == "9999-12-31T23:59:59.123456Z");
  CHECK(format_rfc3339_micro(*parse_timestamp("1500-01-01T00:00:00,5Z")) == "1500-01-01T00:00:00.500000Z");
  CHECK_FALSE(parse_timestamp("9999-12-31T23:59:59-00:01").has_value());
  CHECK_FALSE(parse_timestamp("0000-01-01T00:00:00+00:01").has_value());
}

TEST_CASE("what a clock cannot hold becomes the end of what it can, and differences still fit") {
  WallTime late = *parse_rfc3339("9999-12-31T23:59:59Z"), early = *parse_rfc3339("0000-01-01T00:00:00Z");
  WallTime now = *parse_rfc3339("2026-11-21T10:00:00.25Z");
  CHECK(format_rfc3339_nano(now) == "2026-11-21T10:00:00.250000000Z");
  CHECK(late > now + 24h * 365 * 80);
  CHECK(early < now - 24h * 365 * 200);
  CHECK(late - early > 24h * 365 * 290);
  CHECK(human_duration(now - early) == "203y");
  CHECK(human_duration(now - late) == "<invalid>");
  CHECK(whole_seconds(90) == 90s);
  CHECK(whole_seconds(INT64_MAX) + whole_seconds(INT64_MAX) > 24h * 365 * 130);
  CHECK(whole_seconds(INT64_MIN) == -whole_seconds(INT64_MAX));
  CHECK(format_rfc3339(now + whole_seconds(INT64_MAX)) == "2094-12-09T13:14:08Z");
  CHECK(to_timestamp(WallTime(-1ns)) == Timestamp{-1, 999'999'999});
}

TEST_CASE("ages read as kubectl writes them") {
  auto check = [](Duration d, const char* expected) { CHECK(human_duration(d) == expected); };
  check(0s, "0s");
  check(91s, "91s");
  check(457s, "7m37s");
  check(24min, "24m");
  check(3h, "3h");
  check(3h + 5min, "3h5m");
  check(30h, "30h");
  check(75h, "3d3h");
  check(24h * 20, "20d");
}

TEST_CASE("Go durations") {
  CHECK(parse_go_duration("1h30m") == 90min);
  CHECK(parse_go_duration("250ms") == 250ms);
  CHECK(parse_go_duration("1.5s") == 1500ms);
  CHECK_FALSE(parse_go_duration("5").has_value());
  CHECK_FALSE(parse_go_duration("s").has_value());
}
