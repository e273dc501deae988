#include "kinds/pod_resources.h"

#include <doctest/doctest.h>

#include "value/yaml.h"

using namespace slipway;

namespace {

void check(std::string_view spec, std::string_view expected) {
  Value pod{{"spec", value::parse_yaml(spec).value()}};
  CHECK_MESSAGE(kinds::quality_of(pod) == expected, spec);
}

}  // namespace

TEST_CASE("quality of service, by requests and limits") {
  check("{containers: [{name: a}]}", "BestEffort");
  check("{containers: [{name: a, resources: {limits: {cpu: '1', memory: 1Gi}}}]}", "Guaranteed");
  check(
      "{containers: [{name: a, resources: {limits: {cpu: '1', memory: 1Gi}, requests: {cpu: 1000m, memory: 1024Mi}}}]}",
      "Guaranteed");
  check("{containers: [{name: a, resources: {limits: {cpu: '1', memory: 1Gi}, requests: {cpu: '0'}}}]}", "Burstable");
  check("{containers: [{name: a, resources: {limits: {cpu: '0'}, requests: {memory: '0'}}}]}", "BestEffort");
  check("{containers: [{name: a, resources: {limits: {cpu: '1', memory: 1Gi}}}, {name: b}]}", "Burstable");
  check("{initContainers: [{name: i}], containers: [{name: a, resources: {limits: {cpu: '1', memory: 1Gi}}}]}",
        "Burstable");
  check("{containers: [{name: a, resources: {requests: {cpu: 1m}}}]}", "Burstable");
  check("{resources: {limits: {cpu: '1', memory: 1Gi}}, containers: [{name: a}]}", "Guaranteed");
}
