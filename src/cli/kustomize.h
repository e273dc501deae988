// What the `kustomize` commands share.
#pragma once

#include "cli/command.h"
#include "render/kustomize/resource.h"

namespace slipway::cli {

Command kustomize_build_command();
Command kustomize_edit_command();
Command kustomize_create_command();

// Where clones of remote bases are kept: below XDG_CACHE_HOME or ~/.cache.
std::string remote_bases_directory();

// As `kustomize build` prints them.
std::string kustomize_text(const std::vector<render::kustomize::Resource>& resources);

}  // namespace slipway::cli
