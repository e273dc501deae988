// helmCharts: charts that lie beside the kustomization or are pulled, rendered by our own Helm room.
#pragma once

#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"
#include "render/render.h"

namespace slipway::render::kustomize {

struct ChartSettings {
  lang::gotemplate::Environment environment;
  std::string kube_version;  // empty: Helm's own
  std::vector<std::string> api_versions;
};

// What `helm template` would print for it, as resources. `ns`: of the kustomization or the nearest around it. Errors:
// invalid in the words of both tools; those of Folder::chart() for one that must be pulled.
Result<std::vector<Resource>> inflate_chart(const HelmChart& chart, const HelmGlobals& globals, const Folder& folder,
                                            const std::string& ns, const ChartSettings& settings,
                                            const KnownKinds* known, std::vector<std::string>& warnings);

// Notes a chart that will have to be pulled.
void foresee_chart(const HelmChart& chart, const HelmGlobals& globals, const Folder& folder);

}  // namespace slipway::render::kustomize
