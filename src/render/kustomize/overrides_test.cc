// Each option of spec.source.kustomize, as Argo CD's `kustomize edit` calls make it.
#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

constexpr const char* deployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: "
    "{app: "
    "web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: web, image: "
    "'nginx:1'}, "
    "{name: side, image: 'envoy:1'}]\n";

// The field of the only Deployment at `pointer` as JSON, or why nothing was built.
std::string built(const std::string& overrides, const std::string& pointer, const std::string& more = "") {
  Files files = {{"app/kustomization.yaml", "resources: [d.yaml]\n" + more},
                 {"app/d.yaml", deployment},
                 {"app/part/kustomization.yaml",
                  std::string("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: "
                              "'yes'}}]\n")}};
  BuildRequest request{.tree = sources::testing::make_tree(std::move(files)), .path = "app"};
  request.overrides = *value::parse_yaml(overrides);
  request.variables = {{"ARGOCD_APP_NAME", "shop"}, {"ARGOCD_APP_REVISION", "abc"}};
  auto done = build(request);
  if (!done) return done.error().str();
  return value::to_json(done->resources.at(0).object().at(pointer));
}

void check(const std::string& overrides, const std::string& pointer, const std::string& expected,
           const std::string& more = "") {
  std::string got = built(overrides, pointer, more);
  CHECK_MESSAGE(got == expected, overrides, "\nexpected: ", expected, "\n     got: ", got);
}
void refuses(const std::string& overrides, const std::string& expected, const std::string& more = "") {
  std::string got = built(overrides, "", more);
  CHECK_MESSAGE(got.find(expected) != got.npos, overrides, "\nexpected: ", expected, "\n     got: ", got);
}

constexpr const char* name = "/metadata/name";
constexpr const char* labels = "/metadata/labels";
constexpr const char* selector = "/spec/selector/matchLabels";
constexpr const char* pod_labels = "/spec/template/metadata/labels";
constexpr const char* annotations = "/metadata/annotations";
constexpr const char* image = "/spec/template/spec/containers/0/image";

}  // namespace

TEST_CASE("names and namespace") {
  check("namePrefix: p-", name, R"("p-web")");
  check("namePrefix: p-", name, R"("p-web")", "namePrefix: old-\n");
  check("nameSuffix: -s", name, R"("web-s")");
  check("namespace: prod", "/metadata/namespace", R"("prod")");
  check("namespace: prod", "/metadata/namespace", R"("prod")", "namespace: old\n");
}

TEST_CASE("images") {
  check("images: ['nginx:2']", image, R"("nginx:2")");
  check("images: ['nginx=reg.io:5000/n:3']", image, R"("reg.io:5000/n:3")");
  check("images: ['nginx@sha256:abc']", image, R"("nginx@sha256:abc")");
  check("images: ['nginx=*:9']", image, R"("m:9")", "images: [{name: nginx, newName: m, newTag: '2'}]\n");
  check("images: ['nginx:$ARGOCD_APP_REVISION']", image, R"("nginx:abc")");
  check("images: ['nginx:2', 'envoy=e:7']", "/spec/template/spec/containers/1/image", R"("e:7")");
  refuses("images: [nginx]", "invalid format of image");
}

TEST_CASE("replicas") {
  check("replicas: [{name: web, count: 4}]", "/spec/replicas", "4");
  check("replicas: [{name: web, count: '5'}]", "/spec/replicas", "5");
  check("replicas: [{name: web, count: 6}]", "/spec/replicas", "6", "replicas: [{name: web, count: 2}]\n");
  refuses("replicas: [{name: web, count: many}]", "\"many\" is no number");
  refuses("replicas: [{name: wbe, count: 1}]", "did you mean \"web\"?");
}

TEST_CASE("commonLabels, forceCommonLabels, labelWithoutSelector, labelIncludeTemplates") {
  std::string l = "commonLabels: {l: m}\n";
  check(l, labels, R"({"l":"m"})");
  check(l, selector, R"({"app":"web","l":"m"})");
  check("commonLabels: {l: $ARGOCD_APP_NAME, k: \"a${ARGOCD_APP_NAME}b$$c\"}", labels,
        R"({"k":"ashopb$c","l":"shop"})");
  refuses(l, "label l already in kustomization file. Use --force to override.", "commonLabels: {l: old}\n");
  check(l + "forceCommonLabels: true", labels, R"({"l":"m"})", "commonLabels: {l: old}\n");
  check(l + "labelWithoutSelector: true", selector, R"({"app":"web"})");
  check(l + "labelWithoutSelector: true", labels, R"({"l":"m"})");
  check(l + "labelWithoutSelector: true", pod_labels, R"({"app":"web"})");
  check(l + "labelWithoutSelector: true\nlabelIncludeTemplates: true", pod_labels, R"({"app":"web","l":"m"})");
  check(l + "labelWithoutSelector: true\nlabelIncludeTemplates: true", selector, R"({"app":"web"})");
  refuses(l + "labelWithoutSelector: true", "label l already in kustomization file", "labels: [{pairs: {l: old}}]\n");
  refuses(l + "labelIncludeTemplates: true", "--without-selector flag must be specified");
}

