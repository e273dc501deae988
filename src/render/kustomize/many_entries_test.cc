// Thousands of images, labels and replacements in one kustomization: each finds what it means without a look at all,
// and does what it would do alone.
#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "render/kustomize/hazards.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render;
using namespace slipway::render::kustomize;

namespace {

// With an observer each entry is applied alone.
std::string built(const std::string& kustomization, const std::string& resources, Observer* observer = nullptr) {
  auto done = build({.tree = sources::testing::make_tree(
                         {{"kustomization.yaml", "resources: [r.yaml]\n" + kustomization}, {"r.yaml", resources}}),
                     .path = "",
                     .observer = observer});
  if (!done) return done.error().str();
  std::string out;
  for (const Resource& r : done->resources) out += value::to_json(r.object()) + "\n";
  return out;
}

std::string pod(const std::string& name, const std::string& image) {
  return fmt::format(
      "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {}}}, spec: {{containers: [{{image: {}}}]}}}}\n", name,
      image);
}
std::string images_of(const std::string& entries, const std::string& resources) {
  std::string out;
  for (std::string_view line : base::split(built("images:\n- {name: n1, newTag: x}\n- {name: n2, newTag: x}\n"
                                                 "- {name: n3, newTag: x}\n- {name: n4, newTag: x}\n" +
                                                     entries,
                                                 resources),
                                           '\n'))
    if (auto object = value::parse_json(std::string(line)); object)
      out += (*object)["spec"]["containers"][0]["image"].str() + " ";
  return out;
}

}  // namespace

TEST_CASE("the fifth image and those behind it do what the first does") {
  std::string three = pod("a", "web") + pod("b", "web-x:1") + pod("c", "reg.io:5000/web@sha256:abc");
  CHECK(images_of("- {name: web, newTag: '2'}\n", three) == "web:2 web-x:1 reg.io:5000/web@sha256:abc ");
  CHECK(images_of("- {name: 'web.*', newTag: '2'}\n", three) == "web:2 web-x:2 reg.io:5000/web@sha256:abc ");
  CHECK(images_of("- {name: 'webb?', newTag: '2'}\n", three) == "web:2 web-x:1 reg.io:5000/web@sha256:abc ");
  CHECK(images_of("- {name: 'web-{0,1}x*', newTag: '2'}\n", three) == "web:2 web-x:2 reg.io:5000/web@sha256:abc ");
  CHECK(images_of("- {name: 'reg.io:5000/web', newTag: '2'}\n", three) == "web web-x:1 reg.io:5000/web:2 ");
  CHECK(images_of("- {name: '.*/web', newTag: '2'}\n", three) == "web web-x:1 reg.io:5000/web:2 ");
  CHECK(images_of("- {name: '(web|zzz)', newTag: '2'}\n", three) == "web:2 web-x:1 reg.io:5000/web@sha256:abc ");
  CHECK(images_of("- {name: 'zzz|web', newTag: '2'}\n", three) == "web:2 web-x:1 reg.io:5000/web:2 ");
  // One after another: what the first wrote, the next finds.
  CHECK(images_of("- {name: web, newName: zap}\n- {name: zap, newName: 'web-x'}\n- {name: web-x, newTag: '3'}\n"
                  "- {name: web, newTag: '4'}\n",
                  three) == "web-x:3 web-x:3 reg.io:5000/web@sha256:abc ");
  CHECK(built("images: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]\n",
              "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{image: {a: b}}]}}\n")
            .find("expected an image name, found") != std::string::npos);
}

TEST_CASE("labels that are added together are those that are added one by one") {
  std::string resources =
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, labels: {l1: old, z: y}}, spec: {template: "
      "{metadata: {labels: {}}}}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n";
  for (const char* more : {"", "commonLabels: {l0: last}\n", "commonAnnotations: {a: b}\n"}) {
    std::string entries =
        "labels:\n- pairs: {l2: a, l1: b}\n- pairs: {l3: c}\n- pairs: {b: c}\n- pairs: {l3: again}\n"
        "- pairs: {t: u}\n  includeTemplates: true\n- pairs: {s: u}\n  includeTemplates: true\n"
        "- pairs: {v: w}\n  fields: [{path: spec/of/labels, create: true}]\n";
    Observer alone;
    std::string one_by_one = built(more + entries, resources, &alone);
    CHECK(one_by_one.find("\"l3\":\"again\"") != std::string::npos);
    CHECK(built(more + entries, resources) == one_by_one);
  }
}

