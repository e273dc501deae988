// valuesInline and the values file that it is merged with, before Helm sees either.
#pragma once

#include <string>

#include "value/value.h"

namespace slipway::render::kustomize {

enum class ValuesMerge {
  file_wins,    // valuesMerge: merge
  inline_wins,  // valuesMerge: override
};

// kustomize merges by kyaml, which reads other YAML than Helm: yes and on are texts, a date is a time. What it makes of
// the file is what Helm reads then, every number a real. Errors: bad_request (no YAML), invalid (nothing in it, sides
// that do not fit each other, what no JSON can hold).
Result<Value> merge_values(std::string_view text, const std::string& file, const Value& values_inline, ValuesMerge how);

}  // namespace slipway::render::kustomize
