#include "lang/semver/semver.h"

#include <doctest/doctest.h>

using namespace slipway;
using lang::semver::Range;
using lang::semver::Version;

static std::string check(std::string_view range, std::string_view version) {
  auto r = Range::parse(range);
  if (!r) return r.error().message();
  auto v = Version::parse(version);
  if (!v) return v.error().message();
  return r->contains(*v) ? "yes" : "no";
}

TEST_CASE("ranges") {
  CHECK(check(">=1.19", "v1.20.3-gke.1") == "no");
  CHECK(check(">=1.19-0", "v1.20.3-gke.1") == "yes");
  CHECK(check("", "1.0.0") == "improper constraint: \"\"");
  CHECK(check("latest", "1.0.0") == "improper constraint: \"latest\"");
  CHECK(check("1.2", "1.2.9") == "yes");
  CHECK(check("!=1.2", "1.2.9") == "no");
  CHECK(check(">1.34", "1.34.9") == "no");
  CHECK(check("<=1.34", "1.34.9") == "yes");
  CHECK(check("~>1.2", "1.3.0") == "no");
  CHECK(check("*", "1.0.0-rc.1") == "no");
  CHECK(check("*", "1.0.0") == "yes");
  CHECK(check("^0.2.3", "0.2.9") == "yes");
  CHECK(check("^0.2.3", "0.3.0") == "no");
  CHECK(check("^0.0.3", "0.0.4") == "no");
  CHECK(check("1.2 - 1.4", "1.4.9") == "yes");
  CHECK(check("1.2.0 - 1.4.0", "1.4.9") == "no");
  CHECK(check(">= 1.2, < 2 || 3.x", "3.9.1") == "yes");
  CHECK(check(">=1.2 <2", "1.9") == "yes");
  CHECK(check("1.2 || nope", "1.2.0") == "improper constraint: \" nope\"");
  CHECK(check("01.2.3", "1.2.3") == "yes");
  CHECK(check("1.2.3", "1.2.3-01") == "version segment starts with 0");
  CHECK(check("1.2.3", "a") == "invalid semantic version");
  CHECK(check("1.2.3.4", "1.2.3") == "improper constraint: \"1.2.3.4\"");
}

TEST_CASE("order and form") {
  auto v = [](std::string_view text) { return *Version::parse(text); };
  CHECK(v("v1.2").str() == "1.2.0");
  CHECK(v("1.0.0-alpha").compare(v("1.0.0-alpha.1")) < 0);
  CHECK(v("1.0.0-alpha.1").compare(v("1.0.0-alpha.beta")) < 0);
  CHECK(v("1.0.0-rc.2").compare(v("1.0.0-rc.11")) < 0);
  CHECK(v("1.0.0-rc.1").compare(v("1.0.0")) < 0);
  CHECK(v("1.0.0+a").compare(v("1.0.0+b")) == 0);
}

TEST_CASE("why not") {
  std::vector<std::string> why;
  CHECK(!Range::parse(">1.2, <2")->contains(*Version::parse("3.0.0"), why));
  CHECK(why == std::vector<std::string>{"\"3.0.0\" is greater than or equal to \"2\""});
}
