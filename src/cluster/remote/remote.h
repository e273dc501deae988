// The remote Cluster: any Kubernetes API server, spoken to over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/cluster.h"
#include "runtime/http.h"

namespace slipway::cluster {

struct RemoteOptions {
  std::string server;  // "https://127.0.0.1:6443"
  runtime::TlsClientOptions tls;
  std::string bearer_token;  // never logged
  std::string proxy_url;
  std::string user_agent = "slipway";
  // Reads all of the above anew; absent: it holds for ever. Certificates and tokens are renewed under who runs for
  // long. Asked before a request, once a minute at most; after an error the former ones stay. Blocking, short.
  std::function<Result<RemoteOptions>()> again = {};
};

// Asks the server once which kinds it has (discovery): kinds that our tables know keep their types, others are taken as
// they come. Errors: unavailable (no connection), unauthorized, forbidden.
Task<Result<std::unique_ptr<Cluster>>> connect_remote(World& world, RemoteOptions options);

// An API server's Status as an Error with the same kind, message and causes.
Error error_of_status(const Value& status, int http_status);

}  // namespace slipway::cluster
