// prepare() makes what stands still, run() follows what changes, and looks now and then whether all of it still stands.
// Changes of objects only set a flag; a while later all of them become one transaction, when anything differs from what
// the kernel has. Names are kept object by object, so DNS is never behind the cache.
#include "network/network.h"

#include <algorithm>

#include "base/text.h"
#include "network/cni.h"
#include "network/dns/server.h"
#include "network/kube_dns.h"
#include "network/machine.h"
#include "network/rules.h"

namespace slipway::network {

namespace {

using cluster::GroupVersionKind;

const GroupVersionKind service_kind{"", "v1", "Service"}, pod_kind{"", "v1", "Pod"},
    slice_kind{"discovery.k8s.io", "v1", "EndpointSlice"};

// A rollout changes many objects at once: one transaction for all of them. Short enough for nobody to notice.
constexpr Duration batch_time = 20ms;
constexpr Duration retry_delay_first = 500ms, retry_delay_max = 30s;

bool has_host_ports(const Value& pod) {
  for (auto containers : {"containers", "initContainers"}) {
    for (const Value& container : pod["spec"][containers].items()) {
      for (const Value& port : container["ports"].items()) {
        if (port["hostPort"].as_int() > 0) return true;
      }
    }
  }
  return false;
}

struct Ranges {
  Cidr pods, services;
  uint32_t dns_address;
  dns::Name domain;
};

Result<Ranges> read_ranges(const NetworkOptions& options) {
  Ranges ranges;
  ranges.pods = OR_RETURN(std::move(Cidr::parse(options.pod_cidr)).context("the range of pods"));
  ranges.services = OR_RETURN(std::move(Cidr::parse(options.service_cidr)).context("the range of services"));
  if (ranges.pods.bits > 29 || ranges.pods.bits < 8)
    return fail(ErrorKind::bad_request, "the range of pods {}: expected a size between /8 and /29", options.pod_cidr);
  if (ranges.services.bits > 28 || ranges.services.bits < 8)
    return fail(ErrorKind::bad_request, "the range of services {}: expected a size between /8 and /28",
                options.service_cidr);
  if (ranges.pods.contains(ranges.services.base) || ranges.services.contains(ranges.pods.base))
    return fail(ErrorKind::bad_request, "the ranges of pods {} and services {} overlap: choose others",
                ranges.pods.str(), ranges.services.str());
  ranges.dns_address = ranges.services.base + 10;
  if (!options.dns_service_address.empty()) {
    auto chosen = parse_ipv4(options.dns_service_address);
    if (!chosen || !ranges.services.contains(*chosen))
      return fail(ErrorKind::bad_request, "cluster DNS at \"{}\": expected an address in the range of services {}",
                  options.dns_service_address, ranges.services.str());
    ranges.dns_address = *chosen;
  }
  auto domain = dns::Name::parse(options.cluster_domain);
  if (!domain || domain->labels.empty())
    return fail(ErrorKind::bad_request, "cluster domain \"{}\": expected a name like cluster.local",
                options.cluster_domain);
  ranges.domain = *domain;
  return ranges;
}

// What the cache's listeners hold: it may outlive the Network.
struct Following {
  explicit Following(dns::Names names) : names(std::move(names)) {}
  dns::Names names;
  runtime::Signal changed;
  bool running = false;
};

class RealNetwork final : public Network {
 public:
  RealNetwork(World& world, cluster::Cluster& cluster, cluster::Cache& cache, NetworkOptions options,
              Result<Ranges> ranges)
      : world_(world), cluster_(cluster), cache_(cache), options_(std::move(options)), ranges_(std::move(ranges)) {
    if (ranges_) listen();
  }

