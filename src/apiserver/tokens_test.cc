#include "apiserver/tokens.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::apiserver;

TEST_CASE("a token is believed while it is valid, unchanged, and for us") {
  sim::SimWorld world(1);
  runtime::CertificateRequest request{.common_name = "service accounts"};
  request.not_before = world.now();
  request.not_after = world.now() + 24h;
  auto key = runtime::issue_certificate(request, nullptr, world.random()).value();
  auto other = runtime::issue_certificate(request, nullptr, world.random()).value();
  int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(world.now().time_since_epoch()).count();
  auto claims = [&](std::string_view audience) {
    return Value{{"aud", Value::array({Value(audience)})},
                 {"exp", now_s + 600},
                 {"nbf", now_s},
                 {"sub", "system:serviceaccount:shop:web"},
                 {"kubernetes.io", Value{{"namespace", "shop"}}}};
  };
  std::string token = sign_token(key, claims("https://kubernetes.default.svc")).value();
  auto read = read_token(key, token, world.now());
  REQUIRE(read.has_value());
  User user = user_of(*read);
  CHECK(user.name == "system:serviceaccount:shop:web");
  CHECK(user.in_group("system:serviceaccounts:shop"));

  CHECK_FALSE(read_token(other, token, world.now()));
  CHECK_FALSE(read_token(key, token, world.now() + 601s));
  CHECK(read_token(key, token, world.now() - 1h));  // the clock was set back behind its issue
  CHECK_FALSE(read_token(key, token, world.now() - 25h));
  std::string foreign = sign_token(key, claims("elsewhere")).value();
  CHECK_FALSE(read_token(key, foreign, world.now()));
  for (size_t at = 0; at < token.size(); at += 7) {
    std::string bent = token;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    CHECK_FALSE_MESSAGE(read_token(key, bent, world.now()), at);
  }
  // "none" and friends: the header must be ours, whatever the signature says.
  size_t dot = token.find('.');
  std::string none = base::base64url_encode(R"({"alg":"none"})") + token.substr(dot, token.rfind('.') - dot) + ".";
  for (std::string_view bad : {"", ".", "..", "a.b.c", none.c_str()}) CHECK_FALSE(read_token(key, bad, world.now()));
}
