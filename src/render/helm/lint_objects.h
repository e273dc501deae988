// What the rules of lint see of a rendered object: the few fields that Helm's structs name, read as Go's JSON decoder
// fills them. For lint.
#pragma once

#include <string>

#include "render/helm/values.h"

namespace slipway::render::helm {

constexpr std::string_view yaml_context = "error unmarshaling JSON: while decoding JSON";

struct LintedObject {
  std::string api_version, kind, name;
};
// Error: invalid, "json: cannot unmarshal array into Go struct field ...".
Result<LintedObject> linted_object(const Value& document, Compat compat);

// Whether an item of a List has the annotation `key`. Errors: as above, behind yaml_context.
Result<bool> has_annotated_item(const Value& document, std::string_view key);

}  // namespace slipway::render::helm