  Task<Result<>> prepare() override {
    if (!ranges_) co_return Error(ranges_.error());
    OR_CO_RETURN(check_cni_plugins(world_));
    MachineState before = OR_CO_RETURN(co_await machine_state(world_));
    OR_CO_RETURN(co_await set_up_machine(world_, wanted_machine()));
    OR_CO_RETURN(write_cni(before.bridge));
    for (const std::string& chain : co_await dropping_chains(world_)) {
      world_.log().write(
          runtime::LogLevel::warning,
          fmt::format("network: the firewall chain {} drops by default: it must accept what comes from {} "
                      "and goes there, or pods reach nothing (Docker: iptables -I DOCKER-USER -i {} -j "
                      "ACCEPT, and the same with -o)",
                      chain, bridge_name, bridge_name));
    }
    auto made = co_await make_kube_dns(cluster_, dns_address());
    if (!made) co_return std::move(made.error()).context("the service of cluster DNS");
    co_return Result<>();
  }

  Task<void> run() override {
    if (!ranges_) co_return;  // prepare() said so
    auto synced = co_await cache_.wait_synced();
    if (!synced) co_return;
    know_all();
    dns::Upstream upstream(world_, options_.resolv_conf, {dns_address()});
    dns::Server server(world_, following_->names, upstream);
    runtime::Scope& scope = co_await runtime::current_scope();
    TaskGroup group(scope);
    group.spawn(server.run({dns_address(), 53, {}}));
    group.spawn(keep_rules());
    group.spawn(look_after());
    co_await group.join();
    following_->running = false;
  }

  std::string dns_address() const override { return ranges_ ? format_ipv4(ranges_->dns_address) : std::string(); }

 private:
  void listen() {
    auto state = following_ = std::make_shared<Following>(
        dns::Names(ranges_->domain, ranges_->dns_address, {ranges_->services, ranges_->pods}));
    cache_.on_change(service_kind, [state](const Value& before, const Value& after) {
      if (!state->running) return;
      state->names.set_service(before, after);
      state->changed.notify();
    });
    cache_.on_change(slice_kind, [state](const Value& before, const Value& after) {
      if (!state->running) return;
      state->names.set_endpoint_slice(before, after);
      state->changed.notify();
    });
    cache_.on_change(pod_kind, [state](const Value& before, const Value& after) {
      if (!state->running) return;
      state->names.set_pod(before, after);
      if (has_host_ports(before) || has_host_ports(after)) state->changed.notify();
    });
  }

  // From here on the listeners keep it equal: no change can come between, there is no await.
  void know_all() {
    dns::Names& names = following_->names;
    names.clear();
    for (const Value& service : cache_.list(service_kind)) names.set_service(Value(), service);
    for (const Value& slice : cache_.list(slice_kind)) names.set_endpoint_slice(Value(), slice);
    for (const Value& pod : cache_.list(pod_kind)) names.set_pod(Value(), pod);
    following_->running = true;
    following_->changed.notify();
  }

  Task<void> keep_rules() {
    auto state = following_;
    std::vector<std::string> told;
    Duration delay = retry_delay_first;
    while (true) {
      auto woken = co_await state->changed.wait();
      if (!woken) co_return;
      auto slept = co_await runtime::sleep(batch_time);
      if (!slept) co_return;
      std::vector<std::string> problems;
      Ruleset wanted = Ruleset::of(rules_input(), &problems);
      if (problems != told) {
        for (const std::string& problem : problems) {
          if (std::find(told.begin(), told.end(), problem) == told.end())
            world_.log().write(runtime::LogLevel::warning, "network: " + problem);
        }
        told = std::move(problems);
      }
      std::string document = loaded_ ? wanted.changes_from(*loaded_) : wanted.document();
      if (document.empty()) continue;
      auto done = co_await load_rules(world_, std::move(document));
      if (done.failed_with(ErrorKind::canceled)) co_return;
      if (done) {
        loaded_ = std::move(wanted);
        delay = retry_delay_first;
        continue;
      }
      if (loaded_) {  // somebody else has changed our table, or flushed all of them: begin anew
        loaded_.reset();
        state->changed.notify();
        continue;
      }
      world_.log().write(
          runtime::LogLevel::error,
          fmt::format("network: the rules for services were not loaded, the former ones stay: {}; trying "
                      "again",
                      done.error().str()));
      slept = co_await runtime::sleep(delay);
      if (!slept) co_return;
      delay = std::min(delay * 2, retry_delay_max);
      state->changed.notify();
    }
  }

