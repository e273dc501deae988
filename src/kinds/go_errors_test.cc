#include "kinds/go_errors.h"

#include <doctest/doctest.h>

using namespace slipway::kinds;

TEST_CASE("times, quantities and base64 are refused in Go's words") {
  CHECK_FALSE(go_time_error("2026-01-02T03:04:05Z", false));
  CHECK(go_time_error("2026-13-02T03:04:05Z", false) == R"(parsing time "2026-13-02T03:04:05Z": month out of range)");
  CHECK(quantity_error("1mm") == "unable to parse quantity's suffix");
  CHECK(quantity_error("1x") == quantity_format_text);
  CHECK(bad_base64_at("YQ==") == std::nullopt);
  CHECK(bad_base64_at("a") == 0);
}
