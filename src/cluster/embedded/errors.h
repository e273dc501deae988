// Refusals in Kubernetes' words (reference/cluster.md 1.7).
#pragma once

#include "kinds/object.h"

namespace slipway::cluster {

Error no_such_resource();
Error no_such_method();
Error no_such_object(const kinds::Kind& kind, std::string_view name);     // configmaps "x" not found
Error exists_already(const kinds::Kind& kind, std::string_view name);     // configmaps "x" already exists
Error changed_meanwhile(const kinds::Kind& kind, std::string_view name);  // the object has been modified; ...
// Operation cannot be fulfilled on configmaps "x": why
Error cannot_be_fulfilled(const kinds::Kind& kind, std::string_view name, std::string_view why);
Error refused(const kinds::Kind& kind, std::string_view name,
              std::string_view why);  // configmaps "x" is forbidden: why
Error revision_too_large(uint64_t asked, uint64_t current);

}  // namespace slipway::cluster
