// Store, embedded cluster and API server, put together.
#pragma once

#include <memory>

#include "apiserver/pki.h"
#include "apiserver/server.h"
#include "cluster/embedded/embedded.h"
#include "runtime/http.h"
#include "slipway/wiring/options.h"
#include "store/store.h"

namespace slipway::wiring {

struct ControlPlane {
  apiserver::PkiOptions pki_options;
  apiserver::Pki pki;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<apiserver::ApiServer> api;
  std::shared_ptr<runtime::TlsServerContext> tls;
  std::unique_ptr<runtime::HttpServer> server;
  std::unique_ptr<runtime::HttpServer> pod_server;  // for pods, on their gateway; none before serve_pods()
  std::string url;                                  // "https://127.0.0.1:6443"
  bool ready = false;
};

// Opens everything and listens; serving begins with server->serve(). `streams` may still be empty then.
Task<Result<std::unique_ptr<ControlPlane>>> open_control_plane(
    World& world, UpOptions options, apiserver::PodStreams* streams,
    std::function<Task<bool>(runtime::Exchange&)> other_paths);

// Makes certificates anew before they end, and all that carries them; runs until canceled. Connections under way go on.
Task<void> keep_certificates(World& world, ControlPlane& plane, UpOptions options);

// Listens on the pods' gateway too, and says so as the endpoint of the kubernetes service. Once the bridge is there.
Task<Result<>> serve_pods(World& world, ControlPlane& plane, UpOptions options);

// Namespaces, the kubernetes service and its endpoints: what a client expects of any cluster. Idempotent.
Task<Result<>> make_bootstrap_objects(World& world, cluster::Cluster& cluster, UpOptions options);

}  // namespace slipway::wiring
