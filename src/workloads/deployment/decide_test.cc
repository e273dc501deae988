// Rollouts as data: testdata/deployment.yaml says what stands and what one look at it shall do.
//
//   deployment: replicas, image, surge, unavailable, strategy, paused, deadline, limit, min_ready, revision,
//               annotations, terminating, status
//   sets:       name, image, replicas, seen, ready, available, revision, history, desired, max, born,
//               owner (web, another, or none)
//   plan:       create: N, resize: {set: N}, remove: a b, adopt: a, revision: "2", events: [texts], status: {...},
//               conditions: {type: status reason}, again: seconds, notes: {set, or new: annotations}
//
// Work that is not named must not happen; from "events" on, a case says what it cares for.
#include <doctest/doctest.h>

#include "workloads/deployment/deployment.h"
#include "workloads/testing/short_forms.h"

using namespace slipway;
using namespace slipway::workloads;
using namespace slipway::workloads::testing;

namespace {

Value deployment(const Value& s) {
  ObjectBuilder spec, metadata;
  metadata.set("name", "web").set("namespace", "shop").set("uid", "web-uid").set("generation", 2);
  if (s["terminating"].as_bool()) metadata.set("deletionTimestamp", noon);
  Value annotations = s.has("annotations") ? s["annotations"] : Value::object();
  if (s.has("revision"))
    annotations = annotations.with_member("deployment.kubernetes.io/revision", s["revision"].str());
  metadata.set_unless_empty("annotations", annotations);
  spec.set("replicas", s["replicas"].as_int()).set("selector", Value{{"matchLabels", Value{{"app", "web"}}}});
  spec.set("template", pod_template(s["image"].str("1")));
  if (s["strategy"].str() == "Recreate") {
    spec.set("strategy", Value{{"type", "Recreate"}});
  } else {
    Value rolling{{"maxSurge", s.has("surge") ? s["surge"] : Value("25%")},
                  {"maxUnavailable", s.has("unavailable") ? s["unavailable"] : Value("25%")}};
    spec.set("strategy", Value{{"type", "RollingUpdate"}, {"rollingUpdate", rolling}});
  }
  spec.set("progressDeadlineSeconds", s["deadline"].as_int(600)).set("revisionHistoryLimit", s["limit"].as_int(10));
  if (s["paused"].as_bool()) spec.set("paused", true);
  if (s.has("min_ready")) spec.set("minReadySeconds", s["min_ready"]);
  return Value{{"apiVersion", "apps/v1"},
               {"kind", "Deployment"},
               {"metadata", metadata.build()},
               {"spec", spec.build()},
               {"status", s.has("status") ? s["status"] : Value::object()}};
}

Value replica_set(const Value& s) {
  int64_t replicas = s["replicas"].as_int();
  std::string name = s["name"].str();
  Value annotations = Value::object();
  auto note = [&](const char* key, const Value& value) {
    annotations = annotations.with_member(std::string("deployment.kubernetes.io/") + key, value.str());
  };
  if (s.has("revision")) note("revision", Value(std::to_string(s["revision"].as_int())));
  if (s.has("history")) note("revision-history", s["history"]);
  if (s.has("desired")) note("desired-replicas", Value(std::to_string(s["desired"].as_int())));
  if (s.has("max")) note("max-replicas", Value(std::to_string(s["max"].as_int())));
  Value labels{{"app", "web"}, {"pod-template-hash", name}};
  ObjectBuilder metadata;
  metadata.set("name", name).set("namespace", "shop").set("uid", name + "-uid").set("labels", labels);
  metadata.set("creationTimestamp", s["born"].str("2026-01-01T10:00:00Z")).set("generation", 1);
  metadata.set_unless_empty("annotations", annotations);
  std::string owner = s["owner"].str("web");
  if (owner != "none") metadata.set("ownerReferences", owned_by("apps/v1", "Deployment", owner));
  int64_t seen = s["seen"].as_int(replicas);
  int64_t available = s["available"].as_int(seen);
  return Value{{"apiVersion", "apps/v1"},
               {"kind", "ReplicaSet"},
               {"metadata", metadata.build()},
               {"spec", Value{{"replicas", replicas},
                              {"selector", Value{{"matchLabels", labels}}},
                              {"template", pod_template(s["image"].str("1")).with("/metadata/labels", labels)}}},
               {"status", Value{{"replicas", seen},
                                {"readyReplicas", s["ready"].as_int(available)},
                                {"availableReplicas", available},
                                {"observedGeneration", 1}}}};
}

// What a plan does, in the words of the data file.
Value told(const DeploymentPlan& plan) {
  ObjectBuilder out, resized;
  if (plan.create) out.set("create", (*plan.create)["spec"]["replicas"]);
  for (const Value& set : plan.update) resized.set(kinds::name_of(set), set["spec"]["replicas"]);
  out.set_unless_empty("resize", resized.build());
  out.set_unless_empty("remove", names_of(plan.remove)).set_unless_empty("adopt", names_of(plan.adopt));
  if (plan.revision) out.set("revision", *plan.revision);
  ArrayBuilder events;
  for (const auto& e : plan.events) events.push(e.message);
  out.set_unless_empty("events", events.build());
  return out.build();
}

}  // namespace

