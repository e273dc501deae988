// The fields of a kustomization by their own names. Go reads a field in whatever case it is written, and writes it as
// its struct spells it: who writes a kustomization back needs the same.
#pragma once

#include <string_view>

#include "value/value.h"

namespace slipway::render::kustomize {

// Whether Go's JSON reader takes a key for the field of that name: letters of either case, also the two that fold to
// ASCII (the long s, the Kelvin sign).
bool names_field(std::string_view key, std::string_view field);

// A kustomization (v1beta1, v1alpha1 Component) with every field under its own name. Of several spellings of one field
// the last in the order of bytes counts, as there; mappings are joined. Unknown fields stay as they are.
Value with_field_names(const Value& kustomization);

// The same as Go writes it: what is empty is left out, but for pointers that were said and what a struct always writes;
// null is "" where a text is meant. Free values (valuesInline) stay as they are.
Value as_go_writes(const Value& named);
// Whether an empty mapping of that top-level field is written too.
bool is_written_empty(std::string_view field);

// A pointer into what with_field_names() gave, as `written` spells it.
std::string pointer_as_written(const Value& written, std::string_view pointer);

}  // namespace slipway::render::kustomize
