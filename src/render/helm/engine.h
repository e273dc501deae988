// Runs a chart's templates: parsed in Helm's order, executed with .Values, .Chart, .Files, .Capabilities, .Release,
// .Template and .Subcharts. Errors in Helm's words. Source: Helm 3.22's engine (reference/render.md 1.2, 1.10).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_text.h"
#include "lang/gotemplate/template.h"
#include "render/helm/chart.h"
#include "render/helm/values.h"

namespace slipway::render::helm {

struct KubeVersion {
  // Without --kube-version: what released Helm 3.22 and 4.3 say.
  std::string version = "v1.37.0", major = "1", minor = "37";
  std::string normal = "v1.37.0";  // without a suffix: what String() gives
  // As --kube-version: "1.33", "v1.33.4-gke.1". Error: bad_request, "invalid kube version 'x': ...".
  static Result<KubeVersion> parse(std::string_view text, Compat compat = Compat::helm3);
};

struct Capabilities {
  KubeVersion kube;
  std::vector<std::string> api_versions;  // default_api_versions() and what was added
  static const std::vector<std::string>& default_api_versions();
};

struct ReleaseInfo {
  std::string name = "release-name", ns = "default";
  bool upgrade = false;
  bool install = true;  // neither: lint's, whose revision is 0
};

// The cluster behind `lookup`: an object, a List when `name` is empty, null when there is none.
using Lookup = std::function<Result<Value>(std::string_view api_version, std::string_view kind, std::string_view ns,
                                           std::string_view name)>;

struct EngineOptions {
  Compat compat = Compat::helm3;
  bool strict = false;        // a missing key is an error (helm lint --strict)
  bool lint = false;          // required and fail say nothing
  bool process_ends = false;  // soon: what was made is left to the system
  Lookup lookup;              // empty: {}
  // --enable-dns: an address; nothing when the host has none. Empty: every host is "".
  std::function<std::optional<std::string>(std::string_view host)> resolve_host;
  // Where a rendered file is kept; empty: in memory of its own. Gives the same text.
  std::function<base::SharedText(std::string_view text)> keep;
  // Told what runs before it does, and null behind it: for those who must say where it stands (Run::where).
  std::function<void(const lang::gotemplate::Run*)> watched;
  lang::gotemplate::Limits limits;
  lang::gotemplate::Environment environment;
};

// What templates may call: Go's, sprig's and Helm's own.
const std::shared_ptr<const lang::gotemplate::Functions>& template_functions(Compat compat);

// By path ("web/templates/a.yaml"): partials (_x) are not among them. Error: invalid; `frames` of the failure go into
// the message. `notes`: what lint would print about required values.
using RenderedFiles = std::map<std::string, base::SharedText>;
Result<RenderedFiles> run_templates(const Chart& chart, const Value& values, const ReleaseInfo& release,
                                    const Capabilities& capabilities, const EngineOptions& options,
                                    std::vector<std::string>* notes = nullptr);

// A line of a rendered file and the lines of templates behind it, found by rendering once more. `text`: what the file
// rendered to this time; "" when it fails before. Reads like an explanation, decides nothing.
struct TracedLine {
  std::string text;
  std::vector<lang::gotemplate::Origin> origins;
};
TracedLine trace_line(const Chart& chart, const Value& values, const ReleaseInfo& release,
                      const Capabilities& capabilities, const EngineOptions& options, const std::string& path,
                      int line);

}  // namespace slipway::render::helm
