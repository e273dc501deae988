#include "kinds/go_errors.h"

#include <doctest/doctest.h>

using namespace slipway::kinds;

// Each answer is that of kube-apiserver 1.35.4.
TEST_CASE("a text that is no JSON is refused in Go's words") {
  auto check = [](std::string_view text, std::string_view expected) {
    CAPTURE(text);
    CHECK(go_json_error(text).value_or("fine") == expected);
  };
  check("", "unexpected end of JSON input");
  check(R"({"a":)", "unexpected end of JSON input");
  check(R"({"metadata":{"name":"zz"},"data":{"a":"b")", "unexpected end of JSON input");
  check("nul", "invalid character ' ' in literal null (expecting 'l')");
  check("hello", "invalid character 'h' looking for beginning of value");
  check("{a:1}", "invalid character 'a' looking for beginning of object key string");
  check("{'a':1}", R"(invalid character '\'' looking for beginning of object key string)");
  check("{,}", "invalid character ',' looking for beginning of object key string");
  check(R"({"a" 1})", "invalid character '1' after object key");
  check(R"({"a":1,})", "invalid character '}' looking for beginning of object key string");
  check(R"({"a":1 "b"})", R"(invalid character '"' after object key:value pair)");
  check("[1 2]", "invalid character '2' after array element");
  check(R"({"a":tru})", "invalid character '}' in literal true (expecting 'e')");
  check(R"({"a":"\q"})", "invalid character 'q' in string escape code");
  check("{\"a\":\"\x01\"}", R"(invalid character '\x01' in string literal)");
  check(R"({"a":01})", "invalid character '1' after object key:value pair");
  check(R"({"a":1e})", "invalid character '}' in exponent of numeric literal");
  check(R"({"a":-})", "invalid character '}' in numeric literal");
  check("{} x", "invalid character 'x' after top-level value");
  for (std::string_view good : {"{}", " [ ] ", "null", "-0.5e+3", R"({"a":[1,{"b":"\u00e9\n"},true],"c":{}})"})
    check(good, "fine");
}
