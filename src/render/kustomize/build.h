// A kustomization built: resources and components gathered depth first, generated, transformed; then, once, hashes,
// references, vars and order.
#pragma once

#include <functional>

#include "render/kustomize/chart.h"
#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/observer.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

struct Functions;

inline constexpr const char* kustomize_version = "v5.8.2";  // whose bytes these are

struct BuildRequest {
  std::shared_ptr<const sources::Tree> tree;
  std::string path;
  bool on_disk = false;            // the tree is a machine's whole file system: absolute paths are its paths
  bool unrestricted = false;       // files outside a kustomization's folder may be read (never outside the tree)
  bool legacy_order = true;        // as the command line sorts, unless sortOptions say otherwise
  Value overrides;                 // spec.source.kustomize of an Application; null: none
  RemoteBases* remotes = nullptr;  // null: remote resources are refused; else, while it wants some: fetch, build again
  bool charts = false;             // helmCharts are rendered (--enable-helm)
  ChartSettings chart_settings;
  Functions* functions = nullptr;  // null: plugins of others are refused; else, while it wants one: run it, build again
  std::vector<std::pair<std::string, std::string>> variables;  // for the overrides: see RenderRequest
  bool managed_by_label = false;                               // as buildMetadata's managedByLabel
  Observer* observer = nullptr;                                // null: nobody looks on
  std::function<void(std::string_view)> warn;  // told of each warning when it arises, also before an error
  std::function<Result<>()> go_on;             // asked now and then: its error ends the build; empty: any time
};
struct Built {
  std::vector<Resource> resources;
  std::vector<std::string> warnings;
};
// Errors: see read_kustomization, Folder, and the transformers; each with file and line where there is one.
Result<Built> build(const BuildRequest& request);
// This process is about to end: builds that run, and those to come, end with canceled.
void stop_builds();

// As Argo CD edits a kustomization before it builds it. Errors: invalid for an unknown or mistyped option; those of
// `kustomize edit`.
Result<> apply_overrides(Kustomization& k, const BuildRequest& request, const Folder& folder);

}  // namespace slipway::render::kustomize
