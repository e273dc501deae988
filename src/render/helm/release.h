// A chart and values become a release: everything `helm template` does between reading files and printing. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "render/helm/engine.h"
#include "render/helm/explain.h"
#include "render/helm/manifest.h"
#include "render/helm/schema.h"

namespace slipway::render::helm {

struct Release;

struct ReleaseRequest {
  std::shared_ptr<Chart> chart;  // changed: dependencies are processed in place
  Value values;                  // of the user: -f and --set, merged
  ReleaseInfo release;
  Capabilities capabilities;
  EngineOptions engine;
  bool skip_schema_validation = false;
  FetchedSchemas schemas;  // that values.schema.json names at http(s) addresses
  bool debug_log = false;  // Helm 4's lines about schemas, among the warnings
  bool subchart_notes = false;
  std::vector<Layer> layers;  // what `values` were merged from, lowest first: for explanations alone
  // Of a worker (render_apart).
  Duration time_max = std::chrono::seconds(60);
  uint64_t memory_bytes_max = 0;  // 0: runtime::sane_memory_max()
  // Prints the release to stdout where it was rendered, so that a large one is not handed over; not if anything was
  // warned of, which people read first. Errors are those of the rendering.
  std::function<Result<>(const Release& release)> print;
};
struct Release {
  bool printed = false;  // by ReleaseRequest::print: nothing else is here
  Sorted documents;
  std::vector<CrdFile> crds;
  std::string notes;
  RenderedFiles files;  // without NOTES.txt; in lint mode alone, which sorts nothing
};
// An error, and whether Helm had begun to render: it then says how to see the broken output.
struct ReleaseError {
  Error error;
  bool rendering = false;
  RenderedFiles files;      // of a manifest that does not parse: for --debug
  std::string explanation;  // lines beyond Helm's words: rendered lines, the template's lines, where values come from
  bool coalescing = false;  // the values do not fit the charts
};
using ReleaseResult = tl::expected<Release, ReleaseError>;
ReleaseResult render_release(ReleaseRequest request, std::vector<std::string>& warnings);

// The user's values over the chart's, as .Values is; dependencies processed. Errors: invalid.
Result<Value> values_of(Chart& chart, const Value& values, Compat compat, std::vector<std::string>& warnings);

struct PrintOptions {
  bool crds = false, hooks = true, tests = true;
  std::vector<std::string> show_only;
  Compat compat = Compat::helm3;
  std::optional<std::string> manifests;  // as a post-renderer made them; absent: manifest_block()
};
// CRDs where they are wanted, and manifests, without hooks: what a post-renderer gets.
std::string manifest_block(const Release& release, bool crds);
// What `helm template` prints, one behind the other: pieces of the release and the options, which must outlive it.
struct PrintedRelease {
  std::vector<std::string_view> pieces;
  std::shared_ptr<const std::string> whole;  // what `pieces` may be of
  std::string str() const;
};
// Error: not_found, "could not find template x in chart".
Result<PrintedRelease> print_release(const Release& release, const PrintOptions& options);

// What Helm looks at before it renders: a library chart, and dependencies that charts/ lacks, are refused; a deprecated
// chart is a warning. Error: invalid.
Result<> check_installable(const Chart& chart, Compat compat, std::vector<std::string>& warnings);
// --name-template. Error: invalid.
Result<std::string> name_from_template(std::string_view text, const lang::gotemplate::Environment& environment);

// Helm's rule on names. Error: invalid.
Result<> check_release_name(std::string_view name, Compat compat);

// "v3.22", and what `helm version` prints: the BuildInfo as %#v, or by a template over it. `out` has what was printed
// before an error, too. Errors: invalid, in Go's words.
std::string helm_version(Compat compat);
Result<> print_helm_version(Compat compat, std::string_view text, const lang::gotemplate::Environment& environment,
                            std::string& out);

}  // namespace slipway::render::helm
