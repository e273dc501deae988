#include "render/kustomize/chart.h"

#include "base/text.h"
#include "render/helm/application.h"
#include "render/helm/go_json.h"
#include "render/helm/release.h"
#include "render/helm/set.h"
#include "render/helm/worker.h"
#include "render/kustomize/chart_values.h"
#include "render/kustomize/documents.h"
#include "sources/url.h"

namespace slipway::render::kustomize {
namespace {

using helm::Compat;

// Where the chart lies, as the kustomization says it: "charts/web".
std::string path_of(const HelmChart& chart, const HelmGlobals& globals) {
  std::string home = globals.chart_home.empty() ? "charts" : globals.chart_home;
  if (!chart.version.empty() && !chart.repo.empty()) home += fmt::format("/{}-{}", chart.name, chart.version);
  return fmt::format("{}/{}", home, chart.name);
}

// Of the one that is pulled, as `helm pull --devel` reads it.
std::string wanted_version(const HelmChart& chart) {
  return chart.version.empty() && chart.devel ? ">0.0.0-0" : chart.version;
}

struct FoundChart {
  std::shared_ptr<const sources::Tree> pulled;  // null: it lies in the kustomization's own tree
  const sources::Tree* tree = nullptr;
  std::string path;  // in the tree
};

// In chartHome, else pulled from its repository.
Result<FoundChart> find_chart(const HelmChart& chart, const std::string& path, const Folder& folder) {
  auto joined = sources::join_path(folder.root(), path);
  if (path.starts_with('/') || !joined)
    return fail(ErrorKind::forbidden, "chartHome \"{}\" leads out of the repository", path);
  auto real = folder.tree().real_path(*joined);
  if (real && folder.tree().is_directory(*real)) return FoundChart{nullptr, &folder.tree(), *real};
  if (chart.repo.empty())
    return fail(ErrorKind::not_found, "no repo specified for pull, no chart found at '{}'",
                folder.tree().shown(*joined));
  if (chart.name.find_first_of("# /") != chart.name.npos)
    return fail(ErrorKind::invalid, "\"{}\" is no name of a chart", chart.name);
  auto pulled = folder.chart(chart.repo, chart.name, wanted_version(chart));
  if (!pulled)
    return std::move(pulled).error().context(
        fmt::format("unable to run: 'helm pull --repo {} {}'", sources::shown_url(chart.repo), chart.name));
  auto tree = pulled->tree;
  return FoundChart{tree, tree.get(), pulled->folder};
}

Result<Value> read_values(const Folder::File& file) {
  return helm::read_yaml_mapping(*file.text).context(fmt::format("failed to parse {}", file.path));
}

// valuesFile, or the chart's own values.yaml; of a pulled one, which `folder` does not reach, from its tree.
Result<Folder::File> values_file(const HelmChart& chart, const Folder& folder, const std::string& path,
                                 const FoundChart& found) {
  if (!chart.values_file.empty()) return folder.read(chart.values_file);
  if (!found.pulled) return folder.read(path + "/values.yaml");
  std::string own = found.path + "/values.yaml";
  return Folder::File{own, OR_RETURN(found.tree->read(own)), found.tree};
}

Result<Value> values_of(const HelmChart& chart, const Folder& folder, const std::string& path,
                        const FoundChart& found) {
  if (!chart.values_merge.empty() && chart.values_merge != "merge" && chart.values_merge != "override" &&
      chart.values_merge != "replace")
    return fail(ErrorKind::invalid, "valuesMerge must be one of [merge override replace]");
  Value values;
  if (chart.values_inline.size() && chart.values_merge == "replace") {
    values = helm::with_reals(chart.values_inline);
  } else {
    Folder::File file = OR_RETURN(values_file(chart, folder, path, found));
    auto how = chart.values_merge == "merge" ? ValuesMerge::file_wins : ValuesMerge::inline_wins;
    values = OR_RETURN(chart.values_inline.size() ? merge_values(*file.text, file.path, chart.values_inline, how)
                                                  : read_values(file));
  }
  for (const std::string& path : chart.additional_values_files) {
    Folder::File file = OR_RETURN(folder.read(path).context("could not load additionalValuesFile"));
    values = helm::merge_files(values, OR_RETURN(read_values(file).context("could not load additionalValuesFile")));
  }
  return values;
}

}  // namespace

void foresee_chart(const HelmChart& chart, const HelmGlobals& globals, const Folder& folder) {
  auto joined = sources::join_path(folder.root(), path_of(chart, globals));
  if (chart.repo.empty() || !joined || folder.tree().real_path(*joined)) return;
  folder.foresee(chart_path(chart.repo, chart.name, wanted_version(chart)));
}

Result<std::vector<Resource>> inflate_chart(const HelmChart& chart, const HelmGlobals& globals, const Folder& folder,
                                            const std::string& ns, const ChartSettings& settings,
                                            const KnownKinds* known, std::vector<std::string>& warnings) {
  if (chart.name.empty()) return fail(ErrorKind::invalid, "chart name cannot be empty");
  if (chart.name.starts_with('-') || chart.release_name.starts_with('-'))
    return fail(ErrorKind::invalid, "the names of a chart and its release must not start with '-'");
  if (!chart.release_name.empty() && !chart.name_template.empty())
    return fail(ErrorKind::invalid,
                "cannot set --name-template and also specify a name: releaseName \"{}\", nameTemplate \"{}\"",
                chart.release_name, chart.name_template);
  std::string said = path_of(chart, globals);
  FoundChart found = OR_RETURN(find_chart(chart, said, folder));
  helm::LoadedChart loaded = OR_RETURN(helm::load_with_dependencies(*found.tree, found.path));
  warnings.insert(warnings.end(), loaded.warnings.begin(), loaded.warnings.end());
  OR_RETURN(helm::check_installable(*loaded.chart, Compat::helm3, warnings));
  helm::ReleaseRequest release;
  release.values = OR_RETURN(values_of(chart, folder, said, found));
  release.chart = std::move(loaded.chart);
  release.release.name = chart.release_name.empty() ? "release-name" : chart.release_name;
  if (!chart.name_template.empty())
    release.release.name = OR_RETURN(helm::name_from_template(chart.name_template, settings.environment));
  release.release.ns = !chart.ns.empty() ? chart.ns : !ns.empty() ? ns : "default";
  OR_RETURN(helm::check_release_name(release.release.name, Compat::helm3));
  std::string version = chart.kube_version.empty() ? settings.kube_version : chart.kube_version;
  if (!version.empty()) release.capabilities.kube = OR_RETURN(helm::KubeVersion::parse(version));
  release.capabilities.api_versions = helm::Capabilities::default_api_versions();
  for (const auto* more : {&chart.api_versions, &settings.api_versions})
    release.capabilities.api_versions.insert(release.capabilities.api_versions.end(), more->begin(), more->end());
  release.engine.environment = settings.environment;
  release.engine.limits.steps_max = 200'000'000;
  release.engine.limits.output_bytes_max = 64 << 20;
  release.engine.limits.memory_bytes_max = 8ull << 30;  // counted up only
  auto done = helm::render_apart(std::move(release), warnings);
  if (!done) return std::move(done).error().error;
  helm::PrintOptions print{
      .crds = chart.include_crds, .hooks = !chart.skip_hooks, .tests = !chart.skip_tests, .show_only = {}};
  std::string text = OR_RETURN(helm::print_release(*done, print)).str();
  std::vector<Resource> out =
      OR_RETURN(read_resources(text, fmt::format("{}/templates", found.tree->shown(found.path)), known));
  for (Resource& r : out) r.from_chart = true;
  return out;
}

}  // namespace slipway::render::kustomize