TEST_CASE("one look at a deployment") {
  for (const Value& c : cases("deployment.yaml")) {
    CAPTURE(c["case"].str());
    std::vector<Value> sets;
    for (const Value& s : c["sets"].items()) sets.push_back(replica_set(s));
    DeploymentPlan plan = decide_deployment(deployment(c["deployment"]), sets, pods(c["pods"]), at(noon));
    Value wanted = c["plan"].is_null() ? Value::object() : c["plan"];
    Value status = wanted["status"], again = wanted["again"], notes = wanted["notes"], events = wanted["events"];
    Value conditions = wanted["conditions"];
    Value got = told(plan);
    wanted =
        wanted.without_member("status").without_member("again").without_member("notes").without_member("conditions");
    if (events.is_null()) got = got.without_member("events");
    // A set that only gets other annotations is "updated" at its size; a case names it when it matters.
    CHECK_MESSAGE(got == wanted, value::to_json(got));
    CHECK(missing(status.is_null() ? Value::object() : status, plan.status) == "");
    for (const auto& [type, expected] : conditions.members()) {
      const Value& condition = reconcile::find_condition(plan.status["conditions"], type.view());
      CHECK(type.str() + " " + condition["status"].str() + " " + condition["reason"].str() ==
            type.str() + " " + expected.str());
    }
    if (!again.is_null()) CHECK(plan.look_again_after == std::chrono::seconds(again.as_int()));
    for (const auto& [name, annotations] : notes.members()) {
      const Value* set = plan.create && name.view() == "new" ? &*plan.create : nullptr;
      for (const Value& s : plan.update) {
        if (kinds::name_of(s) == name.view()) set = &s;
      }
      REQUIRE(set);
      CHECK(missing(annotations, (*set)["metadata"]["annotations"]) == "");
    }
  }
}

