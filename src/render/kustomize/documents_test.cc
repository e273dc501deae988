// What YAML can say and JSON cannot: kept as long as nobody must print it. All of it beside kustomize 5.8.2.
#include <doctest/doctest.h>

#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

constexpr std::string_view config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
constexpr std::string_view dropped =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {config.kubernetes.io/local-config: "
    "'true'}\n";

// A ConfigMap with these lines more, under a kustomization with these; `expected` is in what it comes to, or in the
// error.
void check(std::string lines, std::string kustomization, std::string_view expected,
           std::string_view head = config_map) {
  auto tree = sources::testing::make_tree(
      {{"app/kustomization.yaml", "resources: [r.yaml]\n" + kustomization}, {"app/r.yaml", std::string(head) + lines}});
  auto done = build({.tree = tree, .path = "app"});
  std::string got;
  if (done)
    for (const Resource& r : done->resources) got += value::to_json(r.object()) + "\n";
  else
    got = done.error().str();
  CHECK_MESSAGE((expected.empty() ? got.empty() : got.find(expected) != got.npos), "expected: ", expected,
                "\n     got: ", got);
}

std::string patch(std::string_view lines) {
  return "patches: [{patch: \"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, " + std::string(lines) + "}\"}]\n";
}

}  // namespace

TEST_CASE("a key twice is refused with its place, unless a patch takes the first away") {
  check("data: {x: a}\ndata: {y: b}\n", "", "app/r.yaml:6:1: mapping key \"data\" already defined at line 5");
  check("data: {x: a}\ndata: {y: b}\n", patch("data: null"), R"("data":{"y":"b"})");
  check("data:\ndata: {x: a}\n", patch("labels: {b: c}"), R"("data":{"x":"a"})");
  check("data: ~\ndata: {x: a}\n", patch("labels: {b: c}"), "already defined at line 5");
  check("data: {x: a}\ndata:\n", patch("data: {y: b}"), "already defined at line 5");
  check("data: {x: a}\ndata: {y: b}\ndata: {z: c}\n", patch("data: null"), "already defined at line 5");
  check("data: {x: a}\ndata: {y: b}\n", "patches: [{target: {}, patch: '[{\"op\": \"remove\", \"path\": \"/data\"}]'}]",
        "already defined at line 5");
}

TEST_CASE("what is dropped, or patched away, may be what no JSON can hold") {
  for (const char* lines : {"data: {x: .inf}\n", "data: {.inf: x}\n", "data: {1: x}\n", "data: !!binary '####'\n",
                            "data: !!int x\n", "data: {x: a}\ndata: {y: b}\n"}) {
    check(lines, "", "", dropped);
    check(lines, patch("$patch: delete"), "");
  }
  check("data: {<<: x}\n", "", "app/r.yaml:6:12: map merge requires", dropped);
  check("data: {x: .inf}\n", "", "app/r.yaml:5:11: .inf has no JSON");
  check("data: {1: x}\n", "", "app/r.yaml:5:8: a key must be text");
  check("data: {x: .inf}\n", patch("data: {x: 'b'}"), R"("data":{"x":"b"})");
  check("data: {x: .inf}\n", patch("data: {x: null}"), R"("data":{})");
  check("data: {1: x}\n", patch("data: {'1': null}"), R"("data":{})");
  check("data: {x: 1}\n", patch("data: {x: .inf}"), ".inf has no JSON");
}

TEST_CASE("of annotations twice the last counts, of labels none") {
  check("  annotations: {x: a, x: b}\n", "commonAnnotations: {x: c}\n", R"("annotations":{"x":"b"})");
  check("  annotations: {1: a}\n", "", "a key must be text");
  check("  labels: {x: a, x: b}\n", "", "already defined at line 5");
  check(
      "",
      "patchesStrategicMerge: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {x: a, x: b}}}\n']",
      R"("annotations":{"x":"b"})");
  check("  annotations: {x: a, x: b}\n", "patches: [{target: {}, patch: '[{\"op\": \"add\", \"path\": \"/y\"}]'}]",
        "already defined at line 5");
}

TEST_CASE("an annotation is what was written, a label is not") {
  check("  annotations: {x: .inf}\n", "", R"("annotations":{"x":".inf"})");
  check("  labels: {x: .inf}\n", "", "app/r.yaml:5:15: .inf has no JSON");
}

TEST_CASE("items of lists go through JSON when they are read") {
  check(
      "---\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: "
      "{config.kubernetes.io/local-config: 'true'}}, x: .inf}]}\n",
      "", ".inf has no JSON");
  for (const char* bad : {"x: \"\\x7f\"", "\"x\\x80\": x", "x: [{y: \"\\uffff\"}]"})
    check(
        "---\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: "
        "{config.kubernetes.io/local-config: 'true'}}, " +
            std::string(bad) + "}]}\n",
        "", "control characters are not allowed");
}

TEST_CASE("subjects of a binding are a list of mappings, where a namespace is set") {
  constexpr std::string_view binding =
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\n";
  check("subjects: {name: app}\n", "namespace: ns\n", "subjects: expected a list, found a mapping", binding);
  check("subjects: [x]\n", "namespace: ns\n", "subjects[]: expected a mapping", binding);
  check("subjects: [{name: [a]}]\n", "namespace: ns\n", "subjects[]/name: expected a text", binding);
  check("subjects: null\n", "namespace: ns\n", R"("subjects":null)", binding);
}

