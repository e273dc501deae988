// What the ConfigMap argocd-cm and an AppProject say of how Applications may be rendered. Pure. Source: Argo CD 3.x
// (reference/gitops.md 4.12, 4.13).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gitops/application/application.h"
#include "gitops/application/repository_patterns.h"
#include "render/kustomize/build_options.h"
#include "value/value.h"

namespace slipway::gitops {

inline constexpr std::string_view settings_name = "argocd-cm";  // the ConfigMap

struct RenderSettings {
  Value kustomize;  // the keys kustomize.* of argocd-cm; null: none
  std::string project;
  // spec.sourceRepos of the project; null: it does not exist, everything may be fetched.
  Value source_repos;
  Value own_repositories;  // that are the project's alone
  RepositoryPatterns permitted{source_repos, own_repositories};
  // Equal ones render alike.
  Value inputs() const {
    return Value{{"kustomize", kustomize}, {"sourceRepos", source_repos}, {"own", own_repositories}};
  }
};
// Both may be null. `own_repositories`: see repositories_of_project().
RenderSettings read_render_settings(const Value& config_map, const Value& project, std::string project_name,
                                    const std::vector<std::string>& own_repositories = {});

// kustomize.buildOptions, or those of the version that spec.source.kustomize names. Errors: bad_request (flags that
// kustomize does not have), invalid (a version that argocd-cm does not name).
Result<render::kustomize::BuildOptions> kustomize_options(const RenderSettings& settings, const Value& source);

// Whether a repository, registry or file that people name may be fetched: sourceRepos has a pattern for it, and no
// pattern with ! against it. Errors: forbidden; bad_request (how charts are spelled within).
Result<> may_fetch(const RenderSettings& settings, const std::string& url);
// The same of a chart, with the folders of a registry that its name brings ("org/web").
Result<> may_fetch_chart(const RenderSettings& settings, const std::string& repository, const std::string& chart);
// The condition of an Application whose own repository, or one of several, its project does not allow.
std::optional<Condition> refused_repository(const Application& app, const RenderSettings& settings);

}  // namespace slipway::gitops
