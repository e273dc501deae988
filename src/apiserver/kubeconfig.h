// kubeconfig files, in both directions.
#pragma once

#include <string>

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
// Errors: not_found, bad_request with the file and what is missing. exec and auth-provider plugins: unsupported, named.
Result<Connection> read_kubeconfig(World& world, std::string path, std::string context = {});

}  // namespace slipway::apiserver
