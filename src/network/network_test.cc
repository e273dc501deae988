// What prepare() and clear() say when the machine does not let them, on a simulated one.
#include "network/network.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "network/cni.h"
#include "network/kube_dns.h"
#include "sim/sim_world.h"
#include "store/store.h"

namespace slipway::network {

namespace {

using sim::SimWorld;

void install_plugins(SimWorld& world) {
  REQUIRE(world.files().make_directories(std::string(cni_plugins_directory)).has_value());
  for (std::string plugin : {"bridge", "host-local", "loopback"})
    REQUIRE(world.files().write_atomically(fmt::format("{}/{}", cni_plugins_directory, plugin), "", 0755).has_value());
}

// `ip -j addr show` answers `shown`; everything else of ip and nft ends with `complaint`.
void play_tools(SimWorld& world, std::string shown, std::string complaint) {
  auto answer = [=](const runtime::Command& command, const std::string&) {
    bool asks = command.argv.size() > 1 && command.argv[1] == "-j" && command.argv[0] == "ip";
    return asks ? runtime::Finished{{0, 0}, shown, ""} : runtime::Finished{{1, 0}, "", complaint};
  };
  world.programs().on_command("ip", answer);
  world.programs().on_command("nft", answer);
}

void check_prepare(SimWorld& world, NetworkOptions options, ErrorKind kind, std::string_view said) {
  auto store = world.run(store::open_store(world, {})).value();
  auto cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
  auto cache = cluster::make_cache(world, *cluster, needs());
  options.cni_directory = "/data/cni";
  auto network = Network::create(world, *cluster, *cache, options);
  auto prepared = world.run(network->prepare());
  REQUIRE_FALSE(prepared.has_value());
  CHECK(prepared.error().is(kind));
  CHECK_MESSAGE(prepared.error().str().find(said) != std::string::npos, prepared.error().str());
  CHECK(world.run(store->close()).has_value());
}

}  // namespace

TEST_CASE("what is missing is named with its package") {
  SimWorld world(1);
  check_prepare(world, {}, ErrorKind::not_found, "containernetworking-plugins");
  install_plugins(world);
  check_prepare(world, {}, ErrorKind::not_found, "iproute2");
  play_tools(world, "[]", "RTNETLINK answers: Operation not permitted");
  check_prepare(world, {}, ErrorKind::forbidden, "needs root");
}

TEST_CASE("ranges that cannot work are refused before anything is touched") {
  SimWorld world(1);
  auto refused = [&](NetworkOptions options, std::string_view said) {
    check_prepare(world, options, ErrorKind::bad_request, said);
  };
  refused({.pod_cidr = "10.42.0.0"}, "the range of pods");
  refused({.pod_cidr = "10.43.7.0/24"}, "overlap");
  refused({.pod_cidr = "10.42.0.0/31"}, "between /8 and /29");
  refused({.service_cidr = "fd00::/112"}, "the range of services");
  refused({.cluster_domain = "a..b"}, "cluster domain");
  refused({.dns_service_address = "10.44.0.10"}, "10.43.0.0/16");
  CHECK(world.programs().started().empty());
}

TEST_CASE("clear: nothing there is fine, also for those who may not look") {
  SimWorld world(1);
  CHECK(world.run(clear(world)).has_value());  // no tools at all
  play_tools(world, "[]", "Operation not permitted (you must be root)");
  CHECK(world.run(clear(world)).has_value());
  play_tools(world, R"([{"ifname":"slipway0","addr_info":[]}])", "Operation not permitted (you must be root)");
  auto cleared = world.run(clear(world));
  REQUIRE_FALSE(cleared.has_value());
  CHECK(cleared.error().is(ErrorKind::forbidden));
}

TEST_CASE("kube-dns is made once, repaired, and moves with the range") {
  SimWorld world(1);
  auto store = world.run(store::open_store(world, {})).value();
  auto cluster =
      cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog(), {.service_cidr = "10.0.0.0/8"});
  REQUIRE(cluster.has_value());
  CHECK(world.run(make_kube_dns(**cluster, "10.43.0.10")).failed_with(ErrorKind::not_found));  // no namespace yet
  Value ns{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", "kube-system"}}}};
  REQUIRE(world.run((*cluster)->write(cluster::create(ns))).has_value());
  cluster::ObjectKey key{{"", "v1", "Service"}, "kube-system", "kube-dns"};
  auto stored = [&] { return world.run((*cluster)->get(key)).value(); };
  auto made = [&](std::string address) {
    auto done = world.run(make_kube_dns(**cluster, address));
    REQUIRE_MESSAGE(done.has_value(), done.error().str());
    return stored();
  };
  Value first = made("10.43.0.10");
  CHECK(first["spec"]["clusterIP"].str() == "10.43.0.10");
  CHECK(made("10.43.0.10")["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]);
  Value patch{{"spec", Value{{"ports", Value::array({Value{{"name", "dns"}, {"port", 54}}})}}}};
  REQUIRE(world.run((*cluster)->write(cluster::merge_patch(key, patch))).has_value());
  CHECK(made("10.43.0.10")["spec"]["ports"][0]["port"].as_int() == 53);
  CHECK(made("10.50.0.10")["spec"]["clusterIP"].str() == "10.50.0.10");
  CHECK(world.run(store->close()).has_value());
}

namespace {

// The machine's rules, addresses and settings, as far as run() looks after them.
struct PlayedMachine {
  bool has_table = false, has_dns = false;
  int loads = 0, repairs = 0;

  void play(SimWorld& world) {
    world.programs().on_command("ip", [this](const runtime::Command& command, const std::string& input) {
      if (command.argv[1] == "-batch") {
        ++repairs;
        has_dns |= input.find("addr add 10.43.0.10/32 dev lo") != input.npos;
        return runtime::Finished{{0, 0}, "", ""};
      }
      std::string lo = has_dns ? R"({"family":"inet","local":"10.43.0.10","prefixlen":32,"label":"lo:slipway"})" : "";
      std::string shown = fmt::format(R"([{{"ifname":"lo","addr_info":[{}]}},)", lo) +
                          R"({"ifname":"slipway0","flags":["BROADCAST","UP"],"addr_info":[)"
                          R"({"family":"inet","local":"10.42.0.1","prefixlen":24,"label":"slipway0"}]}])";
      return runtime::Finished{{0, 0}, shown, ""};
    });
    world.programs().on_command("nft", [this](const runtime::Command& command, const std::string& input) {
      bool whole = input.find(R"("add":{"table")") != input.npos;
      if (command.argv[2] == "-f") {
        if (!whole && !has_table) return runtime::Finished{{1, 0}, "", "No such file or directory"};
        has_table = true;
        ++loads;
        return runtime::Finished{{0, 0}, "", ""};
      }
      return runtime::Finished{
          {0, 0}, has_table ? R"({"nftables":[{"table":{"family":"ip","name":"slipway","handle":3}}]})" : "{}", ""};
    });
    for (std::string name :
         {"ip_forward", "conf/slipway0/route_localnet", "conf/all/send_redirects", "conf/slipway0/send_redirects"}) {
      std::string path = "/proc/sys/net/ipv4/" + name;
      REQUIRE(world.files().make_directories(path.substr(0, path.rfind('/'))).has_value());
      REQUIRE(world.files().write_atomically(path, "1\n").has_value());
    }
  }
};

Task<void> run_network(Network* network) {
  co_await network->run();
}
Task<void> run_cache(cluster::Cache* cache) {
  co_await cache->run();
}

}  // namespace

TEST_CASE("what others take from the machine comes back within a minute, without a change of any object") {
  SimWorld world(1);
  install_plugins(world);
  PlayedMachine machine;
  machine.play(world);
  auto store = world.run(store::open_store(world, {})).value();
  auto cluster =
      cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog(), {.service_cidr = "10.43.0.0/16"}).value();
  Value ns{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", "kube-system"}}}};
  REQUIRE(world.run(cluster->write(cluster::create(ns))).has_value());
  auto cache = cluster::make_cache(world, *cluster, needs());
  auto network = Network::create(world, *cluster, *cache, {.cni_directory = "/data/cni"});
  auto prepared = world.run(network->prepare());
  REQUIRE_MESSAGE(prepared.has_value(), prepared.error().str());
  TaskGroup group(world.executor());
  group.spawn(run_cache(cache.get()));
  group.spawn(run_network(network.get()));
  world.run_for(150s);
  CHECK(machine.has_table);
  int loads = machine.loads, repairs = machine.repairs;
  world.run_for(300s);
  CHECK(machine.loads == loads);  // all is well: only looked at
  CHECK(machine.repairs == repairs);

  machine.has_table = machine.has_dns = false;
  REQUIRE(world.files().write_atomically("/proc/sys/net/ipv4/ip_forward", "0\n").has_value());
  world.run_for(65s);
  CHECK(machine.has_table);
  CHECK(machine.has_dns);
  CHECK(world.files().read("/proc/sys/net/ipv4/ip_forward", 64).value().starts_with("1"));
  CHECK(machine.loads == loads + 1);
  CHECK(world.logged("the rules for services are gone"));
  world.run(group.stop());
  CHECK(world.run(store->close()).has_value());
}

}  // namespace slipway::network
