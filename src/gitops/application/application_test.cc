#include "gitops/application/application.h"

#include <doctest/doctest.h>

using namespace slipway;
using namespace slipway::gitops;

TEST_CASE("a message moves no cursor and paints nothing") {
  CHECK(readable("app/\x1b[31mred.yaml:\r\n\t1\x7f") == "app/\\x1b[31mred.yaml:\\x0d\n\t1\\x7f");
}

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
