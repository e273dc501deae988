// What helm commands read: values from files, URLs, stdin and --set words; charts from folders, archives, repositories
// and registries.
#pragma once

#include <memory>

#include "cli/helm/flags.h"
#include "render/helm/release.h"
#include "runtime/real_world.h"
#include "sources/chart_repository.h"

namespace slipway::cli::helm {

// Merged in Helm's order: -f files, --set-json, --set, --set-string, --set-file, --set-literal. Errors in Helm's words.
Task<Result<render::helm::LayeredValues>> read_values(World& world, Flags flags);

struct FoundChart {
  std::shared_ptr<render::helm::Chart> chart;
  std::string path;  // of the folder or archive; where it came from for a remote one
  bool directory = false;
  std::vector<std::string> warnings;
};
// `name` as Helm finds it: a path that is there, oci://..., https://..., REPO/NAME, or NAME with --repo.
Task<Result<FoundChart>> find_chart(World& world, std::string name, Flags flags);

// --username, --password, --ca-file and their like. Errors: io.
Result<sources::ChartAccess> access_of(World& world, const Flags& flags);
// A chart archive that find_chart() would read, not unpacked. Errors: as fetch_chart; bad_request.
Task<Result<sources::FetchedChart>> fetch_named(World& world, std::string name, Flags flags);

// --verify. Error: unsupported.
Result<> refuse_verify(const Flags& flags);

// repositories.yaml: names and URLs of `repo add`.
struct NamedRepository {
  std::string name, url, username, password;
};
std::string repositories_file(const Flags& flags);
Result<std::vector<NamedRepository>> read_repositories(World& world, const Flags& flags);

Result<render::helm::Compat> compat_of(const Flags& flags);
// --namespace, $HELM_NAMESPACE, the kubeconfig's context, "default".
std::string namespace_of(World& world, const Flags& flags);

}  // namespace slipway::cli::helm
