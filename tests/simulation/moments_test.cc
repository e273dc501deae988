// Commits at the worst moments, repositories that go and come back, clocks that jump: the last commit wins, once, and
// what the Application says is true all the while.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"
#include "gitops/testing/manifests.h"
#include "machine.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::simulation;

namespace {

const std::string far = "https://git.example.com/shop.git";

// One ConfigMap and one Deployment, whose content names the commit.
class Story {
 public:
  explicit Story(std::string url = repository, uint64_t seed = 1) : machine(seed), url(std::move(url)) {
    first = commit("1");
    machine.start();
    Value app = gitops::application_for("shop", this->url, ".", "main", "argocd");
    auto made = machine.ask(cluster::create(app.with("/spec/destination/namespace", "shop")));
    REQUIRE((made && made->has_value()));
    settle();
    REQUIRE(holds(first));
  }
  std::string commit(const std::string& text) {
    std::string manifest = gitops::testing::deployment("web", "registry.test/web:" + text);
    std::string sha =
        machine.git.commit(url, {{"m.yaml", gitops::testing::config_map("m", text)},
                                 {"web.yaml", base::replace_all(manifest, "cpu: 1000m", "cpu: 10m")},
                                 {"only" + text + ".yaml", gitops::testing::config_map("only" + text, text)}});
    text_of[sha] = text;
    return sha;
  }
  // Passes time in small steps, looking at each whether what is said is so.
  void settle(Duration d = 30s) {
    for (Duration spent{}; spent < d; spent += 100ms) {
      machine.pass(100ms);
      look();
    }
  }
  void look() {
    Value status = machine.application()["status"];
    std::string said = status["sync"]["revision"].str();
    bool at_it = status["operationState"]["phase"].as_string() == "Running";  // and says so
    if (at_it || status["sync"]["status"].as_string() != "Synced" || content() == text_of[said]) {
      untrue = Duration{};
      return;
    }
    // What changed just now may be told a moment later; not more.
    untrue += 100ms;
    CHECK_MESSAGE(untrue <= 1s, "it says Synced to ", text_of[said], ", there is ", content());
  }
  std::string content() { return machine.get("ConfigMap", "m")["data"]["key"].str(); }
  bool holds(const std::string& sha) {
    std::string text = text_of[sha];
    auto pods = machine.list("pods");
    return machine.revision() == sha && machine.summary() == "Synced/Healthy" && content() == text &&
           pods.size() == 1 && pods[0]["spec"]["containers"][0]["image"].str() == "registry.test/web:" + text &&
           !machine.get("ConfigMap", "only" + text).is_null();
  }
  // How often a commit was rolled out, by the Application's own history.
  int64_t deployed(const std::string& sha) {
    Value status = machine.application()["status"];
    auto history = status["history"].items();
    return std::ranges::count_if(history, [&](const Value& h) { return h["revision"].str() == sha; });
  }
  std::string condition() {
    std::string out;
    Value status = machine.application()["status"];
    for (const Value& c : status["conditions"].items()) out += c["type"].str() + ": " + c["message"].str() + "; ";
    return out;
  }
  std::map<std::string, std::string> pods() {
    std::map<std::string, std::string> out;
    for (const Value& pod : machine.list("pods"))
      out[pod["metadata"]["uid"].str()] = pod["status"]["containerStatuses"][0]["restartCount"].str("0");
    return out;
  }

  Machine machine;
  const std::string url;
  std::string first;
  std::map<std::string, std::string> text_of;
  Duration untrue{};
};

}  // namespace

TEST_CASE("commits while Slipway is down: the last one, once") {
  for (bool killed : {false, true}) {
    Story s;
    if (killed) {
      s.machine.crash_at_step(1, sim::Loss::process);
      (void)s.commit("2");
      s.machine.world.run_for(10s);
    } else {
      s.machine.stop();
    }
    std::string lost = s.commit("3"), last = s.commit("4");
    s.machine.world.run_for(10min);
    s.machine.start();
    s.settle();
    CHECK(s.holds(last));
    CHECK(s.deployed(last) == 1);
    CHECK(s.deployed(lost) == 0);
  }
}

TEST_CASE("a commit while a sync runs, at every moment of it") {
  for (int after_ms = 0; after_ms <= 3000; after_ms += 250) {
    CAPTURE(after_ms);
    Story s;
    s.machine.world.disk().faults.sync_latency = 150ms;  // a sync takes seconds
    (void)s.commit("2");
    s.machine.pass(std::chrono::milliseconds(after_ms));
    std::string last = s.commit("3");
    s.settle();
    CHECK(s.holds(last));
    CHECK(s.deployed(last) == 1);
    CHECK(s.machine.get("ConfigMap", "only2").is_null());
  }
}

TEST_CASE("two commits within 10 ms: the last one, once") {
  for (int apart_ms : {0, 1, 3, 5, 10}) {
    CAPTURE(apart_ms);
    Story s;
    s.machine.git.answer_time_max = 8ms;
    std::string before = s.commit("2");
    s.machine.pass(std::chrono::milliseconds(apart_ms));
    std::string last = s.commit("3");
    s.settle();
    CHECK(s.holds(last));
    CHECK(s.deployed(last) == 1);
    CHECK(s.deployed(before) <= 1);
  }
}

TEST_CASE("a force-push takes back what it takes away") {
  Story s;
  std::string second = s.commit("2");
  s.settle();
  REQUIRE(s.holds(second));
  s.machine.git.set_branch(repository, s.first);
  s.settle();
  CHECK(s.holds(s.first));
  CHECK(s.machine.get("ConfigMap", "only2").is_null());
}

