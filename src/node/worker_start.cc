// What a pod is made of, in the order of its making: volumes, sandbox, images, containers. A step that fails leaves a
// failure behind, which decide() sees; it says when the next try comes.
#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "node/images.h"
#include "node/pod/backoff.h"
#include "node/pod/config.h"
#include "node/probes.h"
#include "node/worker.h"

namespace slipway::node {

using runtime::LogLevel;

namespace {

constexpr Duration kConfigRetry = 10s;  // a missing ConfigMap wakes us when it comes; this is for the rest

// Whole or not at all, where this program is killed. Not synced: after a loss of power the pod's sandbox is made anew,
// and its files with it.
Result<> write_file(runtime::Files& files, const std::string& path, std::string_view bytes, uint32_t mode) {
  std::string fresh = path + ".new";
  (void)files.remove(fresh);
  auto file = OR_RETURN(files.open(fresh, runtime::OpenMode::create_new, mode));
  OR_RETURN(file->write_at(0, bytes));
  OR_RETURN(files.set_mode(fresh, mode));  // whatever the umask was
  (void)files.remove(path);                // containerd makes a directory of what it is to mount and does not find
  return files.rename(fresh, path);
}

}  // namespace

Task<void> Worker::step(pod::Plan plan) {
  if (plan.create_sandbox) {
    auto made = co_await make_sandbox(plan.sandbox_attempt);
    if (made) {
      sandbox_failure_.reset();
      sandbox_delay_ = {};
    } else if (!made.error().is(ErrorKind::canceled)) {
      sandbox_delay_ = sandbox_delay_ == Duration() ? Duration(1s) : std::min<Duration>(sandbox_delay_ * 2, 2min);
      WallTime now = node_.world.now();
      sandbox_failure_ = pod::StartFailure{"FailedCreatePodSandBox", made.error().message(), now, now + sandbox_delay_};
    }
    if (!made) plan.start.clear();
  }
  for (const pod::StartContainer& what : plan.start)
    if (!co_await start(what)) break;
  stepping_ = false;
  news_.notify();
}

void Worker::take_sandbox(const SandboxStatus& status) {
  sandbox_ = status.id;
  ips_ = status.ips.empty() ? host_ips() : status.ips;
}

Task<Result<>> Worker::make_sandbox(uint32_t attempt) {
  OR_CO_RETURN(co_await prepare_volumes(false));
  auto host = node_.world.files().read(node_.options.resolv_conf, 1 << 20);
  SandboxConfig config = pod::sandbox_config(node_.options, pod_, attempt, host ? *host : std::string());
  config.labels[kLabelOwner] = node_.owner;
  if (!node_.runtime.simulated()) {
    OR_CO_RETURN(node_.world.files().make_directories(config.log_directory, 0755));
    OR_CO_RETURN(co_await apply_cgroup());
  }
  auto made = co_await node_.runtime.run_sandbox(config);
  if (!made) {
    if (!made.error().is(ErrorKind::canceled))
      node_.events.record(pod_, "Warning", "FailedCreatePodSandBox",
                          "Failed to create pod sandbox: " + made.error().message());
    co_return std::move(made).error();
  }
  node_.pod_of_id[*made] = uid_;
  auto status = OR_CO_RETURN(co_await node_.runtime.sandbox_status(*made));
  take_sandbox(status);
  made_meanwhile_ = status;
  if (!node_.runtime.simulated()) OR_CO_RETURN(write_hosts());
  co_return Result<>();
}

Result<> Worker::write_hosts() {
  auto host_hosts = node_.world.files().read("/etc/hosts", 1 << 20);
  return write_file(node_.world.files(), pod::hosts_path(node_.options, pod_),
                    pod::hosts_file(pod_, ips_, pod::hostname_of(pod_), host_hosts ? *host_hosts : std::string(),
                                    node_.options.cluster_domain),
                    0644);
}

// True when the container runs; false ends the step (the next pass decides anew).
Task<bool> Worker::start(pod::StartContainer what) {
  Value spec = container_spec(what.name), about = container_reference(pod_, what.name);
  auto refuse = [&](std::string reason, std::string message, Duration delay) {
    node_.events.record(about, "Warning", "Failed", "Error: " + message);
    fail_start(what.name, std::move(reason), std::move(message), delay);
    return true;  // the other containers are started all the same
  };
  runtime::Scope& scope = co_await runtime::current_scope();
  auto image = co_await ensure_image(node_.world, node_.runtime, node_.events, inputs(spec).lookup, pod_, spec);
  if (scope.canceled()) co_return false;
  if (!image) {
    node_.events.record(about, "Warning", "Failed", "Error: " + image.error().reason);
    fail_start(what.name, image.error().reason, image.error().message, pod::next_delay(failure_delays_[what.name]));
    co_return true;
  }

  if (!volumes_ready_) {
    auto volumes = co_await prepare_volumes(false);
    if (!volumes) {
      if (volumes.error().is(ErrorKind::canceled)) co_return false;
      co_return refuse("CreateContainerConfigError", volumes.error().str(), kConfigRetry);
    }
  }
  pod::ContainerInputs in{inputs(spec), volumes_, what.restart_count, image->info, image->reference};
  auto config = pod::container_config(node_.options, in);
  if (!config) co_return refuse("CreateContainerConfigError", config.error().message(), kConfigRetry);
  auto& files = node_.world.files();
  if (!node_.runtime.simulated()) {
    std::string message = pod::termination_path(node_.options, pod_, what.name, what.restart_count);
    auto ready = files.make_directories(message.substr(0, message.rfind('/')), 0755);
    if (ready) ready = write_file(files, message, "", 0666);
    // The sandbox may have been made by one who came no further.
    auto hosts = files.stat(pod::hosts_path(node_.options, pod_));
    if (ready && (!hosts || hosts->kind != runtime::FileStat::Kind::file)) ready = write_hosts();
    for (const Mount& m : config->mounts) {
      if (!ready) break;
      if (!m.sub_path.empty()) {
        auto bound = volumes::bind_sub_path(node_.world, m);
        if (bound) continue;
        // What stands in the way is the machine's business, not the pod's.
        node_.world.log().write(LogLevel::warning,
                                fmt::format("node: subPath of pod {}: {}", pod::describe(pod_), bound.error().str()));
        co_return refuse(
            "CreateContainerConfigError",
            fmt::format("failed to prepare subPath for volumeMount \"{}\" of container \"{}\"", m.volume, what.name),
            kConfigRetry);
      }
      if (files.exists(m.host_path)) continue;  // else a hostPath that the runtime would miss
      bool below_volume =
          std::ranges::any_of(volumes_, [&](const auto& v) { return m.host_path.starts_with(v.second); });
      if (below_volume) ready = files.make_directories(m.host_path, 0755);
    }
    if (!ready) co_return refuse("CreateContainerConfigError", ready.error().str(), kConfigRetry);
  }

  auto host = files.read(node_.options.resolv_conf, 1 << 20);
  uint32_t attempt = 0;
  SandboxConfig sandbox_config = pod::sandbox_config(node_.options, pod_, attempt, host ? *host : std::string());
  auto created = co_await node_.runtime.create_container(sandbox_, std::move(*config), std::move(sandbox_config));
  if (!created) {
    if (created.error().is(ErrorKind::canceled)) co_return false;
    co_return refuse("CreateContainerError", created.error().message(), pod::next_delay(failure_delays_[what.name]));
  }
  node_.pod_of_id[*created] = uid_;
  node_.events.record(about, "Normal", "Created", "Container created");
  if (what.backoff) backoffs_[what.name] = *what.backoff;
  auto started = co_await node_.runtime.start_container(*created);
  if (!started) {
    if (started.error().is(ErrorKind::canceled)) co_return false;
    co_return refuse("RunContainerError", started.error().message(), pod::next_delay(failure_delays_[what.name]));
  }
  node_.events.record(about, "Normal", "Started", "Container started");
  failures_.erase(what.name);
  failure_delays_.erase(what.name);

  const Value& hook = spec["lifecycle"]["postStart"];
  if (hook.is_object() && !node_.runtime.simulated()) {
    auto run = co_await run_handler(node_.world, node_.runtime, {pod_, spec, *created, ips_.empty() ? "" : ips_[0]},
                                    hook, 10min);
    if (!run) {
      if (run.error().is(ErrorKind::canceled)) co_return false;
      node_.events.record(about, "Warning", "FailedPostStartHook", "PostStartHook failed");
      std::vector<pod::KillContainer> one;
      one.push_back({*created, what.name, "FailedPostStartHook", pod::grace_period(pod_)});
      killing_[*created] = node_.world.now() + pod::grace_period(pod_);
      co_await kill(std::move(one));
      fail_start(what.name, "PostStartHookError", run.error().message(), pod::next_delay(failure_delays_[what.name]));
    }
  }
  co_return true;
}

void Worker::fail_start(const std::string& name, std::string reason, std::string message, Duration delay) {
  WallTime now = node_.world.now();
  failure_delays_[name] = delay;
  failures_[name] = {std::move(reason), std::move(message), now, now + delay};
}

// A worker that finds its pod running knows neither its tokens nor what became of its ConfigMaps meanwhile.
bool Worker::volumes_due() const {
  if (volumes_ready_ && volumes_stale_) return true;
  if (!may_refresh_volumes()) return false;
  if (volumes_stale_) return true;
  return volumes_retry_at_ ? *volumes_retry_at_ <= node_.world.now() : !volumes_ready_;
}

// A step that is under way prepares them itself, and a pod that ends needs none.
bool Worker::may_refresh_volumes() const {
  bool lives = !pod::is_deleted(pod_) && !pod::is_terminal(pod_);
  return lives && (volumes_ready_ || (!sandbox_.empty() && !stepping_));
}

// A source that went away leaves the files as they are; it is told, and looked for again.
Task<void> Worker::refresh_volumes() {
  volumes_stale_ = false;
  auto prepared = co_await prepare_volumes(volumes_ready_);
  if (prepared || prepared.error().is(ErrorKind::canceled)) co_return;
  volumes_delay_ = volumes_delay_ == Duration() ? Duration(1s) : std::min<Duration>(volumes_delay_ * 2, 2min);
  volumes_retry_at_ = node_.world.now() + volumes_delay_;
}

// Each error becomes an Event; the first is given.
Task<Result<>> Worker::prepare_volumes(bool update) {
  std::vector<Error> errors;
  if (node_.runtime.simulated()) {  // nothing is written, but what is missing is missing here too
    EnvInputs values = inputs(Value());
    for (const Value& v : pod_["spec"]["volumes"].items()) {
      auto payload = volumes::payload_of(values, v);
      if (!payload && !payload.error().is(ErrorKind::unsupported))
        errors.push_back(std::move(payload).error().context(volumes::set_up_failed(v)));
      else
        volumes_[v["name"].str()] = "/simulated/" + v["name"].str();
    }
  } else {
    auto renewed = co_await renew_tokens(node_.world, node_.cluster, pod_, &tokens_);
    if (renewed.failed_with(ErrorKind::canceled)) co_return renewed;
    if (!renewed) errors.push_back(std::move(renewed).error());
    released_ = false;
    auto prepared = volumes::prepare(node_.world, {inputs(Value()), pod::pod_directory(node_.options, pod_), update});
    for (auto& [name, path] : prepared.paths) volumes_[name] = std::move(path);
    for (Error& e : prepared.errors) errors.push_back(std::move(e));
  }
  for (const Error& e : errors) node_.events.record(pod_, "Warning", "FailedMount", e.str());
  if (!errors.empty()) co_return std::move(errors.front());
  volumes_ready_ = true;
  volumes_stale_ = false;
  volumes_retry_at_.reset();
  volumes_delay_ = {};
  co_return Result<>();
}

Task<Result<>> Worker::apply_cgroup() {
  for (const auto& [path, text] : pod_cgroup_files(node_.options.cgroups, pod_)) {
    OR_CO_RETURN(node_.world.files().make_directories(path.substr(0, path.rfind('/')), 0755));
    auto file = node_.world.files().open(path, runtime::OpenMode::read_write);
    auto written = file ? (*file)->write_at(0, text) : Result<>(std::move(file).error());
    // A kernel without a controller (no CFS bandwidth, no memory cgroup) still runs pods.
    if (!written) node_.world.log().write(LogLevel::debug, "node: " + written.error().str());
  }
  co_return Result<>();
}

EnvInputs Worker::inputs(const Value& container) const {
  EnvInputs in;
  in.pod = pod_;
  in.container = container;
  in.lookup = [&cache = node_.cache](std::string_view kind, std::string_view ns, std::string_view name) {
    return cache.get({{"", "v1", std::string(kind)}, std::string(ns), std::string(name)});
  };
  std::string_view ns = kinds::namespace_of(pod_);
  bool links = !pod_["spec"]["enableServiceLinks"].is_bool() || pod_["spec"]["enableServiceLinks"].as_bool();
  for (const Value& s : node_.cache.list({"", "v1", "Service"}, links ? "" : "default"))
    if ((links && kinds::namespace_of(s) == ns) ||
        (kinds::namespace_of(s) == "default" && kinds::name_of(s) == "kubernetes"))
      in.services.push_back(s);
  in.node_name = node_.options.name;
  in.host_ips = host_ips();
  in.pod_ips = ips_;
  in.node = node_.size;
  for (const auto& [key, token] : tokens_) in.tokens.emplace(key, token.token);
  return in;
}

const Value& Worker::container_spec(std::string_view name) const {
  static const Value none;
  for (const char* list : {"containers", "initContainers"})
    for (const Value& c : pod_["spec"][list].items())
      if (c["name"].as_string() == name) return c;
  return none;
}

}  // namespace slipway::node
