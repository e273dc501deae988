#include "render/kustomize/explain.h"

#include <doctest/doctest.h>

#include "render/kustomize/build.h"
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
