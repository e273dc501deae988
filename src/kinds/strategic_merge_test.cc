#include <doctest/doctest.h>

#include "kinds/object.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::kinds;

namespace {
Value json(std::string_view text) {
  auto parsed = value::parse_json(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}
const Type* pod_spec() {
  return builtin_type("io.k8s.api.core.v1.PodSpec");
}
void check(const Type* type, std::string_view target, std::string_view patch, std::string_view expected) {
  auto merged = strategic_merge(type, json(target), json(patch));
  CHECK((merged ? value::to_json(*merged) : merged.error().message()) == expected);
}
}  // namespace

TEST_CASE("lists merge by their key, scalars are replaced, null deletes") {
  check(pod_spec(), R"({"containers":[{"name":"a","image":"1"},{"name":"b"}],"nodeName":"n"})",
        R"({"containers":[{"name":"a","image":"2"}],"nodeName":null})",
        R"({"containers":[{"image":"2","name":"a"},{"name":"b"}]})");
  check(pod_spec(), R"({"containers":[{"name":"a"}]})", R"({"containers":[{"name":"b"}]})",
        R"({"containers":[{"name":"b"},{"name":"a"}]})");
  check(pod_spec(), R"({"containers":[{"name":"a","command":["x","y"]}]})",
        R"({"containers":[{"name":"a","command":["z"]}]})", R"({"containers":[{"command":["z"],"name":"a"}]})");
  check(pod_spec(), R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"}]})",
        R"({"tolerations":[{"key":"b"}]})");
  check(pod_spec(), R"({})", R"({"nodeSelector":{"a":"b","c":null}})", R"({"nodeSelector":{"a":"b"}})");
}

TEST_CASE("directives are obeyed") {
  check(pod_spec(), R"({"containers":[{"name":"a"},{"name":"b"}]})",
        R"({"containers":[{"name":"a","$patch":"delete"}]})", R"({"containers":[{"name":"b"}]})");
  check(pod_spec(), R"({"containers":[{"name":"a"}]})", R"({"containers":[{"name":"b"},{"$patch":"replace"}]})",
        R"({"containers":[{"name":"b"}]})");
  check(pod_spec(), R"({"securityContext":{"runAsUser":1}})", R"({"securityContext":{"$patch":"replace","fsGroup":2}})",
        R"({"securityContext":{"fsGroup":2}})");
  check(pod_spec(), R"({"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]})",
        R"({"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"c","image":"2"}]})",
        R"({"containers":[{"name":"b"},{"image":"2","name":"c"},{"name":"a"}]})");
  const Type* meta = &object_meta_type();
  check(meta, R"({"finalizers":["a","b","c"]})", R"({"$deleteFromPrimitiveList/finalizers":["b"]})",
        R"({"finalizers":["a","c"]})");
  check(meta, R"({"finalizers":["a"]})", R"({"finalizers":["b","a"]})", R"({"finalizers":["b","a"]})");
  check(builtin_type("io.k8s.api.apps.v1.DeploymentSpec"),
        R"({"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}})",
        R"({"strategy":{"$retainKeys":["type"],"type":"Recreate"}})", R"({"strategy":{"type":"Recreate"}})");
}

TEST_CASE("a bad patch is refused in the real server's words") {
  check(pod_spec(), R"({"containers":[{"name":"c"}]})", R"({"containers":[{"image":"x"}]})",
        "map: map[image:x] does not contain declared merge key: name");
  check(pod_spec(), R"({"containers":[{"name":"c"}]})", R"({"containers":[{"name":"c","$patch":"foo"}]})",
        "unknown patch type: foo in map: map[$patch:foo name:c]");
}

TEST_CASE("a three-way patch leads from live to modified and forgets what was applied before") {
  const Type* type = builtin_type("io.k8s.api.apps.v1.Deployment");
  auto check = [&](std::string_view original, std::string_view modified, std::string_view live,
                   std::string_view expected, std::string_view result) {
    auto patch = three_way_patch(type, json(original), json(modified), json(live));
    REQUIRE(patch.has_value());
    CHECK(value::to_json(*patch) == expected);
    auto merged = strategic_merge(type, json(live), *patch);
    REQUIRE(merged.has_value());
    CHECK(value::to_json(*merged) == result);
  };
  check(R"({"spec":{"replicas":1,"paused":true}})", R"({"spec":{"replicas":2}})",
        R"({"spec":{"replicas":1,"paused":true,"minReadySeconds":5}})", R"({"spec":{"paused":null,"replicas":2}})",
        R"({"spec":{"minReadySeconds":5,"replicas":2}})");
  check(
      R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}}}})",
      R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"2"}]}}}})",
      R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"},{"name":"injected","image":"1"}]}}}})",
      R"({"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"image":"2","name":"a"},{"$patch":"delete","name":"b"}]}}}})",
      R"({"spec":{"template":{"spec":{"containers":[{"image":"2","name":"a"},{"image":"1","name":"injected"}]}}}})");
  check(R"({"spec":{"strategy":{"type":"RollingUpdate"}}})", R"({"spec":{"strategy":{"type":"Recreate"}}})",
        R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
        R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})",
        R"({"spec":{"strategy":{"type":"Recreate"}}})");
  check(R"({"metadata":{"labels":{"a":"b","c":"d"}}})", R"({"metadata":{"labels":{"a":"b"}}})",
        R"({"metadata":{"labels":{"a":"b","c":"d","x":"y"}}})", R"({"metadata":{"labels":{"c":null}}})",
        R"({"metadata":{"labels":{"a":"b","x":"y"}}})");
}
