#include "kinds/conversion.h"

#include <doctest/doctest.h>

#include "kinds/object.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::kinds;

namespace {

const Kind& autoscaler(std::string_view version) {
  return *builtin_catalog().find({"autoscaling", std::string(version), "HorizontalPodAutoscaler"});
}
Value json(std::string_view text) {
  return *value::parse_json(text);
}

}  // namespace

TEST_CASE("what an earlier version stored is read in the version that is asked for") {
  Value v1 = json(R"({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"},
    "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"},
             "targetCPUUtilizationPercentage": 70}, "status": {"currentReplicas": 0, "desiredReplicas": 0}})");
  Value v2 = converted(autoscaler("v2"), v1);
  CHECK(v2["apiVersion"] == Value("autoscaling/v2"));
  CHECK(v2.at("/spec/metrics/0/resource/target/averageUtilization") == Value(70));
  CHECK(!v2["spec"].has("targetCPUUtilizationPercentage"));
  CHECK(converted(autoscaler("v1"), v2) == v1);
  CHECK(converted(autoscaler("v2"), v2).same_node(v2));
}

TEST_CASE("annotations that cannot be read say nothing") {
  for (auto text :
       {"", "{", "[1]", "{}", "[{\"type\": 3}]", "[{\"pods\": {\"targetAverageValue\": \"x\"}}]", "[[[]]]"}) {
    Value annotations;
    for (auto name : {"metrics", "behavior", "conditions", "current-metrics"})
      annotations = annotations.with(fmt::format("/autoscaling.alpha.kubernetes.io~1{}", name), text);
    Value v1 = json(R"({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"})")
                   .with("/metadata/annotations", annotations);
    Value v2 = converted(autoscaler("v2"), v1);
    INFO(text);
    CHECK(v2["metadata"].is_object());
    CHECK(!v2["metadata"].has("annotations"));
    CHECK(v2["spec"]["metrics"].size() == 1);
    CHECK(v2.at("/spec/metrics/0/resource/target/averageUtilization") == Value(80));
    CHECK(!v2["spec"].has("behavior"));
  }
}
