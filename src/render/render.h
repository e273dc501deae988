// A tree of files becomes objects. Pure: no file, network or clock is touched.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kinds/kind.h"
#include "lang/gotemplate/template.h"
#include "render/kustomize/build_options.h"
#include "render/variables.h"
#include "sources/tree.h"
#include "value/value.h"

namespace slipway::render {

namespace kustomize {
struct RemoteBases;
class Observer;
}  // namespace kustomize

enum class Tool { directory, kustomize, helm };
std::string_view to_string(Tool tool);

// As Argo CD detects it: a kustomization file, else Chart.yaml, else a plain directory.
Tool detect(const sources::Tree& tree, std::string_view path);

struct RenderRequest {
  std::shared_ptr<const sources::Tree> tree;
  std::string path;                         // of the application within the tree
  const kinds::Catalog* catalog = nullptr;  // merge keys, scopes
  // spec.source.directory, .kustomize, .helm of an Application; null where absent
  Value directory, kustomize, helm;
  // What charts see: .Release.Name and .Namespace unless spec.source.helm says otherwise, .Capabilities, and the clock
  // and chance of their functions.
  std::string release_name, release_namespace;
  std::string kube_version;               // "1.35.4"; empty: that of a Helm without a cluster
  std::vector<std::string> api_versions;  // "example.org/v1", "example.org/v1/Widget": beyond those Helm knows itself
  lang::gotemplate::Environment environment;
  // What the tree names and does not hold, fetched before (helm/application.h: wanted_by()): charts by
  // WantedChart::key(), values files by URL.
  std::map<std::string, std::shared_ptr<const sources::Tree>> charts;
  std::map<std::string, std::string> files;
  std::map<std::string, Result<std::string>> schemas;  // that values.schema.json names at http(s) addresses
  // The trees of an Application's other sources, for valueFiles: "$NAME/path".
  std::map<std::string, std::shared_ptr<const sources::Tree>> refs;
  bool is_one_of_several = false;  // "$..." in valueFiles then names one of `refs`
  kustomize::BuildOptions kustomize_build;
  // What kustomizations name and the tree does not hold; null: refused by name. See render_fetching() in fetching.h.
  kustomize::RemoteBases* remotes = nullptr;
  // What "$ARGOCD_APP_NAME" and the like stand for in options of an Application; sorted by name.
  Variables variables;
  // Asked now and then while a kustomization is built: its error ends that. Empty: it may take any time. (Charts have
  // limits of their own.)
  std::function<Result<>()> go_on;
  bool look_closer = false;                 // for `slipway check`: hazards too that cost time to find
  kustomize::Observer* observer = nullptr;  // of a kustomization's steps, unless it is looked at more closely
};
struct RenderedObject {
  Value object;
  base::Place origin;  // the file (and line) that it came from, as far as that can be told
};
// What renders without an error and is hardly meant: a patch that matches nothing, an index that hits a neighbour.
// `slipway check` shows it; rendering goes on.
struct Hazard {
  std::string rule;  // "patch-matches-nothing": kebab case, told to people and programs
  base::Place place;
  std::string message;
  std::string fix;  // what to do about it; may be empty
};
struct Rendered {
  Tool tool = Tool::directory;
  std::vector<RenderedObject> objects;
  std::vector<std::string> warnings;
  std::vector<Hazard> hazards;
  // Where the field of an object (by its place in `objects`; names and indices from its top) was written last, or what
  // is there of the way to it; line 0: not known. Of kustomizations that were looked at more closely, else null.
  std::function<base::Place(size_t object, const std::vector<std::string>& field)> field_place;
  bool incomplete = false;  // a file that cannot be read was left out: what it held is not known
};
// Errors: bad_request or invalid with file, line, what was expected; of a chart, in Helm's words.
Result<Rendered> render(const RenderRequest& request);

}  // namespace slipway::render
