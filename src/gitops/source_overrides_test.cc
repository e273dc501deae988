// .argocd-source.yaml and .argocd-source-APP.yaml on the way from a commit to the cluster.
#include "gitops/testing/engine_fixture.h"
#include "gitops/testing/manifests.h"

namespace slipway::gitops::testing {

namespace {

constexpr std::string_view kOverrides = "app/.argocd-source-shop.yaml";

Files chart(const char* overrides) {
  return {{"app/Chart.yaml", "{apiVersion: v2, name: web, version: 1.0.0}"},
          {"app/values.yaml", "image: {tag: none}\nteam: none\n"},
          {"app/templates/a.yaml",
           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
           "data:\n  tag: {{ .Values.image.tag | quote }}\n  team: {{ .Values.team }}\n"},
          {std::string(kOverrides), overrides}};
}
Files kustomization(const char* overrides) {
  return {{"app/kustomization.yaml", "resources: [web.yaml]\n"},
          {"app/web.yaml", deployment("web", "nginx:1.0")},
          {std::string(kOverrides), overrides}};
}
std::string image_of(EngineFixture& f) {
  return f.get("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"].str();
}

}  // namespace

TEST_CASE("a chart gets the parameters that stand in Git, and others with the next commit") {
  for (bool several : {false, true}) {
    EngineFixture f;
    f.commit(chart("helm:\n  parameters:\n  - name: image.tag\n    value: \"1.20\"\n    forcestring: true\n"));
    Value app = f.application("shop", "app").with("/spec/source/helm", Value{{"valuesObject", Value{{"team", "red"}}}});
    if (several) {
      Value sources = Value::array({app["spec"]["source"]});
      app = app.with_member("spec", app["spec"].without_member("source").with_member("sources", sources));
    }
    f.apply_application(app);
    CHECK(f.summary() == "Synced/Healthy");
    CHECK(f.get("ConfigMap", "web")["data"] == Value{{"tag", "1.20"}, {"team", "red"}});
    f.commit(chart("helm: {parameters: [{name: image.tag, value: v2}]}"));
    CHECK(f.get("ConfigMap", "web")["data"] == Value{{"tag", "v2"}, {"team", "red"}});
    // What is told of the Application is what it says itself.
    Value compared = f.status()["sync"]["comparedTo"];
    CHECK((several ? compared["sources"][0] : compared["source"]).has("helm"));
    CHECK((several ? compared["sources"][0] : compared["source"])["helm"].has("parameters") == false);
    CHECK(f.status()["history"].size() == 2);
  }
}

TEST_CASE("a kustomization gets the images that stand in Git") {
  EngineFixture f;
  f.commit(kustomization("kustomize:\n  images:\n    - nginx:1.20\n"));
  f.apply_application(f.application("shop", "app"));
  CHECK(image_of(f) == "nginx:1.20");
  f.commit(kustomization("kustomize: {images: ['nginx:1.21']}"));
  CHECK(image_of(f) == "nginx:1.21");
  f.commit({{"app/kustomization.yaml", "resources: [web.yaml]\n"}, {"app/web.yaml", deployment("web", "nginx:1.0")}});
  CHECK(image_of(f) == "nginx:1.0");
}

TEST_CASE("a wrong file of overrides changes nothing, and says where it is wrong") {
  EngineFixture f;
  f.commit(kustomization("kustomize: {images: ['nginx:1.20']}"));
  f.apply_application(f.application("shop", "app"));
  f.commit(kustomization("kustomize:\n  images:\n  - {name: nginx}\n"));
  CHECK(f.condition("ComparisonError") ==
        "Failed to load target state: app/.argocd-source-shop.yaml:3:5: kustomize.images[0]: expected a text, found an "
        "object");
  CHECK(image_of(f) == "nginx:1.20");
  f.commit(kustomization("kustomise: {images: ['nginx:1.21']}"));
  CHECK(f.condition("ComparisonError") == "");
  CHECK(f.condition("RenderWarning") ==
        "app/.argocd-source-shop.yaml:1:12: unknown field \"kustomise\" (did you mean \"kustomize\"?)");
  CHECK(image_of(f) == "nginx:1.0");
}

TEST_CASE("overrides may name the revision: the same commit by another name is rendered again") {
  EngineFixture f;
  Files files = kustomization(
      "kustomize:\n  commonAnnotationsEnvsubst: true\n"
      "  commonAnnotations: {at: $ARGOCD_APP_SOURCE_TARGET_REVISION, sha: $ARGOCD_APP_REVISION}");
  std::string sha = f.commit(files);
  f.repositories.set_branch(repository, sha, "other");
  f.apply_application(f.application("shop", "app"));
  auto annotations = [&] { return f.get("Deployment", "web")["metadata"]["annotations"]; };
  CHECK(annotations()["at"].as_string() == "main");
  CHECK(annotations()["sha"].as_string() == sha);
  f.patch("Application", "shop", R"({"spec": {"source": {"targetRevision": "other"}}})", "argocd");
  f.settle();
  CHECK(annotations()["at"].as_string() == "other");
  f.patch("Application", "shop", R"({"spec": {"source": {"targetRevision": "main"}}})", "argocd");
  f.settle();
  std::string next = f.commit(files);
  CHECK(annotations()["sha"].as_string() == next);
}

}  // namespace slipway::gitops::testing
