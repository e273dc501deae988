#include "gitops/application/application.h"

#include <doctest/doctest.h>

using namespace slipway;
using namespace slipway::gitops;

TEST_CASE("of a message that nobody could read the beginning and the end are kept") {
  std::string chart = "chart c: ", why = ": nested too deeply";
  CHECK(readable(chart + why) == chart + why);
  std::string middle;
  while (middle.size() < 120'000) middle += "error calling include: é ";
  std::string shown = readable(chart + middle + why);
  CHECK(shown.size() < 7000);
  CHECK(shown.starts_with(chart + "error calling include"));
  CHECK(shown.ends_with(why));
  CHECK(shown.find(" bytes left out) ...") != std::string::npos);
}
