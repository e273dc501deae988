// A cluster in memory with one node, for coroutines that run in any World: real containers or simulated ones. What a
// test asks for in vain is reported with the pod's status and Events, so that a failure explains itself.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "node/agent.h"
#include "store/store.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::node::testing {

// Tokens that tell whom they are for, instead of signed ones.
inline cluster::EmbeddedOptions cluster_options() {
  cluster::EmbeddedOptions o;
  o.sign_token = [](const Value& claims) -> Result<std::string> { return "token of " + claims["sub"].str(); };
  return o;
}
// What every namespace has before pods come to it.
inline std::vector<Value> namespace_things() {
  Value meta{{"namespace", "default"}};
  return {Value{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", meta.with_member("name", "default")}},
          Value{{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", meta.with_member("name", "kube-root-ca.crt")},
                {"data", Value{{"ca.crt", "authority"}}}}};
}

class PodBench {
 public:
  PodBench(World& world, PodRuntime& runtime, NodeOptions options, std::string image)
      : world(world), runtime(runtime), options(std::move(options)), image(std::move(image)) {}

  Task<void> open() {
    auto opened = co_await store::open_store(world, {});
    store_ = std::move(*opened);
    cluster = cluster::make_embedded_cluster(world, *store_, kinds::builtin_catalog(), cluster_options()).value();
    for (const char* name : {"default", "kube-node-lease"})
      co_await write(
          cluster::create(Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}}));
    for (const Value& thing : namespace_things()) co_await write(cluster::create(thing));
    co_await start();
  }
  Task<void> close() {
    co_await stop();
    cluster = nullptr;
    (void)co_await store_->close();
  }
  // The agent begins, or begins again as after a restart of this program.
  Task<void> start() {
    group_ = std::make_unique<TaskGroup>(world.executor());
    agent = NodeAgent::create(world, *cluster, runtime, options);
    group_->spawn(agent->run());
    (void)co_await runtime::sleep(50ms);
  }
  Task<void> stop() {
    if (!group_) co_return;
    co_await group_->stop();
    group_ = nullptr;
    agent = nullptr;
  }

  Task<Value> write(cluster::Write w) {
    auto written = co_await cluster->write(std::move(w));
    CHECK_MESSAGE(written.has_value(), (written ? std::string() : written.error().str()));
    co_return written ? written->object : Value();
  }
  // IMAGE in the text is the image that every bench has.
  Task<Value> create(std::string yaml) {
    auto object = value::parse_yaml(base::replace_all(std::move(yaml), "IMAGE", image));
    CHECK_MESSAGE(object.has_value(), (object ? std::string() : object.error().str()));
    if (!object) co_return Value();
    co_return co_await write(cluster::create(*object));
  }
  static cluster::ObjectKey key(std::string kind, std::string name) {
    return {{"", "v1", std::move(kind)}, "default", std::move(name)};
  }
  Task<Value> get(std::string kind, std::string name) {
    auto object = co_await cluster->get(key(std::move(kind), std::move(name)));
    co_return object ? *object : Value();
  }
  Task<Value> pod(std::string name) { return get("Pod", std::move(name)); }
  Task<void> remove(std::string name, std::optional<int64_t> grace_s = {}) {
    cluster::Write w = cluster::remove(key("Pod", std::move(name)));
    w.grace_period_s = grace_s;
    co_await write(std::move(w));
  }

  // Reason of a waiting container, "running", "ready", or "terminated/<exit code>"; "none".
  static std::string state_of(const Value& pod, std::string_view container) {
    const Value& s = status_of(pod, container);
    if (s.is_null()) return "none";
    if (s["state"].has("running")) return s["ready"].as_bool() ? "ready" : "running";
    if (s["state"].has("terminated"))
      return fmt::format("terminated/{}", s["state"]["terminated"]["exitCode"].as_int());
    return s["state"]["waiting"]["reason"].str("waiting");
  }
  static const Value& status_of(const Value& pod, std::string_view container) {
    static const Value none;
    for (const char* list : {"initContainerStatuses", "containerStatuses"})
      for (const Value& s : pod["status"][list].items())
        if (s["name"].as_string() == container) return s;
    return none;
  }
  static std::string condition(const Value& pod, std::string_view type) {
    for (const Value& c : pod["status"]["conditions"].items())
      if (c["type"].as_string() == type) return c["status"].str();
    return "absent";
  }

  // Waits; a failed check with the pod's story when the time is over.
  Task<bool> pod_becomes(std::string name, std::string what, std::function<bool(const Value&)> holds,
                         Duration time_max = 20s) {
    Value last;
    for (Duration spent{}; spent <= time_max; spent += 20ms) {
      last = co_await pod(name);
      if (holds(last)) co_return true;
      (void)co_await runtime::sleep(20ms);
    }
    auto told = co_await events(name);
    FAIL_CHECK("pod " << name << " never became " << what << ":\n"
                      << value::to_json(last["status"]) << "\n"
                      << base::join(told, "\n"));
    co_return false;
  }
  // "ready", "running", "CrashLoopBackOff", "terminated/1", ... of the container named like the pod, or the given one.
  Task<bool> becomes(std::string name, std::string state, std::string container = "", Duration time_max = 20s) {
    std::string c = container.empty() ? name : container;
    auto holds = [c, state](const Value& pod) {
      std::string now = state_of(pod, c);
      return now == state || (state == "running" && now == "ready");
    };
    co_return co_await pod_becomes(name, c + " " + state, holds, time_max);
  }
  Task<bool> is_gone(std::string name, Duration time_max = 20s) {
    co_return co_await pod_becomes(name, "gone", [](const Value& pod) { return pod.is_null(); }, time_max);
  }

  // "Reason: message" of every Event about an object of that name, oldest first.
  Task<std::vector<std::string>> events(std::string name) {
    auto list = co_await cluster->list({"", "v1", "Event"}, {});
    std::vector<Value> found;
    if (list)
      for (const Value& e : list->items)
        if (e["involvedObject"]["name"].as_string() == name) found.push_back(e);
    std::ranges::sort(found, {}, [](const Value& e) { return kinds::revision_of(e); });
    std::vector<std::string> out;
    for (const Value& e : found) out.push_back(e["reason"].str() + ": " + e["message"].str());
    co_return out;
  }
  Task<bool> has_event(std::string name, std::string part) {
    std::vector<std::string> told;
    for (int i = 0; i < 100; ++i) {  // Events are written a moment after they are recorded
      told = co_await events(name);
      for (const std::string& e : told)
        if (e.find(part) != std::string::npos) co_return true;
      (void)co_await runtime::sleep(20ms);
    }
    FAIL_CHECK("no event \"" << part << "\" about " << name << ":\n" << base::join(told, "\n"));
    co_return false;
  }

  // What a command in the running container prints; a failed check when it does not end well.
  Task<std::string> sh(std::string name, std::string script, std::string container = "") {
    Value p = co_await pod(name);
    std::string id = status_of(p, container.empty() ? name : container)["containerID"].str();
    if (id.starts_with("containerd://")) id = id.substr(13);
    auto done = co_await runtime.exec(id, {"sh", "-c", script}, 10s);
    CHECK_MESSAGE(done.has_value(), script << ": " << (done ? std::string() : done.error().str()));
    if (!done) co_return std::string();
    CHECK_MESSAGE(done->exit_code == 0, script << ": " << done->out << done->err);
    co_return std::string(base::trim(done->out));
  }
  // The log of the pod's container of the same name.
  Task<std::string> log(std::string name, LogRequest request = {}) {
    request.ns = "default";
    request.pod = name;
    if (request.container.empty()) request.container = name;
    Collected sink;
    auto read = co_await agent->logs(request, sink);
    co_return read ? sink.text : "error: " + read.error().message();
  }
  struct Collected final : LogSink {
    std::string text;
    Task<Result<>> write(std::string bytes) override {
      text += bytes;
      co_return Result<>();
    }
  };

  World& world;
  PodRuntime& runtime;
  NodeOptions options;
  std::string image;
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<NodeAgent> agent;
  // Ends the one container of a pod with exit code 1, as a crash does.
  std::function<Task<void>(std::string pod)> crash;

 private:
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<TaskGroup> group_;
};

}  // namespace slipway::node::testing
