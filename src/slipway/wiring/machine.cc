#include "slipway/wiring/machine.h"

#include "base/text.h"
#include "node/cri/cri.h"
#include "node/simulated/simulated.h"
#include "value/json.h"

extern "C" const char slipway_pause_begin[];
extern "C" const char slipway_pause_end[];

namespace slipway::wiring {

namespace {

constexpr const char* cni_directory = "/cni";

// What a fresh directory needs before containerd can start: the pause image, which is compiled in.
Result<std::string> write_pause_image(World& world, const std::string& data) {
  std::string path = data + "/pause.tar";
  std::string_view bytes(slipway_pause_begin, static_cast<size_t>(slipway_pause_end - slipway_pause_begin));
  auto there = world.files().read(path);
  if (there && *there == bytes) return path;
  OR_RETURN(world.files().write_atomically(path, bytes, 0644));
  return path;
}

}  // namespace

node::NodeOptions node_options(World& world, const UpOptions& options) {
  node::NodeOptions node;
  std::string name = world.files().read("/etc/hostname").value_or("slipway");
  node.name = base::to_lower(base::trim(name));
  if (node.name.empty()) node.name = "slipway";
  node.data_directory = options.data;
  node.pod_cidr = options.pod_cidr;
  node.addresses = {"127.0.0.1"};
  return node;
}

Task<std::string> own_address(World& world, std::string otherwise) {
  // Asks the routing table; nothing is sent.
  runtime::Command command{.argv = {"ip", "-json", "-4", "route", "get", "198.51.100.1"}, .time_max = 10s};
  auto asked = co_await world.processes().run(std::move(command));
  if (!asked || !asked->status.ok()) co_return otherwise;
  auto routes = value::parse_json(asked->out);
  if (!routes) co_return otherwise;
  co_return (*routes)[0]["prefsrc"].str(otherwise);
}

std::unique_ptr<Machine> Machine::create(World& world, cluster::Cluster& cluster, cluster::Cache& cache,
                                         UpOptions options) {
  std::unique_ptr<Machine> machine(new Machine(world, cluster, options));
  if (options.node == NodeKind::containerd) {
    network::NetworkOptions network{.cni_directory = options.data + cni_directory,
                                    .pod_cidr = options.pod_cidr,
                                    .service_cidr = options.service_cidr};
    machine->network_ = network::Network::create(world, cluster, cache, std::move(network));
  }
  return machine;
}

Task<Result<>> Machine::start() {
  node::NodeOptions node = node_options(world_, options_);
  if (options_.node == NodeKind::simulated) {
    node::simulated::SimulatedOptions simulated;
    simulated.pod_network = options_.pod_cidr.substr(0, options_.pod_cidr.rfind('.'));
    simulated.file = options_.data + "/simulated.json";
    runtime_ = node::simulated::create(world_, std::move(simulated));
    about_ = "simulated: pods live without containers";
  } else {
    OR_CO_RETURN(co_await start_containers(node));
  }
  agent_ = node::NodeAgent::create(world_, cluster_, *runtime_, std::move(node));
  co_return Result<>();
}

Task<Result<>> Machine::start_containers(node::NodeOptions& node) {
  OR_CO_RETURN(co_await network_->prepare());
  std::string gateway = options_.pod_cidr.substr(0, options_.pod_cidr.rfind('.')) + ".1";
  node.addresses = {co_await own_address(world_, gateway)};
  node.cluster_dns = network_->dns_address();
  std::string socket = options_.containerd_socket;
  if (socket.empty()) {
    node::ContainerdOptions containerd{.directory = options_.data + "/containerd"};
    containerd.cni_conf_directory = options_.data + cni_directory;
    containerd.pause_archive = OR_CO_RETURN(write_pause_image(world_, options_.data));
    auto started = co_await node::Containerd::start(world_, std::move(containerd));
    if (!started) co_return started.error();
    containerd_ = std::move(*started);
    socket = containerd_->socket();
  }
  runtime_ = node::cri::connect(world_, socket);
  auto version = co_await runtime_->version();
  if (!version) co_return std::move(version.error()).context("container runtime at " + socket);
  bool adopted = containerd_ && containerd_->adopted();
  about_ = fmt::format("{} {}{}", version->name, version->version, adopted ? ", already running" : "");
  node::HostFacts facts = OR_CO_RETURN(node::read_host_facts(world_));
  node.cgroups = {.driver = node::cgroup_driver(facts), .v2 = facts.cgroup_v2};
  co_return Result<>();
}

Task<void> Machine::run() {
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  if (containerd_) group.spawn(containerd_->supervise());
  if (network_) group.spawn(network_->run());
  group.spawn(agent_->run());
  co_await group.join();
}

Error LateStreams::not_there() const {
  if (node_ == NodeKind::none)
    return fail(ErrorKind::unavailable, "this Slipway runs no containers (--node=none): no node is there to ask");
  return fail(ErrorKind::unavailable, "the node is still starting, try again in a moment");
}

Task<Result<>> LateStreams::logs(apiserver::LogRequest request, apiserver::LogSink& sink) {
  if (!streams_) co_return not_there();
  co_return co_await streams_->logs(std::move(request), sink);
}

Task<Result<std::string>> LateStreams::exec_url(apiserver::ExecRequest request) {
  if (!streams_) co_return not_there();
  co_return co_await streams_->exec_url(std::move(request));
}

Task<Result<std::string>> LateStreams::attach_url(apiserver::AttachRequest request) {
  if (!streams_) co_return not_there();
  co_return co_await streams_->attach_url(std::move(request));
}

Task<Result<std::string>> LateStreams::port_forward_url(apiserver::PortForwardRequest request) {
  if (!streams_) co_return not_there();
  co_return co_await streams_->port_forward_url(std::move(request));
}

}  // namespace slipway::wiring
