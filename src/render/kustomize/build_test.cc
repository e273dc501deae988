// What a build gives, and what it says when it cannot: file, line, what was expected, the nearest fix.
#include "render/kustomize/build.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

std::string build_text(Files files, std::string path = "app", std::string overrides = "") {
  BuildRequest request{.tree = sources::testing::make_tree(std::move(files)), .path = std::move(path)};
  if (!overrides.empty()) request.overrides = *value::parse_yaml(overrides);
  auto built = build(request);
  if (!built) return built.error().str();
  std::string out;
  for (const Resource& r : built->resources) out += (out.empty() ? "" : "---\n") + value::to_yaml(r.object());
  return out;
}
// The message of a refusal contains `expected`.
void refuses(std::string_view expected, Files files, std::string overrides = "") {
  std::string got = build_text(std::move(files), "app", std::move(overrides));
  CHECK_MESSAGE(got.find(expected) != got.npos, "expected: ", expected, "\n     got: ", got);
}
const char* const map_a = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n";
const char* const deployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n"
    "      containers:\n      - name: web\n        image: nginx:1\n        env:\n        - name: A\n          value: "
    "x\n";

}  // namespace

TEST_CASE("a missing file is named with its nearest") {
  refuses(
      "app/kustomization.yaml:2:3: \"redsi.yaml\" is not there (looked for app/redsi.yaml); did you mean "
      "\"redis.yaml\"?",
      {{"app/kustomization.yaml", "resources:\n- redsi.yaml\n"}, {"app/redis.yaml", map_a}});
  refuses("did you mean \"../base\"?", {{"app/kustomization.yaml", "resources: [../bsae]"}, {"base/x.yaml", map_a}});
  refuses("is \"kustomizaton.yaml\" misspelt?", {{"app/kustomizaton.yaml", "resources: []"}});
  refuses("Found multiple kustomization files under: app",
          {{"app/kustomization.yaml", "resources: []"}, {"app/Kustomization", "resources: []"}});
}

TEST_CASE("absolute paths are the machine's, where the tree is that") {
  auto tree = sources::testing::make_tree({{"app/kustomization.yaml", "resources: [/app/a.yaml, /b.yaml]\n"},
                                           {"app/a.yaml", map_a},
                                           {"b.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n"}});
  auto outcome = [&](bool on_disk, bool unrestricted) {
    auto built = build({.tree = tree, .path = "app", .on_disk = on_disk, .unrestricted = unrestricted});
    return built ? fmt::format("{}", built->resources.size()) : built.error().str();
  };
  CHECK(outcome(true, true) == "2");
  CHECK(outcome(true, false).find("security; file \"b.yaml\" is not in or below \"app\"") != std::string::npos);
  CHECK(outcome(false, true).find("\"/app/a.yaml\" is an absolute path") != std::string::npos);
}

TEST_CASE("rows of name references are followed in kustomize's order of kinds") {
  auto referrer = build_text({{"app/kustomization.yaml", "namePrefix: x-\nresources: [../a, ../b, h.yaml]\n"},
                              {"app/h.yaml",
                               "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: "
                               "{scaleTargetRef: {name: "
                               "w}}}\n"},
                              {"a/kustomization.yaml", "resources: [r.yaml]\n"},
                              {"a/r.yaml", "{apiVersion: v1, kind: ReplicationController, metadata: {name: w}}\n"},
                              {"b/kustomization.yaml", "resources: [s.yaml]\nnameSuffix: -s\n"},
                              {"b/s.yaml", "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: w}}\n"}});
  CHECK_MESSAGE(referrer.find("scaleTargetRef:\n    name: x-w-s\n") != std::string::npos, referrer);
  std::string own = build_text(
      {{"app/kustomization.yaml", "namePrefix: x-\nnamespace: ns\nresources: [r.yaml]\nconfigurations: [c.yaml]\n"},
       {"app/c.yaml",
        "nameReference:\n- {kind: Widget, fieldSpecs: [{kind: Widget, path: spec/ref/name}]}\n"
        "- {kind: Widget, group: e.com, fieldSpecs: [{kind: Widget, path: spec/ref}]}\n"},
       {"app/r.yaml", "{apiVersion: e.com/v1, kind: Widget, metadata: {name: w}, spec: {ref: {name: w}}}\n"}});
  CHECK_MESSAGE(own.find("ref:\n    name: x-w\n    namespace: ns\n") != std::string::npos, own);
}

