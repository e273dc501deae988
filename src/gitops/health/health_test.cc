// Health of single objects, and why pods do not start.
#include "gitops/health/health.h"

#include "kinds/testing/sets.h"
#include "value/yaml.h"

namespace slipway::gitops {

namespace {

Value yaml(std::string_view text) {
  auto parsed = value::parse_yaml(text);
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().str()));
  return *parsed;
}

void check(std::string_view object, std::string_view status, std::string_view message = "") {
  CAPTURE(object);
  Health health = assess(yaml(object));
  CHECK(to_string(health.status) == status);
  CHECK(health.message == message);
}

}  // namespace

TEST_CASE("kinds have their own idea of health") {
  check("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "");
  check("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: ClusterIP}}", "Healthy");
  check("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer}}", "Progressing");
  check("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, deletionTimestamp: '2026-01-01T00:00:00Z'}}",
        "Progressing", "Pending deletion");
  check(
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 2}, status: "
      "{observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 1}}",
      "Progressing", "Waiting for rollout to finish: 1 of 2 updated replicas are available...");
  check(
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 2}, spec: {replicas: 1}, status: "
      "{observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1}}",
      "Progressing", "Waiting for rollout to finish: observed deployment generation less than desired generation");
  check(
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}, status: {conditions: [{type: "
      "Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}}",
      "Degraded", "Deployment \"a\" exceeded its progress deadline");
  check(
      "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {conditions: [{type: Suspended, status: "
      "'False'}]}}",
      "Progressing");
  check("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, status: {phase: Lost}}", "Degraded");
  check(
      "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {restartPolicy: Always}, status: {phase: Pending, "
      "containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}]}}",
      "Degraded", "no such image");
}

TEST_CASE("why pods do not start") {
  std::vector<Value> pods = {
      yaml("{metadata: {name: a}, status: {containerStatuses: [{name: c, state: {waiting: {reason: "
           "CreateContainerConfigError, message: secret \"db\" not found}}}]}}"),
      yaml("{metadata: {name: b}, status: {containerStatuses: [{name: c, state: {waiting: {reason: "
           "ContainerCreating}}}]}}"),
      yaml("{metadata: {name: c}, status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, "
           "message: 0/1 nodes are available}]}}")};
  CHECK(stuck_pods(pods) ==
        "pod a: container c: CreateContainerConfigError: secret \"db\" not found; pod c: Unschedulable: 0/1 nodes are "
        "available");
}

TEST_CASE("conformance: Argo CD's health of CustomResourceDefinitions") {
  auto set =
      kinds::testing::testdata("argocd-health/resource_customizations/apiextensions.k8s.io/CustomResourceDefinition");
  if (!set) return;
  Value cases = yaml(kinds::testing::read_file(*set / "health_test.yaml"));
  REQUIRE(cases["tests"].size() > 0);
  for (const Value& one : cases["tests"].items()) {
    CAPTURE(one["inputPath"].str());
    Health health = assess(yaml(kinds::testing::read_file(*set / one["inputPath"].str())));
    CHECK(to_string(health.status) == one["healthStatus"]["status"].as_string());
    CHECK(health.message == one["healthStatus"]["message"].as_string());
  }
}

}  // namespace slipway::gitops
