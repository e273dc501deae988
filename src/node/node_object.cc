#include "node/node_object.h"

#include "base/text.h"
#include "kinds/object.h"
#include "value/patch.h"

namespace slipway::node {

namespace {

using runtime::LogLevel;

#if defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#else
constexpr const char* kArchitecture = "amd64";
#endif

std::string file_line(World& world, const std::string& path) {
  auto text = world.files().read(path, 1 << 20);
  return text ? std::string(base::trim(*text)) : std::string();
}

std::string os_name(World& world) {
  auto text = world.files().read("/etc/os-release", 1 << 20);
  if (text)
    for (std::string_view line : base::split_lines(*text))
      if (line.starts_with("PRETTY_NAME=")) {
        std::string name(line.substr(12));
        std::erase(name, '"');
        return name;
      }
  return "Linux";
}

// One kubelet condition; keeps its transition time while the status stays.
Value condition(const Value& before, const char* type, bool on, const char* reason, std::string message, WallTime now) {
  const Value* old = nullptr;
  for (const Value& c : before["status"]["conditions"].items())
    if (c["type"].as_string() == type) old = &c;
  std::string at = base::format_rfc3339(now), status = on ? "True" : "False";
  bool same = old && (*old)["status"].as_string() == status;
  return Value{{"type", type},
               {"status", status},
               {"lastHeartbeatTime", at},
               {"lastTransitionTime", same ? (*old)["lastTransitionTime"] : Value(at)},
               {"reason", reason},
               {"message", message}};
}

constexpr Duration kAnswerMax = 5s;    // of a question that means no work
constexpr Duration kSilenceMax = 30s;  // of a runtime that answered before, as with the kubelet
constexpr Duration kAskAgain = 500ms;  // while it is not ready

// What the container runtime says of itself. One that stopped in the middle (SIGSTOP, a disk that hangs) refuses
// nothing: it is known by its silence alone.
class RuntimeWatch {
 public:
  RuntimeWatch(World& world, PodRuntime& runtime) : world_(world), runtime_(runtime) {}
  // Asks. What it said last stands while it is silent for a moment. Error: canceled.
  Task<Result<>> look(bool version_too) {
    auto state = co_await runtime::with_timeout(kAnswerMax, runtime_.condition());
    if (state.failed_with(ErrorKind::canceled)) co_return std::move(state).error();
    silent_ = !state;
    if (state) {
      answered_ = world_.steady_now();
      state_ = std::move(*state);
    } else if (!answered_ || world_.steady_now() - *answered_ >= kSilenceMax) {
      bool hangs = state.error().is(ErrorKind::timeout);
      state_ = {false, false, hangs ? "it gives no answer" : state.error().str(), true};
    }
    if (silent_ || !version_too) co_return Result<>();
    auto version = co_await runtime::with_timeout(kAnswerMax, runtime_.version());
    if (version.failed_with(ErrorKind::canceled)) co_return std::move(version).error();
    if (version) version_ = std::move(*version);
    co_return Result<>();
  }
  const RuntimeCondition& state() const { return state_; }
  const RuntimeVersion& version() const { return version_; }
  bool is_ready() const { return state_.runtime_ready && state_.network_ready; }
  bool is_silent() const { return silent_; }