TEST_CASE("of a kustomization and of a patch only the first document is read") {
  for (const char* rest : {"---\n}\n", "...\nfoo\n", "---\nnamePrefix: x-\n"})
    CHECK(build_text({{"app/kustomization.yaml", std::string("resources: [a.yaml]\n") + rest}, {"app/a.yaml", map_a}})
              .find("name: a\n") != std::string::npos);
  refuses("kustomization.yaml is empty",
          {{"app/kustomization.yaml", "---\n---\nresources: [a.yaml]\n"}, {"app/a.yaml", map_a}});
  CHECK(build_text({{"app/kustomization.yaml", "resources: [a.yaml]\npatches: [{target: {}, path: p.yaml}]\n"},
                    {"app/p.yaml", "- {op: add, path: /x, value: 1}\n---\n}\n"},
                    {"app/a.yaml", map_a}})
            .ends_with("x: 1\n"));
}

TEST_CASE("a patch for whatever a selector finds writes its version, also where there is none") {
  auto patched = [](std::string resource) {
    return build_text(
        {{"app/kustomization.yaml",
          "resources: [r.yaml]\npatches: [{target: {}, patch: '{apiVersion: v1, kind: Foo, metadata: {name: "
          "b}}'}]\n"},
         {"app/r.yaml", std::move(resource)}});
  };
  CHECK(patched("kind: Bar\nmetadata: {name: a}\n") == "apiVersion: null\nkind: Bar\nmetadata:\n  name: a\n");
  CHECK(patched("{kind: Bar, metadata: {name: a}}\n") == "apiVersion: \"\"\nkind: Bar\nmetadata:\n  name: a\n");
}

TEST_CASE("empty entries of plugins are none") {
  for (const char* field : {"generators", "transformers", "validators"})
    CHECK(build_text({{"app/kustomization.yaml", fmt::format("resources: [a.yaml]\n{}: ['', null]\n", field)},
                      {"app/a.yaml", map_a}})
              .starts_with("apiVersion: v1"));
}

TEST_CASE("of a whole resource a JSON patch makes another one, or nothing") {
  auto patched = [](std::string operation) {
    return build_text({{"app/kustomization.yaml",
                        "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: '[" + operation + "]'\n"},
                       {"app/a.yaml", map_a}});
  };
  auto says = [&](std::string operation, std::string_view expected) {
    std::string got = patched(std::move(operation));
    CHECK_MESSAGE(got.find(expected) != got.npos, "expected: ", expected, "\n     got: ", got);
  };
  says(R"({"op": "replace", "path": "", "value": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}})",
       "kind: Pod\nmetadata:\n  name: b\n");
  says(R"({"op": "replace", "path": "", "value": {}})", "no kind");
  says(R"({"op": "replace", "path": "", "value": 1})", "replace operation value must be an object");
  says(R"({"op": "add", "path": "", "value": {}})", "add operation does not apply");
  says(R"({"op": "copy", "from": "", "path": "/x"})", "copy operation does not apply");
}

TEST_CASE("unknown and mistyped fields are refused where they stand") {
  refuses("app/kustomization.yaml:2:11: unknown field \"resorces\" in the kustomization; did you mean \"resources\"?",
          {{"app/kustomization.yaml", "namePrefix: a-\nresorces: [a.yaml]\n"}});
  refuses("app/kustomization.yaml:4:11: newTag: expected a text, found a number (quote it)",
          {{"app/kustomization.yaml", "resources: []\nimages:\n- name: nginx\n  newTag: 1.0\n"}});
  refuses("kustomization.yaml:2:11: expected a mapping, found a text",
          {{"app/kustomization.yaml", "resources: []\nmetadata: x\n"}});
  refuses("unknown field \"nam\" in the metadata; did you mean \"name\"?",
          {{"app/kustomization.yaml", "resources: []\nmetadata: {nam: x}\n"}});
  refuses("kind should be Kustomization or Component",
          {{"app/kustomization.yaml", "kind: Kustomisation\nresources: []\n"}});
  refuses("kustomization.yaml is empty", {{"app/kustomization.yaml", "kind: Kustomization\n"}});
  CHECK(build_text({{"app/kustomization.yaml", "resources: []\n"}}).empty());
}

