#include "gitops/application/render_settings.h"

#include "base/text.h"
#include "sources/chart_repository.h"
#include "sources/url.h"

namespace slipway::gitops {

namespace {

constexpr std::string_view options_key = "kustomize.buildOptions";

}  // namespace

RenderSettings read_render_settings(const Value& config_map, const Value& project, std::string project_name,
                                    const std::vector<std::string>& own_repositories) {
  RenderSettings settings{
      .kustomize = Value(), .project = std::move(project_name), .source_repos = Value(), .own_repositories = Value()};
  for (const auto& [key, text] : config_map["data"].members()) {
    if (!key.view().starts_with("kustomize.")) continue;
    if (settings.kustomize.is_null()) settings.kustomize = Value::object();
    settings.kustomize = settings.kustomize.with_member(key, text);
  }
  if (!project.is_null()) {
    const Value& patterns = project["spec"]["sourceRepos"];
    settings.source_repos = patterns.is_null() ? Value::array() : patterns;
    ArrayBuilder own;
    for (const std::string& url : own_repositories) own.push(url);
    settings.own_repositories = own.build();
    settings.permitted = RepositoryPatterns(settings.source_repos, settings.own_repositories);
  }
  return settings;
}

Result<render::kustomize::BuildOptions> kustomize_options(const RenderSettings& settings, const Value& source) {
  const Value& all = settings.kustomize;
  std::string words = all[options_key].str(), key(options_key);
  if (std::string version = source["version"].str(); !version.empty()) {
    // One kustomize is built in; what a version names is only the flags that are kept for it.
    std::string own = fmt::format("{}.{}", options_key, version);
    if (!all.has(own) && !all.has("kustomize.path." + version) && !all.has("kustomize.version." + version))
      return fail(ErrorKind::invalid, "kustomize version {} is not registered (kustomize.path.{} in argocd-cm)",
                  version, version);
    if (!all[own].str().empty()) {
      words = all[own].str();
      key = own;
    }
  }
  return render::kustomize::parse_build_options(words).context(fmt::format("{}: {}", settings_name, key));
}

namespace {

// Of a chart's repository, what is asked: a registry has the chart's own folders below it.
bool is_denied(const RenderSettings& settings, const std::string& repository, const std::string& chart) {
  std::string asked = repository.find("://") == repository.npos ? "oci://" + repository : repository;
  if (!asked.starts_with("oci://")) return false;
  while (asked.ends_with('/')) asked.pop_back();
  std::string below = "/" + chart;
  for (size_t slash = 0; slash != below.npos; slash = below.find('/', slash + 1))
    if (settings.permitted.deny(asked + below.substr(0, slash))) return true;
  return settings.permitted.deny(asked + below);
}

}  // namespace

Result<> may_fetch(const RenderSettings& settings, const std::string& url) {
  if (sources::is_chart_url(url))
    return fail(ErrorKind::bad_request, "\"{}\" is no URL: name the repository as it is, and its chart in `chart`",
                sources::shown_url(url));
  if (settings.source_repos.is_null() || settings.permitted.permit(url)) return {};
  return fail(ErrorKind::forbidden, "{} is not permitted in project '{}' (its sourceRepos{})", sources::shown_url(url),
              settings.project,
              sources::is_devious(url) ? R"(; "." and ".." in a URL hide what it is)" : std::string_view());
}

Result<> may_fetch_chart(const RenderSettings& settings, const std::string& repository, const std::string& chart) {
  OR_RETURN(may_fetch(settings, repository));
  if (settings.source_repos.is_null() || !is_denied(settings, repository, chart)) return {};
  return fail(ErrorKind::forbidden, "{} of {} is not permitted in project '{}' (its sourceRepos)", chart,
              sources::shown_url(repository), settings.project);
}

std::optional<Condition> refused_repository(const Application& app, const RenderSettings& settings) {
  for (const Source& source : app.sources) {
    std::string url = source.said["repoURL"].str(), chart = source.said["chart"].str();
    if (!(chart.empty() ? may_fetch(settings, url) : may_fetch_chart(settings, url, chart)))
      return Condition{"InvalidSpecError", fmt::format("application repo {} is not permitted in project '{}'",
                                                       sources::shown_url(url), app.project)};
  }
  return std::nullopt;
}

}  // namespace slipway::gitops
