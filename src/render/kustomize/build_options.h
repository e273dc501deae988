// What can be said beside a kustomization when it is built, as far as it changes what comes out: the flags of
// `kustomize build`, which Argo CD takes from kustomize.buildOptions of the ConfigMap argocd-cm.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::render::kustomize {

struct BuildOptions {
  bool charts = false;            // --enable-helm
  bool unrestricted = false;      // --load-restrictor LoadRestrictionsNone
  bool legacy_order = true;       // --reorder
  bool managed_by_label = false;  // --enable-managedby-label
  std::string kube_version;       // --helm-kube-version; "" Helm's own
  std::vector<std::string> api_versions;
  bool operator==(const BuildOptions&) const = default;
};

// Flags parted by blanks, "--name value" or "--name=value"; those that change nothing here are passed over. Error:
// bad_request for a flag that kustomize build does not have (with the nearest), or a value that it does not take.
Result<BuildOptions> parse_build_options(std::string_view words);

}  // namespace slipway::render::kustomize