TEST_CASE("cycles show the way, and files outside are not read") {
  refuses("cycle detected: \"app\" contains \"app\", which is being built (app -> b -> app)",
          {{"app/kustomization.yaml", "resources: [../b]"}, {"b/kustomization.yaml", "resources: [../app]"}});
  refuses("app/kustomization.yaml:1:13: security; file \"x/a.yaml\" is not in or below \"app\"",
          {{"app/kustomization.yaml", "resources: [../x/a.yaml]"}, {"x/a.yaml", map_a}});
  refuses("leads out of the repository", {{"app/kustomization.yaml", "resources: [../../etc]"}});
  refuses("is not in or below \"app\"", {{"app/kustomization.yaml", "resources: [a.yaml]"},
                                         {"app/a.yaml", sources::testing::link_to("../x/a.yaml")},
                                         {"x/a.yaml", map_a}});
  refuses("lies elsewhere, and nothing is fetched here",
          {{"app/kustomization.yaml", "resources: [\"https://github.com/o/r//b?ref=v1\"]"}});
  refuses("is ambiguous", {{"app/kustomization.yaml", "resources:\n- ../base\n - ../more\n"}});
}

TEST_CASE("charts are rendered when that is asked for, and only those in the tree") {
  refuses("app/kustomization.yaml:2:3: must specify --enable-helm",
          {{"app/kustomization.yaml", "helmCharts:\n- name: web\n"}});
  refuses("app/kustomization.yaml:2:9: unknown field \"nmae\"",
          {{"app/kustomization.yaml", "helmCharts:\n- nmae: web\n"}});
  refuses("app/kustomization.yaml:1:31: must specify --enable-helm",
          {{"app/kustomization.yaml", "helmChartInflationGenerator: [{chartName: web}]\n"}});
}

TEST_CASE("an object within an object merges by its own kind, and by a schema that the kustomization names") {
  const char* widget =
      "{apiVersion: example.org/v1, kind: Widget, metadata: {name: w}, spec: {list: [{name: a}, {name: b}], manifest: "
      "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: x}, {name: b}]}}}}\n";
  const char* patch =
      "{apiVersion: example.org/v1, kind: Widget, metadata: {name: w}, spec: {list: [{name: b, v: 1}], manifest: "
      "{spec: "
      "{containers: [{name: b, image: y}]}}}}\n";
  const char* schema =
      R"({"definitions": {"w": {"properties": {"spec": {"properties": {"list": {"x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "name"}}}},
      "x-kubernetes-group-version-kind": [{"group": "example.org", "version": "v1", "kind": "Widget"}]}}})";
  auto spec = [&](const std::string& more) {
    std::string got = build_text({{"app/kustomization.yaml", "resources: [w.yaml]\npatches: [{path: p.yaml}]\n" + more},
                                  {"app/w.yaml", widget},
                                  {"app/p.yaml", patch},
                                  {"app/s.json", schema}});
    size_t at = got.find("spec:");
    return at == got.npos ? got : got.substr(at);
  };
  const char* by_kind = "  manifest:\n    apiVersion: v1\n    kind: Pod\n    spec:\n      containers:\n";
  CHECK(spec("") ==
        fmt::format("spec:\n  list:\n  - name: b\n    v: 1\n{}      - image: \"y\"\n        name: b\n      - "
                    "image: x\n        name: a\n",
                    by_kind));
  // Then nothing but that schema is known, as in kustomize.
  CHECK(spec("openapi: {path: s.json}\n") ==
        fmt::format("spec:\n  list:\n  - name: b\n    v: 1\n  - name: a\n{}      - image: \"y\"\n        name: b\n",
                    by_kind));
  CHECK(spec("openapi: {path: none.json}\n").find("\"none.json\" is not there") != std::string::npos);
}

