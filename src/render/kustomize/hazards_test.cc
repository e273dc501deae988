// What builds and is hardly meant.
#include "render/kustomize/hazards.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::render;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

constexpr const char* deployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  "
    "template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        image: "
    "nginx:1\n        env: [{name: LEVEL, value: info}, {name: HOST, value: a.example.org}]\n      - name: side\n      "
    "  "
    "image: envoy:1\n";
constexpr const char* application =
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: app}\nspec:\n  sources:\n  - helm: "
    "{valueFiles: [$values/common.yaml, $values/clusters/dev/monitoring/values.yaml]}\n";

// "rule place: message (fix)", a line each.
std::string found(Files files) {
  std::vector<Hazard> hazards;
  HazardObserver observer(&hazards);
  BuildRequest request{.tree = sources::testing::make_tree(std::move(files)), .path = "app"};
  request.observer = &observer;
  auto built = build(request);
  if (!built) return built.error().str();
  std::string out;
  for (const Hazard& h : hazards)
    out += fmt::format("{} {}: {}{}\n", h.rule, h.place.str(), h.message, h.fix.empty() ? "" : " (" + h.fix + ")");
  return out;
}
void check(const std::string& kustomization, const std::string& expected, Files more = {}) {
  Files files = {{"app/kustomization.yaml", "resources:\n- d.yaml\n" + kustomization}, {"app/d.yaml", deployment}};
  files.insert(files.end(), more.begin(), more.end());
  std::string got = found(std::move(files));
  CHECK_MESSAGE(got == expected, kustomization, "\nexpected: ", expected, "\n     got: ", got);
}
// A JSON patch for the Deployment.
void check_patch(const std::string& operations, const std::string& expected) {
  check("patches:\n- path: p.yaml\n  target: {kind: Deployment}\n", expected, {{"app/p.yaml", operations}});
}
const std::string list = "/spec/template/spec/containers";

}  // namespace

TEST_CASE("patches that select nothing") {
  check(
      "patches:\n- target: {kind: Deployment, name: wbe}\n  patch: '{apiVersion: apps/v1, kind: Deployment, metadata: "
      "{name: x}}'\n",
      "patch-matches-nothing app/kustomization.yaml:4:3: this patch changes nothing: its target (kind Deployment, name "
      "wbe) selects no resource (did you mean web?)\n");
  check(
      "patchesJson6902:\n- target: {version: v1, kind: Service, name: web}\n  patch: '- {op: add, path: /a, value: "
      "b}'\n",
      "patch-matches-nothing app/kustomization.yaml:4:3: this patch changes nothing: its target (version v1, kind "
      "Service, name web) selects no resource (there is no Service here)\n");
  check(
      "patches:\n- target: {kind: Deploy.*}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/paused\", \"value\": "
      "true}]'\n",
      "");
}

TEST_CASE("images that nobody has") {
  check("images:\n- name: ngnix\n  newTag: '2'\n",
        "image-matches-nothing app/kustomization.yaml:4:3: no container here has the image \"ngnix\" (did you mean "
        "\"nginx\"?)\n");
  check("images:\n- name: nginx\n  newTag: '1'\n", "");  // it is so already
  check("images:\n- name: nginx\n  newTag: '2'\n", "");
}

TEST_CASE("replacements whose target is not there, each") {
  check(
      "replacements:\n- sourceValue: x\n  targets:\n  - select: {kind: Deployment, name: wbe}\n    fieldPaths: "
      "[spec.paused]\n  - select: {kind: Job}\n    fieldPaths: [spec.paused]\n",
      "replacement-matches-nothing app/kustomization.yaml:6:5: a target of this replacement (kind Deployment, name "
      "wbe) selects no resource (did you mean web?)\n"
      "replacement-matches-nothing app/kustomization.yaml:8:5: a target of this replacement (kind Job) selects no "
      "resource (there is no Job here)\n");
}

TEST_CASE("labels that change selectors which cannot change") {
  auto overlay = [](const std::string& kustomization, const std::string& expected) {
    CHECK(found({{"base/kustomization.yaml", "resources: [d.yaml]\n"},
                 {"base/d.yaml", deployment},
                 {"app/kustomization.yaml", "resources:\n- ../base\n" + kustomization}}) == expected);
  };
  overlay(
      "labels:\n- pairs: {team: a}\n  includeSelectors: true\n",
      "selector-changes app/kustomization.yaml:4:3: includeSelectors adds team=a to the selector of Deployment web, "
      "which "
      "cannot change: where it runs with another one, every sync is refused (say includeTemplates instead of "
      "includeSelectors)\n");
  overlay(
      "commonLabels: {team: a}\n",
      "selector-changes app/kustomization.yaml:3:15: commonLabels adds team=a to the selector of Deployment web, which "
      "cannot change: where it runs with another one, every sync is refused (say it under labels, without "
      "includeSelectors)\n");
  overlay("labels:\n- pairs: {team: a}\n  includeTemplates: true\n", "");
  overlay("labels:\n- pairs: {app: web}\n  includeSelectors: true\n", "");
  // beside the manifests they are as old as those
  check("labels:\n- pairs: {team: a}\n  includeSelectors: true\n", "");
}

