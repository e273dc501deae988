#include "base/time.h"

#include <doctest/doctest.h>

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
