// A plain directory of manifests, as Argo CD's directory source reads it.
#pragma once

#include "render/render.h"

namespace slipway::render::directory {

// `options`: spec.source.directory (recurse, include, exclude, jsonnet). Errors: bad_request for YAML or JSON that does
// not parse, unsupported for jsonnet, each with file and line; invalid and too_large for a pattern that is none.
Result<Rendered> render(const sources::Tree& tree, const std::string& path, const Value& options);

}  // namespace slipway::render::directory
