// YAML text to resources, as kustomize takes them: lists opened, what is no resource refused.
#pragma once

#include <vector>

#include "render/kustomize/resource.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

// Errors: bad_request (no YAML), invalid (no kind, no name, an empty list item), with file and line. What YAML can say
// and JSON cannot (a key twice, a key that is no text, .inf) is no error yet: a patch may take it away, or the whole
// resource may not be printed. Such a resource knows what is wrong with it (Resource::flaw).
Result<std::vector<Resource>> read_resources(std::string_view text, const std::string& file, const KnownKinds* known);

// The error of a text that stands `lines` lines further down in its file: its place, and what its words say of lines.
Error further_down(Error error, int lines);

}  // namespace slipway::render::kustomize
