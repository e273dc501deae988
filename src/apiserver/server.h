#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apiserver/body.h"
#include "apiserver/openapi.h"
#include "apiserver/pod_streams.h"
#include "apiserver/route.h"
#include "apiserver/turns.h"
#include "cluster/cluster.h"
#include "runtime/http.h"

namespace slipway::apiserver {

struct ApiServerOptions {
  std::string server_address;                                  // "127.0.0.1:6443", told in /api
  PodStreams* streams = nullptr;                               // null: no node here; log, exec and the like say so
  const runtime::CertifiedKey* service_account_key = nullptr;  // verifies tokens; null: none is believed
  std::function<bool()> ready;                                 // /readyz; empty: always
  // Paths that belong to somebody else (the webhook endpoint, the console): tried before discovery and a 404. Returns
  // false to pass.
  std::function<Task<bool>(runtime::Exchange&)> other_paths;
};

// Answers Kubernetes API requests over a Cluster. Owns nothing that it is given; outlives its exchanges.
class ApiServer {
 public:
  ApiServer(World& world, cluster::Cluster& cluster, ApiServerOptions options)
      : world_(world),
        cluster_(cluster),
        options_(std::move(options)),
        openapi_(cluster.catalog()),
        turns_(world.executor()) {}
  runtime::Handler handler();

 private:
  Task<void> serve(runtime::Exchange& exchange);
  Task<Result<>> dispatch(runtime::Exchange& exchange, Route route);
  Task<Result<>> serve_other(runtime::Exchange& exchange);
  Task<Result<>> serve_discovery(runtime::Exchange& exchange);
  Task<Result<>> serve_health(runtime::Exchange& exchange, std::string path);

  // resources.cc
  Task<Result<>> serve_resource(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  Task<Result<>> get(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  Task<Result<>> list(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  // writes.cc
  Task<Result<>> write(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  Task<Result<>> remove(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  Task<Result<>> remove_collection(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  // watch.cc
  Task<Result<>> watch(runtime::Exchange& exchange, Route route, const kinds::Kind& kind);
  // streams.cc
  Task<Result<>> stream(runtime::Exchange& exchange, Route route);
  Task<Result<>> logs(runtime::Exchange& exchange, Route route);
  Task<Result<std::string>> stream_url(const runtime::Request& request, Route route);

  World& world_;
  cluster::Cluster& cluster_;
  ApiServerOptions options_;
  OpenApi openapi_;
  BodyReader bodies_;
  Turns turns_;
};

}  // namespace slipway::apiserver
