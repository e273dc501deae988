#include "sources/registry_reference.h"

#include <doctest/doctest.h>

using namespace slipway;
using sources::refusal_of;
using sources::RegistryReference;

namespace {

// What is wrong, or the parts.
std::string read(std::string_view text) {
  auto r = RegistryReference::parse(text);
  return r ? r->host + "|" + r->path + "|" + r->tag + "|" + r->digest : r.error().str();
}

}  // namespace

TEST_CASE("references of registries") {
  std::string sum(64, 'a');
  CHECK(read("h:5000/a/b") == "h:5000|a/b||");
  CHECK(read("h/a/b:1.0.0_b") == "h|a/b|1.0.0_b|");
  CHECK(read("h/a:") == "h|a||");
  CHECK(read("h/a:x@sha256:" + sum) == "h|a||sha256:" + sum);
  CHECK(read("h/a__b/c--d.e_f") == "h|a__b/c--d.e_f||");
  CHECK(read("h") == "invalid reference: missing registry or repository");
  for (const char* path : {"Q", "a//b", "a/", "a..b", "a___b", "-a", "a-"})
    CHECK(read(std::string("h/") + path) == fmt::format("invalid reference: invalid repository \"{}\"", path));
  for (const char* tag : {"1.2.3+b.5", "a/b", "-a", ".a"})
    CHECK(read(std::string("h/a:") + tag) == fmt::format("invalid reference: invalid tag \"{}\"", tag));
  auto digest = [](const std::string& d) { return read("h/a@" + d); };
  CHECK(digest("sha256:00") == "invalid reference: invalid digest \"sha256:00\": invalid checksum digest length");
  CHECK(digest("md5:00") == "invalid reference: invalid digest \"md5:00\": unsupported digest algorithm");
  CHECK(digest("x") == "invalid reference: invalid digest \"x\": invalid checksum digest format");
  CHECK(digest("sha256:" + std::string(64, 'Z')).ends_with("invalid checksum digest format"));
}

TEST_CASE("what registries say") {
  CHECK(
      refusal_of(R"({"errors":[{"code":"NAME_UNKNOWN","message":"not known","detail":{"name":"q","b":[1,null]}}]})") ==
      "name unknown: not known: map[b:[1 <nil>] name:q]");
  CHECK(refusal_of(R"({"errors":[{"code":"A","message":""},{"code":"B","message":"m","detail":"d"}]})") ==
        "a; b: m: d");
  CHECK(refusal_of("no JSON") == "");
}
