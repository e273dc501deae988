#include "gitops/engine/desired.h"

#include <algorithm>

#include "base/text.h"
#include "render/helm/environment.h"

namespace slipway::gitops {

namespace {

// Where the application lies in the tree, as Argo CD judges it; the nearest name where it does not.
Result<std::string> application_path(const sources::Tree& tree, const std::string& path) {
  if (path.starts_with('/')) return fail(ErrorKind::bad_request, "{}: app path is absolute", path);
  auto clean = sources::clean_path(path);
  if (!clean) return fail(ErrorKind::bad_request, "{}: app path outside root", path);
  if (tree.is_directory(*clean)) return clean;
  auto real = tree.real_path(*clean);
  if (real && tree.is_directory(*real)) return real;
  if (real) return fail(ErrorKind::bad_request, "{}: app path is not a directory", path);
  if (real.failed_with(ErrorKind::forbidden)) return std::move(real).error();
  size_t slash = clean->rfind('/');
  std::string above = slash == clean->npos ? "" : clean->substr(0, slash);
  auto near = base::nearest(slash == clean->npos ? *clean : clean->substr(slash + 1), tree.list(above));
  return fail(ErrorKind::not_found, "{}: app path does not exist{}", path,
              near ? fmt::format("; did you mean \"{}{}{}\"?", above, above.empty() ? "" : "/", *near) : "");
}

}  // namespace

bool Desired::loaded() const {
  return std::ranges::none_of(targets.conditions, [](const Condition& c) { return c.type == "ComparisonError"; });
}

Task<Result<std::shared_ptr<const Desired>>> load_desired(World& world, sources::Repositories& repositories,
                                                          const kinds::Catalog& catalog, Application app,
                                                          sources::Commit commit) {
  // The whole repository: overlays reach for bases beside and above them.
  auto tree = OR_CO_RETURN(co_await repositories.tree(commit, ""));
  render::RenderRequest request;
  request.tree = tree;
  request.path = OR_CO_RETURN(application_path(*tree, app.path));
  request.catalog = &catalog;
  request.directory = app.source["directory"];
  request.kustomize = app.source["kustomize"];
  request.helm = app.source["helm"];
  request.release_name = app.name;
  request.release_namespace = app.destination_ns;
  request.kube_version = "1.35.4";  // what our own API server says of itself
  for (const kinds::Kind* kind : catalog.all()) {
    std::string version = kind->id.group.empty() ? kind->id.version : kind->id.group + "/" + kind->id.version;
    if (request.api_versions.empty() || request.api_versions.back().rfind(version + "/", 0) != 0)
      request.api_versions.push_back(version);
    request.api_versions.push_back(version + "/" + kind->id.kind);
  }
  request.environment = render::helm::environment_of(world);
  auto desired = std::make_shared<Desired>();
  // A remote cluster's catalog may change on the loop while another thread would read it.
  bool on_pool = &catalog == &kinds::builtin_catalog();
  Result<render::Rendered> rendered =
      on_pool ? co_await world.on_pool([&request] { return render::render(request); }) : render::render(request);
  if (!rendered) co_return std::move(rendered).error();
  desired->targets = make_targets(app, rendered->objects, catalog, tree.get());
  desired->commit = std::move(commit);
  desired->tool = rendered->tool;
  desired->warnings = std::move(rendered->warnings);
  desired->incomplete = rendered->incomplete;
  co_return std::shared_ptr<const Desired>(std::move(desired));
}

std::string_view source_type(render::Tool tool) {
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

}  // namespace slipway::gitops
