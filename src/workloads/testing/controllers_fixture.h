// For tests: a cluster in memory with all workload controllers on fake time. Pods are placed on a node written by hand;
// run_pods() plays its kubelet.
#pragma once

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "cluster/embedded/embedded.h"
#include "sim/sim_world.h"
#include "value/json.h"
#include "value/yaml.h"
#include "workloads/deployment/deployment.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/garbage/garbage.h"
#include "workloads/namespaces/namespaces.h"
#include "workloads/nodes/nodes.h"
#include "workloads/replicaset/replicaset.h"
#include "workloads/scheduler/scheduler.h"

namespace slipway::workloads::testing {

struct ControllersFixture {
  explicit ControllersFixture(uint64_t seed = 1)
      : world(seed), store(world.run(store::open_store(world, {})).value()), group(world.executor()) {
    cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
    create("{apiVersion: v1, kind: Namespace, metadata: {name: default}}");
    create("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
    events = reconcile::make_recorder(world, *cluster, group, "test");
    add(std::make_unique<NamespaceReconciler>(world, *cluster, "the CA"));
    add(std::make_unique<DeploymentReconciler>(world, *cluster, *events));
    add(std::make_unique<ReplicaSetReconciler>(world, *cluster, *events));
    add(std::make_unique<EndpointsReconciler>(*cluster));
    add(std::make_unique<GarbageReconciler>(*cluster, *events));
    add(std::make_unique<SchedulerReconciler>(world, *cluster, *events));
    add(std::make_unique<NodeReconciler>(*cluster));
    std::vector<kinds::GroupVersionKind> kinds;
    for (const kinds::Kind* kind : cluster->catalog().all()) {
      bool watched = std::ranges::find(kind->verbs, "watch") != kind->verbs.end();
      bool preferred = cluster->catalog().find_kind(kind->id.group, kind->id.kind) == kind;
      if (watched && preferred && kind->id.kind != "Event") kinds.push_back(kind->id);
    }
    cache = cluster::make_cache(world, *cluster, std::move(kinds));
    for (auto& reconciler : reconcilers) group.spawn(run_one(world, *cache, *reconciler));
    group.spawn(cache->run());
    settle();
  }
  ~ControllersFixture() {
    world.run(group.stop());
    reconcilers.clear();
    cache = nullptr;
    events = nullptr;
    cluster = nullptr;
    (void)world.run(store->close());
  }
  void settle(Duration d = 300ms) { world.run_for(d); }

  Value write(cluster::Write w) {
    auto written = world.run(cluster->write(std::move(w)));
    if (!written) FAIL(written.error().str());
    return written->object;
  }
  Value create(std::string_view yaml) { return write(cluster::create(value::parse_yaml(yaml).value())); }
  cluster::ObjectKey key(std::string_view word, std::string name, std::string ns = "shop") {
    const kinds::Kind* kind = cluster->catalog().find_word(word);
    REQUIRE(kind);
    return {kind->id, kind->namespaced ? ns : "", std::move(name)};
  }
  Value get(std::string_view word, std::string name, std::string ns = "shop") {
    auto object = world.run(cluster->get(key(word, std::move(name), std::move(ns))));
    return object ? *object : Value();
  }
  std::vector<Value> list(std::string_view word, std::string ns = "shop") {
    return world.run(cluster->list(key(word, "").kind, {.ns = std::move(ns)})).value().items;
  }
  void patch(std::string_view word, std::string name, std::string_view yaml, std::string sub = "",
             std::string ns = "shop") {
    write(cluster::merge_patch(key(word, std::move(name), std::move(ns)), value::parse_yaml(yaml).value(),
                               std::move(sub)));
    settle();
  }
  void remove(std::string_view word, std::string name, cluster::Propagation how = cluster::Propagation::background,
              std::string ns = "shop") {
    write(cluster::remove(key(word, std::move(name), std::move(ns)), how));
    settle();
  }
  // Pods run and are ready, with an address each; those that are going are gone.
  void run_pods(std::string ns = "shop") {
    for (const Value& pod : list("pods", ns)) {
      if (!pod["metadata"]["deletionTimestamp"].is_null()) {
        cluster::Write gone = cluster::remove(cluster::ObjectKey::of(pod));
        gone.grace_period_s = 0;
        write(std::move(gone));
        continue;
      }
      if (!pod["status"]["podIP"].is_null()) continue;
      Value ready{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", base::format_rfc3339(world.now())}};
      Value status{{"phase", "Running"},
                   {"podIP", fmt::format("10.42.0.{}", ++addresses)},
                   {"conditions", Value::array({ready})}};
      write(cluster::merge_patch(cluster::ObjectKey::of(pod), Value{{"status", status}}, "status"));
    }
    settle();
  }
  // Until nothing moves any more.
  void roll(std::string ns = "shop") {
    for (int i = 0; i < 30; ++i) run_pods(ns);
  }

  sim::SimWorld world;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  TaskGroup group;
  std::unique_ptr<reconcile::EventRecorder> events;
  std::unique_ptr<cluster::Cache> cache;
  std::vector<std::unique_ptr<reconcile::Reconciler>> reconcilers;
  int addresses = 0;

 private:
  void add(std::unique_ptr<reconcile::Reconciler> reconciler) { reconcilers.push_back(std::move(reconciler)); }
  static Task<void> run_one(World& world, cluster::Cache& cache, reconcile::Reconciler& reconciler) {
    co_await reconcile::run_controller(world, cache, reconciler);
  }
};

}  // namespace slipway::workloads::testing