TEST_CASE("a remote base is wanted, then built; clones never reach above themselves") {
  auto tree = sources::testing::make_tree(
      {{"app/kustomization.yaml", std::string("resources: [\"https://h/o/r//b?ref=v1\"]\n")}});
  RemoteBases bases;
  BuildRequest request{.tree = tree, .path = "app", .unrestricted = true};
  request.remotes = &bases;
  CHECK(!build(request));
  REQUIRE(!bases.wanted.empty());
  CHECK(bases.wanted[0] == "https://h/o/r//b?ref=v1");
  auto there = [&](std::string kustomization) {
    auto clone = sources::testing::make_tree({{"b/kustomization.yaml", std::move(kustomization)},
                                              {"b/a.yaml", std::string(map_a)},
                                              {"c/a.yaml", std::string(map_a)}});
    bases.fetched.clear();
    bases.fetched.emplace(bases.wanted[0], Remote{clone, "b", nullptr});
    auto built = build(request);
    return built ? fmt::format("{} objects", built->resources.size()) : built.error().str();
  };
  CHECK(there("resources: [a.yaml]\n") == "1 objects");
  CHECK(there("resources: [../c/a.yaml]\n").find("is not in or below") != std::string::npos);
  CHECK(there("resources: [\"https://h/o/r//b?ref=v1\"]\n").find("cycle detected") != std::string::npos);
}

TEST_CASE("what is wrong in a text within a kustomization has the file's lines") {
  auto refused = [](std::string_view expected, const std::string& kustomization, Files more = {}) {
    more.insert(more.end(),
                {{"app/kustomization.yaml", "resources: [a.yaml]\n" + kustomization}, {"app/a.yaml", map_a}});
    refuses(expected, std::move(more));
  };
  std::string head = "    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n";
  refused(
      "app/kustomization.yaml:10: found unexpected end of stream (while scanning a quoted scalar that begins at line "
      "9)",
      "patches:\n- target: {kind: ConfigMap}\n  patch: |\n\n" + head + "    data: \"x\n    y: z\n");
  refused(
      "app/kustomization.yaml:11: found unexpected end of stream (while scanning a quoted scalar that begins at line "
      "11)",
      "patches:\n- patch: |-\n" + head + "    ---\n" + head + "    data: \"x\n");
  refused(
      "app/kustomization.yaml:3:3: did not find expected ',' or '}' (while parsing a flow mapping that begins at line "
      "1) (in line 2 of that text)",
      "patches:\n- patch: \"{a: b\"\n");
  refused(
      "app/kustomization.yaml:8: did not find expected ',' or '}' (while parsing a flow mapping that begins at line 6)",
      "patchesStrategicMerge:\n- |-\n    kind: ConfigMap\n    x: a\n    metadata: {\n    y: b\n");
  refused(
      "app/kustomization.yaml:6: found unexpected end of stream (while scanning a quoted scalar that begins at line 6)",
      "transformers:\n- |-\n  kind: LabelTransformer\n  apiVersion: builtin\n  metadata: {name: \"x}\n");
  refused("app/p.yaml:9:1: found unexpected end of stream (while scanning a quoted scalar that begins at line 8)",
          "patches: [{path: p.yaml}]\n", {{"app/p.yaml", map_a + std::string("---\n\"x\n")}});
  refused("app/p.yaml:3:1: did not find expected ',' or '}' (while parsing a flow mapping that begins at line 1)",
          "patchesJson6902: [{path: p.yaml, target: {kind: ConfigMap, name: a, version: v1}}]\n",
          {{"app/p.yaml", "- {op: a\n- x\n"}});
  refuses("app/a.yaml:7:1: mapping key \"data\" already defined at line 6",
          {{"app/kustomization.yaml", "resources: [a.yaml]\n"},
           {"app/a.yaml",
            "# one\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {c: d}\n"}});
}

