// A chart as an Argo CD Application's source: spec.source.helm, values files of the same tree, objects instead of text.
// Pure. Source: reference/gitops.md 4.12.
#pragma once

#include "render/helm/release.h"
#include "render/render.h"

namespace slipway::render::helm {

// Errors: invalid, in Helm's words; not_found (a values file, with the nearest name), forbidden (a path that leaves the
// tree).
Result<Rendered> render_application(const RenderRequest& request);

// A dependency that lies neither in charts/ nor at file://...; `version`: of Chart.lock where there is one, else a
// range.
struct WantedChart {
  std::string repository, name, version;
  std::string key() const;
};
struct Wanted {
  std::vector<WantedChart> charts;
  std::vector<std::string> urls;  // of values files
  // Dependencies that are not in charts/ and name a repository as somebody's helm knows it: "web (@charts)".
  std::vector<std::string> by_alias;
  std::shared_ptr<Chart> chart;  // when its schemas name others elsewhere
};
// What must be fetched before this application renders; nothing for what is no chart. Errors: as loading the chart; a
// lock that does not fit Chart.yaml.
Result<Wanted> wanted_by(const RenderRequest& request);

// The chart in a folder of the tree; dependencies that charts/ lacks and that Chart.yaml finds at file://... in the
// same tree are put in place, as `helm dependency build` would. `fetched`: those from elsewhere, as
// RenderRequest::charts; what is missing there goes into `wanted`, when that is given.
Result<LoadedChart> load_with_dependencies(
    const sources::Tree& tree, std::string_view path,
    const std::map<std::string, std::shared_ptr<const sources::Tree>>& fetched = {}, Wanted* wanted = nullptr);

// The values that spec.source.helm asks for: valueFiles, values or valuesObject, parameters, fileParameters. `path`:
// the chart's folder.
Result<LayeredValues> values_of_source(const RenderRequest& request, std::string_view path);

}  // namespace slipway::render::helm