TEST_CASE("an index that is another element than the comment says") {
  check_patch("- op: replace\n  path: " + list + "/0/env/1/value  # LEVEL\n  value: debug\n",
              "patch-index app/p.yaml:1:3: Deployment web: the comment speaks of \"LEVEL\", which is " + list +
                  "/0/env/0; " + list + "/0/env/1 is \"HOST\" (write " + list + "/0/env/0, or mend the comment)\n");
  check_patch("# the side container\n- op: replace\n  path: " + list + "/0/image\n  value: x:2\n",
              "patch-index app/p.yaml:2:3: Deployment web: the comment speaks of \"side\", which is " + list + "/1; " +
                  list + "/0 is \"web\" (write " + list + "/1, or mend the comment)\n");
  check_patch("# LEVEL of web\n- op: replace\n  path: " + list + "/0/env/0/value\n  value: debug\n", "");
  // Made sure of.
  check_patch("- op: test\n  path: " + list + "/0/env/1/name\n  value: HOST\n- op: replace\n  path: " + list +
                  "/0/env/1/value  # not LEVEL\n  value: debug\n",
              "");
}

TEST_CASE("an index whose neighbour is much more like the new value") {
  auto patch = [&](const char* index, const std::string& expected) {
    Files files = {
        {"app/kustomization.yaml",
         fmt::format("resources: [a.yaml]\npatches:\n- target: {{kind: Application}}\n  patch: |-\n    - op: replace\n"
                     "      path: /spec/sources/0/helm/valueFiles/{}\n      value: "
                     "$values/clusters/prod/monitoring/values.yaml\n",
                     index)},
        {"app/a.yaml", application}};
    std::string got = found(files);
    CHECK_MESSAGE(got == expected, got);
  };
  patch("1", "");
  patch("0",
        "patch-index app/kustomization.yaml:5: Application app: /spec/sources/0/helm/valueFiles/0 is "
        "\"$values/common.yaml\", and \"$values/clusters/prod/monitoring/values.yaml\" is put there; "
        "/spec/sources/0/helm/valueFiles/1 is \"$values/clusters/dev/monitoring/values.yaml\", which it is much more "
        "like "
        "(write /spec/sources/0/helm/valueFiles/1, or say with a `test` operation what the index means)\n");
  check_patch("- {op: replace, path: " + list + "/0/env/1, value: {name: LEVEL, value: debug}}\n",
              "patch-index app/p.yaml:1:3: Deployment web: " + list +
                  "/0/env/1 is \"HOST\", and \"LEVEL\" is put there; " + list +
                  "/0/env/0 is \"LEVEL\", which it is much more like (write " + list +
                  "/0/env/0, or say with a `test` operation what the index means)\n");
}

TEST_CASE("an index behind an element that the same patch removed") {
  check_patch(
      "- {op: remove, path: " + list + "/0/env/0}\n- {op: replace, path: " + list + "/0/env/0/value, value: z}\n",
      "patch-index app/p.yaml:2:3: Deployment web: operation 1 of this patch removed " + list + "/0/env/0, so " + list +
          "/0/env/0 is now \"HOST\", which was " + list +
          "/0/env/1 before (remove from the end of the list first, or say with a `test` operation what the index "
          "means)\n");
  check_patch(
      "- {op: remove, path: " + list + "/0/env/1}\n- {op: replace, path: " + list + "/0/env/0/value, value: z}\n", "");
}

TEST_CASE("pointers and documents of which a part is never looked at") {
  check_patch(
      "- {op: add, path: spec/nope, value: x}\n",
      "patch-pointer app/p.yaml:1:19: \"spec/nope\" does not begin with a slash: \"spec\" is passed over, and what "
      "it means is \"/nope\" (write \"/spec/nope\")\n");
  check_patch("- {op: add, path: /spec/paused, value: true}\n", "");
  check(
      "namePrefix: x-\n---\n# more\n\nnamePrefix: y-\n---\nz\n",
      "second-document app/kustomization.yaml:7:1: what stands here belongs to a second document, which nobody reads: "
      "only the first counts (join the two, or give the other one a folder of its own)\n");
  check("namePrefix: x-\n---\n# more\n...\n", "");
}
