// A plain directory of manifests, as Argo CD's directory source reads it.
#pragma once

#include "render/render.h"

namespace slipway::render::directory {

// `options`: spec.source.directory (recurse, include, exclude, jsonnet). Errors: bad_request for YAML or JSON that does
// not parse, unsupported for jsonnet, each with file and line.
Result<Rendered> render(const sources::Tree& tree, const std::string& path, const Value& options);

// Argo CD's include and exclude: a glob over the path from the directory, {a,b} gives several.
bool matches_glob(std::string_view pattern, std::string_view path);

}  // namespace slipway::render::directory
