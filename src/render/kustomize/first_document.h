// YAML as kustomize's own files are read: only the first document of a text counts, and of equal keys the last. (The
// resources and patches that they name are read by documents.h.)
#pragma once

#include "value/yaml.h"

namespace slipway::render::kustomize {

// How deep YAML may be, that of resources and patches too. kustomize has no bound, but takes minutes for 3,000 levels;
// all that walks over values here recurses.
inline constexpr int yaml_depth_max = 1000;
inline constexpr value::YamlLimits yaml_limits{.depth_max = yaml_depth_max};
inline constexpr value::YamlLimits first_only{.depth_max = yaml_depth_max, .first_only = true};

// Null for a text without a document. Errors: as parse_yaml().
inline Result<Value> read_first_document(std::string_view text, std::string_view file,
                                         value::DuplicateKeys equal = value::DuplicateKeys::last_wins) {
  auto read = OR_RETURN(value::parse_yaml_documents(text, file, first_only, equal));
  return read.empty() ? Value() : std::move(read[0].value);
}

}  // namespace slipway::render::kustomize