  // No object tells what others do to the machine.
  Task<void> look_after() {
    std::string told;
    while (true) {
      auto slept = co_await runtime::sleep(options_.look_time);
      if (!slept) co_return;
      auto looked = co_await look();
      if (looked.failed_with(ErrorKind::canceled)) co_return;
      std::string now = looked ? "" : looked.error().str();
      if (!now.empty() && now != told)
        world_.log().write(runtime::LogLevel::warning,
                           fmt::format("network: looking after rules and addresses: {}; trying again", now));
      told = now;
    }
  }

  Task<Result<>> look() {
    MachineState now = OR_CO_RETURN(co_await machine_state(world_));
    if (!is_set_up(wanted_machine(), now)) {
      world_.log().write(
          runtime::LogLevel::warning,
          fmt::format("network: the bridge {} or an address of ours is gone: making it again. Another program of this "
                      "machine takes it away; a network manager must be told to leave {} and lo alone",
                      bridge_name, bridge_name));
      OR_CO_RETURN(co_await set_up_machine(world_, wanted_machine()));
    }
    OR_CO_RETURN(set_forwarding(world_));
    bool there = OR_CO_RETURN(co_await has_rules(world_));
    if (there || !loaded_) co_return Result<>();  // what is not loaded yet is keep_rules()' to try
    world_.log().write(runtime::LogLevel::warning,
                       "network: the rules for services are gone (was nftables restarted?): loading them again");
    loaded_.reset();
    following_->changed.notify();
    co_return Result<>();
  }

  MachineOptions wanted_machine() const { return {ranges_->pods, ranges_->services, ranges_->dns_address}; }

  RulesInput rules_input() const {
    RulesInput input;
    input.pods = ranges_->pods;
    input.services = ranges_->services;
    input.dns_address = ranges_->dns_address;
    input.service_objects = cache_.list(service_kind);
    input.endpoint_slices = cache_.list(slice_kind);
    for (Value& pod : cache_.list(pod_kind)) {
      if (has_host_ports(pod)) input.pod_objects.push_back(std::move(pod));
    }
    return input;
  }

  Result<> write_cni(bool bridge_was_there) {
    std::string addresses = options_.cni_directory + "/addresses";
    // Without the bridge (after a boot, or `slipway down`) no pod can hold an address: what is written there is left
    // over, and would slowly eat the range.
    if (!bridge_was_there) OR_RETURN(world_.files().remove_tree(addresses));
    OR_RETURN(world_.files().make_directories(options_.cni_directory));
    std::string path = fmt::format("{}/{}", options_.cni_directory, cni_file);
    std::string wanted = cni_configuration(ranges_->pods, addresses);
    auto now = world_.files().read(path, 1 << 20);
    if (now && *now == wanted) return {};  // containerd watches the folder
    return world_.files().write_atomically(path, wanted, 0644);
  }

  World& world_;
  cluster::Cluster& cluster_;
  cluster::Cache& cache_;
  NetworkOptions options_;
  Result<Ranges> ranges_;
  std::shared_ptr<Following> following_;
  std::optional<Ruleset> loaded_;  // what the kernel has, as far as we know
};

}  // namespace

std::unique_ptr<Network> Network::create(World& world, cluster::Cluster& cluster, cluster::Cache& cache,
                                         NetworkOptions options) {
  auto ranges = read_ranges(options);
  return std::make_unique<RealNetwork>(world, cluster, cache, std::move(options), std::move(ranges));
}

std::vector<GroupVersionKind> needs() {
  return {service_kind, slice_kind, pod_kind};
}

Task<Result<>> clear(World& world) {
  return clear_machine(world);
}

}  // namespace slipway::network
