// Thousands of patches: each finds its targets without a look at every resource.
#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "render/kustomize/hazards.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::render;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

std::string built(const std::string& patches, const std::string& resources, HazardObserver* observer = nullptr,
                  const char* field = "data") {
  auto done = build({.tree = sources::testing::make_tree(
                         {{"kustomization.yaml", "resources: [r.yaml]\npatches:\n" + patches}, {"r.yaml", resources}}),
                     .path = "",
                     .observer = observer});
  if (!done) return done.error().str();
  std::string out;
  for (const Resource& r : done->resources) out += value::to_json(r.object()[field]) + "\n";
  return out;
}

std::string map(const std::string& name, const std::string& metadata) {
  return fmt::format("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {}, {}}}, data: {{}}}}\n", name,
                     metadata);
}
std::string add(const std::string& target, const std::string& key) {
  return fmt::format("- target: {{{}}}\n  patch: '[{{\"op\": \"add\", \"path\": \"/data/{}\", \"value\": \"x\"}}]'\n",
                     target, key);
}
std::string merge(const std::string& target, const std::string& metadata) {
  return fmt::format("- target: {{{}}}\n  patch: '{{apiVersion: v1, kind: ConfigMap, metadata: {{name: any, {}}}}}'\n",
                     target, metadata);
}

}  // namespace

TEST_CASE("patches by labels, annotations and namespaces follow what earlier ones changed") {
  std::string two = map("a", "labels: {l: one, n: 5}, annotations: {k: one}") + map("b", "labels: {l: two}");
  std::string by_one = add("labelSelector: l=one", "p");
  CHECK(built(by_one, two) == "{\"p\":\"x\"}\n{}\n");
  CHECK(built(by_one + merge("name: b", "labels: {l: one}") + add("labelSelector: 'l in (one, other)'", "q"), two) ==
        "{\"p\":\"x\",\"q\":\"x\"}\n{\"q\":\"x\"}\n");
  CHECK(built(merge("labelSelector: l=one", "labels: {l: two}") + add("labelSelector: l=one", "p") +
                  add("labelSelector: 'l=two,l!=one'", "q"),
              two) == "{\"q\":\"x\"}\n{\"q\":\"x\"}\n");
  CHECK(built(by_one +
                  "- target: {labelSelector: l=one}\n  patch: '[{\"op\": \"replace\", \"path\": \"/metadata/labels\", "
                  "\"value\": {\"l\": \"new\"}}]'\n" +
                  add("labelSelector: l=new", "q") + add("labelSelector: l=one", "r"),
              two) == "{\"p\":\"x\",\"q\":\"x\"}\n{}\n");
  CHECK(built(add("annotationSelector: k=one", "p") + merge("name: b", "annotations: {k: one}") +
                  add("annotationSelector: k=one", "q"),
              two) == "{\"p\":\"x\",\"q\":\"x\"}\n{\"q\":\"x\"}\n");
  CHECK(built(by_one + "- target: {name: a}\n  patch: '{$patch: delete, kind: ConfigMap, metadata: {name: a}}'\n" +
                  add("labelSelector: l=two", "q"),
              two) == "{\"q\":\"x\"}\n");
  CHECK(built(add("namespace: ns", "p") + add("namespace: default", "q"), map("a", "namespace: ns") + map("b", "")) ==
        "{\"p\":\"x\"}\n{\"q\":\"x\"}\n");
}

TEST_CASE("lists of thousands of texts are merged in a time that grows with their number" * doctest::timeout(20)) {
  constexpr int count = 20000;
  std::string there, more;
  for (int i = 0; i < count; ++i) {
    there += fmt::format("a{}, ", i);
    more += fmt::format("b{}, a{}, ", i, i);
  }
  std::string got =
      built("- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m, finalizers: [" + more + "]}}'\n",
            map("m", "finalizers: [" + there + "]"), nullptr, "metadata");
  CHECK(got.starts_with(R"({"finalizers":["b0","a0","b1","a1",)"));
  CHECK(got.find(R"("b19999","a19999"])") != got.npos);
}