TEST_CASE("patches of which nothing is left change nothing") {
  for (const char* text : {"{}", "null", "# words alone", "[]", "--- []", "[]\\n---\\n[]"})
    for (const char* target : {"target: {kind: ConfigMap}, ", ""}) {
      std::string k = fmt::format("resources: [a.yaml]\npatches: [{{{}patch: \"{}\"}}]\n", target, text);
      auto built = build(
          {.tree = sources::testing::make_tree({{"app/kustomization.yaml", k}, {"app/a.yaml", map_a}}), .path = "app"});
      CHECK_MESSAGE(built.has_value(), k, built.has_value() ? "" : built.error().str());
    }
  std::string plugin =
      "resources: [a.yaml]\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: PatchStrategicMergeTransformer\n  "
      "metadata: {name: p}\n  patches: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: w}}'\n";
  auto patched =
      build({.tree = sources::testing::make_tree({{"app/kustomization.yaml", plugin}, {"app/a.yaml", map_a}}),
             .path = "app"});
  CHECK(patched.has_value());
  refuses("patch appears to be empty",
          {{"app/kustomization.yaml", "resources: [a.yaml]\npatchesStrategicMerge: [e.yaml]\n"},
           {"app/e.yaml", "{}\n"},
           {"app/a.yaml", map_a}});
}

TEST_CASE("one resource twice is refused with both places, and with who brings them") {
  std::string component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [a.yaml]\n";
  refuses(
      "(the other one stands in app/a.yaml:1); brought by app/kustomization.yaml:1:20, the other one by "
      "app/kustomization.yaml:1:13",
      {{"app/kustomization.yaml", "resources: [a.yaml,b.yaml]"}, {"app/a.yaml", map_a}, {"app/b.yaml", map_a}});
  refuses("brought by app/kustomization.yaml:1:13, and so is the other one",
          {{"app/kustomization.yaml", "resources: [a.yaml]"}, {"app/a.yaml", map_a + std::string("---\n") + map_a}});
  refuses("brought by c/kustomization.yaml:3:13; in the component that app/kustomization.yaml:2:19 names",
          {{"app/kustomization.yaml", "resources: []\ncomponents: [../c,../c]"},
           {"c/kustomization.yaml", component},
           {"c/a.yaml", map_a}});
  refuses(
      "app/b.yaml:1: may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs] (the other "
      "one stands in app/a.yaml:1)",
      {{"app/kustomization.yaml", "resources: [a.yaml, b.yaml]"}, {"app/a.yaml", map_a}, {"app/b.yaml", map_a}});
}

TEST_CASE("a base of ten overlays is read once: what they leave alone is one value") {
  Files files = {{"base/kustomization.yaml", "resources: [a.yaml]\n"}, {"base/a.yaml", map_a}};
  std::string overlays;
  for (int i = 0; i < 10; ++i) {
    files.emplace_back(fmt::format("o{}/kustomization.yaml", i),
                       fmt::format("namePrefix: o{}-\nresources: [../base]\n", i));
    overlays += fmt::format("- ../o{}\n", i);
  }
  files.emplace_back("app/kustomization.yaml", "resources:\n" + overlays);
  auto built = build({.tree = sources::testing::make_tree(files), .path = "app"});
  REQUIRE(built);
  REQUIRE(built->resources.size() == 10);
  for (const Resource& r : built->resources) CHECK(r.object()["data"].same_node(built->resources[0].object()["data"]));
}

TEST_CASE("patches say what they did not find") {
  refuses(
      "app/kustomization.yaml:3:3: no resource matches strategic merge patch \"Deployment.v1.apps/wbe.[noNs]\": no "
      "matches for Id Deployment.v1.apps/wbe.[noNs]; failed to find unique target for patch "
      "Deployment.v1.apps/wbe.[noNs]; did you mean \"web\"?",
      {{"app/kustomization.yaml",
        "resources: [d.yaml]\npatches:\n- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: wbe}}'\n"},
       {"app/d.yaml", deployment}});
  refuses("Unable to remove nonexistent key", {{"app/kustomization.yaml",
                                                "resources: [d.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: "
                                                "'[{\"op\":\"remove\",\"path\":\"/spec/x\"}]'\n"},
                                               {"app/d.yaml", deployment}});
  // An element without the key it is merged by takes all others away, as in kustomize.
  std::string got = build_text(
      {{"app/kustomization.yaml",
        "resources: [d.yaml]\npatches:\n- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: "
        "{template: {spec: {containers: [{image: x}]}}}}'\n"},
       {"app/d.yaml", deployment}});
  CHECK(got.find("containers: []\n") != got.npos);
}

