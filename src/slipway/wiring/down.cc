// `slipway down`: stops Slipway if it runs, then every pod that it started, then its containerd. --purge removes
// everything that Slipway made on this machine, and nothing else.
#include <algorithm>
#include <csignal>

#include "base/text.h"
#include "cli/paths.h"
#include "network/network.h"
#include "node/containerd.h"
#include "node/cri/cri.h"
#include "slipway/wiring/commands.h"
#include "slipway/wiring/machine.h"
#include "slipway/wiring/options.h"
#include "slipway/wiring/running.h"

namespace slipway::wiring {

namespace {

// Everything that `up` and script/example put into the data directory. What is not in the list stays, and is named.
constexpr const char* made_by_us[] = {"slipway.db",
                                      "slipway.db-wal",
                                      "slipway.db-shm",
                                      "slipway.db-journal",
                                      "slipway.db-mark",
                                      "encryption.keys",
                                      "restore.new",
                                      "restore.received",
                                      "restore.unfinished",
                                      "pki",
                                      "kubeconfig",
                                      "running.json",
                                      "lock",
                                      "pause.tar",
                                      "containerd",
                                      "cni",
                                      "log",
                                      "simulated.json",
                                      "pods",
                                      "repositories",
                                      "examples",
                                      "registry",
                                      "images",
                                      "image-cache"};

// Whoever holds the directory is told to end, also one that took it just now.
Task<Result<>> stop_server(World& world, const std::string& data) {
  int told = 0;
  for (int i = 0; i < 300; ++i) {
    auto holder = holder_of(world, data);
    if (!holder) co_return Result<>();
    if (*holder > 0 && *holder != told) {
      auto words = base::split(world.files().read(fmt::format("/proc/{}/cmdline", *holder)).value_or(""), '\0');
      if (std::ranges::find(words, "restore") != words.end())
        co_return fail(ErrorKind::conflict, "slipway restore (process {}) is at work on {}: wait for it", *holder,
                       data);
      OR_CO_RETURN(world.processes().send_signal(*holder, SIGTERM));
      told = *holder;
    }
    auto slept = co_await runtime::sleep(100ms);
    if (!slept) co_return slept;
  }
  if (told == 0)
    co_return fail(ErrorKind::timeout,
                   "a process uses {}, and which one cannot be told (of another user, or in another container)", data);
  co_return fail(ErrorKind::timeout, "process {0} does not end; look at it, or end it by hand: kill -9 {0}", told);
}

Task<Result<int>> stop_pods(World& world, const std::string& data, const Running& running) {
  UpOptions options;
  options.data = data;
  std::string owner = node::NodeAgent::owner(node_options(world, options));
  if (running.containerd_socket.empty()) {  // simulated: nothing but a memory outlives the process
    OR_CO_RETURN(world.files().remove_tree(data + "/simulated.json"));
    co_return 0;
  }
  std::unique_ptr<node::Containerd> containerd;
  if (running.own_containerd) {
    if (!world.files().exists(data + "/containerd/root")) co_return 0;  // none has run: `up` did not come that far
    node::ContainerdOptions own{.directory = data + "/containerd"};
    own.cni_conf_directory = data + "/cni";
    own.pause_archive = data + "/pause.tar";
    auto started =
        co_await node::Containerd::start(world, std::move(own));  // it may have died: pods are stopped through it
    if (!started) co_return started.error();
    containerd = std::move(*started);
  }
  auto runtime = node::cri::connect(world, running.containerd_socket);
  auto removed = co_await node::remove_all_pods(*runtime, running.own_containerd ? "" : owner);
  if (!removed) co_return removed.error();
  OR_CO_RETURN(node::forget_memory(world, data));
  if (containerd) {
    auto stopped = co_await containerd->stop();
    if (!stopped) co_return stopped.error();
  }
  co_return *removed;
}

// script/registry's instance under our data directory. Its pid file may be stale: what counts is a process that serves
// our configuration.
Result<> stop_registry(World& world, const std::string& data) {
  std::string home = data + "/registry";
  auto pid = base::parse_int(base::trim(world.files().read(home + "/pid").value_or("")));
  if (!pid) return {};
  std::string command = world.files().read(fmt::format("/proc/{}/cmdline", *pid)).value_or("");
  std::replace(command.begin(), command.end(), '\0', ' ');
  if (command.find(" serve " + home + "/config.yml") == command.npos) return {};
  return world.processes().send_signal(static_cast<int>(*pid), SIGTERM);
}

Result<> purge(World& world, const std::string& data) {
  std::vector<std::string> ours(std::begin(made_by_us), std::end(made_by_us));
  for (const std::string& name : world.files().list(data).value_or(std::vector<std::string>())) {
    // What write_atomically had not renamed when it was killed.
    bool half_written = name.ends_with(".tmp") && std::ranges::any_of(made_by_us, [&](std::string_view whole) {
                          return name.starts_with(whole) && name.substr(whole.size()).starts_with('.');
                        });
    if (half_written || name.starts_with("before-restore-")) ours.push_back(name);
  }
  for (const std::string& name : ours) {
    auto removed = world.files().remove_tree(data + "/" + name);
    if (!removed) return std::move(removed.error()).context("removing " + data + "/" + name);
  }
  auto left = world.files().list(data);
  if (left && left->empty()) return world.files().remove(data);
  if (left)
    cli::complain(
        fmt::format("slipway: left alone in {}, since Slipway did not make it: {}\n", data, base::join(*left, ", ")));
  return {};
}

Task<int> down(runtime::RealWorld& world, cli::Invocation said) {
  std::string data = cli::real_path(said.option("--data"));
  auto stopped = co_await stop_server(world, data);
  if (!stopped) co_return cli::report(stopped.error());
  auto running = what_ran(world, data);
  if (!running) {
    // Without our database it is somebody's folder, whatever stands in it.
    if (!said.has("--purge") || !world.files().exists(data + "/slipway.db")) {
      cli::print(fmt::format("nothing to stop: no Slipway has run on {}\n", data));
      co_return 0;
    }
    running = Running{};
  }
  auto pods = co_await stop_pods(world, data, *running);
  if (!pods) {
    // One that does not come up was ended again, and what ran in it is ended by its processes.
    bool ended = running->own_containerd && !noted_containerd(world, data);
    if (!said.has("--purge") || !ended)
      co_return cli::report(pods.error(), "the containers' runtime does not answer; is this root?");
    cli::complain(fmt::format("slipway: {}\n", pods.error().str()));
    pods = 0;
  }
  if (!running->containerd_socket.empty()) {
    auto cleared = co_await network::clear(world);
    if (!cleared) co_return cli::report(cleared.error());
    free_machine(world, data);
  }
  auto registry = stop_registry(world, data);
  if (!registry) co_return cli::report(registry.error());
  if (said.has("--purge")) {
    auto emptied = co_await node::remove_leftovers(world, data);
    if (!emptied) co_return cli::report(emptied.error());
    auto purged = purge(world, data);
    if (!purged) co_return cli::report(purged.error());
  }
  cli::print(fmt::format("stopped {} pods{}\n", *pods,
                         said.has("--purge") ? "; everything that Slipway made is removed" : ""));
  co_return 0;
}

}  // namespace

cli::Command down_command() {
  return {
      .words = "down",
      .arguments = "",
      .summary = "stop the cluster of this machine and its containers",
      .help =
          "Stops Slipway if it runs, every container that it started, and its containerd. What is stored stays: the "
          "next up starts the\n"
          "same pods again. With --purge everything that Slipway made on this machine is removed, and nothing else.",
      .options = {data_option, {"--purge", "", "remove stored objects, images, logs, certificates, network"}},
      .run = down};
}

}  // namespace slipway::wiring
