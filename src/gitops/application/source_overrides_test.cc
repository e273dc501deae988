#include "gitops/application/source_overrides.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::gitops;
using sources::testing::make_tree;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

// The source as JSON, then its warnings; or the error.
std::string overridden(std::string_view said, Files files, const std::string& path = "app") {
  files.emplace_back("app/config.yaml", "x");
  auto tree = make_tree(std::move(files));
  auto out = override_source(value::parse_yaml(said).value(), *tree, path, "shop");
  if (!out) return out.error().str();
  std::string text = value::to_json(out->said);
  for (const std::string& warning : out->warnings) text += "\n" + warning;
  return text;
}
std::string of_file(const char* text, std::string_view said = "{}") {
  return overridden(said, {{"app/.argocd-source.yaml", text}});
}

}  // namespace

TEST_CASE("a source without files of overrides stays as it is, without what says nothing") {
  CHECK(overridden("{path: app, helm: {releaseName: a}}", {}) == R"({"helm":{"releaseName":"a"},"path":"app"})");
  CHECK(overridden("{helm: {}, directory: {recurse: false}, kustomize: {images: []}}", {}) == "{}");
  CHECK(overridden("{helm: chart}", {}) == R"({"helm":"chart"})");  // wrong: rendering says so
  CHECK(overridden("{helm: {valuesObject: {a: null}}}", {}) == R"({"helm":{"valuesObject":{"a":null}}})");
}

TEST_CASE("the file for all comes first, then the application's own; another one's is nobody's business") {
  Files files{{"app/.argocd-source.yaml", "kustomize: {images: ['a:1'], namePrefix: x-}"},
              {"app/.argocd-source-shop.yaml", "kustomize: {images: ['a:2']}"},
              {"app/.argocd-source-shop2.yaml", "kustomize: {images: ['a:3']}"},
              {".argocd-source.yaml", "kustomize: {nameSuffix: -root}"}};
  CHECK(overridden("{kustomize: {namePrefix: y-, namespace: web}}", files) ==
        R"({"kustomize":{"images":["a:2"],"namePrefix":"x-","namespace":"web"}})");
  CHECK(overridden("{}", files, "") == R"({"kustomize":{"nameSuffix":"-root"}})");
}

TEST_CASE("as a merge patch: mappings grow together, lists are replaced, null takes away") {
  std::string_view said =
      "{helm: {parameters: [{name: a, value: '1'}], skipCrds: true, valuesObject: {a: 1, b: {c: 2, d: 3}}}}";
  CHECK(of_file("helm: {parameters: [{name: b, value: '2'}], skipCrds: null, valuesObject: {b: {c: null}}}", said) ==
        R"({"helm":{"parameters":[{"name":"b","value":"2"}],"valuesObject":{"a":1,"b":{"d":3}}}})");
  CHECK(of_file("{helm: null, kustomize: {namePrefix: a-}}", said) == R"({"kustomize":{"namePrefix":"a-"}})");
}

TEST_CASE("what Argo CD Image Updater writes") {
  CHECK(of_file("helm:\n  parameters:\n    - name: image.tag\n      value: \"1.20\"\n      forcestring: true\n") ==
        R"({"helm":{"parameters":[{"forceString":true,"name":"image.tag","value":"1.20"}]}})");
  CHECK(of_file("kustomize:\n  images:\n    - nginx:1.20\n") == R"({"kustomize":{"images":["nginx:1.20"]}})");
}

TEST_CASE("where a source comes from is the Application's to say") {
  CHECK(of_file("repoURL: https://evil.example/r\npath: other\nhelm: {releaseName: b}\n",
                "{repoURL: https://good.example/r, path: app}") ==
        "{\"helm\":{\"releaseName\":\"b\"},\"path\":\"app\",\"repoURL\":\"https://good.example/r\"}\n"
        "app/.argocd-source.yaml:1:10: repoURL has no effect here: only helm, kustomize and directory do\n"
        "app/.argocd-source.yaml:2:7: path has no effect here: only helm, kustomize and directory do");
  CHECK(of_file("helm:\n  paramaters: []\nkustomise: {}\n") ==
        "{\"helm\":{}}\n"
        "app/.argocd-source.yaml:2:15: unknown field \"helm.paramaters\" (did you mean \"parameters\"?)\n"
        "app/.argocd-source.yaml:3:12: unknown field \"kustomise\" (did you mean \"kustomize\"?)");
}

TEST_CASE("what is wrong is told with file and line") {
  CHECK(of_file("helm:\n  parameters:\n  - name: a\n    value: 1.20\n") ==
        "app/.argocd-source.yaml:4:12: helm.parameters[0].value: expected a text, found a number: put it in quotes");
  CHECK(of_file("kustomize:\n  images: nginx:1.20\n") ==
        "app/.argocd-source.yaml:2:11: kustomize.images: expected a list, found a string");
  CHECK(of_file("kustomize:\n  commonLabels:\n    a: 1\n") ==
        "app/.argocd-source.yaml:3:8: kustomize.commonLabels.a: expected a text, found a number: put it in quotes");
  CHECK(of_file("directory: {recurse: 'yes'}\n") ==
        "app/.argocd-source.yaml:1:22: directory.recurse: expected true or false, found a string");
  CHECK(of_file("- helm\n") ==
        "app/.argocd-source.yaml:1: expected fields of a source (helm, kustomize, directory), found array");
  CHECK(of_file("# nothing yet\n") ==
        "app/.argocd-source.yaml:1: expected fields of a source (helm, kustomize, directory), found nothing");
  CHECK(of_file("helm: {a\n").starts_with("app/.argocd-source.yaml:"));
  CHECK(of_file("plugin: {env: []}\n") == "app/.argocd-source.yaml:1:9: plugin: plugins are not offered");
  CHECK(of_file("plugin: sops\n") == "app/.argocd-source.yaml:1:9: plugin: plugins are not offered");
  CHECK(of_file("\nkustomize: {namePrefix: a-}\n", "{helm: {releaseName: a}}") ==
        "app/.argocd-source.yaml:2:12: multiple application sources defined, with what the Application says: "
        "helm,kustomize");
  CHECK(of_file(std::string((1 << 20) + 1, '#').c_str()) == "app/.argocd-source.yaml: larger than 1024 KiB");
}

TEST_CASE("links are followed inside the tree, and nothing is read outside") {
  auto through = [](const char* target) {
    return overridden("{}", {{"app/.argocd-source.yaml", sources::testing::link_to(target)},
                             {"shared/source.yaml", "helm: {releaseName: b}"}});
  };
  CHECK(through("../shared/source.yaml") == R"({"helm":{"releaseName":"b"}})");
  CHECK(through("../shared/none.yaml") == "{}");
  CHECK(through("../shared") == "{}");
  CHECK(through("../../etc/passwd").find("app/.argocd-source.yaml") == 0);
  CHECK(through("/etc/passwd").find("app/.argocd-source.yaml") == 0);
}
