// The built-in plugins where they stand as objects of their own, in `generators` and `transformers`.
#pragma once

#include "render/kustomize/chart.h"
#include "render/kustomize/configuration.h"
#include "render/kustomize/folder.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Only for those that are no functions. Errors: unsupported for one that is none of them, invalid for a wrong
// configuration.
// (Their unknown fields are passed over, as there.)
// `charts` null: charts are not rendered.
Result<std::vector<Resource>> run_generator(const Resource& plugin, const Folder& folder, const KnownKinds* known,
                                            const ChartSettings* charts, std::vector<std::string>& warnings);
Result<> run_transformer(ResourceSet& set, const Resource& plugin, const Folder& folder, const KnownKinds* known);

}  // namespace slipway::render::kustomize
