// `slipway up`: a start, read from top to bottom. Every part is made here, given what it needs, and stopped in reverse
// order.
#include <unistd.h>

#include "apiserver/kubeconfig.h"
#include "base/text.h"
#include "cluster/remote/remote.h"
#include "render/helm/worker.h"
#include "render/kustomize/build.h"
#include "slipway/wiring/commands.h"
#include "slipway/wiring/control_plane.h"
#include "slipway/wiring/controllers.h"
#include "slipway/wiring/delivery.h"
#include "slipway/wiring/machine.h"
#include "slipway/wiring/operations.h"
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
  render::helm::stop_workers();
  render::kustomize::stop_builds();
  group.cancel();
}

// A start that fails ends the rest; a signal ends the start.
Task<void> or_stop(Task<Result<>> start, TaskGroup& group, Result<>* outcome) {
  *outcome = co_await std::move(start);
  if (!*outcome) group.cancel();
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

// What a cluster of our own consists of, in the order in which it is made.
struct Embedded {
  runtime::RealWorld& world;
  const UpOptions& options;
  View& view;
  LateStreams streams{options.node};
  Webhook webhook;
  Operations operations{world, options.data, webhook.handler()};
  std::unique_ptr<ControlPlane> plane;
  Controllers controllers;
  std::unique_ptr<sources::Repositories> repositories;
  std::unique_ptr<Machine> machine;
};

Task<Result<>> open_control(Embedded& all) {
  all.plane = OR_CO_RETURN(co_await open_control_plane(all.world, all.options, &all.streams, all.operations.handler()));
  all.operations.set(*all.plane->store);
  bool known = !all.plane->store->resources().empty();
  OR_CO_RETURN(co_await make_bootstrap_objects(all.world, *all.plane->cluster, all.options));
  all.view.step("control plane", fmt::format("{}, {}", all.plane->url, known ? "as it was stored" : "new"));
  co_return Result<>();
}

Task<Result<>> start_controllers(Embedded& all, TaskGroup& group) {
  auto& cluster = *all.plane->cluster;
  all.controllers.events = reconcile::make_recorder(all.world, cluster, group, "slipway");
  all.controllers.cache = cache_of_everything(all.world, cluster);
  all.controllers.reconcilers =
      workload_controllers(all.world, cluster, group, all.controllers, all.plane->pki.ca.certificate_pem);
  all.repositories = make_repositories(all.world, all.options, *all.controllers.cache);
  all.webhook.set(*all.controllers.cache, *all.repositories);
  add_engine(all.world, cluster, all.controllers, *all.repositories);
  if (all.options.node != NodeKind::none)
    all.machine = Machine::create(all.world, cluster, *all.controllers.cache, all.options);
  start(all.world, group, all.controllers);
  OR_CO_RETURN(co_await all.controllers.cache->wait_synced());
  all.plane->ready = true;
  all.view.step("controllers", fmt::format("{}", all.controllers.reconcilers.size()));
  co_return Result<>();
}

Task<Result<>> start_machine(Embedded& all, TaskGroup& group) {
  if (!all.machine) co_return Result<>();
  OR_CO_RETURN(co_await all.machine->start());
  all.streams.set(all.machine->streams());
  if (all.options.node == NodeKind::containerd) {
    OR_CO_RETURN(co_await serve_pods(all.world, *all.plane, all.options));
    if (all.plane->pod_server) group.spawn(all.plane->pod_server->serve());
  }
  group.spawn(run_machine(*all.machine));
  all.view.step("node", all.machine->about());
  co_return Result<>();
}

Result<> tell_others(const Embedded& all) {
  const UpOptions& options = all.options;
  Running running{
      .pid = ::getpid(), .url = all.plane->url, .kubeconfig = options.kubeconfig, .pod_cidr = options.pod_cidr};
  running.own_containerd = options.node == NodeKind::containerd && options.containerd_socket.empty();
  running.containerd_socket = options.node != NodeKind::containerd ? ""
                              : running.own_containerd             ? own_socket(options.data)
                                                                   : options.containerd_socket;
  return write_running(all.world, options.data, running);
}

// A full disk keeps nobody from reading; a file that names a process of before would mislead.
Task<void> tell_others_later(Embedded& all) {
  (void)all.world.files().remove(all.options.data + "/running.json").has_value();
  while (!co_await all.world.on_pool([&all] { return tell_others(all); })) {
    if (!co_await runtime::sleep(10s)) co_return;
  }
}

// Before the first container can run: `down` stops what a start left that was interrupted. The API answers meanwhile,
// however long the disk takes.
Task<Result<>> take_machine(Embedded& all, TaskGroup& group) {
  if (all.machine && all.options.node == NodeKind::containerd) OR_CO_RETURN(claim_machine(all.world, all.options.data));
  auto told = co_await all.world.on_pool([&all] { return tell_others(all); });
  if (!told) {
    all.world.log().write(
        runtime::LogLevel::error,
        "slipway status and down do not find this process until there is room: " + told.error().str());
    group.spawn(tell_others_later(all));
  }
  co_return Result<>();
}

Task<Result<>> bring_up(Embedded& all, TaskGroup& group) {
  OR_CO_RETURN(co_await start_controllers(all, group));
  OR_CO_RETURN(co_await take_machine(all, group));
  OR_CO_RETURN(co_await start_machine(all, group));
  std::string application;
  if (!all.options.repository.empty()) {
    application = OR_CO_RETURN(co_await apply_application(*all.plane->cluster, all.options));
    all.view.step("application", application);
  }
  say_what_next(all.view, all.options, application);
  group.spawn(all.view.follow(*all.controllers.cache));
  co_return Result<>();
}

Task<Result<>> run_embedded(runtime::RealWorld& world, UpOptions options) {
  View view(world, options.plain, options.node == NodeKind::containerd);
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  bool signaled = false;
  group.spawn(until_signal(world, group, &signaled));
  auto listening =
      co_await runtime::sleep(Duration::zero());  // a signal to the directory's holder ends it in good order
  (void)listening;
  auto lock = take_data_directory(world, options.data);
  Result<> outcome;
  if (!lock) outcome = lock.error();
  Embedded all{world, options, view};
  if (outcome) outcome = co_await open_control(all);
  if (outcome) {
    group.spawn(all.plane->server->serve());
    group.spawn(keep_certificates(world, *all.plane, options));
    group.spawn(or_stop(bring_up(all, group), group, &outcome));
    co_await group.join();
  }
  co_await group.stop();
  if (all.plane) {
    auto closed = co_await all.plane->store->close();
    if (!closed) outcome = closed;
  }
  if (!signaled) co_return outcome;
  view.say(options.node == NodeKind::containerd
               ? "\n  stopped; containers go on. slipway up continues, slipway down stops them"
               : "\n  stopped; slipway up continues");
  co_return Result<>();
}

// The engine alone, over a cluster that is there.
struct Remote {
  runtime::RealWorld& world;
  UpOptions options;
  View& view;
  std::unique_ptr<cluster::Cluster> cluster;
  Controllers controllers;
  std::unique_ptr<sources::Repositories> repositories;
};

Task<Result<>> bring_up(Remote& all, TaskGroup& group) {
  auto access = [&world = all.world, path = all.options.cluster]() -> Result<cluster::RemoteOptions> {
    auto connection = OR_RETURN(apiserver::read_kubeconfig(world, path));
    return cluster::RemoteOptions{.server = connection.server,
                                  .tls = connection.tls,
                                  .bearer_token = connection.bearer_token,
                                  .proxy_url = connection.proxy_url};
  };
  cluster::RemoteOptions remote = OR_CO_RETURN(access());
  remote.again = access;
  const std::string server = remote.server;
  all.cluster = OR_CO_RETURN(co_await cluster::connect_remote(all.world, std::move(remote)));
  OR_CO_RETURN(co_await gitops::ensure_application_kind(*all.cluster));
  all.view.step("cluster", server);

  all.controllers.events = reconcile::make_recorder(all.world, *all.cluster, group, "slipway");
  all.controllers.cache = cache_of_everything(all.world, *all.cluster);
  all.repositories = make_repositories(all.world, all.options, *all.controllers.cache);
  add_engine(all.world, *all.cluster, all.controllers, *all.repositories);
  start(all.world, group, all.controllers);
  OR_CO_RETURN(co_await all.controllers.cache->wait_synced());
  all.view.step("engine");
  std::string application;
  if (!all.options.repository.empty()) {
    application = OR_CO_RETURN(co_await apply_application(*all.cluster, all.options));
  }
  all.options.kubeconfig = all.options.cluster;
  say_what_next(all.view, all.options, application);
  group.spawn(all.view.follow(*all.controllers.cache));
  co_return Result<>();
}

Task<Result<>> run_remote(runtime::RealWorld& world, UpOptions options) {
  View view(world, options.plain, false);
  auto lock = OR_CO_RETURN(take_data_directory(world, options.data));
  runtime::Scope& scope = co_await runtime::current_scope();
  Remote all{.world = world, .options = std::move(options), .view = view};
  TaskGroup group(scope);
  bool signaled = false;
  Result<> outcome;
  group.spawn(until_signal(world, group, &signaled));
  group.spawn(or_stop(bring_up(all, group), group, &outcome));
  co_await group.join();
  co_return signaled ? Result<>() : outcome;
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
