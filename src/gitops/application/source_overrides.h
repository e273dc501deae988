// What stands in Git beside a source and takes the place of what the Application says there: Argo CD's
// .argocd-source.yaml, and .argocd-source-APP.yaml, which Argo CD Image Updater writes. Pure.
#pragma once

#include "base/result.h"
#include "sources/tree.h"
#include "value/value.h"

namespace slipway::gitops {

struct OverriddenSource {
  Value said;  // the source with helm, kustomize and directory as the files leave them
  std::vector<std::string> warnings;
};
// `said`: of spec.source; `path`: its folder in the tree. First the file for all, then that of `application` (its
// tracking name: NAME, or NAMESPACE_NAME), each a JSON merge patch. Whatever else than helm, kustomize and directory
// they say has no effect, as there, and is warned of. Errors, with file and line: invalid, bad_request, unsupported (a
// plugin), too_large, forbidden (a link out of the tree).
Result<OverriddenSource> override_source(Value said, const sources::Tree& tree, const std::string& path,
                                         const std::string& application);

}  // namespace slipway::gitops