TEST_CASE("an empty text written where there was nothing is null, in braces a text") {
  std::string replacement =
      "replacements: [{source: {kind: ConfigMap, fieldPath: data}, targets: [{select: {kind: ConfigMap}, fieldPaths: "
      "['spec.args.[=x]'], options: {create: true}}]}]\n";
  check("data: {a: b}\n", replacement, R"("spec":{"args":[null]})");
  check("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}\n", replacement,
        R"("spec":{"args":[""]})", "");
}

TEST_CASE("what a mapping in braces receives is written in braces") {
  const std::string empty_text =
      "replacements: [{source: {kind: ConfigMap, fieldPath: spec.z}, targets: [{select: {kind: ConfigMap}, fieldPaths: "
      "[data.n], options: {create: true}}]}]\n";
  check("spec: {z: ''}\ndata: {q: x}\n", empty_text, R"("data":{"n":"","q":"x"})");
  check("spec:\n  z: ''\ndata:\n  q: x\n", empty_text, R"("data":{"n":null,"q":"x"})");
  check("data: {q: x}\n", patch("data: {at: 2024-01-01 10:00:00}"), R"("at":"2024-01-01 10:00:00")");
  check("data:\n  q: x\n", patch("data: {at: 2024-01-01 10:00:00}"), R"("at":"2024-01-01T10:00:00Z")");
  check("data: {}\n", patch("data: {at: 2024-01-01 10:00:00}"), R"("at":"2024-01-01 10:00:00")");
  check("data:\n", patch("data: {at: 2024-01-01 10:00:00}"), R"("at":"2024-01-01T10:00:00Z")");
  check("spec:\n  q: x\n", patch("spec: {l: [2024-01-01 10:00:00]}"), R"("l":["2024-01-01 10:00:00"])");
  check("data: {q: 2024-01-01 10:00:00}\n", "namespace: ns\n", R"("q":"2024-01-01 10:00:00")");
}

TEST_CASE("a text of several lines that begins with a tab is refused where it is written as a block") {
  const std::string json =
      "patches: [{target: {}, patch: '[{\"op\": \"add\", \"path\": \"/data/y\", \"value\": \"z\"}]'}]\n";
  const std::string copied =
      "replacements: [{source: {kind: ConfigMap, fieldPath: data.x}, targets: [{select: {kind: ConfigMap}, fieldPaths: "
      "[spec.y], options: {create: true}}]}]\n";
  check("data: {x: \"\\ta\\nb\"}\n", json, "begins with a tab");
  check("data: {x: \"\\ta \\nb\"}\n", json, R"("data":{"x":"\ta \nb","y":"z"})");
  check("data: {x: \"\\ta\\nb\"}\n", copied, "begins with a tab");
  check("data: {x: \"\\n\\ta\\nb\"}\n", copied, R"("spec":{"y":"\n\ta\nb"})");
  check("spec: {}\ndata: {x: \"\\ta\\nb\"}\n", copied, R"("spec":{"y":"\ta\nb"})");
}

TEST_CASE("a name that becomes empty is missing") {
  check("data: {a: b}\n",
        "replacements: [{source: {kind: ConfigMap, fieldPath: data}, targets: [{select: {kind: ConfigMap}, fieldPaths: "
        "[metadata.name]}]}]\n",
        "missing metadata.name");
}

TEST_CASE("a name that was emptied gets a suffix, also once a patch has written it") {
  const std::string patch = "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, x: y}'}]\n";
  const std::string emptied =
      "replacements: [{source: {kind: ConfigMap, fieldPath: data}, targets: [{select: {name: a}, fieldPaths: "
      "[metadata.name]}]}]\n";
  for (const std::string& first : {std::string(), patch}) {
    auto tree = sources::testing::make_tree({{"app/kustomization.yaml", "resources: [../base]\nnameSuffix: -s\n"},
                                             {"base/kustomization.yaml", "resources: [r.yaml]\n" + first + emptied},
                                             {"base/r.yaml", std::string(config_map) + "data: {k: v}\n"}});
    auto done = build({.tree = tree, .path = "app"});
    CHECK((done ? done->resources[0].object()["metadata"]["name"].str() : done.error().str()) == "-s");
  }
}

TEST_CASE("a name that reads as null is missing once a JSON patch has written it anew") {
  const std::string named =
      "replacements: [{sourceValue: '~', targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.name]}]}]\n";
  const std::string json =
      "patches: [{target: {}, patch: '[{\"op\": \"add\", \"path\": \"/x\", \"value\": \"z\"}]'}]\n";
  auto built = [&](const std::string& overlay) {
    auto tree =
        sources::testing::make_tree({{"app/kustomization.yaml", "resources: [../base]\n" + overlay},
                                     {"base/kustomization.yaml", "resources: [r.yaml]\nnameSuffix: -s\n" + named},
                                     {"base/r.yaml", std::string(config_map)}});
    auto done = build({.tree = tree, .path = "app"});
    return done ? value::to_json(done->resources[0].object()) : done.error().str();
  };
  CHECK(built("commonAnnotations: {a: b}\n").find(R"("name":null)") != std::string::npos);
  CHECK(built(json).find("missing metadata.name") != std::string::npos);
}
