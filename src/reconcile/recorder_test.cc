// Events on a cluster in memory: what is written once, what is counted up, what starts anew.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "cluster/embedded/embedded.h"
#include "reconcile/reconcile.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::reconcile;

namespace {

const GroupVersionKind event_kind{"", "v1", "Event"};

struct Fixture {
  Fixture() : store(world.run(store::open_store(world, {})).value()), group(world.executor()) {
    cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
    for (const char* name : {"default", "shop"}) {
      Value ns{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}};
      REQUIRE(world.run(cluster->write(cluster::create(ns))).has_value());
    }
    recorder = make_recorder(world, *cluster, group, "kubelet", "here");
  }
  ~Fixture() {
    world.run(group.stop());
    recorder = nullptr;
    cluster = nullptr;
    (void)world.run(store->close());
  }
  std::vector<Value> events() {
    world.run_for(10ms);
    auto list = world.run(cluster->list(event_kind, {})).value();
    std::ranges::sort(list.items, {}, [](const Value& e) { return e["firstTimestamp"].str() + e["reason"].str(); });
    return list.items;
  }
  std::string counts() {
    std::string text;
    for (const Value& e : events()) text += fmt::format("{}x{} ", e["reason"].str(), e["count"].as_int());
    return text;
  }

  sim::SimWorld world{3};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  TaskGroup group;
  std::unique_ptr<EventRecorder> recorder;
};

Value pod(const char* name, const char* uid = "u1") {
  return Value{{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"metadata", Value{{"name", name}, {"namespace", "shop"}, {"uid", uid}, {"resourceVersion", "9"}}}};
}

}  // namespace

TEST_CASE("an Event says what happened to whom") {
  Fixture f;
  f.recorder->record(pod("web").with_member("fieldPath", "spec.containers{web}"), "Warning", "BackOff", "it fell");
  auto events = f.events();
  REQUIRE(events.size() == 1);
  const Value& e = events[0];
  CHECK(kinds::namespace_of(e) == "shop");
  CHECK(kinds::name_of(e).starts_with("web."));
  CHECK(kinds::name_of(e).size() == 4 + 16);
  CHECK(e["type"].str() == "Warning");
  CHECK(e["message"].str() == "it fell");
  CHECK(e["involvedObject"] == Value{{"apiVersion", "v1"},
                                     {"kind", "Pod"},
                                     {"name", "web"},
                                     {"namespace", "shop"},
                                     {"uid", "u1"},
                                     {"resourceVersion", "9"},
                                     {"fieldPath", "spec.containers{web}"}});
  CHECK(e["source"] == Value{{"component", "kubelet"}, {"host", "here"}});
  CHECK(e["reportingComponent"].str() == "kubelet");
  CHECK(e["count"].as_int() == 1);
}

TEST_CASE("the same again is counted up; another message, object, part or type is another Event") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.recorder->record(pod("web"), "Normal", "A", "same");
  CHECK(f.counts() == "Ax3 ");
  f.world.run_for(2s);
  f.recorder->record(pod("web"), "Normal", "A", "same");
  auto events = f.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0]["count"].as_int() == 4);
  CHECK(events[0]["lastTimestamp"].str() > events[0]["firstTimestamp"].str());

  f.recorder->record(pod("web"), "Normal", "A", "other");
  f.recorder->record(pod("web", "u2"), "Normal", "A", "same");
  f.recorder->record(pod("web").with_member("fieldPath", "spec.containers{x}"), "Normal", "A", "same");
  f.recorder->record(pod("web"), "Warning", "A", "same");
  f.recorder->record(pod("web"), "Normal", "B", "same");
  CHECK(f.events().size() == 6);
}

TEST_CASE("after ten quiet minutes it is a new Event; one that is gone is written anew") {
  Fixture f;
  f.recorder->record(pod("web"), "Normal", "A", "same");
  CHECK(f.counts() == "Ax1 ");
  f.world.run_for(9min);
  f.recorder->record(pod("web"), "Normal", "A", "same");
  CHECK(f.counts() == "Ax2 ");
  f.world.run_for(11min);
  f.recorder->record(pod("web"), "Normal", "A", "same");
  CHECK(f.counts() == "Ax2 Ax1 ");
  for (const Value& e : f.events()) REQUIRE(f.world.run(f.cluster->write(cluster::remove(ObjectKey::of(e)))));
  f.recorder->record(pod("web"), "Normal", "A", "same");
  CHECK(f.counts() == "Ax1 ");
}

TEST_CASE(
    "an object without a namespace is told of in default; a namespace that is not there takes none, and no harm") {
  Fixture f;
  Value node{{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", Value{{"name", "here"}}}};
  f.recorder->record(node, "Normal", "Ready", "it is");
  f.recorder->record(pod("web").with("/metadata/namespace", "nowhere"), "Normal", "Lost", "it is");
  f.recorder->record(pod("web"), "Normal", "Then", "it goes on");
  auto events = f.events();
  REQUIRE(events.size() == 2);
  CHECK(kinds::namespace_of(events[0]) == "default");
  CHECK(events[1]["reason"].str() == "Then");
}

TEST_CASE("a message is as long as somebody reads, and ends with a whole character") {
  Fixture f;
  std::string half = "\xc3\xa9";  // the cut falls into its middle
  f.recorder->record(pod("web"), "Warning", "Failed", std::string(1020, 'x') + half + std::string(1 << 20, 'y'));
  auto events = f.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0]["message"].str() == std::string(1020, 'x') + "...");
}

TEST_CASE("more than it can write is dropped, never waited for") {
  Fixture f;
  for (int i = 0; i < 3000; ++i) f.recorder->record(pod("web"), "Normal", "A", std::to_string(i));
  f.world.run_for(1s);
  auto events = f.events();
  CHECK(events.size() >= 1000);
  CHECK(events.size() < 3000);
}
