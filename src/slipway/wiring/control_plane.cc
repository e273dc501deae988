#include "slipway/wiring/control_plane.h"

#include "apiserver/kubeconfig.h"
#include "apiserver/tokens.h"
#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "value/yaml.h"

namespace slipway::wiring {

namespace {

// Waiting is steady time, which knows nothing of a clock that is put right: until then clients are refused.
constexpr Duration clock_look_after = 1min;
constexpr Duration renewal_again_after = 1h;

// The first address of a range: of services, the API server's own; of pods, their gateway.
std::string first_address(const std::string& cidr) {
  auto parts = base::split(std::string_view(cidr).substr(0, cidr.find('/')), '.');
  unsigned last = static_cast<unsigned>(base::parse_int(parts[3]).value_or(0)) + 1;
  return fmt::format("{}.{}.{}.{}", parts[0], parts[1], parts[2], last);
}

// IPv6 listeners take IPv4 too.
bool is_every_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

Task<Result<>> create_missing(cluster::Cluster& cluster, Value object) {
  auto there = co_await cluster.get(cluster::ObjectKey::of(object));
  if (there) co_return Result<>();
  auto made = co_await cluster.write(cluster::create(std::move(object)));
  if (!made && !made.error().is(ErrorKind::already_exists)) co_return made.error();
  co_return Result<>();
}

// Whether it says nothing but what write_kubeconfig() has written, perhaps long ago.
bool is_ours(const std::string& text) {
  auto config = value::parse_yaml(text, "");
  if (!config) return false;
  for (const char* field : {"clusters", "users", "contexts"})
    for (const Value& entry : (*config)[field].items())
      if (entry["name"].as_string() != "slipway") return false;
  return (*config)["kind"].as_string() == "Config";
}

// Outside of the data directory only what it wrote itself is replaced. Errors: conflict.
Result<> write_kubeconfig(World& world, const UpOptions& options, const std::string& url, const apiserver::Pki& pki) {
  const std::string& path = options.kubeconfig;
  bool elsewhere = path != options.data + "/kubeconfig";
  std::string text = value::to_yaml(apiserver::kubeconfig("slipway", url, pki.ca.certificate_pem, pki.admin));
  if (auto there = world.files().stat(path); elsewhere && there && there->kind != runtime::FileStat::Kind::file)
    return fail(ErrorKind::conflict, "--kubeconfig {}: not a file; name one that is not there yet", path);
  std::string before = world.files().read(path, 1 << 20).value_or("");
  // On a full disk nothing can be written, and what stands there may still be right.
  if (before == text) return {};
  if (elsewhere && !before.empty() && !is_ours(before))
    return fail(ErrorKind::conflict,
                "--kubeconfig {}: it holds something else than this cluster, and is left as it is; name a file of its "
                "own, and join several with KUBECONFIG=FILE:FILE",
                path);
  return world.files().write_atomically(path, text, 0600);
}

// All of it, or it is tried again: the plane keeps the old ones until then.
Result<> renew_certificates(World& world, ControlPlane& plane, const UpOptions& options) {
  apiserver::Pki pki = plane.pki;
  OR_RETURN(apiserver::renew_pki(world, plane.pki_options, pki));
  OR_RETURN(plane.tls->replace(pki.server));
  OR_RETURN(write_kubeconfig(world, options, plane.url, pki));
  plane.pki.server = std::move(pki.server);
  plane.pki.admin = std::move(pki.admin);
  return {};
}

}  // namespace

Task<Result<std::unique_ptr<ControlPlane>>> open_control_plane(
    World& world, UpOptions options, apiserver::PodStreams* streams,
    std::function<Task<bool>(runtime::Exchange&)> other_paths) {
  auto plane = std::make_unique<ControlPlane>();
  auto address = OR_CO_RETURN(runtime::Address::parse(options.listen));
  auto listener = world.network().listen(address);
  if (!listener) {
    co_return std::move(listener.error())
        .context(fmt::format("--listen {} (taken? another Slipway? choose another: --listen 127.0.0.1:7443)",
                             options.listen));
  }
  const std::string database = options.data + "/slipway.db";
  apiserver::PkiOptions pki{.directory = options.data + "/pki"};
  pki.server_names = {"localhost",
                      "127.0.0.1",
                      "kubernetes",
                      "kubernetes.default",
                      "kubernetes.default.svc",
                      "kubernetes.default.svc.cluster.local",
                      first_address(options.service_cidr),
                      first_address(options.pod_cidr)};
  if (address.host != "127.0.0.1" && !is_every_address(address.host)) pki.server_names.push_back(address.host);
  pki.cluster_exists = world.files().exists(database);
  plane->pki = OR_CO_RETURN(apiserver::open_pki(world, pki));
  plane->pki_options = std::move(pki);

  auto opened = co_await store::open_store(world, {.path = database, .key_file = options.data + "/encryption.keys"});
  if (!opened) co_return opened.error();
  plane->store = std::move(*opened);
  auto sign = [key = &plane->pki.service_accounts](const Value& claims) { return apiserver::sign_token(*key, claims); };
  auto cluster = cluster::make_embedded_cluster(world, *plane->store, kinds::builtin_catalog(),
                                                {.service_cidr = options.service_cidr, .sign_token = sign});
  if (!cluster) co_return cluster.error();
  plane->cluster = std::move(*cluster);

  std::string host = is_every_address(address.host) ? "127.0.0.1" : address.host;
  std::string where = runtime::Address{host, (*listener)->local().port, {}}.str();
  plane->url = "https://" + where;
  ControlPlane* raw = plane.get();
  apiserver::ApiServerOptions api{.server_address = where, .streams = streams, .ready = [raw] { return raw->ready; }};
  api.service_account_key = &plane->pki.service_accounts;
  api.other_paths = std::move(other_paths);
  plane->api = std::make_unique<apiserver::ApiServer>(world, *plane->cluster, std::move(api));
  plane->tls = OR_CO_RETURN(runtime::TlsServerContext::create(world, plane->pki.server, plane->pki.ca.certificate_pem));
  plane->server = runtime::HttpServer::create(world, std::move(*listener), plane->tls, plane->api->handler(),
                                              {.connections_max = options.connections_max});

  OR_CO_RETURN(write_kubeconfig(world, options, plane->url, plane->pki));
  co_return plane;
}

// Ends when `wait` is over, or a minute after the clock was set. Canceled: an error.
static Task<Result<>> wait_unless_clock_set(World& world, Duration wait) {
  auto offset = [&world] { return world.now().time_since_epoch() - world.steady_now().time_since_epoch(); };
  const auto before = offset();
  for (SteadyTime end = world.steady_now() + wait; world.steady_now() < end;) {
    OR_CO_RETURN(co_await runtime::sleep(std::min(end - world.steady_now(), clock_look_after)));
    if (std::chrono::abs(offset() - before) > clock_look_after) break;
  }
  co_return Result<>();
}

Task<void> keep_certificates(World& world, ControlPlane& plane, UpOptions options) {
  while (true) {
    Duration left = apiserver::until_renewal(plane.pki, world.now());
    if (left == Duration{}) {
      auto renewed = renew_certificates(world, plane, options);
      if (renewed) {
        world.log().write(runtime::LogLevel::info, "control plane: certificates and kubeconfig made anew");
        continue;
      }
      world.log().write(runtime::LogLevel::error,
                        "control plane: certificates end soon, and cannot be made anew: " + renewed.error().str());
      left = renewal_again_after;
    }
    if (!co_await wait_unless_clock_set(world, left)) co_return;
  }
}

Task<Result<>> serve_pods(World& world, ControlPlane& plane, UpOptions options) {
  std::string host = first_address(options.pod_cidr);
  uint16_t port = plane.server->local().port;
  if (!is_every_address(OR_CO_RETURN(runtime::Address::parse(options.listen)).host)) {
    auto listener = world.network().listen(OR_CO_RETURN(runtime::Address::parse(fmt::format("{}:{}", host, port))));
    if (!listener) co_return std::move(listener.error()).context("listening for pods");
    plane.pod_server = runtime::HttpServer::create(world, std::move(*listener), plane.tls, plane.api->handler(),
                                                   {.connections_max = options.connections_max});
  }
  Value name{{"name", "kubernetes"}, {"namespace", "default"}};
  Value at{{"name", "https"}, {"port", static_cast<int64_t>(port)}, {"protocol", "TCP"}};
  Value addresses = Value::array({Value{{"ip", host}}});
  Value subset{{"addresses", addresses}, {"ports", Value::array({at})}};
  Value endpoints{{"apiVersion", "v1"},
                  {"kind", "Endpoints"},
                  {"metadata", name.with("/labels", Value{{"endpointslice.kubernetes.io/skip-mirror", "true"}})},
                  {"subsets", Value::array({subset})}};
  Value endpoint{{"addresses", Value::array({Value(host)})}, {"conditions", Value{{"ready", true}}}};
  Value slice{{"apiVersion", "discovery.k8s.io/v1"},
              {"kind", "EndpointSlice"},
              {"metadata", name.with("/labels", Value{{"kubernetes.io/service-name", "kubernetes"}})},
              {"addressType", "IPv4"},
              {"endpoints", Value::array({endpoint})},
              {"ports", Value::array({at})}};
  for (const Value& object : {endpoints, slice}) {
    auto there = co_await plane.cluster->get(cluster::ObjectKey::of(object));
    auto written = co_await plane.cluster->write(there ? cluster::update(object) : cluster::create(object));
    if (!written) co_return std::move(written.error()).context("writing the endpoints of the API server");
  }
  co_return Result<>();
}

Task<Result<>> make_bootstrap_objects(World& world, cluster::Cluster& cluster, UpOptions options) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease", "argocd"}) {
    OR_CO_RETURN(co_await create_missing(
        cluster, Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}}));
  }
  Value labels{{"component", "apiserver"}, {"provider", "kubernetes"}};
  auto address = OR_CO_RETURN(runtime::Address::parse(options.listen));
  Value port{{"name", "https"}, {"port", 443}, {"protocol", "TCP"}, {"targetPort", static_cast<int64_t>(address.port)}};
  OR_CO_RETURN(co_await create_missing(
      cluster, Value{{"apiVersion", "v1"},
                     {"kind", "Service"},
                     {"metadata", Value{{"name", "kubernetes"}, {"namespace", "default"}, {"labels", labels}}},
                     {"spec", Value{{"type", "ClusterIP"},
                                    {"clusterIP", first_address(options.service_cidr)},
                                    {"ports", Value::array({port})}}}}));
  co_return Result<>();
}

}  // namespace slipway::wiring
