// What an application wants: its commit's files, rendered. No cluster object is read here.
#pragma once

#include <memory>

#include "gitops/application/render_settings.h"
#include "gitops/compare/targets.h"
#include "sources/repositories.h"

namespace slipway::gitops {

struct Desired {
  sources::Commit commit;
  Targets targets;
  render::Tool tool = render::Tool::directory;
  std::vector<std::string> warnings;
  bool incomplete = false;  // something in Git could not be read: what is missing may still be wanted
  bool loaded() const;      // false: a ComparisonError stands among the conditions, nothing may be applied
};
// Files of `commit`, rendered for `app`; what its kustomization names elsewhere is fetched as `settings` allow. Errors:
// what Repositories::tree and render::render say; with file and line where there is one.
Task<Result<std::shared_ptr<const Desired>>> load_desired(World& world, sources::Repositories& repositories,
                                                          const kinds::Catalog& catalog, Application app,
                                                          sources::Commit commit, RenderSettings settings);

// "Directory", as Argo CD's sourceType.
std::string_view source_type(render::Tool tool);

}  // namespace slipway::gitops