TEST_CASE("the tenth patch of one object does what it would do as the first") {
  std::string object =
      "{apiVersion: v1, kind: Foo, metadata: {name: m, labels: {app: a, n: 0777}, annotations: {a: 1.50, b: ~}}, data: "
      "{r: 1.0, e: 1e6, big: 9007199254740993, huge: 18446744073709551616, d: 2020-01-01, t: yes, q: '5', n: ~, "
      "'o/p': {z: 1}, list: [x, {y: 1, w: [1, 2]}], none: {}, tab: \"\\ta\", keep: [{}, [], 0x10, +1, .5]}}\n";
  auto patch = [](const std::string& operations) {
    return fmt::format("- target: {{name: m}}\n  patch: |\n    [{}]\n", operations);
  };
  std::string eight;
  for (const char* key : {"a", "b", "c", "d", "e", "f", "g", "h"})
    eight += patch(fmt::format(R"({{"op": "add", "path": "/data/list/1/{}", "value": "x"}})", key));
  // Each works on what the one before left.
  const char* all[] = {
      R"({"op": "replace", "path": "/data/r", "value": 2.50})",
      R"({"op": "add", "path": "/data/e", "value": 1e21}, {"op": "test", "path": "/data/t", "value": true})",
      R"({"op": "add", "path": "/data/fresh", "value": "0777"})",
      R"({"op": "add", "path": "/data/fresh", "value": "<<"})",
      R"({"op": "add", "path": "/data/more", "value": 9007199254740993})",
      R"({"op": "replace", "path": "/data/o~1p/z", "value": false})",
      R"({"op": "replace", "path": "/data/list/0", "value": "z"})",
      R"({"op": "add", "path": "/data/list/0", "value": "first"})",
      R"({"op": "add", "path": "/data/list/2/w/-1", "value": 7})",
      R"({"op": "replace", "path": "/data/list/02", "value": 7})",
      R"({"op": "replace", "path": "/data/list/2/w/0", "value": 3})",
      R"({"op": "add", "path": "/data/none/a", "value": "a"})",
      R"({"op": "replace", "path": "/data/keep", "value": "a"})",
      R"({"op": "replace", "path": "/data/keep/0", "value": "a"})",
      R"({"op": "add", "path": "/data/gone/a", "value": "a"})",
      R"({"op": "add", "path": "/data/q/a", "value": "a"})",
      R"({"op": "replace", "path": "/data/q", "value": "\ta\nb"})",
      R"({"op": "replace", "path": "/data/q", "value": null})",
      R"({"op": "replace", "path": "/metadata/labels/app", "value": "b"})",
      R"({"op": "replace", "path": "/metadata/annotations/a", "value": 2})",
      R"({"op": "replace", "path": "/metadata/name", "value": "w"})",
      R"({"op": "replace", "path": "/kind", "value": "Bar"})",
      R"({"op": "add", "path": "/data/x", "value": "1"}, {"op": "add", "path": "/data/x/y", "value": "1"})",
      R"({"op": "remove", "path": "/data/t"})"};
  for (const char* field : {"data", "metadata", "kind"})
    for (const char* operations : all) {
      std::string merge_between = "- patch: '{apiVersion: v1, kind: Foo, metadata: {name: m}, data: {}}'\n";
      CHECK(built(eight + "# nothing between\n" + patch(operations) + add("labelSelector: app=a", "s"), object, nullptr,
                  field) == built(eight + merge_between + patch(operations) + add("labelSelector: app=a", "s"), object,
                                  nullptr, field));
    }
}

TEST_CASE("an expression finds names by how they begin, also those that resources had and were given") {
  std::string maps = map("api", "") + map("web", "") + map("web-1", "");
  auto finds = [&](const std::string& name, const std::string& before = "") {
    std::string found;
    for (std::string_view line : base::split(built(before + add("name: '" + name + "'", "p"), maps), '\n'))
      if (!line.empty()) found += line == "{}" ? '-' : 'x';
    return found;
  };
  CHECK(finds("web(-1|-2)?") == "-xx");
  CHECK(finds("web-.+") == "--x");
  CHECK(finds("(?i)WEB") == "-x-");
  CHECK(finds("(api|web)") == "xx-");
  CHECK(finds(".*b") == "-x-");
  CHECK(finds("x|") == "---");
  std::string renamed =
      "- target: {name: api}\n  options: {allowNameChange: true}\n  patch: '{apiVersion: v1, kind: ConfigMap, "
      "metadata: "
      "{name: zap}}'\n";
  for (const char* name : {"z.p", "ap.", "zap.*"}) CHECK(finds(name, renamed).find('x') != std::string::npos);
}

TEST_CASE("thousands of patches take a time that grows with their number" * doctest::timeout(30)) {
  constexpr int count = 3000;
  std::string resources, by_label, by_name, by_expression, expected, nothing;
  for (int i = 0; i < count; ++i) {
    resources += map(fmt::format("m{:04}", i), fmt::format("labels: {{app: a{}}}", i));
    by_label += add(fmt::format("labelSelector: app=a{}", i), fmt::format("k{}", i));
    by_expression += add(fmt::format("name: 'm{:04}(x|y)?'", i), fmt::format("k{}", i));
    by_name += merge("name: m0", fmt::format("labels: {{app: b{}}}", i));
    nothing += add(fmt::format("name: mm{:04}", i), "k");
    expected += fmt::format("{{\"k{}\":\"x\"}}\n", i);
  }
  CHECK(built(by_label, resources) == expected);
  CHECK(built(by_expression, resources) == expected);
  built(by_name, map("m0", "labels: {app: a}"));

  std::string members, writes, written;
  for (int i = 0; i < 3 * count; ++i) {
    members += fmt::format("k{}: x, ", i);
    writes += add("name: m", fmt::format("k{}", i));
  }
  CHECK(built(writes, "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {" + members + "}}\n").size() >
        3 * count);

  // Very many that match nothing: the first are told the nearest name.
  std::vector<Hazard> hazards;
  HazardObserver observer(&hazards);
  built(nothing, resources, &observer);
  REQUIRE(hazards.size() == count);
  CHECK(hazards.front().fix == "did you mean m0000?");
  CHECK(hazards.back().fix == "");
}
