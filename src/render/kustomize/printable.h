// The last look at each resource of a build: its annotations as they are printed, and what no YAML or JSON can hold.
#pragma once

#include <optional>

#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// The first that no YAML can hold as it is, and JSON leaves so: DEL, the C1 controls but NEL, U+FFFE and U+FFFF.
std::optional<uint32_t> control_character(std::string_view text);

// Annotations become texts, kustomize's notes go, those that buildMetadata wants come. Errors: invalid, with the
// resource's place: a kind or name that was taken away, a text or key that kustomize itself could not read again.
Result<> make_printable(Resource& r, bool with_origin, bool with_transformers);

// The same without a look at metadata, of a resource that is only read and written again: its object, as printed.
Result<Value> printable_object(const Resource& r);

}  // namespace slipway::render::kustomize
