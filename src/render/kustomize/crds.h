// `crds:` of a kustomization: OpenAPI definitions by name whose x-kubernetes-* words say where names, labels and
// annotations stand. Not manifests of CustomResourceDefinitions, which share nothing with them but the word.
#pragma once

#include "render/kustomize/configuration.h"

namespace slipway::render::kustomize {

// Errors: those of Folder; bad_request (no YAML), invalid (not of that shape) in kustomize's words, with file and line.
Result<Configuration> read_crds(const Folder& folder, const Named& entry);

}  // namespace slipway::render::kustomize
