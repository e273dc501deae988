// `slipway up`: a start, read from top to bottom. Every part is made here, given what it needs, and stopped in reverse
// order.
#include <unistd.h>

#include "base/text.h"
#include "cluster/remote/remote.h"
#include "slipway/wiring/commands.h"
#include "slipway/wiring/control_plane.h"
#include "slipway/wiring/controllers.h"
#include "slipway/wiring/delivery.h"
#include "slipway/wiring/machine.h"
#include "slipway/wiring/running.h"
#include "slipway/wiring/service_unit.h"
#include "slipway/wiring/view.h"

namespace slipway::wiring {

namespace {

void say_what_next(View& view, const UpOptions& options, const std::string& application) {
  view.say("");
  view.say("  export KUBECONFIG=" + options.kubeconfig);
  if (!application.empty()) {
    view.say(fmt::format("  {:<26}how it stands, and why", "slipway app get " + application));
  } else {
    view.say(fmt::format("  {:<26}or give a repository: slipway up REPO --path DIR", "kubectl apply -f ..."));
  }
  view.say(options.cluster.empty() && options.node == NodeKind::containerd
               ? "  Ctrl-C stops Slipway and leaves containers running; slipway down stops them"
               : "  Ctrl-C stops Slipway");
  view.say("");
}

Task<void> until_signal(runtime::RealWorld& world, TaskGroup& group, bool* signaled) {
  auto number = co_await world.next_signal();
  *signaled = number.has_value();
  group.cancel();
}

Task<void> run_machine(Machine& machine) {
  co_await machine.run();
}

// The engine and its cache over any cluster.
void add_engine(World& world, cluster::Cluster& cluster, Controllers& controllers,
                sources::Repositories& repositories) {
  controllers.reconcilers.push_back(
      gitops::make_application_reconciler(world, cluster, *controllers.cache, repositories, *controllers.events));
}

Task<Result<>> run_embedded(runtime::RealWorld& world, UpOptions options) {
  View view(world, options.plain, options.node == NodeKind::containerd);
  auto lock = OR_CO_RETURN(take_data_directory(world, options.data));
  LateStreams streams;
  Webhook webhook;
  auto plane = OR_CO_RETURN(co_await open_control_plane(world, options, &streams, webhook.handler()));
  bool known = plane->store->revision() > 0;
  OR_CO_RETURN(co_await make_bootstrap_objects(world, *plane->cluster, options));
  view.step("control plane", fmt::format("{}, {}", plane->url, known ? "as it was stored" : "new"));

  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  group.spawn(plane->server->serve());
  Controllers controllers;
  controllers.events = reconcile::make_recorder(world, *plane->cluster, group, "slipway");
  controllers.cache = cache_of_everything(world, *plane->cluster);
  controllers.reconcilers =
      workload_controllers(world, *plane->cluster, group, controllers, plane->pki.ca.certificate_pem);
  auto repositories = make_repositories(world, options, *controllers.cache);
  webhook.set(*controllers.cache, *repositories);
  add_engine(world, *plane->cluster, controllers, *repositories);
  std::unique_ptr<Machine> machine;
  if (options.node != NodeKind::none) machine = Machine::create(world, *plane->cluster, *controllers.cache, options);
  start(world, group, controllers);
  auto synced = co_await controllers.cache->wait_synced();
  plane->ready = synced.has_value();
  view.step("controllers", fmt::format("{}", controllers.reconcilers.size()));

  Result<> failure;
  if (machine) {
    auto started = co_await machine->start();
    if (started) {
      streams.set(machine->streams());
      if (options.node == NodeKind::containerd) {
        failure = co_await serve_pods(world, *plane, options);
        if (plane->pod_server) group.spawn(plane->pod_server->serve());
      }
      group.spawn(run_machine(*machine));
      view.step("node", machine->about());
    } else {
      failure = started.error();
    }
  }
  std::string application;
  if (failure && !options.repository.empty()) {
    auto applied = co_await apply_application(*plane->cluster, options);
    if (applied) {
      application = *applied;
      view.step("application", application);
    } else {
      failure = applied.error();
    }
  }
  bool signaled = false;
  if (failure) {
    Running running{
        .pid = ::getpid(), .url = plane->url, .kubeconfig = options.kubeconfig, .pod_cidr = options.pod_cidr};
    running.own_containerd = options.node == NodeKind::containerd && options.containerd_socket.empty();
    running.containerd_socket = options.node != NodeKind::containerd ? ""
                                : running.own_containerd             ? options.data + "/containerd/grpc.sock"
                                                                     : options.containerd_socket;
    failure = write_running(world, options.data, running);
  }
  if (failure) {
    say_what_next(view, options, application);
    group.spawn(view.follow(*controllers.cache));
    group.spawn(until_signal(world, group, &signaled));
    co_await group.join();
  }
  co_await group.stop();
  OR_CO_RETURN(co_await plane->store->close());
  if (signaled)
    view.say(options.node == NodeKind::containerd
                 ? "\n  stopped; containers go on. slipway up continues, slipway down stops them"
                 : "\n  stopped; slipway up continues");
  co_return failure;
}

Task<Result<>> run_remote(runtime::RealWorld& world, UpOptions options) {
  View view(world, options.plain, false);
  auto lock = OR_CO_RETURN(take_data_directory(world, options.data));
  auto connection = OR_CO_RETURN(apiserver::read_kubeconfig(world, options.cluster));
  cluster::RemoteOptions remote{.server = connection.server,
                                .tls = connection.tls,
                                .bearer_token = connection.bearer_token,
                                .proxy_url = connection.proxy_url};
  auto cluster = OR_CO_RETURN(co_await cluster::connect_remote(world, std::move(remote)));
  OR_CO_RETURN(co_await gitops::ensure_application_kind(*cluster));
  view.step("cluster", connection.server);

  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  Controllers controllers;
  controllers.events = reconcile::make_recorder(world, *cluster, group, "slipway");
  controllers.cache = cache_of_everything(world, *cluster);
  auto repositories = make_repositories(world, options, *controllers.cache);
  add_engine(world, *cluster, controllers, *repositories);
  start(world, group, controllers);
  auto synced = co_await controllers.cache->wait_synced();
  Result<> failure;
  if (!synced) failure = synced.error();
  view.step("engine");
  std::string application;
  if (failure && !options.repository.empty()) {
    auto applied = co_await apply_application(*cluster, options);
    if (applied) {
      application = *applied;
    } else {
      failure = applied.error();
    }
  }
  bool signaled = false;
  if (failure) {
    options.kubeconfig = options.cluster;
    say_what_next(view, options, application);
    group.spawn(view.follow(*controllers.cache));
    group.spawn(until_signal(world, group, &signaled));
    co_await group.join();
  }
  co_await group.stop();
  co_return failure;
}

Task<int> up(runtime::RealWorld& world, cli::Invocation said) {
  auto options = read_up_options(world, said);
  if (!options) {
    cli::report(options.error());
    co_return 2;
  }
  if (said.has("--install-service")) {
    auto installed = co_await install_service(world, *options);
    if (!installed) co_return cli::report(installed.error());
    cli::print(*installed + "\n");
    co_return 0;
  }
  Result<> ran;
  if (options->cluster.empty()) {
    ran = co_await run_embedded(world, std::move(*options));
  } else {
    ran = co_await run_remote(world, std::move(*options));
  }
  if (!ran && !ran.error().is(ErrorKind::canceled)) co_return cli::report(ran.error());
  co_return 0;
}

}  // namespace

cli::Command up_command() {
  return {.words = "up",
          .arguments = "[REPO]",
          .summary = "run a cluster on this machine, kept equal to a Git repository",
          .help =
              "Starts a Kubernetes-compatible cluster on this machine and applies what REPO says, now and at every "
              "commit. REPO is a folder\n"
              "with .git in it, or a URL. Without REPO the cluster is empty: use kubectl, or Application objects.\n\n"
              "  slipway up ~/src/shop --path apps/shop/overlays/prod\n"
              "  slipway up https://github.com/you/infra.git --path clusters/home --revision main\n"
              "  slipway up --node=simulated --data ~/.local/share/slipway   without root or containers\n"
              "  slipway up REPO --cluster ~/.kube/config                    drive another cluster\n\n"
              "Ctrl-C stops Slipway and leaves the containers running; the next start finds them again. slipway down "
              "stops them.",
          .options = up_option_list(),
          .arguments_max = 1,
          .serves = true,
          .run = up};
}

}  // namespace slipway::wiring
