// Replacements: a value found in one resource is written into others.
#pragma once

#include <span>

#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Errors: invalid, with the place of the replacement: no source or several, a field that is not there.
Result<> apply_replacements(ResourceSet& set, std::span<const Replacement> replacements, const Folder& folder);

// "spec.ports.[name=http].port" in parts: brackets with a = stay, "\." is a dot within a name.
std::vector<std::string> split_field_path(std::string_view path);

}  // namespace slipway::render::kustomize
