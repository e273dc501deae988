// Which differences count.
#include "gitops/compare/state.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "gitops/compare/normalize.h"
#include "gitops/compare/three_way.h"
#include "value/yaml.h"

namespace slipway::gitops {

namespace {

Value yaml(std::string_view text) {
  auto parsed = value::parse_yaml(text);
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().str()));
  return *parsed;
}

// `target` was applied as it stands; then somebody merged `change` into what lives.
void check(std::string_view target_text, std::string_view change, bool expected, std::string_view ignore = "[]") {
  CAPTURE(target_text);
  CAPTURE(change);
  Value target = yaml(target_text);
  const kinds::Kind* kind = kinds::builtin_catalog().find(kinds::GroupVersionKind::of(target));
  REQUIRE(kind);
  auto conformed = kinds::conform(*kind, normalize_intent(with_last_applied(target)));
  REQUIRE_MESSAGE(conformed.has_value(), (conformed ? "" : conformed.error().str()));
  Value live = kinds::apply_defaults(*kind, conformed->object);
  live = live.with("/metadata/uid", "u").with("/metadata/resourceVersion", "7");
  live = kinds::strategic_merge(kind->type, live, yaml(change)).value();
  auto differ = differs(kind, target, live, IgnoreRules(yaml(ignore)));
  REQUIRE_MESSAGE(differ.has_value(), (differ ? "" : differ.error().str()));
  CHECK(*differ == expected);
}

constexpr std::string_view deployment = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: main
        image: web:1
        env: [{name: A, value: "1"}]
        ports: [{containerPort: 80}]
        resources: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: 0.5}}
)";
constexpr std::string_view service = R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
)";

}  // namespace

TEST_CASE("defaults and spellings do not count, what Git says does") {
  check(deployment, "{}", false);
  check(deployment, "{status: {replicas: 3}}", false);
  check(deployment, "{metadata: {labels: {mine: x}, annotations: {deployment.kubernetes.io/revision: '2'}}}", false);
  check(deployment, "{spec: {replicas: 3}}", false);  // Git leaves it open: an autoscaler may decide
  check(deployment, "{spec: {template: {spec: {containers: [{name: main, image: 'web:2'}]}}}}", true);
  check(deployment, "{spec: {template: {spec: {containers: [{name: main, env: [{name: A, value: '2'}]}]}}}}", true);
  check(deployment, "{spec: {template: {spec: {containers: [{name: main, resources: {limits: {cpu: '2'}}}]}}}}", true);
  check(service, "{}", false);
  check(service, "{spec: {clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7]}}", false);
  check(service, "{spec: {selector: {app: other}}}", true);
  check("{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: x}, stringData: {a: one}}", "{}", false);
  check("{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: x}, stringData: {a: one}}", "{data: {a: dHdv}}",
        true);
}

TEST_CASE("what ignoreDifferences names does not count") {
  std::string_view scaled = "{spec: {template: {spec: {containers: [{name: main, image: 'web:2'}]}}}}";
  check(deployment, scaled, false,
        "[{group: apps, kind: Deployment, jsonPointers: [/spec/template/spec/containers/0/image]}]");
  check(deployment, scaled, true,
        "[{group: apps, kind: StatefulSet, jsonPointers: [/spec/template/spec/containers/0/image]}]");
  check(deployment, scaled, false,
        "[{group: '{apps,batch}', kind: '[A-D]*', jsonPointers: [/spec/template/spec/containers/0/image]}]");
  check(deployment, scaled, true, "[{group: '*', kind: '[', jsonPointers: [/spec/template/spec/containers/0/image]}]");
  check(deployment, scaled, false,
        "[{group: '*', kind: '*', name: web, jsonPointers: [/spec/template/spec/containers/0/image]}]");
}

}  // namespace slipway::gitops