TEST_CASE("generators that merge into one make together what they make one by one") {
  for (const char* kind : {"configMapGenerator", "secretGenerator"}) {
    std::string entries = std::string(kind) + R"(:
- {name: g, literals: [a=1, b=2], options: {labels: {l: one}, annotations: {n: one}}}
- {name: g, behavior: merge, literals: [b=3, c=null]}
- {name: g, behavior: merge, literals: [c=4, d=], options: {labels: {l: two, m: '1'}, immutable: true}}
- {name: g, behavior: merge, literals: [a=5], options: {disableNameSuffixHash: true, annotations: {o: 'true'}}}
- {name: g, behavior: merge, literals: [a=6], options: {labels: {z: last}}}
- {name: g, behavior: replace, literals: [z=7, b=8]}
- {name: g, behavior: merge, literals: [b=9]}
- {name: g, behavior: merge, literals: [c=10]}
- {name: h, literals: [a=1]}
- {name: h, behavior: merge, literals: [a=2]}
- {name: h, behavior: merge, literals: [b=]}
- {name: h, behavior: merge)";
    for (const char* last : {"}\n", ", literals: ['5=odd']}\n- {name: h, behavior: merge, literals: [b=1]}\n",
                             ", literals: [x]}\n", ", files: [none]}\n", "}\n- {name: i, behavior: merge}\n"}) {
      Observer alone;
      std::string resources = "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n";
      std::string one_by_one = built(entries + last, resources, &alone);
      CHECK(one_by_one != "");
      CHECK(built(entries + last, resources) == one_by_one);
    }
  }
}

TEST_CASE("targets are found by the names they had, and rejected by them") {
  auto map = [](const char* name) {
    return fmt::format("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {}}}, data: {{k: {}}}}}\n", name,
                       name);
  };
  auto values = [&](const std::string& targets) {
    std::string out;
    for (std::string_view line : base::split(built("namePrefix: p-\nreplacements:\n- source: {kind: ConfigMap, name: "
                                                   "a, fieldPath: data.k}\n  targets:\n" +
                                                       targets,
                                                   map("a") + map("b") + map("c")),
                                             '\n'))
      if (auto object = value::parse_json(std::string(line)); object) out += (*object)["data"]["k"].str() + " ";
    return out;
  };
  CHECK(values("  - {select: {name: b}, fieldPaths: [data.k]}\n") == "a a c ");
  CHECK(values("  - {select: {name: p-b}, fieldPaths: [data.k]}\n") == "a a c ");
  CHECK(values("  - {select: {name: 'b.?'}, fieldPaths: [data.k]}\n") == "a a c ");
  CHECK(values("  - {select: {kind: ConfigMap}, reject: [{name: b}], fieldPaths: [data.k]}\n") == "a b a ");
  CHECK(values("  - {select: {kind: ConfigMap}, reject: [{name: p-c}, {name: x}], fieldPaths: [data.k]}\n") ==
        "a a c ");
  CHECK(values("  - {select: {kind: ConfigMap}, reject: [{name: b, kind: Secret}], fieldPaths: [data.k]}\n") ==
        "a a a ");
  CHECK(values("  - {select: {kind: ConfigMap}, reject: [{name: b|c}], fieldPaths: [data.k]}\n") == "a b c ");
}

TEST_CASE("a resource that was given all annotations of another was called as that one was") {
  std::string two =
      "{apiVersion: v1, kind: Namespace, metadata: {name: prod, annotations: {a: b}}}\n---\n"
      "{apiVersion: v1, kind: Secret, metadata: {name: web}}\n";
  std::string source = "- source: {kind: Namespace, name: prod, fieldPath: metadata.annotations";
  CHECK(built("nameSuffix: -s\nnamespace: dev\nreplacements:\n" + source +
                  "}\n  targets: [{select: {kind: Secret, name: web}, fieldPaths: [metadata.annotations]}]\n" + source +
                  ".a}\n  targets: [{select: {name: none}, fieldPaths: [metadata.name]}]\n",
              two)
            .find("multiple matches for selector") != std::string::npos);
}

TEST_CASE("thousands of entries take a time that grows with their number" * doctest::timeout(30)) {
  constexpr int count = 3000;
  std::string pods, images, labels, replacements = "replacements:\n";
  for (int i = 0; i < count; ++i) {
    pods += pod(fmt::format("p{}", i), fmt::format("img-{}", i));
    images += fmt::format("- {{name: img-{}, newTag: t{}}}\n", i, i);
    labels += fmt::format("- pairs: {{l{}: v}}\n", i);
    replacements += fmt::format(
        "- source: {{kind: Pod, name: p{}, fieldPath: metadata.name}}\n  targets:\n  - select: {{kind: Pod, name: "
        "p{}}}\n"
        "    fieldPaths: [metadata.annotations.x]\n    options: {{create: true}}\n",
        i, (i + 1) % count);
  }
  std::string merges = "configMapGenerator:\n- {name: g}\n";
  for (int i = 0; i < 7 * count; ++i) merges += fmt::format("- {{name: g, behavior: merge, literals: [k{}=v]}}\n", i);
  CHECK(built(merges, pod("p", "i")).find("\"k20999\":\"v\"") != std::string::npos);
  CHECK(built("images:\n" + images, pods).find("\"image\":\"img-2999:t2999\"") != std::string::npos);
  CHECK(built("labels:\n" + labels, pod("p", "i")).find("\"l2999\":\"v\"") != std::string::npos);
  CHECK(built(replacements, pods).find("\"x\":\"p2999\"") != std::string::npos);
}
