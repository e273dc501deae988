// Any text as a kustomization over a few resources, and any text as a patch: a result or an error with words.
#include <cstdlib>

#include "render/kustomize/build.h"
#include "value/json.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  static const std::string resources = R"(
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [{name: c, image: i,
 ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}], env: [{name: A, value: $(V)}]}]}}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: n}, data: {k: "a: {b: c}"}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, subjects: [{kind: ServiceAccount, name: s}]}
)";
  auto file = [](const std::string& content) {
    return sources::FileEntry{.bytes = std::make_shared<const std::string>(content), .size = content.size()};
  };
  auto build = [&](std::map<std::string, sources::FileEntry> files) {
    auto tree = std::make_shared<const sources::Tree>(std::move(files));
    auto built = render::kustomize::build({.tree = tree, .path = "k"});
    if (!built && built.error().str().empty()) std::abort();
    if (built)
      for (const auto& r : built->resources) (void)value::to_json(r.object()).size();
  };
  build({{"k/kustomization.yaml", file(text)}, {"k/r.yaml", file(resources)}, {"k/p.yaml", file(text)}});
  build({{"k/kustomization.yaml",
          file("resources: [r.yaml]\nnamePrefix: p-\nnamespace: n\npatches: [{path: p.yaml, target: {}}]\n")},
         {"k/r.yaml", file(resources)},
         {"k/p.yaml", file(text)}});
  build(
      {{"k/kustomization.yaml", file("resources: [r.yaml, p.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true}]\n"
                                     "images: [{name: i, newTag: t}]\n")},
       {"k/r.yaml", file(resources)},
       {"k/p.yaml", file(text)}});
  return 0;
}
