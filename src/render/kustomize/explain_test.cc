#include "render/kustomize/explain.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "kinds/testing/sets.h"
#include "render/kustomize/build.h"
#include "render/testing/tree_on_disk.h"
#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

std::string told(Files files, std::string kind, std::string name) {
  Explanation explanation(std::move(kind));
  BuildRequest request{.tree = sources::testing::make_tree(std::move(files)), .path = "prod"};
  request.observer = &explanation;
  auto built = build(request);
  if (!built) return built.error().str();
  auto out = explanation.tell(name);
  return out ? *out : out.error().str();
}
void check(const Files& files, const std::string& kind, const std::string& name, const std::string& expected) {
  std::string got = told(files, kind, name);
  CHECK_MESSAGE(got == expected, "expected:\n", expected, "got:\n", got);
}

const Files shop = {
    {"base/kustomization.yaml", "resources: [d.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=b]\n"},
    {"base/d.yaml",
     "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  "
     "name: "
     "web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: "
     "nginx:1\n     "
     "   env:\n        - name: A\n          value: x\n        envFrom:\n        - configMapRef:\n            name: "
     "settings\n"},
    {"prod/kustomization.yaml",
     "resources:\n- ../base\nnamePrefix: p-\npatches:\n- path: p.yaml\n- target: {kind: Deployment}\n  patch: |-\n    "
     "- op: "
     "replace\n      path: /spec/template/spec/containers/1/env/0/value\n      value: other\nimages:\n- name: nginx\n  "
     "newTag: "
     "'2'\nreplicas:\n- name: web\n  count: 3\nlabels:\n- pairs: {team: a}\n"},
    {"prod/p.yaml",
     "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      "
     "containers:\n      "
     "- name: new\n        image: n:1\n"}};

}  // namespace

TEST_CASE("each field is told with the line that wrote it last, and those before") {
  check(
      shop, "Deployment", "web",
      "Deployment p-web\n"
      "  apiVersion: apps/v1                                                       base/d.yaml:6:13\n"
      "  kind: Deployment                                                          base/d.yaml:7:7\n"
      "  metadata.labels.team: a                                                   prod/kustomization.yaml:18:17 "
      "labels\n"
      "  metadata.name: p-web                                                      prod/kustomization.yaml:3:13 "
      "namePrefix, before: base/d.yaml:9:9\n"
      "  spec.replicas: 3                                                          prod/kustomization.yaml:15:3 "
      "replicas, before: base/d.yaml:11:13\n"
      "  spec.template.spec.containers[0].image: n:1                               prod/p.yaml:10:16 patches "
      "(prod/kustomization.yaml:5:3)\n"
      "  spec.template.spec.containers[0].name: new                                prod/p.yaml:9:15 patches "
      "(prod/kustomization.yaml:5:3)\n"
      "  spec.template.spec.containers[1].env[0].name: A                           base/d.yaml:18:17\n"
      "  spec.template.spec.containers[1].env[0].value: other                      prod/kustomization.yaml:10 "
      "patches, before: base/d.yaml:19:18\n"
      "  spec.template.spec.containers[1].envFrom[0].configMapRef.name: p-settings-4h2mbtbbt6  name reference, before: "
      "base/d.yaml:22:19\n"
      "  spec.template.spec.containers[1].image: nginx:2                           prod/kustomization.yaml:12:3 "
      "images, before: base/d.yaml:16:16\n"
      "  spec.template.spec.containers[1].name: web                                base/d.yaml:15:15\n");
  check(shop, "ConfigMap", "settings",
        "ConfigMap p-settings-4h2mbtbbt6\n"
        "  apiVersion: v1                        base/kustomization.yaml:3:3 configMapGenerator\n"
        "  data.a: b                             base/kustomization.yaml:4:14 configMapGenerator\n"
        "  kind: ConfigMap                       base/kustomization.yaml:3:3 configMapGenerator\n"
        "  metadata.labels.team: a               prod/kustomization.yaml:18:17 labels\n"
        "  metadata.name: p-settings-4h2mbtbbt6  name hash, before: prod/kustomization.yaml:3:13 namePrefix, before: "
        "base/kustomization.yaml:3:9 configMapGenerator\n");
  check(shop, "Deployment", "wbe", "there is no Deployment wbe in what is built; did you mean Deployment/web?");
}

