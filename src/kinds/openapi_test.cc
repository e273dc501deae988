#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/testing/sets.h"

using namespace slipway;
using namespace slipway::kinds;
using namespace slipway::kinds::testing;

namespace {
// As the recordings keep a schema: no prose, allOf folded, references by name.
Value brief(const Value& s) {
  if (s.has("allOf")) {
    Value out = brief(s["allOf"][0]);
    for (const auto& m : s.members())
      if (m.key.view() == "default" || m.key.view().starts_with("x-")) out = out.with_member(m.key.view(), m.value);
    return out;
  }
  Value out = Value::object();
  for (const auto& m : s.members()) {
    std::string_view k = m.key.view();
    if (k == "type" || k == "format" || k == "default" || k == "required" || k == "oneOf" || k.starts_with("x-"))
      out = out.with_member(k, m.value);
    if (k == "$ref") out = out.with_member(k, m.value.as_string().substr(m.value.as_string().rfind('/') + 1));
    if (k == "items" || k == "additionalProperties") out = out.with_member(k, brief(m.value));
    if (k == "properties") {
      ObjectBuilder properties;
      for (const auto& p : m.value.members()) properties.set(p.key.view(), brief(p.value));
      out = out.with_member(k, properties.build());
    }
  }
  return out;
}
}  // namespace

TEST_CASE("schemas are those of the real server") {
  Value recorded = read_json(project / "tests/conformance/http/recorded/schemas.json");
  int passed = 0, of = 0;
  std::set<std::string> seen;
  for (const Value& step : recorded.items()) {
    auto parts = base::split(step["name"].as_string(), '/');
    std::string_view group = parts[0] == "api" ? "" : parts[1];
    Value ours = openapi_v3(builtin_catalog(), group, "v1", "v1.35.0");
    for (const auto& [name, theirs] : step["body"]["schemas"].members()) {
      const Value& schema = ours["components"]["schemas"][name.view()];
      if (schema.is_null() || !seen.insert(name.str()).second) continue;
      ++of;
      Value now = brief(schema), then = theirs;
      // One kind may be known under several groups there.
      now = now.without_member("x-kubernetes-group-version-kind"),
      then = then.without_member("x-kubernetes-group-version-kind");
      if (now == then)
        ++passed;
      else
        fmt::print("  {}\n    ours   {}\n    theirs {}\n", name.view(), value::to_json(now), value::to_json(then));
    }
    for (const auto& [path, parameters] : step["body"]["patch_parameters"].members()) {
      const Value& patch = ours["paths"][path.view()]["patch"];
      if (patch.is_null()) continue;
      std::set<std::string> names, wanted;
      for (const Value& p : patch["parameters"].items()) names.insert(p["name"].str());
      for (const Value& p : parameters.items()) wanted.insert(p.str());
      CHECK_MESSAGE(names == wanted, path.str());
    }
  }
  report("recorded-schemas", passed, of);
}

TEST_CASE("no kind stands in two definitions") {
  Value v2 = openapi_v2(builtin_catalog(), "v1.35.0");
  std::set<std::string> seen;
  for (const auto& [name, schema] : v2["definitions"].members()) {
    if (name.view().ends_with(".DeleteOptions")) continue;
    for (const Value& id : schema["x-kubernetes-group-version-kind"].items())
      CHECK_MESSAGE(seen.insert(value::to_json(id)).second, name.str());
  }
  CHECK(seen.contains(R"({"group":"apps","kind":"Deployment","version":"v1"})"));
  // Every reference leads somewhere.
  std::string text = value::to_json(v2);
  for (size_t at = 0; (at = text.find("#/definitions/", at)) != text.npos; at += 14) {
    std::string name = text.substr(at + 14, text.find('"', at) - at - 14);
    if (!v2["definitions"].has(name)) FAIL_CHECK(name);
  }
}

TEST_CASE("the protobuf form is made quickly, and written out for a peer to read when asked") {
  auto before = std::chrono::steady_clock::now();
  Value document = openapi_v2(builtin_catalog(), "v1.35.0");
  std::string bytes = openapi_v2_protobuf(document);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
  fmt::print("openapi v2: {} bytes as JSON, {} as protobuf, in {} ms\n", value::to_json(document).size(), bytes.size(),
             took.count());
  CHECK(
      bytes.starts_with("\x0a\x03"
                        "2.0"));
  if (const char* file = std::getenv("SLIPWAY_OPENAPI_OUT")) std::ofstream(file, std::ios::binary) << bytes;
}
