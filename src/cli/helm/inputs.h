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

Result<std::string> read_password();  // from stdin, without the end of its line. Errors: as read_stdin
Result<std::string> read_stdin();     // at most as long as a values file. Errors: io, too_large

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
// Before anything is read: what is wrong with these flags, in Helm's words.
Result<> check_access(World& world, const Flags& flags);
// Error, bad_request: a repository's URL that is neither http nor oci.
Result<> check_protocol(const std::string& url);
// A chart archive that find_chart() would read, not unpacked. `tell` hears what a registry gave. Errors: as
// fetch_chart; bad_request.
using Tell = void (*)(std::string_view);
Task<Result<sources::FetchedChart>> fetch_named(World& world, std::string name, Flags flags, Tell tell = complain);
// Where commands tell what they pulled and pushed: Helm 4 prints it, Helm 3 complains.
Tell tell_of(const Flags& flags);
// "Pulled: HOST/PATH:TAG", the digest, and why a tag has an underscore. `did`: Pulled, Pushed.
std::string exchanged(std::string_view did, std::string_view reference, std::string_view digest);

// What begins as no archive does, in Helm's words. `path`: as the message shows it.
Result<> check_gzip(std::string_view bytes, const std::string& path);
// filepath.Clean of Go.
std::string clean_path(const std::string& path);
// What the system refused, as Go says it: "open a/b: no such file or directory".
std::string in_gos_words(const Error& error, const std::string& what);

// --verify. Error: unsupported.
Result<> refuse_verify(const Flags& flags);

// repositories.yaml: names and URLs of `repo add`, and how to get at them.
struct NamedRepository {
  std::string name, url, username, password, ca_file, cert_file, key_file;
  bool insecure = false, pass_credentials = false;
  bool operator==(const NamedRepository&) const = default;
};
// What the command line says, and where that is silent, what the name has. `repository`: null for one without a name.
Result<sources::ChartAccess> access_to(World& world, const Flags& flags, const NamedRepository* repository);
// "looks like URL is not a valid chart repository...: " taken off an error's text.
std::string without_looks(std::string text);
// Where Helm keeps what is set for one person: as the flag says, or as `name` in its configuration's folder.
std::string config_file(const Flags& flags, const char* flag, const std::string& name);
std::string repositories_file(const Flags& flags);
Result<std::vector<NamedRepository>> read_repositories(World& world, const Flags& flags);

Result<render::helm::Compat> compat_of(const Flags& flags);
render::helm::ChartLimits chart_limits(const Flags& flags);  // whose of the two
// --kubeconfig, those of $KUBECONFIG, ~/.kube/config: absolute, there or not.
std::vector<std::string> kubeconfig_files(const Flags& flags);
// --namespace, the kubeconfig's context, "default".
std::string namespace_of(World& world, const Flags& flags);

}  // namespace slipway::cli::helm
