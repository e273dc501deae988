// What an application wants: its commit's files, rendered. No cluster object is read here.
#pragma once

#include <memory>

#include "gitops/application/render_settings.h"
#include "gitops/compare/targets.h"
#include "sources/asked_tree.h"
#include "sources/repositories.h"

namespace slipway::gitops {

struct Desired {
  std::vector<sources::Commit> commits;   // one for each source
  std::vector<std::string> source_types;  // "Helm", as Argo CD has them; "" of a source that only lends its files
  Targets targets;
  std::vector<std::string> warnings;
  bool incomplete = false;  // something in Git could not be read: what is missing may still be wanted
  // What is wanted hangs on more than the files of the commits: options say which revision it is.
  bool names_revision = false;
  // What was asked of the commits' files, by source. Nothing: other commits may give something else though they answer
  // the same, since options name the revision, a chart asked for the time or for chance, or something was fetched from
  // elsewhere.
  std::optional<std::vector<std::pair<size_t, std::shared_ptr<const sources::Answers>>>> asked;
  bool loaded() const;  // false: a ComparisonError stands among the conditions, nothing may be applied
};
// The files of its sources' commits, rendered for `app` and this cluster; what they name elsewhere is fetched as
// `settings` allow. `has_fetched`: whether anything was, or was to be: the same commits may give something else next
// time. Errors: what Repositories::tree and render::render say; with file and line where there is one.
Task<Result<std::shared_ptr<const Desired>>> load_desired(World& world, sources::Repositories& repositories,
                                                          const cluster::Cluster& cluster, Application app,
                                                          std::vector<sources::Commit> commits, RenderSettings settings,
                                                          bool* has_fetched = nullptr);

// What the same application and settings want of other commits, when these answer all that was asked of those that
// `before` was rendered from alike; nothing when they do not, or cannot be read now.
Task<std::shared_ptr<const Desired>> same_desired(World& world, sources::Repositories& repositories,
                                                  std::shared_ptr<const Desired> before,
                                                  std::vector<sources::Commit> commits);

}  // namespace slipway::gitops
