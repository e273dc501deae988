// What the `kustomize` commands share.
#pragma once

#include "cli/command.h"
#include "render/kustomize/resource.h"

namespace slipway::cli {

Command kustomize_build_command();
Command kustomize_edit_command();
Command kustomize_create_command();

// As `kustomize build` prints them.
std::string kustomize_text(const std::vector<render::kustomize::Resource>& resources);

}  // namespace slipway::cli
