#include "base/text.h"

#include <doctest/doctest.h>

using namespace slipway;
using namespace slipway::base;

TEST_CASE("nearest finds the word that was meant") {
  std::vector<std::string> kinds = {"Deployment", "DaemonSet", "Service", "Secret"};
  CHECK(nearest("Deploymnet", kinds) == "Deployment");
  CHECK(nearest("service", kinds) == "Service");
  CHECK_FALSE(nearest("Ingress", kinds).has_value());
}

TEST_CASE("base64 goes there and back") {
  for (std::string text : {"", "a", "ab", "abc", "abcd", std::string("\0\xff", 2).c_str()}) {
    CHECK(*base64_decode(base64_encode(text)) == text);
    CHECK(*base64url_decode(base64url_encode(text)) == text);
  }
  CHECK(base64_encode("hello") == "aGVsbG8=");
  CHECK_FALSE(base64_decode("aGVsbG8").has_value());
  CHECK_FALSE(base64_decode("aGV*bG8=").has_value());
  CHECK(base64url_decode("aGVsbG8=").error().message() == "illegal base64 data at input byte 7");
  CHECK(base64url_decode("aGVsb").error().message() == "illegal base64 data at input byte 4");
}

TEST_CASE("an error tells its context outermost first, then the place") {
  auto e = fail(ErrorKind::invalid, "expected {}", "a mapping").at({"base/redis.yaml", 12, 5}).context("rendering web");
  CHECK(e.str() == "rendering web: base/redis.yaml:12:5: expected a mapping");
  CHECK(e.message() == "expected a mapping");
}

TEST_CASE("split keeps empty parts") {
  CHECK(split("a,,b", ',').size() == 3);
  CHECK(split_lines("a\r\nb\n").size() == 2);
}

TEST_CASE("hex") {
  CHECK(hex_encode("") == "");
  CHECK(hex_encode(std::string_view("\0\x0f\xa9\xff", 4)) == "000fa9ff");
}
