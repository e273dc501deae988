#include "gitops/engine/desired.h"

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "gitops/application/source_overrides.h"
#include "render/fetching.h"
#include "render/helm/application.h"
#include "render/helm/environment.h"
#include "render/helm/fetch_schemas.h"
#include "render/helm/unread.h"
#include "sources/chart_repository.h"
#include "sources/url.h"
#include "value/json.h"

namespace slipway::gitops {

namespace {

constexpr uint64_t values_bytes_max = 16 << 20;

// Where the application lies in the tree, as Argo CD judges it; the nearest name where it does not.
Result<std::string> application_path(const sources::Tree& tree, const std::string& path) {
  if (path.starts_with('/')) return fail(ErrorKind::bad_request, "{}: app path is absolute", path);
  auto clean = sources::clean_path(path);
  if (!clean) return fail(ErrorKind::bad_request, "{}: app path outside root", path);
  if (tree.is_directory(*clean)) return clean;
  auto real = tree.real_path(*clean);
  if (real && tree.is_directory(*real)) return real;
  if (real) return fail(ErrorKind::bad_request, "{}: app path is not a directory", path);
  if (real.failed_with(ErrorKind::forbidden) || real.failed_with(ErrorKind::too_large)) return std::move(real).error();
  size_t slash = clean->rfind('/');
  std::string above = slash == clean->npos ? "" : clean->substr(0, slash);
  auto near = base::nearest(slash == clean->npos ? *clean : clean->substr(slash + 1), tree.list(above));
  return fail(ErrorKind::not_found, "{}: app path does not exist{}", path,
              near ? fmt::format("; did you mean \"{}{}{}\"?", above, above.empty() ? "" : "/", *near) : "");
}

// Argo CD's build environment.
render::Variables variables_of(const Application& app, const Source& source, const sources::Commit& commit) {
  return {{"ARGOCD_APP_NAME", app.name},
          {"ARGOCD_APP_NAMESPACE", app.destination_ns},
          {"ARGOCD_APP_PROJECT_NAME", app.project},
          {"ARGOCD_APP_REVISION", commit.sha},
          {"ARGOCD_APP_REVISION_SHORT", commit.sha.substr(0, 7)},
          {"ARGOCD_APP_REVISION_SHORT_8", commit.sha.substr(0, 8)},
          {"ARGOCD_APP_SOURCE_PATH", source.said["path"].str()},
          {"ARGOCD_APP_SOURCE_REPO_URL", source.said["repoURL"].str()},
          {"ARGOCD_APP_SOURCE_TARGET_REVISION", source.said["targetRevision"].str()}};
}

// What a chart names and its repository does not hold: charts that it depends on, values files at URLs. As Argo CD's
// `helm dependency build`, with the credentials of the repositories' Secrets.
Task<Result<>> fetch_wanted(World& world, sources::Repositories& repositories, const RenderSettings* settings,
                            render::RenderRequest* request, bool* has_fetched) {
  auto wanted = co_await world.on_pool([request] { return render::helm::wanted_by(*request); });
  if (!wanted) co_return Result<>();  // rendering says the same, with more around it
  if (!wanted->by_alias.empty())
    co_return fail(ErrorKind::unsupported,
                   "chart dependency {}: names of repositories are not known here; write the repository's URL, or put "
                   "the chart into charts/",
                   base::join(wanted->by_alias, ", "));
  std::vector<std::string> refused;
  for (const render::helm::WantedChart& chart : wanted->charts)
    if (!may_fetch_chart(*settings, chart.repository, chart.name))
      refused.push_back(sources::shown_url(chart.repository));
  if (!refused.empty())
    co_return fail(ErrorKind::forbidden, "helm repos {} are not permitted in project '{}'", base::join(refused, ", "),
                   settings->project);
  *has_fetched = *has_fetched || !wanted->charts.empty() || !wanted->urls.empty();
  for (render::helm::WantedChart& chart : wanted->charts) {
    std::string key = chart.key();
    if (request->charts.contains(key)) continue;
    auto about = [&chart](Error error) {
      return std::move(error).context(
          fmt::format("chart dependency {} {} of {}", chart.name, chart.version, sources::shown_url(chart.repository)));
    };
    auto commit = co_await repositories.resolve(sources::chart_url(chart.repository, chart.name), chart.version,
                                                settings->project);
    if (!commit) co_return about(std::move(commit).error());
    auto tree = co_await repositories.tree(std::move(*commit));
    if (!tree) co_return about(std::move(tree).error());
    request->charts[std::move(key)] = std::move(*tree);
  }
  for (const std::string& url : wanted->urls) {
    auto text = co_await sources::download(world, url, {.bytes_max = values_bytes_max});
    if (!text) co_return std::move(text).error().context("valueFiles");
    request->files[url] = std::move(*text);
  }
  if (wanted->chart) co_await render::helm::fetch_schemas(world, *wanted->chart, &request->schemas);
  *has_fetched = *has_fetched || !request->schemas.empty();
  co_return Result<>();
}

std::string told(const render::Hazard& hazard) {
  return fmt::format("{}: {}{}{}", hazard.place.str(), hazard.message, hazard.fix.empty() ? "" : "; ", hazard.fix);
}

// vMAJOR.MINOR.PATCH: what a provider adds ("-gke.1") would make every range of a chart's kubeVersion refuse it.
std::string plain_version(std::string_view git_version) {
  return std::string(git_version.substr(0, git_version.find_first_of("-+")));
}

std::vector<std::string> api_versions_of(const kinds::Catalog& catalog) {
  std::vector<std::string> all;
  for (const kinds::Kind* kind : catalog.all()) {
    std::string version = kind->id.group.empty() ? kind->id.version : kind->id.group + "/" + kind->id.version;
    if (all.empty() || all.back().rfind(version + "/", 0) != 0) all.push_back(version);
    all.push_back(version + "/" + kind->id.kind);
  }
  return all;
}

std::string source_type(render::Tool tool) {
  switch (tool) {
    case render::Tool::directory:
      return "Directory";
    case render::Tool::kustomize:
      return "Kustomize";
    case render::Tool::helm:
      return "Helm";
  }
  return "";
}

struct Loading {
  World& world;
  sources::Repositories& repositories;
  const cluster::Cluster& cluster;
  const Application& app;
  const RenderSettings& settings;
  std::map<std::string, std::shared_ptr<const sources::Tree>> refs;
  bool& has_fetched;
  std::vector<SourceObjects> objects;
  std::shared_ptr<std::atomic<bool>> is_environment_used = std::make_shared<std::atomic<bool>>(false);
};

// The whole repository: overlays reach for bases beside and above them. What is asked of it is noted.
Task<Result<std::shared_ptr<const sources::Tree>>> tree_of(Loading* loading, size_t source, Desired* desired) {
  auto tree = OR_CO_RETURN(co_await loading->repositories.tree(desired->commits[source], ""));
  auto asked = std::make_shared<const sources::AskedTree>(std::move(tree));
  if (desired->asked) desired->asked->emplace_back(source, asked->answers());
  co_return asked;
}

// What Argo CD gives a tool. On the loop nobody else would get a turn meanwhile.
constexpr Duration kBuildMax = 90s, kBuildHereMax = 10s;

// Options that say "$ARGOCD_APP_REVISION", its short forms or "$ARGOCD_APP_SOURCE_TARGET_REVISION".
bool names_revision(const Value& said) {
  return value::to_json(said).find("_REVISION") != std::string::npos;
}

// Time is a limit like memory: the same kustomization would only meet it again.
std::function<Result<>()> until_late(World& world, Duration limit) {
  return [&world, limit, end = std::optional<SteadyTime>()]() mutable -> Result<> {
    SteadyTime now = world.steady_now();
    if (!end) end = now + limit;
    if (now < *end) return {};
    return fail(ErrorKind::too_large, "the kustomization was not built within {} s", limit / 1s);
  };
}

Task<Result<>> load_source(Loading* loading, size_t at, Desired* desired) {
  const Source* source = &loading->app.sources[at];
  const sources::Commit& commit = desired->commits[at];
  const Application& app = loading->app;
  const kinds::Catalog& catalog = loading->cluster.catalog();
  auto tree = OR_CO_RETURN(co_await tree_of(loading, at, desired));
  render::RenderRequest request;
  request.tree = tree;
  request.path = OR_CO_RETURN(application_path(*tree, source->path));
  request.catalog = &catalog;
  auto overridden = OR_CO_RETURN(co_await loading->world.on_pool(
      [&] { return override_source(source->said, *tree, request.path, app.tracking_name); }));
  const Value& said = overridden.said;
  desired->warnings.insert(desired->warnings.end(), overridden.warnings.begin(), overridden.warnings.end());
  desired->names_revision = desired->names_revision || names_revision(said);
  request.directory = said["directory"];
  request.kustomize = said["kustomize"];
  request.helm = said["helm"];
  request.release_name = app.name;
  request.release_namespace = app.destination_ns;
  request.kube_version = plain_version(loading->cluster.version());
  request.api_versions = api_versions_of(catalog);
  request.environment = render::helm::environment_of(loading->world, loading->is_environment_used);
  request.refs = loading->refs;
  request.is_one_of_several = app.has_several();
  request.variables = variables_of(app, *source, commit);
  OR_CO_RETURN(co_await fetch_wanted(loading->world, loading->repositories, &loading->settings, &request,
                                     &loading->has_fetched));
  // A remote cluster's catalog may change on the loop while another thread would read it.
  bool on_pool = &catalog == &kinds::builtin_catalog();
  request.kustomize_build = OR_CO_RETURN(kustomize_options(loading->settings, request.kustomize));
  request.go_on = until_late(loading->world, on_pool ? kBuildMax : kBuildHereMax);
  render::kustomize::FetchRules rules;
  rules.project = app.project;
  rules.may = [settings = loading->settings](const std::string& url) { return may_fetch(settings, url); };
  bool has_fetched = false;
  auto rendered =
      co_await render::render_fetching(loading->world, loading->repositories, std::move(request), std::move(rules),
                                       on_pool ? render::Where::on_pool : render::Where::here, &has_fetched);
  loading->has_fetched = loading->has_fetched || has_fetched;
  if (!rendered) co_return std::move(rendered).error();
  desired->source_types.back() = source_type(rendered->tool);
  desired->warnings.insert(desired->warnings.end(), rendered->warnings.begin(), rendered->warnings.end());
  for (const render::Hazard& hazard : rendered->hazards)
    if (hazard.rule == render::helm::kUnreadValue) desired->warnings.push_back(told(hazard));
  desired->incomplete = desired->incomplete || rendered->incomplete;
  loading->objects.push_back({std::move(rendered->objects), std::move(tree)});
  co_return Result<>();
}

}  // namespace

bool Desired::loaded() const {
  return std::ranges::none_of(targets.conditions, [](const Condition& c) { return c.type == "ComparisonError"; });
}

Task<Result<std::shared_ptr<const Desired>>> load_desired(World& world, sources::Repositories& repositories,
                                                          const cluster::Cluster& cluster, Application app,
                                                          std::vector<sources::Commit> commits, RenderSettings settings,
                                                          bool* has_fetched) {
  auto desired = std::make_shared<Desired>();
  desired->commits = std::move(commits);
  desired->asked.emplace();
  bool unasked = false;
  Loading loading{world, repositories, cluster, app, settings, {}, has_fetched ? *has_fetched : unasked, {}};
  for (size_t i = 0; i < app.sources.size(); ++i) {
    if (app.sources[i].ref.empty()) continue;
    loading.refs[app.sources[i].ref] = OR_CO_RETURN(co_await tree_of(&loading, i, desired.get()));
  }
  for (size_t i = 0; i < app.sources.size(); ++i) {
    desired->source_types.emplace_back();
    if (app.sources[i].path.empty()) continue;
    auto loaded = co_await load_source(&loading, i, desired.get());
    if (loaded) continue;
    if (!app.has_several()) co_return std::move(loaded).error();
    co_return std::move(loaded).error().context(
        fmt::format("failed to generate manifest for source {} of {}", i + 1, app.sources.size()));
  }
  if (*loading.is_environment_used || loading.has_fetched || desired->names_revision) desired->asked.reset();
  desired->targets = make_targets(app, loading.objects, cluster.catalog());
  co_return std::shared_ptr<const Desired>(std::move(desired));
}

Task<std::shared_ptr<const Desired>> same_desired(World& world, sources::Repositories& repositories,
                                                  std::shared_ptr<const Desired> before,
                                                  std::vector<sources::Commit> commits) {
  if (!before->asked || before->commits.size() != commits.size()) co_return nullptr;
  for (const auto& [source, answers] : *before->asked) {
    auto tree = co_await repositories.tree(commits[source], "");
    if (!tree) co_return nullptr;
    bool is_same = co_await world.on_pool([&] { return answers->are_of(**tree); });
    if (!is_same) co_return nullptr;
  }
  auto same = std::make_shared<Desired>(*before);
  same->commits = std::move(commits);
  co_return same;
}

}  // namespace slipway::gitops