TEST_CASE("merged lists: the patch's elements come first, a directive deletes") {
  std::string got = build_text(
      {{"app/kustomization.yaml",
        "resources: [d.yaml]\npatches:\n- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: "
        "{replicas: null, template: {spec: {containers: [{name: new, image: n}, {name: web, env: [{name: A, $patch: "
        "delete}, {name: B, value: b}]}]}}}}'\n"},
       {"app/d.yaml", deployment}});
  CHECK(got ==
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      "
        "containers:\n"
        "      - image: \"n\"\n        name: new\n      - env:\n        - name: B\n          value: b\n"
        "        image: nginx:1\n        name: web\n");
}

TEST_CASE("a label that a base put into selectors follows the overlay, as in kustomize") {
  std::string got = build_text(
      {{"app/kustomization.yaml", "resources: [../base]\nlabels: [{pairs: {env: prod}}]\n"},
       {"base/kustomization.yaml", "resources: [d.yaml]\nlabels: [{pairs: {env: base}, includeSelectors: true}]\n"},
       {"base/d.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"}});
  CHECK(got ==
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    env: prod\n  name: a\nspec:\n  selector:\n"
        "    matchLabels:\n      env: prod\n  template:\n    metadata:\n      labels:\n        env: prod\n");
}

TEST_CASE("what was written in quotes stays text, and text keeps how numbers were written") {
  Files files = {{"app/kustomization.yaml",
                  "resources: [d.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: X, metadata: {name: a}, spec: {a: "
                  "2, b: 2}}'\n"},
                 {"app/d.yaml",
                  "apiVersion: v1\nkind: X\nmetadata: {name: a, annotations: {n: 1.50, m: ~}}\nspec: {a: '1', b: 1, c: "
                  "0777, d: 2020-01-01, e: 12345678901234567890}\n"}};
  CHECK(build_text(files) ==
        "apiVersion: v1\nkind: X\nmetadata:\n  annotations:\n    m: \"~\"\n    \"n\": \"1.50\"\n  name: a\nspec:\n  a: "
        "\"2\"\n  b: 2\n  c: 511\n  d: \"2020-01-01T00:00:00Z\"\n  e: 12345678901234567890\n");
}

TEST_CASE("generated names end in kustomize's hash") {
  std::string got =
      build_text({{"app/kustomization.yaml",
                   "configMapGenerator:\n- name: g\n  literals: [a=1, b=\"q\", c='s', d=x=y]\n- name: c\n"}});
  CHECK(got.find("name: g-bghbdgdfk6\n") != got.npos);
  CHECK(got.find("name: c-6ct58987ht\n") != got.npos);
  got = build_text({{"app/kustomization.yaml", "secretGenerator:\n- name: s\n  literals: [p=abc]\n"}});
  CHECK(got.find("name: s-6g46ff589g\n") != got.npos);
  refuses("configMapGenerator \"g\": app/kustomization.yaml:2:3: invalid literal source x, expected key=value",
          {{"app/kustomization.yaml", "configMapGenerator:\n- name: g\n  literals: [x]\n"}});
  std::string secret = build_text({{"app/kustomization.yaml", "secretGenerator:\n- name: g\n  literals: [hunter2]\n"}});
  CHECK(secret.find("hunter2") == secret.npos);
}

