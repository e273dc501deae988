// A control plane that runs for longer than its certificates last: on fake time, over a simulated network.
#include "slipway/wiring/control_plane.h"

#include <doctest/doctest.h>

#include "apiserver/kubeconfig.h"
#include "apiserver/tokens.h"
#include "cluster/remote/remote.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::wiring;

namespace {

constexpr Duration day = 24h;

UpOptions options() {
  return {.data = "/data",
          .listen = "127.0.0.1:6443",
          .kubeconfig = "/etc/kubeconfig",
          .node = NodeKind::none,
          .pod_cidr = "10.42.0.0/24",
          .service_cidr = "10.43.0.0/16"};
}

Task<bool> nobody(runtime::Exchange&) {
  co_return false;
}

struct Running {
  sim::SimWorld world{1, {.time_max = day * 365 * 5}};
  std::unique_ptr<ControlPlane> plane;
  TaskGroup group{world.executor()};

  Running() {
    for (const char* directory : {"/data", "/etc"}) REQUIRE(world.files().make_directories(directory).has_value());
    auto opened = world.run(open_control_plane(world, options(), nullptr, nobody));
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().str()));
    plane = std::move(*opened);
    group.spawn(plane->server->serve());
    group.spawn(keep_certificates(world, *plane, options()));
  }
  ~Running() {
    world.run(group.stop());
    CHECK(world.run(plane->store->close()).has_value());
  }
  apiserver::Connection connection() {
    auto read = apiserver::read_kubeconfig(world, "/etc/kubeconfig");
    REQUIRE(read.has_value());
    return *read;
  }
  // The status of a request over a connection of its own; 0 and less: there was none.
  int status(apiserver::Connection as, std::string* problem = nullptr) {
    auto client = runtime::HttpClient::create(world, {.base_url = as.server, .tls = as.tls});
    runtime::ClientRequest request{.url = "/api/v1/namespaces"};
    if (!as.bearer_token.empty()) request.headers.add("Authorization", "Bearer " + as.bearer_token);
    auto answered = world.run(client->send(std::move(request)));
    if (!answered && problem) *problem = answered.error().str();
    world.run(client->close());
    return answered ? answered->status : 0;
  }
  std::string token(Duration lasts) {
    auto seconds = [](WallTime t) {
      return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
    };
    Value claims{{"aud", Value::array({Value("https://kubernetes.default.svc")})},
                 {"sub", "system:serviceaccount:default:default"},
                 {"nbf", seconds(world.now())},
                 {"exp", seconds(world.now() + lasts)},
                 {"kubernetes.io", Value{{"namespace", "default"}}}};
    return apiserver::sign_token(plane->pki.service_accounts, claims).value();
  }
};

}  // namespace

TEST_CASE("a process that runs for three years is reached by who reads the kubeconfig anew") {
  Running running;
  auto first = running.connection();
  CHECK(running.status(first) == 200);
  auto pod = first;
  pod.tls.own = {};
  pod.bearer_token = running.token(day * 365 * 4);
  int by_token = running.status(pod);
  CHECK(by_token == 403);  // known, and without rights; 401 would be unknown

  running.world.run_for(day * 330);
  CHECK(running.connection().tls.own.certificate_pem == first.tls.own.certificate_pem);  // not before its time
  running.world.run_for(day * 20);
  auto second = running.connection();
  CHECK(second.tls.own.certificate_pem != first.tls.own.certificate_pem);
  CHECK(running.status(second) == 200);
  CHECK(running.status(first) == 200);  // a copy of the old one is good for its month
  running.world.run_for(day * 30);
  CHECK(running.status(first) != 200);  // nobody any more

  running.world.run_for(day * 365 * 2);
  std::string problem;
  CHECK_MESSAGE(running.status(running.connection(), &problem) == 200, problem);
  CHECK(running.status(pod) == by_token);
  CHECK(running.connection().tls.ca_pem == first.tls.ca_pem);
}

TEST_CASE("a clock that was days ahead or a year behind is put right: nobody is refused for long") {
  for (Duration off : {-day * 2, -day * 3, day * 400}) {
    Running running;
    CHECK(running.status(running.connection()) == 200);
    running.world.run_for(7min);
    running.world.jump_wall_clock(off);
    CHECK(running.status(running.connection()) == 0);  // no client believes a server from another time
    running.world.run_for(70s);
    std::string problem;
    CHECK_MESSAGE(running.status(running.connection(), &problem) == 200, problem);
  }
}

