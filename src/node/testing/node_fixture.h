// A cluster in memory and one simulated node, on fake time: for tests of everything between an object and its status.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "node/agent.h"
#include "node/simulated/simulated.h"
#include "node/testing/pod_bench.h"
#include "sim/sim_world.h"
#include "store/store.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::node::testing {

struct NodeFixture {
  explicit NodeFixture(uint64_t seed = 1, simulated::SimulatedOptions defaults = {})
      : runtime_defaults(std::move(defaults)), world(seed), store(world.run(store::open_store(world, {})).value()) {
    cluster::EmbeddedOptions how = cluster_options();
    how.sign_token = [](const Value& claims) -> Result<std::string> {
      return fmt::format("token of {} until {}", claims["sub"].as_string(), claims["exp"].as_int());
    };
    cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog(), how).value();
    runtime = simulated::create(world, runtime_options());
    options.name = "n1";
    options.addresses = {"192.0.2.10"};
    options.data_directory = "/data";
    for (const char* name : {"default", "kube-node-lease"})
      write(cluster::create(Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}}));
    for (const Value& thing : namespace_things()) write(cluster::create(thing));
    start();
  }
  ~NodeFixture() {
    stop();
    cluster = nullptr;
    (void)world.run(store->close());
  }

  // The agent begins, or begins again as after a restart of this program.
  void start() {
    group = std::make_unique<TaskGroup>(world.executor());
    agent = NodeAgent::create(world, *cluster, *runtime, options);
    group->spawn(agent->run());
    world.run_for(300ms);
  }
  void stop() {
    if (!group) return;
    world.run(group->stop());
    group = nullptr;
    agent = nullptr;
  }

  Result<cluster::Written> try_write(cluster::Write w) { return world.run(cluster->write(std::move(w))); }
  Value write(cluster::Write w) {
    auto written = try_write(std::move(w));
    if (!written) FAIL(written.error().str());
    return written->object;
  }
  Value create(std::string_view yaml) { return write(cluster::create(value::parse_yaml(yaml).value())); }
  static cluster::ObjectKey key(std::string kind, std::string name) {
    return {{"", "v1", std::move(kind)}, "default", std::move(name)};
  }
  Value get(std::string kind, std::string name) {
    auto object = world.run(cluster->get(key(std::move(kind), std::move(name))));
    return object ? *object : Value();
  }
  Value pod(std::string name = "p") { return get("Pod", std::move(name)); }
  // Reason of a waiting container, "running", or "terminated/<exit code>".
  std::string state(std::string pod_name, std::string container) {
    Value p = pod(pod_name);
    for (const char* list : {"initContainerStatuses", "containerStatuses"})
      for (const Value& s : p["status"][list].items()) {
        if (s["name"].as_string() != container) continue;
        const Value& state = s["state"];
        if (state.has("running")) return "running";
        if (state.has("terminated")) return fmt::format("terminated/{}", state["terminated"]["exitCode"].as_int());
        return state["waiting"]["reason"].str("waiting");
      }
    return "none";
  }
  std::string condition(const Value& pod, std::string_view type) {
    for (const Value& c : pod["status"]["conditions"].items())
      if (c["type"].as_string() == type) return c["status"].str();
    return "absent";
  }
  // "Reason: message" of every Event about an object of that name, oldest first.
  std::vector<std::string> events(std::string name) {
    auto list = world.run(cluster->list({"", "v1", "Event"}, {})).value();
    std::vector<Value> found;
    for (const Value& e : list.items)
      if (e["involvedObject"]["name"].as_string() == name) found.push_back(e);
    std::ranges::sort(found, {}, [](const Value& e) { return kinds::revision_of(e); });
    std::vector<std::string> out;
    for (const Value& e : found) out.push_back(e["reason"].str() + ": " + e["message"].str());
    return out;
  }
  bool has_event(std::string name, std::string_view part) {
    for (const std::string& e : events(std::move(name)))
      if (e.find(part) != std::string::npos) return true;
    return false;
  }
  // Until `done`, at most `time` of fake time.
  bool eventually(std::function<bool()> done, Duration time = 30s) {
    for (Duration spent{}; spent <= time; spent += 50ms) {
      if (done()) return true;
      world.run_for(50ms);
    }
    return false;
  }

  simulated::SimulatedOptions runtime_options() {
    simulated::SimulatedOptions o = runtime_defaults;
    o.pull_fault = [this](const std::string& image) -> std::optional<Error> {
      auto it = pull_faults.find(image);
      if (it == pull_faults.end()) return std::nullopt;
      return Error(ErrorKind::not_found, it->second);
    };
    return o;
  }

  const simulated::SimulatedOptions runtime_defaults;
  sim::SimWorld world;
  std::map<std::string, std::string> pull_faults;  // image: the registry's words
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<simulated::SimulatedRuntime> runtime;
  NodeOptions options;
  std::unique_ptr<TaskGroup> group;
  std::unique_ptr<NodeAgent> agent;
};

}  // namespace slipway::node::testing