 private:
  World& world_;
  PodRuntime& runtime_;
  RuntimeCondition state_;
  RuntimeVersion version_;
  std::optional<SteadyTime> answered_;
  bool silent_ = false;
};

Task<Result<Value>> write_node(World& world, cluster::Cluster& cluster, RuntimeVersion version, RuntimeCondition state,
                               NodeOptions options) {
  cluster::ObjectKey key{{"", "v1", "Node"}, "", options.name};
  auto before = co_await cluster.get(key);
  if (!before && !before.error().is(ErrorKind::not_found)) co_return std::move(before).error();
  Value old = before ? *before : Value();
  Value node = make_node(world, options, version, state, old);
  if (old.is_null()) {
    auto created = OR_CO_RETURN(co_await cluster.write(cluster::create(node.without_member("status"))));
    old = created.object;
  } else if (Value patch = value::merge_diff(old.without_member("status"), node.without_member("status"));
             !patch.empty()) {
    OR_CO_RETURN(co_await cluster.write(cluster::merge_patch(key, patch)));
  }
  Value patch{{"status", value::merge_diff(old["status"], node["status"])}};
  auto written = OR_CO_RETURN(co_await cluster.write(cluster::merge_patch(key, patch, "status")));
  co_return written.object;
}

Task<Result<>> renew_lease(World& world, cluster::Cluster& cluster, NodeOptions options, std::string node_uid) {
  cluster::ObjectKey key{{"coordination.k8s.io", "v1", "Lease"}, "kube-node-lease", options.name};
  Value spec{{"holderIdentity", options.name},
             {"leaseDurationSeconds", 40},
             {"renewTime", base::format_rfc3339_micro(world.now())}};
  auto renewed = co_await cluster.write(cluster::merge_patch(key, Value{{"spec", spec}}));
  if (renewed || !renewed.error().is(ErrorKind::not_found)) {
    if (!renewed) co_return std::move(renewed).error();
    co_return Result<>();
  }
  Value owner{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", options.name}, {"uid", node_uid}};
  Value lease{
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata",
       Value{{"name", options.name}, {"namespace", "kube-node-lease"}, {"ownerReferences", Value::array({owner})}}},
      {"spec", spec}};
  OR_CO_RETURN(co_await cluster.write(cluster::create(std::move(lease))));
  co_return Result<>();
}

}  // namespace

Value make_node(World& world, const NodeOptions& o, const RuntimeVersion& runtime, const RuntimeCondition& state,
                const Value& before) {
  NodeSize size = read_node_size(world);
  WallTime now = world.now();
  std::string hostname = o.hostname.empty() ? o.name : o.hostname;
  Value node = before.is_object()
                   ? before
                   : Value{{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", Value{{"name", o.name}}}};

  Value labels = node["metadata"]["labels"].is_object() ? node["metadata"]["labels"] : Value::object();
  StringMap own{{"kubernetes.io/hostname", hostname},
                {"kubernetes.io/os", "linux"},
                {"kubernetes.io/arch", kArchitecture},
                {"beta.kubernetes.io/os", "linux"},
                {"beta.kubernetes.io/arch", kArchitecture}};
  for (const auto& map : {own, o.labels})
    for (const auto& [key, value] : map) labels = labels.with_member(key, value);
  node = node.with("/metadata/labels", labels);
  if (!o.pod_cidr.empty() && node["spec"]["podCIDR"].is_null())
    node = node.with("/spec/podCIDR", o.pod_cidr).with("/spec/podCIDRs", Value::array({o.pod_cidr}));

  Value amounts{
      {"cpu", size.cpu_milli % 1000 ? fmt::format("{}m", size.cpu_milli) : std::to_string(size.cpu_milli / 1000)},
      {"memory", fmt::format("{}Ki", size.memory_bytes / 1024)},
      {"ephemeral-storage", std::to_string(size.ephemeral_bytes)},
      {"pods", std::to_string(o.pods_max)}};
  ArrayBuilder addresses;
  for (const std::string& ip : o.addresses) addresses.push(Value{{"type", "InternalIP"}, {"address", ip}});
  addresses.push(Value{{"type", "Hostname"}, {"address", hostname}});

  bool ready = state.runtime_ready && state.network_ready;
  Value conditions = Value::array(
      {condition(before, "MemoryPressure", false, "KubeletHasSufficientMemory",
                 "kubelet has sufficient memory available", now),
       condition(before, "DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now),
       condition(before, "PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available", now),
       condition(before, "Ready", ready, ready ? "KubeletReady" : "KubeletNotReady",
                 ready           ? "kubelet is posting ready status"
                 : state.is_down ? "container runtime is down: " + state.message
                                 : "container runtime is not ready: " + state.message,
                 now)});
  Value status = node["status"].is_object() ? node["status"] : Value::object();
  status = status.with_member("addresses", addresses.build())
               .with_member("capacity", amounts)
               .with_member("allocatable", amounts);
  status = status.with_member("conditions", conditions);
  status = status.with_member("daemonEndpoints", Value{{"kubeletEndpoint", Value{{"Port", 10250}}}});
  status = status.with_member(
      "nodeInfo",
      Value{{"machineID", file_line(world, "/etc/machine-id")},
            {"systemUUID", file_line(world, "/sys/class/dmi/id/product_uuid")},
            {"bootID", file_line(world, "/proc/sys/kernel/random/boot_id")},
            {"kernelVersion", file_line(world, "/proc/sys/kernel/osrelease")},
            {"osImage", os_name(world)},
            {"containerRuntimeVersion", runtime.name.empty() ? "unknown" : runtime.name + "://" + runtime.version},
            {"kubeletVersion", o.version},
            {"kubeProxyVersion", ""},
            {"operatingSystem", "linux"},
            {"architecture", kArchitecture}});
  return node.with_member("status", status);
}

Task<void> keep_registered(World& world, cluster::Cluster& cluster, PodRuntime& runtime, NodeOptions options,
                           runtime::Signal& deleted) {
  std::string uid, told;
  RuntimeWatch watch(world, runtime);
  bool written_ready = false;
  SteadyTime next_status = world.steady_now(), next_lease = next_status;
  for (;;) {
    if (!co_await watch.look(world.steady_now() >= next_status || watch.is_silent())) co_return;
    if (watch.is_ready() != written_ready) next_status = world.steady_now();
    Result<> ok;
    if (world.steady_now() >= next_status) {
      auto node = co_await write_node(world, cluster, watch.version(), watch.state(), options);
      if (node) {
        uid = kinds::uid_of(*node);
        written_ready = watch.is_ready();
        next_status = world.steady_now() + (written_ready ? options.status_period : options.lease_period);
      } else {
        ok = std::move(node).error();
      }
    }
    if (ok && !uid.empty() && world.steady_now() >= next_lease) {
      ok = co_await renew_lease(world, cluster, options, uid);
      next_lease = world.steady_now() + (ok ? options.lease_period : Duration(0));
    }
    if (!ok) {
      if (ok.error().is(ErrorKind::canceled)) co_return;
      std::string now = ok.error().str();
      if (now != told) world.log().write(LogLevel::warning, "node: registering " + options.name + ": " + now);
      told = now;
      next_status = world.steady_now();
    } else {
      told.clear();
    }
    bool well = ok && written_ready && !watch.is_silent();
    Duration wait = well ? options.lease_period : kAskAgain;
    for (SteadyTime next : {next_status, next_lease})
      if (next > world.steady_now()) wait = std::min<Duration>(wait, next - world.steady_now());
    auto woken = co_await runtime::with_timeout(wait, runtime::wait_for(deleted));
    if (woken) next_status = next_lease = world.steady_now();
    if (!woken && !woken.error().is(ErrorKind::timeout)) co_return;
  }
}

NodeSize read_node_size(World& world) {
  NodeSize size{4000, int64_t(8) << 30, int64_t(20) << 30};
  if (auto cpus = world.files().read("/proc/cpuinfo", 4 << 20)) {
    int64_t count = 0;
    for (std::string_view line : base::split_lines(*cpus)) count += line.starts_with("processor");
    if (count) size.cpu_milli = count * 1000;
  }
  if (auto memory = world.files().read("/proc/meminfo", 1 << 20))
    for (std::string_view line : base::split_lines(*memory)) {
      if (!line.starts_with("MemTotal:")) continue;
      std::string_view number = base::trim(line.substr(9));
      if (auto kib = base::parse_int(number.substr(0, number.find(' ')))) size.memory_bytes = *kib * 1024;
    }
  return size;
}

}  // namespace slipway::node
