#include "gitops/compare/ignore_rules.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::gitops;

namespace {

std::string left(const char* rules) {
  Value object =
      value::parse_yaml(
          "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {a: 1, b: 2}}")
          .value();
  return value::to_json(IgnoreRules(value::parse_yaml(rules).value()).apply(object)["spec"]);
}

}  // namespace

TEST_CASE("which objects a rule is about") {
  CHECK(left("[]") == R"({"a":1,"b":2})");
  CHECK(left("[{group: apps, kind: Deployment, jsonPointers: [/spec/a]}]") == R"({"b":2})");
  CHECK(left("[{group: '*', kind: 'D*', name: web, namespace: shop, jsonPointers: [/spec/a, /spec/b]}]") == "{}");
  CHECK(left("[{group: apps, kind: '*', name: api, jsonPointers: [/spec/a]}]") == R"({"a":1,"b":2})");
  CHECK(left("[{group: apps, kind: '*', namespace: api, jsonPointers: [/spec/a]}]") == R"({"a":1,"b":2})");
  CHECK(left("[{kind: Deployment, jsonPointers: [/spec/a]}]") == R"({"a":1,"b":2})");  // of the core group
  CHECK(left("[{group: 'apps[', kind: '*', jsonPointers: [/spec/a]}, {group: apps, kind: '*', jsonPointers: "
             "[/spec/b]}]") == R"({"a":1})");
}

TEST_CASE("patterns are read once, for all objects") {
  ArrayBuilder said;
  for (int i = 0; i < 50; ++i)
    said.push({{"group", fmt::format("{{a{}*,b?[c-d]}}.example", i)},
               {"kind", "[A-Z]*"},
               {"jsonPointers", Value::array({"/spec"})}});
  Value list = said.build();
  Value object{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"spec", "kept"}};
  auto time = [](auto work) {
    auto least = std::chrono::steady_clock::duration::max();  // of a busy machine
    for (int i = 0; i < 20; ++i) {
      auto start = std::chrono::steady_clock::now();
      work();
      least = std::min(least, std::chrono::steady_clock::now() - start);
    }
    return least;
  };
  IgnoreRules rules(list);
  auto reading = time([&] { CHECK(IgnoreRules(list).said() == list); });
  auto applying = time([&] { CHECK(rules.apply(object)["spec"].as_string() == "kept"); });
  CHECK(applying < reading / 3);
}
