// The machine's side: a container runtime (real or simulated), the node agent on it, and the network that pods and
// services use.
#pragma once

#include <memory>

#include "apiserver/pod_streams.h"
#include "cluster/cluster.h"
#include "network/network.h"
#include "node/agent.h"
#include "node/containerd.h"
#include "slipway/wiring/options.h"

namespace slipway::wiring {

class Machine {
 public:
  // Before `cache` runs: parts of it watch. Touches nothing on the machine.
  static std::unique_ptr<Machine> create(World& world, cluster::Cluster& cluster, cluster::Cache& cache,
                                         UpOptions options);
  // Starts (or adopts) what is needed and returns when containers could run. Errors: unavailable, not_found (names the
  // package).
  Task<Result<>> start();
  // Supervises, runs pods and keeps the network until canceled.
  Task<void> run();
  apiserver::PodStreams& streams() { return *agent_; }
  std::string about() const { return about_; }

 private:
  Machine(World& world, cluster::Cluster& cluster, UpOptions options)
      : world_(world), cluster_(cluster), options_(std::move(options)) {}
  Task<Result<>> start_containers(node::NodeOptions& node);

  World& world_;
  cluster::Cluster& cluster_;
  UpOptions options_;
  std::string about_;  // "containerd 1.6.20, adopted"
  std::unique_ptr<node::Containerd> containerd_;
  std::unique_ptr<node::PodRuntime> runtime_;
  std::unique_ptr<node::NodeAgent> agent_;
  std::unique_ptr<network::Network> network_;  // none on a simulated machine
};

// What the node agent is told; `up` and `down` must agree on it.
node::NodeOptions node_options(World& world, const UpOptions& options);
// The address by which this machine reaches others; `otherwise` when it has no way out.
Task<std::string> own_address(World& world, std::string otherwise);

// The streams of a machine that starts later than the API server.
class LateStreams final : public apiserver::PodStreams {
 public:
  explicit LateStreams(NodeKind node) : node_(node) {}
  void set(apiserver::PodStreams& streams) { streams_ = &streams; }
  Task<Result<>> logs(apiserver::LogRequest request, apiserver::LogSink& sink) override;
  Task<Result<std::string>> exec_url(apiserver::ExecRequest request) override;
  Task<Result<std::string>> attach_url(apiserver::AttachRequest request) override;
  Task<Result<std::string>> port_forward_url(apiserver::PortForwardRequest request) override;

 private:
  Error not_there() const;

  NodeKind node_;
  apiserver::PodStreams* streams_ = nullptr;
};

}  // namespace slipway::wiring
