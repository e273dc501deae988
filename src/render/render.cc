#include "render/render.h"

#include "base/text.h"
#include "render/directory/directory.h"
#include "render/helm/application.h"
#include "render/kustomize/build.h"
#include "render/kustomize/explain.h"
#include "render/kustomize/hazards.h"
#include "render/source_fields.h"

namespace slipway::render {
namespace {

Result<Tool> chosen(const RenderRequest& request) {
  std::vector<std::string> blocks;
  if (!request.directory.is_null()) blocks.emplace_back("Directory");
  if (!request.kustomize.is_null()) blocks.emplace_back("Kustomize");
  if (!request.helm.is_null()) blocks.emplace_back("Helm");
  if (blocks.size() > 1)
    return fail(ErrorKind::invalid, "multiple application sources defined: {}", base::join(blocks, ","));
  if (!request.directory.is_null()) return Tool::directory;
  if (!request.kustomize.is_null()) return Tool::kustomize;
  if (!request.helm.is_null()) return Tool::helm;
  return detect(*request.tree, request.path);
}

Error no_path(const RenderRequest& request) {
  auto real = request.tree->real_path(request.path);
  return std::move(real).error().context(fmt::format("app path \"{}\"", request.path));
}

}  // namespace

std::string_view to_string(Tool tool) {
  switch (tool) {
    case Tool::directory:
      return "Directory";
    case Tool::kustomize:
      return "Kustomize";
    case Tool::helm:
      return "Helm";
  }
  return "";
}

Tool detect(const sources::Tree& tree, std::string_view path) {
  auto root = tree.real_path(path);
  if (!root) return Tool::directory;
  bool chart = false;
  for (const std::string& name : tree.list(*root)) {
    if (tree.is_directory(root->empty() ? name : *root + "/" + name)) continue;
    for (const char* kustomization : kustomize::kustomization_names)
      if (name == kustomization) return Tool::kustomize;
    chart = chart || name.ends_with("Chart.yaml");
  }
  return chart ? Tool::helm : Tool::directory;
}

Result<Rendered> render(const RenderRequest& request) {
  SLIPWAY_CHECK(request.tree && request.catalog);
  auto folder = request.tree->real_path(request.path);
  if (!folder) return no_path(request);
  if (const Error* why = request.tree->unreadable(*folder)) return *why;
  Tool tool = OR_RETURN(chosen(request));
  Value said{{"directory", request.directory}, {"kustomize", request.kustomize}, {"helm", request.helm}};
  OR_RETURN(check_source_fields(said, "spec.source"));
  switch (tool) {
    case Tool::helm:
      return helm::render_application(request);
    case Tool::directory:
      return directory::render(*request.tree, request.path, request.directory);
    case Tool::kustomize:
      break;
  }
  const kustomize::BuildOptions& options = request.kustomize_build;
  kustomize::BuildRequest build{.tree = request.tree, .path = request.path, .overrides = request.kustomize};
  build.unrestricted = options.unrestricted;
  build.legacy_order = options.legacy_order;
  build.managed_by_label = options.managed_by_label;
  build.remotes = request.remotes;
  build.charts = options.charts;
  // An Application's own words, else what the cluster is, else flags.
  build.go_on = request.go_on;
  build.chart_settings = {request.environment, request.kustomize["kubeVersion"].str(), {}};
  for (const std::string& version : {request.kube_version, options.kube_version})
    if (build.chart_settings.kube_version.empty()) build.chart_settings.kube_version = version;
  for (const Value& version : request.kustomize["apiVersions"].items())
    build.chart_settings.api_versions.push_back(version.str());
  if (build.chart_settings.api_versions.empty()) build.chart_settings.api_versions = request.api_versions;
  for (const std::string& version : options.api_versions) build.chart_settings.api_versions.push_back(version);
  build.variables = request.variables;
  Rendered out{.tool = tool};
  kustomize::HazardObserver hazards(&out.hazards);
  auto explanation = std::make_shared<kustomize::Explanation>();
  kustomize::Observers both({explanation.get(), &hazards});
  build.observer = request.look_closer ? &both : request.observer;
  kustomize::Built built = OR_RETURN(kustomize::build(build));
  out.warnings = std::move(built.warnings);
  if (request.look_closer) {
    hazards.place(out.warnings);
    out.field_place = [explanation](size_t object, const std::vector<std::string>& field) {
      return explanation->place_of(object, field);
    };
  }
  out.objects.reserve(built.resources.size());
  for (kustomize::Resource& r : built.resources) out.objects.push_back({r.object(), std::move(r.origin)});
  return out;
}

}  // namespace slipway::render
