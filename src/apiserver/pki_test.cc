// The data directory's certificates: kept while they are good, made anew when they are not, never guessed at.
#include <doctest/doctest.h>

#include <functional>

#include "apiserver/pki.h"
#include "apiserver/tokens.h"
#include "base/text.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::apiserver;

namespace {

const PkiOptions options{"/data/pki", {"localhost", "127.0.0.1"}};

std::string opened(World& world) {
  auto pki = open_pki(world, options);
  return pki ? pki->ca.certificate_pem + pki->server.certificate_pem : pki.error().str();
}

}  // namespace

TEST_CASE("certificates are made once") {
  sim::SimWorld world{1};
  std::string first = opened(world);
  CHECK(first.starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(opened(world) == first);
}

TEST_CASE("an authority that lacks a half, or has another's, is refused") {
  for (const char* half : {"ca.key", "ca.crt"}) {
    INFO(half);
    sim::SimWorld world{1};
    std::string first = opened(world), path = std::string("/data/pki/") + half;
    std::string kept = world.files().read(path).value();
    REQUIRE(world.files().remove(path).has_value());
    std::string said = opened(world);
    CHECK_MESSAGE(said.find("/data/pki/ca.crt: open " + path + ": No such file") != said.npos, said);
    CHECK(said.find("put its two files back") != said.npos);

    sim::SimWorld stranger{2};
    opened(stranger);
    REQUIRE(world.files().write_atomically(path, stranger.files().read(path).value()).has_value());
    CHECK(opened(world).find("the key does not belong to the certificate") != std::string::npos);

    REQUIRE(world.files().write_atomically(path, kept).has_value());
    CHECK(opened(world) == first);
  }
}

TEST_CASE("a first start that was interrupted after the authority's key goes on") {
  sim::SimWorld world{1};
  opened(world);
  for (const char* name : {"ca.crt", "server.crt", "server.key", "admin.crt", "admin.key"})
    REQUIRE(world.files().remove(std::string("/data/pki/") + name).has_value());
  CHECK(opened(world).starts_with("-----BEGIN CERTIFICATE-----"));
}

TEST_CASE("what another authority signed is made anew") {
  sim::SimWorld world{1}, stranger{2};
  opened(world);
  opened(stranger);
  for (const char* name : {"ca.crt", "ca.key"}) {
    std::string path = std::string("/data/pki/") + name;
    REQUIRE(world.files().write_atomically(path, stranger.files().read(path).value()).has_value());
  }
  auto pki = open_pki(world, options);
  REQUIRE(pki.has_value());
  CHECK(runtime::check_certified(pki->server, pki->ca).has_value());
  CHECK(runtime::check_certified(pki->admin, pki->ca).has_value());
}

TEST_CASE("a certificate that is not valid yet is made anew") {
  sim::SimWorld world{1};
  auto before = open_pki(world, options);
  REQUIRE(before.has_value());
  CHECK(until_renewal(*before, world.now()) > 24h * 300);
  world.jump_wall_clock(-24h);
  CHECK(opened(world) == before->ca.certificate_pem + before->server.certificate_pem);  // an hour or a day of jumps
  world.jump_wall_clock(-2h);
  CHECK(until_renewal(*before, world.now()) == Duration{});
  auto after = open_pki(world, options);
  REQUIRE(after.has_value());
  for (auto pair : {&Pki::server, &Pki::admin}) {
    CHECK(((*after).*pair).certificate_pem != ((*before).*pair).certificate_pem);
    CHECK(runtime::read_certificate(((*after).*pair).certificate_pem)->not_before <= world.now());
  }
  CHECK(after->ca.certificate_pem == before->ca.certificate_pem);
}

TEST_CASE("what ends soon is made anew, but not the key of tokens") {
  sim::SimWorld world{1};
  auto before = open_pki(world, options);
  REQUIRE(before.has_value());
  std::string token = sign_token(before->service_accounts, Value{{"aud", Value::array({Value("x")})}}).value();
  world.jump_wall_clock(24h * 365 * 2);
  auto after = open_pki(world, options);
  REQUIRE(after.has_value());
  CHECK(after->server.certificate_pem != before->server.certificate_pem);
  CHECK(after->admin.certificate_pem != before->admin.certificate_pem);
  CHECK(until_renewal(*after, world.now()) > 24h * 300);
  CHECK(after->ca.certificate_pem == before->ca.certificate_pem);
  CHECK(after->service_accounts.key_pem == before->service_accounts.key_pem);
  size_t dot = token.rfind('.');
  CHECK(runtime::verify_es256(after->service_accounts.certificate_pem, token.substr(0, dot),
                              base::base64url_decode(token.substr(dot + 1)).value()));
}

TEST_CASE("of an authority that ends somebody is told, and it is kept") {
  sim::SimWorld world{6};
  auto before = open_pki(world, options);
  REQUIRE(before.has_value());
  REQUIRE(open_pki(world, options).has_value());
  CHECK_FALSE(world.logged("ca.crt is good from"));
  world.jump_wall_clock(24h * 365 * 11);
  auto after = open_pki(world, options);
  REQUIRE(after.has_value());
  CHECK(after->ca.certificate_pem == before->ca.certificate_pem);
  CHECK(world.logged("/data/pki/ca.crt is good from"));
}

namespace {

// Whether tokens of `before` are good for `after`.
bool tokens_last(const Pki& before, const Pki& after) {
  std::string token = sign_token(before.service_accounts, Value{{"aud", Value::array({Value("x")})}}).value();
  size_t dot = token.rfind('.');
  return runtime::verify_es256(after.service_accounts.certificate_pem, token.substr(0, dot),
                               base::base64url_decode(token.substr(dot + 1)).value());
}
const std::string token_key = "/data/pki/service-accounts.key", token_certificate = "/data/pki/service-accounts.crt";

}  // namespace

TEST_CASE("whatever becomes of its certificate, the key of tokens is kept") {
  sim::SimWorld stranger{2};
  opened(stranger);
  using Harm = std::function<void(World&)>;
  auto replace = [](std::string text) -> Harm {
    return [text](World& world) { REQUIRE(world.files().write_atomically(token_certificate, text).has_value()); };
  };
  sim::SimWorld first{1};
  opened(first);
  std::string whole = first.files().read(token_certificate).value();
  for (const auto& [said, harm] : std::vector<std::pair<const char*, Harm>>{
           {"was missing", [](World& world) { REQUIRE(world.files().remove(token_certificate).has_value()); }},
           {"was damaged", replace("")},
           {"was damaged", replace(whole.substr(0, whole.size() / 2))},
           {"was damaged", replace("garbage")},
           {"was of another key", replace(stranger.files().read(token_certificate).value())},
           {"was not this authority's", [&](World& world) {
              for (const char* name : {"/data/pki/ca.crt", "/data/pki/ca.key"})
                REQUIRE(world.files().write_atomically(name, stranger.files().read(name).value()).has_value());
            }}}) {
    INFO(said);
    sim::SimWorld world{1};
    auto before = open_pki(world, options);
    REQUIRE(before.has_value());
    harm(world);
    auto after = open_pki(world, options);
    REQUIRE(after.has_value());
    CHECK(after->service_accounts.key_pem == before->service_accounts.key_pem);
    CHECK(world.files().read(token_key).value() == before->service_accounts.key_pem);
    CHECK(tokens_last(*before, *after));
    CHECK(runtime::check_certified(after->service_accounts, after->ca).has_value());
    CHECK(world.logged("service-accounts.crt " + std::string(said)));
    CHECK_FALSE(world.logged("service-accounts.key is"));
    CHECK(open_pki(world, options)->service_accounts.certificate_pem == after->service_accounts.certificate_pem);
  }
}

TEST_CASE("a key of tokens that cannot sign is made anew, and what ends with it is told") {
  for (const char* text : {"", "garbage", "-----BEGIN PRIVATE KEY-----\n", static_cast<const char*>(nullptr)}) {
    INFO((text ? text : "missing"));
    sim::SimWorld world{1};
    auto before = open_pki(world, options);
    REQUIRE(before.has_value());
    CHECK_FALSE(world.logged("service-accounts.key"));  // a first start says nothing
    if (text)
      REQUIRE(world.files().write_atomically(token_key, text).has_value());
    else
      REQUIRE(world.files().remove(token_key).has_value());
    auto after = open_pki(world, options);
    REQUIRE(after.has_value());
    CHECK_FALSE(tokens_last(*before, *after));
    CHECK(tokens_last(*after, *after));
    CHECK(world.logged(text ? "service-accounts.key is damaged" : "service-accounts.key is missing"));
    CHECK(world.logged("every service account token of before is refused"));
  }
}