TEST_CASE("a deleted branch is told and takes nothing away; back again it is followed") {
  Story s;
  auto pods = s.pods();
  s.machine.git.set_branch(repository, "");
  s.settle(5min);
  CHECK(s.condition().find("main") != std::string::npos);
  CHECK(s.machine.summary().starts_with("Unknown/"));
  CHECK(s.content() == "1");
  CHECK(s.pods() == pods);
  std::string back = s.commit("2");
  s.settle();
  CHECK(s.holds(back));
  CHECK(s.condition() == "");
  CHECK(s.deployed(back) == 1);
}

TEST_CASE("a repository that is unreachable for an hour") {
  Story s(far);
  auto pods = s.pods();
  s.machine.git.fail_with(far, Error(ErrorKind::unavailable, "Could not resolve host: git.example.com"));
  int asked = s.machine.git.resolved;
  std::string lost, last;
  for (int minute = 0; minute < 60; ++minute) {
    if (minute == 20) lost = s.commit("2");
    if (minute == 40) last = s.commit("3");
    s.settle(1min);
    if (minute < 3) continue;  // polled every two minutes
    CHECK(s.condition().find("Could not resolve host: git.example.com") != std::string::npos);
    CHECK(s.machine.summary().starts_with("Unknown/"));
    CHECK(s.content() == "1");
  }
  CHECK(s.pods() == pods);
  CHECK(s.machine.git.resolved - asked < 100);
  s.machine.git.fail_with(far, std::nullopt);
  s.settle(150s);
  CHECK(s.holds(last));
  CHECK(s.deployed(last) == 1);
  CHECK(s.deployed(lost) == 0);
  CHECK(s.condition() == "");
}

TEST_CASE("the clock jumps an hour forward and back: nothing restarts, everything goes on") {
  for (Duration jump : {Duration(1h), Duration(-1h)}) {
    CAPTURE(jump.count());
    Story s;
    auto pods = s.pods();
    REQUIRE(pods.size() == 1);
    s.machine.world.jump_wall_clock(jump);
    s.settle(2min);
    CHECK(s.pods() == pods);
    Value node = s.machine.list("nodes", "")[0];
    for (const Value& c : node["status"]["conditions"].items()) {
      if (c["type"].as_string() == "Ready") CHECK(c["status"].as_string() == "True");
    }
    CHECK(node["spec"]["taints"].items().empty());
    CHECK(s.holds(s.first));
    (void)s.machine.ask(
        cluster::merge_patch({{"", "v1", "ConfigMap"}, "shop", "m"}, Value{{"data", Value{{"key", "x"}}}}));
    s.settle(10s);
    CHECK(s.holds(s.first));
    // Watches: a commit and a change by hand are heard at once.
    std::string second = s.commit("2");
    s.settle(10s);
    CHECK(s.holds(second));
    (void)s.machine.ask(
        cluster::merge_patch({{"", "v1", "ConfigMap"}, "shop", "m"}, Value{{"data", Value{{"key", "x"}}}}));
    s.settle(10s);
    CHECK(s.content() == "2");
    // Graceful ends, after a jump in between.
    (void)s.machine.ask(cluster::remove({{"apps", "v1", "Deployment"}, "shop", "web"}));
    s.machine.pass(20ms);
    s.machine.world.jump_wall_clock(-jump);
    s.settle(1min);
    CHECK(s.holds(second));
  }
}

TEST_CASE("the clock jumps during a back-off: it ends no later than it would have") {
  for (Duration jump : {Duration(1h), Duration(-1h)}) {
    CAPTURE(jump.count());
    Story s;
    // An image that cannot be had, until it can: the node backs off up to five minutes.
    s.machine.pull_fault = "not found";
    std::string second = s.commit("2");
    s.settle(6min);
    CHECK(!s.holds(second));
    s.machine.world.jump_wall_clock(jump);
    s.settle(5s);
    s.machine.pull_fault.clear();
    s.settle(6min);
    CHECK(s.holds(second));
    // A sync that is refused, until it is not: the engine backs off.
    s.machine.world.disk().faults.full = true;
    std::string third = s.commit("3");
    s.settle(2min);
    s.machine.world.jump_wall_clock(jump);
    s.machine.world.disk().faults = {};
    s.settle(6min);
    CHECK(s.holds(third));
  }
}

TEST_CASE("the clock jumps over a pod's deadline: it ends at once, and no other pod does") {
  Story s;
  auto before = s.pods();
  auto pod = value::parse_json(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"short","namespace":"shop"},"spec":{
      "activeDeadlineSeconds":1800,"containers":[{"name":"c","image":"registry.test/c:1"}]}})");
  REQUIRE(pod.has_value());
  auto made = s.machine.ask(cluster::create(*pod));
  REQUIRE((made && made->has_value()));
  s.machine.pass(1min);
  CHECK(s.machine.get("Pod", "short")["status"]["phase"].as_string() == "Running");
  s.machine.world.jump_wall_clock(1h);
  s.machine.pass(1min);
  Value status = s.machine.get("Pod", "short")["status"];
  CHECK(status["phase"].as_string() == "Failed");
  CHECK(status["reason"].as_string() == "DeadlineExceeded");
  auto after = s.pods();
  after.erase(std::string(kinds::uid_of(s.machine.get("Pod", "short"))));
  CHECK(after == before);
}
