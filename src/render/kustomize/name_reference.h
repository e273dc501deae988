// After names changed, every reference to them follows: the index leads from an old name to what had it.
#pragma once

#include <span>

#include "render/kustomize/field_tables.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

struct ReferenceCount {
  size_t candidates = 0;  // looks at a resource that a reference might mean
  size_t rows = 0;        // of the table, looked at for a kind of referrer
};

// Error: invalid when a reference may mean several resources.
Result<> update_name_references(ResourceSet& set, std::span<const NameReference> references,
                                ReferenceCount* count = nullptr);

}  // namespace slipway::render::kustomize
