// The cluster's certificates, and kubeconfig files in both directions.
#pragma once

#include <string>

#include "runtime/tls.h"
#include "value/value.h"

namespace slipway::apiserver {

// The files of a data directory's pki/: made when missing, made anew before they expire (never the CA).
struct Pki {
  runtime::CertifiedKey ca, server, admin;
  runtime::CertifiedKey service_accounts;  // signs tokens
};
struct PkiOptions {
  std::string directory;                  // absolute
  std::vector<std::string> server_names;  // DNS names and IP addresses that clients use
};
Result<Pki> open_pki(World& world, PkiOptions options);

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
