// testdata/scheduler.yaml: a pod's spec, nodes, pods that are there; and where it goes, or why nowhere.
#include <doctest/doctest.h>

#include "workloads/nodes/nodes.h"
#include "workloads/scheduler/scheduler.h"
#include "workloads/testing/short_forms.h"

using namespace slipway;
using namespace slipway::workloads;
using namespace slipway::workloads::testing;

namespace {

// {name, labels, taints, unschedulable, cpu, memory, pods}
Value node(const Value& s) {
  ObjectBuilder spec;
  spec.set_unless_empty("taints", s["taints"]);
  if (s["unschedulable"].as_bool()) spec.set("unschedulable", true);
  Value allocatable{{"cpu", s["cpu"].str("2")}, {"memory", s["memory"].str("1Gi")}, {"pods", s["pods"].str("110")}};
  return Value{{"apiVersion", "v1"},
               {"kind", "Node"},
               {"metadata", Value{{"name", s["name"].str("here")}, {"labels", s["labels"]}}},
               {"spec", spec.build()},
               {"status", Value{{"allocatable", allocatable}}}};
}

}  // namespace

TEST_CASE("where a pod can run") {
  for (const Value& c : cases("scheduler.yaml")) {
    CAPTURE(c["case"].str());
    std::vector<Value> nodes;
    for (const Value& n : c["nodes"].items()) nodes.push_back(node(n));
    Value wanting = pod(Value{{"name", "new"}, {"node", ""}, {"spec", c["pod"]}});
    Placement placement = place(wanting, nodes, pods(c["there"]));
    CHECK(placement.node == c["node"].str());
    std::string refused = c["refused"].str();
    if (!refused.empty() && refused != "no nodes available to schedule pods") {
      refused = fmt::format(
          "0/{} nodes are available: {}. preemption: 0/{} nodes are available: {} Preemption is not helpful for "
          "scheduling.",
          nodes.size(), refused, nodes.size(), nodes.size());
    }
    if (placement.node.empty()) CHECK(placement.refusal == refused);
  }
}

TEST_CASE("a node's taints follow its Ready condition; those of others stay") {
  auto taints = [](const char* ready, std::string_view there) {
    Value n{{"spec", Value{{"taints", value::parse_yaml(there).value()}}}};
    if (*ready) {
      n = n.with_member("status", Value{{"conditions", Value::array({Value{{"type", "Ready"}, {"status", ready}}})}});
    }
    std::string out;
    Value result = taints_for(n);
    for (const Value& t : result.items()) out += t["key"].str() + ":" + t["effect"].str() + " ";
    return out;
  };
  constexpr const char* both =
      "[{key: node.kubernetes.io/not-ready, effect: NoSchedule}, {key: mine, effect: NoExecute}]";
  CHECK(taints("True", "[]") == "");
  CHECK(taints("True", both) == "mine:NoExecute ");
  CHECK(taints("False", "[]") == "node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute ");
  CHECK(taints("Unknown", both) ==
        "mine:NoExecute node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute ");
}