TEST_CASE("a chart to be pulled is wanted along with what else is missing, and comes with its own values") {
  auto tree = sources::testing::make_tree(
      {{"app/kustomization.yaml",
        std::string("resources: [\"https://h/o/r//b\"]\nhelmCharts: [{name: web, repo: \"https://charts.example\", "
                    "version: 1.0.0, releaseName: r}, {name: db, repo: \"oci://reg.example/charts\"}, {name: rc, "
                    "repo: \"https://charts.example\", devel: true}]\n")}});
  RemoteBases bases;
  BuildRequest request{.tree = tree, .path = "app", .charts = true};
  request.remotes = &bases;
  CHECK(!build(request));
  CHECK(bases.wanted == std::vector<std::string>{"https://h/o/r//b"});
  CHECK(bases.foreseen == std::vector<std::string>{"https://h/o/r//b", "chart+https://charts.example#web 1.0.0",
                                                   "chart+oci://reg.example/charts#db ",
                                                   "chart+https://charts.example#rc >0.0.0-0"});
  auto clone = sources::testing::make_tree({{"b/kustomization.yaml", std::string("resources: []\n")}});
  auto chart = [](std::string name) {
    return sources::testing::make_tree(
        {{name + "/Chart.yaml", "apiVersion: v2\nversion: 1.0.0\nname: " + name + "\n"},
         {name + "/values.yaml", std::string("size: L\n")},
         {name + "/templates/map.yaml",
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {size: {{ .Values.size }}}\n"}});
  };
  bases.fetched.emplace(bases.foreseen[0], Remote{clone, "b", nullptr});
  bases.fetched.emplace(bases.foreseen[1], Remote{chart("web"), "web", nullptr});
  bases.fetched.emplace(bases.foreseen[2], Remote{chart("db"), "db", nullptr});
  bases.fetched.emplace(bases.foreseen[3], Remote{chart("rc"), "rc", nullptr});
  auto built = build(request);
  REQUIRE_MESSAGE(built, built.error().str());
  REQUIRE(built->resources.size() == 3);
  CHECK(value::to_json(built->resources[1].object()["data"]) == R"({"size":"L"})");
}

TEST_CASE("an Application's own options edit the kustomization") {
  Files files = {{"app/kustomization.yaml", "resources: [d.yaml]\nimages: [{name: nginx, newTag: '2'}]\n"},
                 {"app/d.yaml", deployment}};
  std::string got = build_text(files, "app", R"(
namePrefix: p-
namespace: prod
images: ["nginx=reg.io:5000/nginx:3"]
replicas: [{name: web, count: "4"}]
commonAnnotations: {a: b}
commonLabels: {l: m}
labelWithoutSelector: true
patches: [{target: {kind: Deployment}, patch: "- {op: add, path: /spec/paused, value: true}"}]
components: [../nowhere]
ignoreMissingComponents: true
)");
  CHECK(
      got ==
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n    a: b\n  labels:\n    l: m\n  name: p-web\n"
      "  namespace: prod\nspec:\n  paused: true\n  replicas: 4\n  template:\n    metadata:\n      annotations:\n"
      "        a: b\n    spec:\n      containers:\n      - env:\n        - name: A\n          value: x\n"
      "        image: reg.io:5000/nginx:3\n        name: web\n");
  refuses("unknown field \"namePrefx\" in spec.source.kustomize; did you mean \"namePrefix\"?", files, "namePrefx: x");
}

TEST_CASE("a submodule is told from a file") {
  sources::testing::Content submodule("");
  submodule.kind = sources::FileEntry::Kind::submodule;
  auto said = [&](const char* resource, const char* path) {
    auto built = build({.tree = sources::testing::make_tree(
                            {{"kustomization.yaml", fmt::format("resources: [{}]\n", resource)}, {"sub", submodule}}),
                        .path = path});
    return built ? std::string() : built.error().str();
  };
  const std::string where = "\"sub\" is a submodule";
  for (auto [resource, path] : {std::pair("sub", ""), std::pair("sub/base", ""), std::pair("sub/r.yaml", ""),
                                std::pair("x", "sub"), std::pair("x", "sub/app")})
    CHECK_MESSAGE(said(resource, path).find(where) != std::string::npos, said(resource, path));
}