TEST_CASE("a new replica set carries the hash, the owner and the template") {
  Value d = deployment(value::parse_yaml("{replicas: 2, image: '7', min_ready: 3, annotations: {team: a}}").value());
  DeploymentPlan plan = decide_deployment(d, {}, {}, at(noon));
  REQUIRE(plan.create);
  const Value& set = *plan.create;
  std::string hash = pod_template_hash(d["spec"]["template"], 0);
  CHECK(kinds::name_of(set) == "web-" + hash);
  CHECK(set["metadata"]["labels"]["pod-template-hash"].str() == hash);
  CHECK(set["spec"]["selector"]["matchLabels"] == Value{{"app", "web"}, {"pod-template-hash", hash}});
  CHECK(set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"].str() == hash);
  CHECK(set["spec"]["minReadySeconds"].as_int() == 3);
  CHECK(set["metadata"]["ownerReferences"] == owned_by("apps/v1", "Deployment", "web"));
  CHECK(set["metadata"]["annotations"] == Value{{"team", "a"},
                                                {"deployment.kubernetes.io/revision", "1"},
                                                {"deployment.kubernetes.io/desired-replicas", "2"},
                                                {"deployment.kubernetes.io/max-replicas", "3"}});
  CHECK(pod_template_hash(d["spec"]["template"], 1) != hash);
  CHECK(pod_template_hash(pod_template("8"), 0) != hash);
}

TEST_CASE("maxSurge is rounded up, maxUnavailable down, and never both are 0") {
  auto bounds = [](std::string_view spec) {
    RolloutBounds b = rollout_bounds(deployment(value::parse_yaml(spec).value()));
    return fmt::format("{}/{}", b.surge_max, b.unavailable_max);
  };
  CHECK(bounds("{replicas: 10}") == "3/2");
  CHECK(bounds("{replicas: 1}") == "1/0");
  CHECK(bounds("{replicas: 4, surge: 0, unavailable: 0}") == "0/1");
  CHECK(bounds("{replicas: 3, surge: 0, unavailable: 10%}") == "0/1");
  CHECK(bounds("{replicas: 2, surge: 5, unavailable: 9}") == "5/2");
  CHECK(bounds("{replicas: 0}") == "0/0");
  CHECK(bounds("{replicas: 7, surge: 100%, unavailable: 100%}") == "7/7");
  CHECK(bounds("{replicas: 7, strategy: Recreate}") == "0/0");
}

// Plays ReplicaSet controller and node until nothing changes; at every step no more and no fewer pods than allowed.
TEST_CASE("a rolling update keeps its bounds at every step, and ends") {
  struct Run {
    int replicas;
    const char *surge, *unavailable;
  };
  for (Run run :
       {Run{10, "25%", "25%"}, {1, "25%", "25%"}, {3, "1", "0"}, {3, "0", "1"}, {5, "100%", "0"}, {4, "0", "100%"}}) {
    CAPTURE(run.replicas);
    CAPTURE(run.surge);
    CAPTURE(run.unavailable);
    Value d = deployment(value::parse_yaml(fmt::format("{{replicas: {}, image: '2', surge: {}, unavailable: {}}}",
                                                       run.replicas, run.surge, run.unavailable))
                             .value());
    RolloutBounds bounds = rollout_bounds(d);
    std::vector<Value> sets = {
        replica_set(Value{{"name", "old"}, {"image", "1"}, {"replicas", run.replicas}, {"revision", 1}})};
    int steps = 0;
    for (bool moved = true; moved && steps < 200; ++steps) {
      moved = false;
      DeploymentPlan plan = decide_deployment(d, sets, {}, at(noon));
      d = d.with_member("status", plan.status);
      if (plan.create) {
        sets.push_back(plan.create->with("/metadata/uid", "new-uid").with("/metadata/creationTimestamp", noon));
        moved = true;
      }
      for (const Value& updated : plan.update) {
        for (Value& set : sets) {
          if (kinds::name_of(set) != kinds::name_of(updated)) continue;
          moved |= !(set["spec"] == updated["spec"]);
          set = updated;
        }
      }
      int64_t total = 0, available = 0;
      for (const Value& set : sets) {
        total += set["spec"]["replicas"].as_int();
        available += std::min(set["status"]["availableReplicas"].as_int(), set["spec"]["replicas"].as_int());
      }
      CHECK(total <= run.replicas + bounds.surge_max);
      CHECK(available >= run.replicas - bounds.unavailable_max);
      for (Value& set : sets) {  // one pod a step comes up or goes
        int64_t want = set["spec"]["replicas"].as_int(), have = set["status"]["replicas"].as_int();
        if (have == want) continue;
        have = have > want ? want : have + 1;
        set = set.with("/status", Value{{"replicas", have}, {"readyReplicas", have}, {"availableReplicas", have}});
        moved = true;
      }
    }
    CHECK(steps < 200);
    REQUIRE(sets.size() == 2);
    CHECK(sets[0]["spec"]["replicas"].as_int() == 0);
    CHECK(sets[1]["spec"]["replicas"].as_int() == run.replicas);
    CHECK(reconcile::find_condition(d["status"]["conditions"], "Progressing")["reason"].str() ==
          "NewReplicaSetAvailable");
  }
}