TEST_CASE("who drives a remote cluster for years takes its renewed certificates and tokens") {
  Running running;
  sim::SimWorld& world = running.world;
  auto access = [&]() -> Result<cluster::RemoteOptions> {
    auto read = OR_RETURN(apiserver::read_kubeconfig(world, "/etc/kubeconfig"));
    return cluster::RemoteOptions{.server = read.server, .tls = read.tls, .bearer_token = read.bearer_token};
  };
  auto connect = [&](bool reads_again) {
    cluster::RemoteOptions options = access().value();
    if (reads_again) options.again = access;
    auto connected = world.run(cluster::connect_remote(world, std::move(options)));
    REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().str()));
    return std::move(*connected);
  };
  auto once = connect(false), anew = connect(true);
  const cluster::ObjectKey key{{"", "v1", "Namespace"}, "", "kept"};
  auto made = world.run(anew->write(
      cluster::create(Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", "kept"}}}})));
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().str()));
  // A watch that began with the first certificate goes on when the second one is taken.
  world.run_for(day * 349);
  auto watch = world.run(anew->watch(key.kind, {}));
  REQUIRE(watch.has_value());
  CHECK(world.run((*watch)->next()).has_value());
  world.run_for(day * 31);
  CHECK_FALSE(world.run(once->get(key)).has_value());
  auto got = world.run(anew->get(key));
  CHECK_MESSAGE(got.has_value(), (got ? "" : got.error().str()));
  // A file that is just being written: what was good stays so.
  std::string whole = world.files().read("/etc/kubeconfig").value();
  REQUIRE(world.files().write_atomically("/etc/kubeconfig", "{").has_value());
  world.run_for(5min);
  CHECK(world.run(anew->get(key)).has_value());
  REQUIRE(world.files().write_atomically("/etc/kubeconfig", whole).has_value());
  world.run_for(5min);
  CHECK(world.run(anew->get(key)).has_value());
}

TEST_CASE("while the disk is full nothing is renewed by halves, and all of it once there is room") {
  Running running;
  auto first = running.connection();
  running.world.run_for(day * 330);
  running.world.disk().faults.full = true;
  running.world.run_for(day * 20);
  CHECK(running.world.logged("certificates end soon, and cannot be made anew"));
  CHECK(running.status(first) == 200);
  running.world.disk().faults.full = false;
  running.world.run_for(1h);
  CHECK(running.connection().tls.own.certificate_pem != first.tls.own.certificate_pem);
  CHECK(running.status(running.connection()) == 200);
}

TEST_CASE("certificates that are gone beside a database are made anew, and what ends with them is told") {
  auto run = [](sim::SimWorld& world) {
    auto plane = world.run(open_control_plane(world, options(), nullptr, nobody));
    REQUIRE_MESSAGE(plane.has_value(), (plane ? "" : plane.error().str()));
    CHECK(world.run((*plane)->store->close()).has_value());
  };
  for (bool keeps_token_key : {false, true}) {
    CAPTURE(keeps_token_key);
    sim::SimWorld world{1};
    for (const char* directory : {"/data", "/etc"}) REQUIRE(world.files().make_directories(directory).has_value());
    run(world);
    run(world);
    CHECK_FALSE(world.logged("a new authority was made"));  // a first start says nothing, nor one that finds all
    CHECK_FALSE(world.logged("service-accounts.key"));
    std::string key = world.files().read("/data/pki/service-accounts.key").value();
    REQUIRE(world.files().remove_tree("/data/pki").has_value());
    if (keeps_token_key) {
      REQUIRE(world.files().make_directories("/data/pki").has_value());
      REQUIRE(world.files().write_atomically("/data/pki/service-accounts.key", key).has_value());
    }
    run(world);
    CHECK(world.logged("/data/pki: the certificates of this cluster are missing, and a new authority was made"));
    CHECK(world.logged("Every kubeconfig handed out before is refused"));
    CHECK(world.logged("every service account token of before is refused") == !keeps_token_key);
  }
}
