#include "gitops/application/render_settings.h"

#include "base/text.h"
#include "render/glob.h"
#include "sources/repositories.h"
#include "sources/url.h"

namespace slipway::gitops {

namespace {

constexpr std::string_view options_key = "kustomize.buildOptions";

}  // namespace

struct RepositoryPatterns::Pattern {
  bool denies = false;
  bool everything = false;
  std::optional<render::Glob> glob;  // nothing: it is no pattern and matches nothing, so that it permits nothing
};

RepositoryPatterns::RepositoryPatterns(const Value& patterns) {
  auto all = std::make_shared<std::vector<Pattern>>();
  for (const Value& entry : patterns.items()) {
    std::string_view text = entry.as_string();
    Pattern pattern{.denies = text.starts_with('!')};
    if (pattern.denies) text.remove_prefix(1);
    pattern.everything = text == "*";
    if (!pattern.everything) {
      auto glob = render::Glob::create(sources::normalized_url(text), render::Glob::Parts::by_slash);
      if (glob) pattern.glob = std::move(*glob);
    }
    all->push_back(std::move(pattern));
  }
  patterns_ = std::move(all);
}

bool RepositoryPatterns::permit(std::string_view url) const {
  std::string normalized = sources::normalized_url(url);
  bool allowed = false;
  for (const Pattern& pattern : *patterns_) {
    bool hit = pattern.everything || (pattern.glob && pattern.glob->matches(normalized));
    // A denial that does not match counts as a match, as there.
    if (pattern.denies && hit) return false;
    allowed = allowed || hit != pattern.denies;
  }
  return allowed;
}

RenderSettings read_render_settings(const Value& config_map, const Value& project, std::string project_name,
                                    const std::vector<std::string>& own_repositories) {
  RenderSettings settings{.kustomize = Value(), .project = std::move(project_name), .source_repos = Value()};
  for (const auto& [key, text] : config_map["data"].members()) {
    if (!key.view().starts_with("kustomize.")) continue;
    if (settings.kustomize.is_null()) settings.kustomize = Value::object();
    settings.kustomize = settings.kustomize.with_member(key, text);
  }
  if (!project.is_null()) {
    ArrayBuilder repositories;
    for (const Value& pattern : project["spec"]["sourceRepos"].items()) repositories.push(pattern);
    for (const std::string& url : own_repositories) repositories.push(url);
    settings.source_repos = repositories.build();
    settings.permitted = RepositoryPatterns(settings.source_repos);
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

Result<> may_fetch(const RenderSettings& settings, const std::string& url) {
  if (settings.source_repos.is_null() || settings.permitted.permit(url)) return {};
  return fail(ErrorKind::forbidden, "{} is not permitted in project '{}' (its sourceRepos)", sources::shown_url(url),
              settings.project);
}

std::optional<Condition> refused_repository(const Application& app, const RenderSettings& settings) {
  for (const Source& source : app.sources) {
    std::string url = source.said["repoURL"].str();
    if (!may_fetch(settings, url))
      return Condition{"InvalidSpecError", fmt::format("application repo {} is not permitted in project '{}'",
                                                       sources::shown_url(url), app.project)};
  }
  return std::nullopt;
}

}  // namespace slipway::gitops
