// slipway helm repo index: index.yaml for a folder of archives.
#pragma once

#include "cli/helm/inputs.h"

namespace slipway::cli::helm {

// --url, --merge, --json. Archives in the folder, and one folder below. Errors in Helm's words.
Result<> index_folder(World& world, const std::string& folder, const Flags& flags);

}  // namespace slipway::cli::helm
