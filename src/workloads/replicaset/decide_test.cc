#include <doctest/doctest.h>

#include "workloads/replicaset/replicaset.h"
#include "workloads/testing/short_forms.h"

using namespace slipway;
using namespace slipway::workloads;
using namespace slipway::workloads::testing;

namespace {

Value replica_set(const Value& s) {
  ObjectBuilder metadata;
  metadata.set("name", "web").set("namespace", "shop").set("uid", "web-uid").set("generation", 4);
  if (s["terminating"].as_bool()) metadata.set("deletionTimestamp", noon);
  ObjectBuilder spec;
  spec.set("replicas", s["replicas"]).set("selector", Value{{"matchLabels", Value{{"app", "web"}}}});
  spec.set("template", pod_template("1")).set_unless_empty("minReadySeconds", s["min_ready"]);
  return Value{
      {"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"metadata", metadata.build()}, {"spec", spec.build()}};
}

Value told(const ReplicaSetPlan& plan) {
  ObjectBuilder out;
  if (plan.create) out.set("create", plan.create);
  out.set_unless_empty("remove", names_of(plan.remove)).set_unless_empty("adopt", names_of(plan.adopt));
  out.set_unless_empty("release", names_of(plan.release));
  return out.build();
}

}  // namespace

// testdata/replicaset.yaml; pods belong to the set unless they say another owner ("" is none). `plan` is all that
// happens; `status` and `again` (seconds) are looked at when named.
TEST_CASE("one look at a replica set") {
  for (const Value& c : cases("replicaset.yaml")) {
    CAPTURE(c["case"].str());
    std::vector<Value> seen;
    for (const Value& s : c["pods"].items()) {
      Value owned = !s.has("owner")                  ? s.with_member("owner", "web")
                    : s["owner"].as_string().empty() ? s.without_member("owner")
                                                     : s;
      seen.push_back(pod(owned));
    }
    ReplicaSetPlan plan = decide_replica_set(replica_set(c["set"]), seen, at(noon));
    Value wanted = c["plan"].is_null() ? Value::object() : c["plan"];
    CHECK_MESSAGE(told(plan) == wanted, value::to_json(told(plan)));
    if (c.has("status")) CHECK(missing(c["status"], plan.status) == "");
    if (c.has("again")) CHECK(plan.look_again_after == std::chrono::seconds(c["again"].as_int()));
  }
}

TEST_CASE("a pod of a template has its labels, owner and spec, and a name to itself") {
  Value set = replica_set(Value{{"replicas", 1}});
  Value made =
      pod_from_template(set, set["spec"]["template"].with("/metadata/annotations", Value{{"a", "b"}}), "web-x");
  CHECK(made["metadata"] == Value{{"name", "web-x"},
                                  {"generateName", "web-"},
                                  {"namespace", "shop"},
                                  {"labels", Value{{"app", "web"}}},
                                  {"annotations", Value{{"a", "b"}}},
                                  {"ownerReferences", owned_by("apps/v1", "ReplicaSet", "web")}});
  CHECK(made["spec"] == set["spec"]["template"]["spec"]);
}
