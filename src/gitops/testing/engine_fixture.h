// For tests: a cluster in memory with its workload controllers, the GitOps engine over it, and repositories in memory,
// all on fake time. Pods are written by hand: run_pods() plays the node.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "apiserver/server.h"
#include "apiserver/testing/as_administrator.h"
#include "cluster/embedded/embedded.h"
#include "cluster/remote/remote.h"
#include "cluster/watched_kinds.h"
#include "gitops/application/application.h"
#include "gitops/engine.h"
#include "gitops/testing/fake_repositories.h"
#include "reconcile/reconcile.h"
#include "runtime/http.h"
#include "sim/sim_world.h"
#include "store/store.h"
#include "value/json.h"
#include "value/yaml.h"
#include "workloads/deployment/deployment.h"
#include "workloads/garbage/garbage.h"
#include "workloads/namespaces/namespaces.h"
#include "workloads/replicaset/replicaset.h"

namespace slipway::gitops::testing {

inline const std::string repository = "/srv/shop";

// remote: the engine sees the cluster through its HTTP API, as any Kubernetes.
enum class Reach { embedded, remote };

// A cluster that refuses some writes: a full disk, one that is away in that moment.
class RefusingCluster final : public cluster::Cluster {
 public:
  using Refuses = std::function<bool(const cluster::Write&)>;
  RefusingCluster(cluster::Cluster& below, const Refuses& refuses) : below_(below), refuses_(refuses) {}
  Task<Result<Value>> get(cluster::ObjectKey key) override { return below_.get(std::move(key)); }
  Task<Result<cluster::List>> list(cluster::GroupVersionKind kind, cluster::ListOptions options) override {
    return below_.list(std::move(kind), std::move(options));
  }
  Task<Result<std::unique_ptr<cluster::Watch>>> watch(cluster::GroupVersionKind kind,
                                                      cluster::WatchOptions options) override {
    return below_.watch(std::move(kind), std::move(options));
  }
  Task<Result<cluster::Written>> write(cluster::Write write) override {
    if (refuses_ && refuses_(write)) co_return fail(ErrorKind::io, "no space left on device");
    co_return co_await below_.write(std::move(write));
  }
  const kinds::Catalog& catalog() const override { return below_.catalog(); }
  std::string version() const override { return below_.version(); }