TEST_CASE("data of Secrets is not shown") {
  std::string got = told({{"prod/kustomization.yaml", "secretGenerator:\n- name: s\n  literals: [password=hunter2]\n"}},
                         "Secret", "s");
  CHECK(got.find("data.password: (not shown)") != got.npos);
  CHECK(got.find("aHVudGVyMg") == got.npos);
}

// testdata/explain: two overlays of one base, a component, a chart, plugins, patches of each sort, replacements by
// path.
TEST_CASE("whoever wrote a field, it is told truly") {
  std::string expected = kinds::testing::read_file("testdata/explain/expected"), got;
  for (auto [kind, name] : {std::pair{"Service", "web"},
                            {"RoleBinding", "rb"},
                            {"ServiceAccount", "sa"},
                            {"Deployment", "web"},
                            {"StatefulSet", "web"},
                            {"ConfigMap", "cm"},
                            {"ConfigMap", "gcm"},
                            {"ConfigMap", "gcm2"},
                            {"ConfigMap", "hc"}}) {
    Explanation explanation(kind);
    BuildRequest request{.tree = render::testing::tree_on_disk("testdata/explain"), .path = "top"};
    request.unrestricted = request.charts = true;
    request.observer = &explanation;
    auto built = build(request);
    REQUIRE_MESSAGE(built.has_value(), built.error().str());
    auto out = explanation.tell(name);
    REQUIRE(out.has_value());
    got += *out;
  }
  CHECK_MESSAGE(got == expected, "got:\n", got);
}

TEST_CASE("an operation is told by what it does to a list, a merge by what its element leaves") {
  std::string config =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx:\n- {name: one, v: 1}\n- {name: two, v: 2}\n";
  auto at = [&](const std::string& patch, const std::string& field) {
    std::string got = told(
        {{"prod/kustomization.yaml", "resources: [r.yaml]\npatches:\n- {path: p.yaml, target: {kind: ConfigMap}}\n"},
         {"prod/r.yaml", config},
         {"prod/p.yaml", patch}},
        "ConfigMap", "a");
    for (std::string_view line : base::split_lines(got))
      if (size_t from = line.find(field + ": "); from != line.npos)
        return std::string(base::trim(line.substr(line.rfind("  "))));
    return got;
  };
  std::string shift =
      "- {op: remove, path: /x/0}\n- {op: add, path: /x/-, value: {name: new}}\n- {op: add, path: /x/-, value: {name: "
      "last}}\n";
  CHECK(at(shift, "x[0].v") == "prod/r.yaml:6:18");
  CHECK(at(shift, "x[1].name") == "prod/p.yaml:2:39 patches (prod/kustomization.yaml:3:3)");
  CHECK(at(shift, "x[2].name") == "prod/p.yaml:3:39 patches (prod/kustomization.yaml:3:3)");
  std::string labelled = "- {op: add, path: /metadata/annotations/k, value: w}\n";
  CHECK(at(labelled, "metadata.annotations.k") == "prod/p.yaml:1:51 patches (prod/kustomization.yaml:3:3)");
  std::string twice = "- {op: replace, path: /x/0/v, value: 5}\n- {op: replace, path: /x/0/v, value: 6}\n";
  CHECK(at(twice, "x[0].v") ==
        "prod/p.yaml:2:38 patches (prod/kustomization.yaml:3:3), before: prod/p.yaml:1:38 patches "
        "(prod/kustomization.yaml:3:3), before: prod/r.yaml:5:18");
}
