#include <doctest/doctest.h>

#include "base/time.h"
#include "reconcile/reconcile.h"

using namespace slipway;
using namespace slipway::reconcile;

namespace {

WallTime at(const char* text) {
  return base::parse_rfc3339(text).value();
}

}  // namespace

TEST_CASE("a condition's time moves with its status alone") {
  Value list = set_condition(Value(), "Ready", "False", "Starting", "wait", at("2026-01-01T00:00:00Z"));
  CHECK(list == Value::array({Value{{"type", "Ready"},
                                    {"status", "False"},
                                    {"reason", "Starting"},
                                    {"message", "wait"},
                                    {"lastTransitionTime", "2026-01-01T00:00:00Z"}}}));
  list = set_condition(list, "Ready", "False", "Pulling", "", at("2026-01-01T00:01:00Z"));
  CHECK(find_condition(list, "Ready")["lastTransitionTime"].str() == "2026-01-01T00:00:00Z");
  CHECK(find_condition(list, "Ready")["reason"].str() == "Pulling");
  CHECK_FALSE(find_condition(list, "Ready").has("message"));
  list = set_condition(list, "Ready", "True", "Up", "", at("2026-01-01T00:02:00Z"));
  CHECK(find_condition(list, "Ready")["lastTransitionTime"].str() == "2026-01-01T00:02:00Z");
}

TEST_CASE("conditions keep their places, new ones come last") {
  Value list = set_condition(Value(), "A", "True", "R", "", at("2026-01-01T00:00:00Z"));
  list = set_condition(list, "B", "True", "R", "", at("2026-01-01T00:00:00Z"));
  list = set_condition(list, "A", "False", "R", "", at("2026-01-01T00:00:00Z"));
  REQUIRE(list.items().size() == 2);
  CHECK(list[0]["type"].str() == "A");
  CHECK(list[1]["type"].str() == "B");
  CHECK(find_condition(list, "C").is_null());
  CHECK(find_condition(Value(), "A").is_null());
}