 private:
  cluster::Cluster& below_;
  const Refuses& refuses_;
};

struct EngineFixture {
  explicit EngineFixture(uint64_t seed = 1, Reach reach = Reach::embedded)
      : reach(reach), world(seed), store(world.run(store::open_store(world, {})).value()) {
    cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
    for (const char* name : {"default", "argocd", "shop"}) {
      write(cluster::create(Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}}));
    }
    start();
  }
  ~EngineFixture() {
    stop();
    cluster = nullptr;
    (void)world.run(store->close());
  }

  // The controllers begin, or begin again as after a restart of the program.
  void start() {
    group = std::make_unique<TaskGroup>(world.executor());
    cluster::Cluster* seen = cluster.get();
    if (reach == Reach::remote) seen = connect();
    refusing = std::make_unique<RefusingCluster>(*seen, refuses);
    seen = refusing.get();
    events = reconcile::make_recorder(world, *seen, *group, "slipway");
    cache = make_cache(*cluster);
    engine_cache = make_cache(*seen);
    reconcilers.push_back(std::make_unique<workloads::NamespaceReconciler>(world, *cluster, ""));
    reconcilers.push_back(std::make_unique<workloads::DeploymentReconciler>(world, *cluster, *events));
    reconcilers.push_back(std::make_unique<workloads::ReplicaSetReconciler>(world, *cluster, *events));
    reconcilers.push_back(std::make_unique<workloads::GarbageReconciler>(*cluster, *events));
    for (auto& reconciler : reconcilers) group->spawn(run_one(world, *cache, *reconciler));
    reconcilers.push_back(make_application_reconciler(world, *seen, *engine_cache, repositories, *events));
    group->spawn(run_one(world, *engine_cache, *reconcilers.back()));
    group->spawn(cache->run());
    group->spawn(engine_cache->run());
    world.run_for(300ms);
  }
  std::unique_ptr<cluster::Cache> make_cache(cluster::Cluster& of) {
    return cluster::make_cache(world, of, cluster::watched_kinds(of.catalog()));
  }
  cluster::Cluster* connect() {
    api = std::make_unique<apiserver::ApiServer>(world, *cluster, apiserver::ApiServerOptions{});
    auto listener = world.network().listen({"127.0.0.1", 8001});
    REQUIRE(listener.has_value());
    runtime::Handler handler = [below = api->handler()](runtime::Exchange& exchange) {
      return apiserver::testing::AsAdministrator::serve(below, exchange);
    };
    server = runtime::HttpServer::create(world, std::move(*listener), nullptr, std::move(handler));
    group->spawn(server->serve());
    auto connected = world.run(cluster::connect_remote(world, {.server = "http://127.0.0.1:8001"}));
    if (!connected) FAIL(connected.error().str());
    remote = std::move(*connected);
    return remote.get();
  }
  void stop() {
    if (!group) return;
    world.run(group->stop());
    group = nullptr;
    reconcilers.clear();
    engine_cache = nullptr;
    cache = nullptr;
    events = nullptr;
    refusing = nullptr;
    remote = nullptr;
    server = nullptr;
    api = nullptr;
  }
  static Task<void> run_one(World& world, cluster::Cache& cache, reconcile::Reconciler& reconciler) {
    co_await reconcile::run_controller(world, cache, reconciler);
  }

  Value write(cluster::Write w) {
    auto written = world.run(cluster->write(std::move(w)));
    if (!written) FAIL(written.error().str());
    return written->object;
  }
  Value create(std::string_view yaml) { return write(cluster::create(value::parse_yaml(yaml).value())); }
  Value get(std::string kind, std::string name, std::string ns = "shop") {
    const kinds::Kind* known = cluster->catalog().find_word(kind);
    REQUIRE(known);
    auto object = world.run(cluster->get({known->id, known->namespaced ? ns : "", std::move(name)}));
    return object ? *object : Value();
  }
  void patch(std::string kind, std::string name, std::string_view json, std::string ns = "shop",
             std::string subresource = "") {
    const kinds::Kind* known = cluster->catalog().find_word(kind);
    REQUIRE(known);
    write(cluster::merge_patch({known->id, known->namespaced ? ns : "", std::move(name)},
                               value::parse_json(json).value(), std::move(subresource)));
  }
  void remove(std::string kind, std::string name, std::string ns = "shop") {
    const kinds::Kind* known = cluster->catalog().find_word(kind);
    REQUIRE(known);
    write(cluster::remove({known->id, known->namespaced ? ns : "", std::move(name)}));
  }

  // An automated Application of `repository`, as `slipway up` makes it, into the namespace shop.
  Value application(std::string name = "shop", std::string path = ".") {
    Value app = application_for(name, repository, path, "main", "argocd");
    return app.with("/spec/destination/namespace", "shop");
  }
  void apply_application(Value app) {
    write(cluster::create(std::move(app)));
    settle();
  }
  std::string commit(Files files) {
    std::string sha = repositories.commit(repository, std::move(files));
    settle();
    return sha;
  }
  void settle(Duration d = 500ms) { world.run_for(d); }

  Value app(std::string name = "shop") { return get("Application", std::move(name), "argocd"); }
  Value status(std::string name = "shop") { return app(std::move(name))["status"]; }
  // "Synced/Healthy"
  std::string summary(std::string name = "shop") {
    Value s = status(std::move(name));
    return s["sync"]["status"].str() + "/" + s["health"]["status"].str();
  }
  std::string condition(std::string_view type, std::string name = "shop") {
    Value s = status(std::move(name));
    for (const Value& c : s["conditions"].items()) {
      if (c["type"].as_string() == type) return c["message"].str();
    }
    return "";
  }
  Value resource(std::string_view kind, std::string_view resource_name, std::string name = "shop") {
    Value s = status(std::move(name));
    for (const Value& r : s["resources"].items()) {
      if (r["kind"].as_string() == kind && r["name"].as_string() == resource_name) return r;
    }
    return Value();
  }
  // "Reason: message" of every Event about an object of that name, oldest first.
  std::vector<std::string> events_about(std::string name) {
    auto list = world.run(cluster->list({"", "v1", "Event"}, {})).value();
    std::vector<Value> found;
    for (const Value& e : list.items) {
      if (e["involvedObject"]["name"].as_string() == name) found.push_back(e);
    }
    std::ranges::sort(found, {}, [](const Value& e) { return kinds::revision_of(e); });
    std::vector<std::string> out;
    for (const Value& e : found) out.push_back(e["reason"].str() + ": " + e["message"].str());
    return out;
  }
  bool has_event(std::string name, std::string_view part) {
    for (const std::string& e : events_about(std::move(name))) {
      if (e.find(part) != std::string::npos) return true;
    }
    return false;
  }
  // All pods of the namespace run and are ready.
  void run_pods(std::string ns = "shop") {
    auto pods = world.run(cluster->list({"", "v1", "Pod"}, {.ns = ns}));
    for (const Value& pod : pods->items) {
      Value ready{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
      Value patch{{"status", Value{{"phase", "Running"}, {"conditions", Value::array({ready})}}}};
      write(cluster::merge_patch(cluster::ObjectKey::of(pod), patch, "status"));
    }
    settle();
  }

  const Reach reach;
  RefusingCluster::Refuses refuses;  // writes of the engine
  sim::SimWorld world;
  FakeRepositories repositories;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<RefusingCluster> refusing;
  std::unique_ptr<TaskGroup> group;
  std::unique_ptr<reconcile::EventRecorder> events;
  std::unique_ptr<cluster::Cache> cache, engine_cache;
  std::unique_ptr<apiserver::ApiServer> api;
  std::unique_ptr<runtime::HttpServer> server;
  std::unique_ptr<cluster::Cluster> remote;
  std::vector<std::unique_ptr<reconcile::Reconciler>> reconcilers;
};

}  // namespace slipway::gitops::testing
