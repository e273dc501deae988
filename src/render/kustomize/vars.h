// Vars: $(NAME) replaced by a field of another resource, once all names are final.
#pragma once

#include <span>

#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Adds `added` to `vars` and marks the resources that they read from. Error: invalid for a name that is taken, or an
// object that cannot be told apart.
Result<> merge_vars(std::vector<Var>& vars, std::span<const Var> added, ResourceSet& set);
// Error: invalid when a var's object or field is not there.
Result<> resolve_vars(ResourceSet& set, std::span<const Var> vars, std::span<const FieldSpec> fields,
                      std::vector<std::string>& warnings);

}  // namespace slipway::render::kustomize
