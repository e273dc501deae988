// Builds of a few lines that would double their work, or what they make, again and again.
#include "render/kustomize/budget.h"

#include <doctest/doctest.h>

#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

const std::string map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}\n";

// The error, which must be too_large; "" where there is none.
std::string refused(Files files, std::string path = "") {
  auto done = build({.tree = sources::testing::make_tree(std::move(files)), .path = std::move(path)});
  if (done) return "";
  CHECK(done.failed_with(ErrorKind::too_large));
  return done.error().str();
}
const std::string bytes = "replacements, patches, vars, generators and names of this build make more than 256 MiB";

std::string doubled(const std::string& replacement, int times) {
  std::string text = "resources: [a.yaml]\nreplacements:\n";
  for (int i = 0; i < times; ++i) text += fmt::format(fmt::runtime(replacement), i) + "\n";
  return text;
}

}  // namespace

TEST_CASE("what replacements write again and again is bounded") {
  std::string mapping =
      "- {{source: {{kind: ConfigMap, fieldPath: data}}, targets: [{{select: {{kind: ConfigMap}}, "
      "fieldPaths: [data.x{}], options: {{create: true}}}}]}}";
  std::string error = refused({{"kustomization.yaml", doubled(mapping, 60)}, {"a.yaml", map}});
  CHECK(error.starts_with("kustomization.yaml:"));
  CHECK(error.ends_with(bytes));
  CHECK(refused({{"kustomization.yaml", doubled(mapping, 8)}, {"a.yaml", map}}) == "");
}

TEST_CASE("what JSON patches write to many is bounded") {
  std::string many, big(1 << 20, 'x');
  for (int i = 0; i < 300; ++i)
    many += fmt::format("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a{}}}}}\n", i);
  auto patched = [&](const std::string& text) {
    return refused(
        {{"kustomization.yaml", "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, path: p.json}]\n"},
         {"p.json", R"([{"op": "add", "path": "/data", "value": {"a": ")" + text + R"("}}])"},
         {"a.yaml", many}});
  };
  CHECK(patched(big).ends_with(bytes));
  CHECK(patched("b") == "");
}

TEST_CASE("what one text brings to many is bounded") {
  std::string many, big(3 << 20, 'x');
  for (int i = 0; i < 500; ++i) many += fmt::format("---\n{{apiVersion: v1, kind: Pod, metadata: {{name: a{}}}}}\n", i);
  auto built = [&](const std::string& text) {
    return refused({{"kustomization.yaml", "resources: [a.yaml]\n" + text}, {"a.yaml", many}});
  };
  auto bring = [&](const std::string& text) {
    return built(text).ends_with("patches, labels and annotations of this build bring more than 1024 MiB");
  };
  CHECK(bring("commonAnnotations: {a: " + big + "}\n"));
  CHECK(bring("labels: [{pairs: {a: " + big + "}}]\n"));
  CHECK(bring("patches: [{target: {kind: Pod}, patch: '{apiVersion: v1, kind: Pod, metadata: {name: a}, a: " + big +
              "}'}]\n"));
  CHECK(built("namePrefix: " + big + "\n").ends_with(bytes));
  CHECK(built("namespace: " + big + "\n").ends_with(bytes));
  CHECK(built("namePrefix: a-\nnamespace: b\ncommonAnnotations: {a: b}\n") == "");
}

TEST_CASE("what is written again and again counts by what it grows by") {
  std::string text(1 << 20, 'x'), entries = "resources: [a.yaml]\nreplacements:\n";
  for (int i = 0; i < 300; ++i)
    entries += fmt::format(
        "- {{sourceValue: v{}, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [data.a], options: {{delimiter: "
        "',', "
        "index: 0}}}}]}}\n",
        i);
  CHECK(refused({{"kustomization.yaml", entries},
                 {"a.yaml",
                  "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: \"y," + text + "\"}}\n"}}) == "");
}

TEST_CASE("what vars and generators make is bounded") {
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "-$(V)";
  CHECK(refused({{"kustomization.yaml",
                  "resources: [a.yaml]\nvars:\n- {name: V, objref: {kind: ConfigMap, name: a, apiVersion: v1}, "
                  "fieldref: {fieldpath: data.a}}\nconfigurations: [c.yaml]\n"},
                 {"c.yaml", "varReference:\n- {path: data/b, kind: ConfigMap}\n"},
                 {"a.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: " +
                                std::string(300'000, 'x') + ", b: " + many + "}}\n"}})
            .ends_with("a.yaml:1: " + bytes));
  std::string files;
  for (int i = 0; i < 300; ++i) files += fmt::format("k{}=big,", i);
  std::string big(1 << 20, 'x');
  std::string one =
      refused({{"kustomization.yaml", "configMapGenerator: [{name: a, files: [" + files + "]}]\n"}, {"big", big}});
  CHECK(one.ends_with("its data are more than 256 MiB"));
  std::string generators = "configMapGenerator:\n";
  for (int i = 0; i < 300; ++i) generators += fmt::format("- {{name: a{}, files: [big]}}\n", i);
  CHECK(refused({{"kustomization.yaml", generators}, {"big", big}}).ends_with(bytes));
}

TEST_CASE("folders that are named twice at each level are entered only so often") {
  Files files;
  for (int level = 0; level <= 30; ++level) {
    std::string text = level ? "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" : "";
    text += level < 30 ? fmt::format("components: [../c{0}, ../c{0}]\n", level + 1) : "resources: []\n";
    files.emplace_back(fmt::format("c{}/kustomization.yaml", level), text);
  }
  std::string error = refused(std::move(files), "c0");
  CHECK(error.find("/kustomization.yaml: more than 10000 kustomizations are built within this one") != error.npos);
  Budget budget;
  CHECK(budget.pass(Budget::kPassedMax).has_value());
  CHECK(budget.pass(1).failed_with(ErrorKind::too_large));
}

TEST_CASE("a build ends when whoever asked for it wants that") {
  std::string replacements = "resources: [a.yaml]\nreplacements:\n", many;
  for (int i = 0; i < 300; ++i) {
    many += fmt::format("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a{}}}, data: {{a: b}}}}\n", i);
    replacements += fmt::format(
        "- {{source: {{kind: ConfigMap, name: a{0}, fieldPath: data.a}}, targets: [{{select: {{kind: ConfigMap}}, "
        "fieldPaths: [data.b{0}], options: {{create: true}}}}]}}\n",
        i);
  }
  int asked = 0;
  BuildRequest request{.tree = sources::testing::make_tree({{"kustomization.yaml", replacements}, {"a.yaml", many}})};
  request.go_on = [&]() -> Result<> {
    if (++asked < 10) return {};
    return fail(ErrorKind::too_large, "it takes too long");
  };
  auto done = build(request);
  REQUIRE(done.failed_with(ErrorKind::too_large));
  CHECK(done.error().str().starts_with("kustomization.yaml:"));
  CHECK(done.error().str().ends_with("it takes too long"));
  CHECK(asked == 10);  // and not again
}
