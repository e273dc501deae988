// Tokens that no list of ours gave; the refusals are those of a real API server.
#include "cluster/embedded/continue_token.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace slipway;
using namespace slipway::cluster;

namespace {

// What a list goes on after, or why not.
std::string read(std::string_view json) {
  auto token = ContinueToken::decode(base::base64url_encode(json));
  if (!token) {
    CHECK(token.error().is(ErrorKind::bad_request));
    constexpr std::string_view before = "invalid continue token: continue key is not valid: ";
    CHECK(token.error().message().starts_with(before));
    return std::string(token.error().message().substr(before.size()));
  }
  return fmt::format("{} {}", token->after, token->revision.value_or(0));
}
std::string start(std::string_view key) {
  return read(fmt::format(R"({{"v":"meta.k8s.io/v1","rv":5,"start":"{}"}})", key));
}

}  // namespace

TEST_CASE("a key that would lead out of what is listed is refused") {
  for (std::string_view bad : {"..", "../x", "/../x", "a/../x", "a/..", "./x", "a/.", "a//b", "a/", "//a", "//"})
    CHECK(start(bad) == bad);
  CHECK(start("") == "encoded start key empty (version meta.k8s.io/v1)");
  CHECK(start("/c0\\u0000") == "c0 5");
  CHECK(start("a/c0\\u0000") == "a/c0 5");
  CHECK(start("a..b") == "a..b 5");
  CHECK(start("/") == " 5");
}

TEST_CASE("members of a wrong type, and what is no token") {
  CHECK(read(R"({"v":"meta.k8s.io/v1","rv":-5,"start":"c"})") == "c 0");
  CHECK(read(R"({"V":"meta.k8s.io/v1","RV":7,"START":"c"})") == "c 7");
  CHECK(read(R"({"v":"meta.k8s.io/v1","rv":"5","start":"c"})") ==
        "json: cannot unmarshal string into Go struct field continueToken.rv of type int64");
  CHECK(read(R"({"v":"meta.k8s.io/v1","rv":1.5,"start":"c"})") ==
        "json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64");
  CHECK(read(R"({"v":"meta.k8s.io/v1","rv":5,"start":5})") ==
        "json: cannot unmarshal number into Go struct field continueToken.start of type string");
  CHECK(read("[]") == "json: cannot unmarshal array into Go value of type storage.continueToken");
  CHECK(read("null") == "server does not recognize this encoded version ");
  CHECK(read(R"({"v":"meta.k8s.io/v2","rv":5,"start":"c"})") ==
        "server does not recognize this encoded version meta.k8s.io/v2");
  CHECK(read(R"({"v":"meta.k8s.io/v1","start":"c"})") ==
        "incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  CHECK(ContinueToken::decode("a").error().message().ends_with("illegal base64 data at input byte 0"));
  CHECK(ContinueToken::decode("e30=").error().message().ends_with("illegal base64 data at input byte 3"));
}

TEST_CASE("what is written is read again, whatever the name holds") {
  for (std::string after : {"clusterroles/plain", "clusterroles/a\"b", "clusterroles/a\\b", "clusterroles/a\\u0041 <&>",
                            "clusterroles/\t\x01", "roles/shop/sch\xc3\xb6n"}) {
    for (std::optional<uint64_t> revision : {std::optional<uint64_t>(5), std::optional<uint64_t>()}) {
      auto back = ContinueToken::decode(ContinueToken{.revision = revision, .after = after, .remaining = {}}.encode());
      REQUIRE_MESSAGE(back.has_value(), after);
      CHECK(back->after == after);
      CHECK(back->revision == revision);
    }
  }
  CHECK(
      base::base64url_decode(ContinueToken{.revision = 5, .after = "pods/shop/web", .remaining = 3}.encode()).value() ==
      R"({"v":"meta.k8s.io/v1","rv":5,"start":"/pods/shop/web\u0000","remaining":3})");
}
