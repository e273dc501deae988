// The fields of an Application's spec.source that say how to render (helm, kustomize, directory), with the types that
// Argo CD 3's CustomResourceDefinition gives them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace slipway::render {

struct FieldFault {
  std::string pointer;  // in what was read: "/helm/parameters/0/value"
  std::string message;  // "helm.parameters[0].value: expected a text, found a number: put it in quotes"
};
struct SourceFields {
  Value value;  // only what is known, every field spelled as it is here
  std::vector<FieldFault> unknown;
};
// `said`: the mapping that helm, kustomize and directory stand in. Fields are known whatever their case, as Go reads
// JSON: Argo CD Image Updater writes forcestring. A null is kept where a field may stand.
// Gives nothing, and `wrong`, when a type is wrong.
std::optional<SourceFields> read_source_fields(const Value& said, FieldFault* wrong);

// Error: invalid, with the field and what was expected there. `where`: "spec.source".
Result<> check_source_fields(const Value& said, std::string_view where);

}  // namespace slipway::render
