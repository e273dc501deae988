// kubeconfig files, in both directions.
#pragma once

#include <string>
#include <vector>

#include "runtime/tls.h"
#include "value/value.h"

namespace slipway::apiserver {

// A kubeconfig with everything inline: one cluster, user and context called `name`.
Value kubeconfig(std::string_view name, std::string_view server, std::string_view ca_pem,
                 const runtime::CertifiedKey& user);

// What a client needs to talk to the current (or named) context's cluster. Files that it names are read through World.
struct Connection {
  std::string server;
  runtime::TlsClientOptions tls;
  std::string bearer_token;
  std::string ns;  // the context's namespace; "default" when it has none
  std::string context;
  std::string proxy_url;
};
// Several files are one, as kubectl has it of $KUBECONFIG: for each name, and for the current context, the first file
// that says it counts; those that are not there are passed over.
struct KubeconfigFile {
  std::string path;
  Value config;
};
using Kubeconfig = std::vector<KubeconfigFile>;
// Errors: not_found when none of them is there; a file that cannot be read.
Result<Kubeconfig> load_kubeconfig(World& world, const std::vector<std::string>& paths);
std::string current_context(const Kubeconfig& kubeconfig);  // "" where none is said
// The namespace of that context, of the current one for ""; "" when it says none.
std::string namespace_in(const Kubeconfig& kubeconfig, std::string context = {});

// Errors: not_found, bad_request with the file and what is missing. exec and auth-provider plugins: unsupported, named.
Result<Connection> read_kubeconfig(World& world, std::string path, std::string context = {});
Result<Connection> connection_in(World& world, const Kubeconfig& kubeconfig, std::string context = {});

}  // namespace slipway::apiserver