TEST_CASE("commonAnnotations, forceCommonAnnotations, commonAnnotationsEnvsubst") {
  std::string a = "commonAnnotations: {a: $ARGOCD_APP_NAME}\n";
  check(a, annotations, R"({"a":"$ARGOCD_APP_NAME"})");
  check(a + "commonAnnotationsEnvsubst: true", annotations, R"({"a":"shop"})");
  check("commonAnnotations: {a: \"${NOBODY}x$\"}\ncommonAnnotationsEnvsubst: true", annotations, R"({"a":"x$"})");
  refuses(a, "annotation a already in kustomization file", "commonAnnotations: {a: b}\n");
  check(a + "forceCommonAnnotations: true\ncommonAnnotationsEnvsubst: true", annotations, R"({"a":"shop"})",
        "commonAnnotations: {a: b}\n");
}

TEST_CASE("patches and components") {
  check("patches: [{target: {kind: Deployment}, patch: '- {op: add, path: /spec/paused, value: true}'}]",
        "/spec/paused", "true");
  check("patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {paused: true}}'}]",
        "/spec/paused", "true");
  refuses("patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: wbe}}'}]",
          "spec.source.kustomize.patches[0]");
  refuses("patches: [{path: none.yaml}]", "\"none.yaml\" is not there");
  check("components: [part]", labels, R"({"part":"yes"})");
  check("components: [part, none]\nignoreMissingComponents: true", labels, R"({"part":"yes"})");
  check("components: [part]", labels, R"({"part":"yes"})", "components: [part]\n");
  check("components: [part/]", labels, R"({"part":"yes"})");
  check("components: [./part//, none/]\nignoreMissingComponents: true", labels, R"({"part":"yes"})");
  refuses("components: [d.yaml/]", "d.yaml/ has no match");
  refuses("components: [none]", "none");
}

TEST_CASE("an empty kustomization is built when an edit fills it") {
  auto built_over = [](const char* text, const char* overrides) {
    BuildRequest request{.tree = sources::testing::make_tree(
                             {{"app/kustomization.yaml", text},
                              {"app/part/kustomization.yaml",
                               "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [d.yaml]\n"},
                              {"app/part/d.yaml", deployment}}),
                         .path = "app"};
    request.overrides = *value::parse_yaml(overrides);
    auto done = build(request);
    return done ? fmt::format("{} objects", done->resources.size()) : done.error().str();
  };
  for (const char* text : {"", "{}\n", "# nothing yet\n"}) {
    CHECK(built_over(text, "namePrefix: p-") == "0 objects");
    CHECK(built_over(text, "components: [part]") == "1 objects");
    CHECK(built_over(text, "version: v5.8.2").find("kustomization.yaml is empty") != std::string::npos);
    CHECK(built_over(text, "components: [none]\nignoreMissingComponents: true").find("is empty") != std::string::npos);
  }
}

TEST_CASE("version, kubeVersion and apiVersions are for those who choose what to build with") {
  check("version: v5.4.3\nkubeVersion: 1.31.0\napiVersions: [a/v1]\n", name, R"("web")");
  refuses("namePrefx: x", "unknown field \"namePrefx\" in spec.source.kustomize; did you mean \"namePrefix\"?");
  refuses("namePrefix: 1", "expected a text");
}

TEST_CASE("very many labels of an Application take no longer than as many in Git") {
  std::string labels;
  for (int i = 0; i < 50'000; ++i) labels += fmt::format("{}l{}: v", i == 0 ? "" : ", ", i);
  std::string got = built("{commonLabels: {" + labels + "}}", "/metadata/labels");
  CHECK(got.size() > 50'000 * 8);
  CHECK(got.starts_with("{\"l0\":\"v\",\"l1\":\"v\",\"l10\":\"v\","));
}
