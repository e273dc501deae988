#include "kinds/kind.h"

#include <doctest/doctest.h>

#include <chrono>

#include "base/text.h"
#include "kinds/table.h"

using namespace slipway;
using namespace slipway::kinds;

TEST_CASE("the built-in tables are read quickly") {
  Tables tables;
  auto before = std::chrono::steady_clock::now();
  auto read = read_tables(tables, builtin_table_texts());
  auto took = std::chrono::steady_clock::now() - before;
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().str()));
  fmt::print("tables: {} kinds, {} types in {} us\n", tables.kinds.size(), tables.types.size(),
             std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

TEST_CASE("a mistake in a table is named with its line") {
  auto check = [](std::string_view text, std::string_view message) {
    Tables tables;
    auto read = read_tables(tables, {{"x.kinds", text}});
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().str() == message);
  };
  check("group v1 p\nthing X\n", "x.kinds:2: thing: expected group, enum, type, kind or an indented line");
  check("group v1 p\ntype X\n  a 1 Strin\n", "x.kinds:3: a: unknown type Strin");
  check("group v1 p\ntype X\n  a one string\n", "x.kinds:3: a: expected a protobuf number (0: none), got one");
  check("group v1 p\nkind X xs frist=1\n", "x.kinds:2: kind X: unknown word frist=1");
  check("type X\ngroup v1 p\n", "x.kinds:1: type X: expected a group line with a package above it");
  check("kind X xs\ngroup v1 p\nkind X xs\n", "x.kinds:1: kind X: expected a group line with a package above it");
  check("group v1 p\ntype X\ntype X\n", "x.kinds:3: p.X: there is such a type already");
}

TEST_CASE("kinds are found by what people type") {
  auto check = [](std::string_view word, std::string_view found) {
    const Kind* kind = builtin_catalog().find_word(word);
    CHECK((kind ? kind->id.api_version() + " " + kind->id.kind : "nothing") == found);
  };
  check("deploy", "apps/v1 Deployment");
  check("deployments", "apps/v1 Deployment");
  check("Deployment", "apps/v1 Deployment");
  check("deployment.apps", "apps/v1 Deployment");
  check("deployments.v1.apps", "apps/v1 Deployment");
  check("po", "v1 Pod");
  check("events", "v1 Event");
  check("events.events.k8s.io", "events.k8s.io/v1 Event");
  check("eps", "nothing");
  check("hpa", "autoscaling/v2 HorizontalPodAutoscaler");
}

TEST_CASE("a kind knows what its table says") {
  const Kind* deployment = builtin_catalog().find({"apps", "v1", "Deployment"});
  REQUIRE(deployment);
  CHECK(deployment->plural == "deployments");
  CHECK(deployment->namespaced);
  CHECK(deployment->has_generation);
  CHECK(deployment->status_subresource());
  CHECK(deployment->group_resource() == "deployments.apps");
  CHECK(deployment->type->name == "io.k8s.api.apps.v1.Deployment");
  const Field* replicas = deployment->type->field("spec")->type.type->field("replicas");
  REQUIRE(replicas);
  CHECK(replicas->tag == 1);
  CHECK(replicas->fallback == Value(1));
  CHECK(builtin_catalog().find_resource("", "v1", "pods")->id.kind == "Pod");
  CHECK(builtin_catalog().find({"autoscaling", "v1", "Scale"}) != nullptr);
  CHECK(builtin_catalog().find_kind("autoscaling", "Scale") == nullptr);  // a type only, nothing to list
  const Field* ports = builtin_type("io.k8s.api.core.v1.Container")->field("ports");
  CHECK(ports->list_kind == ListKind::map);
  CHECK(ports->list_keys == std::vector<std::string>{"containerPort", "protocol"});
  CHECK(ports->merge_key == "containerPort");
  CHECK(builtin_type("io.k8s.api.core.v1.Volume")->field("emptyDir") != nullptr);  // through the inlined source
}

TEST_CASE("foreign kinds are there, stored as they come, and say that nobody minds them") {
  const Kind* sealed = builtin_catalog().find({"bitnami.com", "v1alpha1", "SealedSecret"});
  REQUIRE(sealed);
  CHECK(sealed->controller_missing);
  CHECK_FALSE(sealed->builtin);
  CHECK(sealed->status_subresource());
  CHECK_FALSE(builtin_catalog().find_kind("argoproj.io", "Application")->controller_missing);
  CHECK(builtin_catalog().find_word("clusterissuers")->namespaced == false);
  CHECK(builtin_catalog().find_word("app")->id.kind == "Application");
  CHECK(builtin_catalog().find_word("users") != nullptr);
}
