// A chart as an Argo CD Application's source: spec.source.helm, values files of the same tree, objects instead of text.
// Pure. Source: reference/gitops.md 4.12.
#pragma once

#include "render/helm/release.h"
#include "render/render.h"

namespace slipway::render::helm {

// Errors: invalid, in Helm's words; not_found (a values file, with the nearest name), forbidden (a path that leaves the
// tree).
Result<Rendered> render_application(const RenderRequest& request);

// The values that spec.source.helm asks for: valueFiles, values or valuesObject, parameters, fileParameters. `path`:
// the chart's folder.
Result<Value> values_of_source(const sources::Tree& tree, std::string_view path, const Value& helm);

// The chart in a folder of the tree; dependencies that charts/ lacks and that Chart.yaml finds at file://... in the
// same tree are put in place, as `helm dependency build` would.
Result<LoadedChart> load_with_dependencies(const sources::Tree& tree, std::string_view path);

}  // namespace slipway::render::helm
