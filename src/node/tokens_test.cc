#include "node/tokens.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "node/volumes/volumes.h"
#include "sim/sim_world.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::node;

namespace {

// Answers requests for tokens, and counts them.
class TokenCluster final : public cluster::Cluster {
 public:
  explicit TokenCluster(World& world) : world_(world) {}
  Task<Result<Value>> get(cluster::ObjectKey) override { co_return Error(ErrorKind::not_found, "none"); }
  Task<Result<cluster::List>> list(kinds::GroupVersionKind, cluster::ListOptions) override {
    co_return cluster::List();
  }
  Task<Result<std::unique_ptr<cluster::Watch>>> watch(kinds::GroupVersionKind, cluster::WatchOptions) override {
    co_return Error(ErrorKind::unsupported, "no watches");
  }
  Task<Result<cluster::Written>> write(cluster::Write w) override {
    if (refuses) co_return Error(ErrorKind::not_found, "serviceaccounts \"robot\" not found");
    asked = w;
    ++count;
    int64_t life = w.body["spec"]["expirationSeconds"].as_int();
    Value status{{"token", fmt::format("token-{}", count)},
                 {"expirationTimestamp", base::format_rfc3339(world_.now() + std::chrono::seconds(life))}};
    cluster::Written written;
    written.object = w.body.with_member("status", status);
    co_return written;
  }
  const kinds::Catalog& catalog() const override { return kinds::builtin_catalog(); }

  cluster::Write asked;
  int count = 0;
  bool refuses = false;

 private:
  World& world_;
};

}  // namespace

TEST_CASE("service account tokens are asked for, projected, and renewed in time") {
  sim::SimWorld world(1);
  TokenCluster cluster(world);
  Value pod = value::parse_yaml(R"(
metadata: {name: p, namespace: shop, uid: u-1}
spec:
  serviceAccountName: robot
  volumes:
  - name: api
    projected:
      defaultMode: 420
      sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
)")
                  .value();
  ServiceTokens tokens;
  auto renew = [&] { return world.run(renew_tokens(world, cluster, pod, &tokens)); };
  REQUIRE(renew());
  CHECK(cluster.asked.key.str() == "ServiceAccount shop/robot");
  CHECK(cluster.asked.subresource == "token");
  CHECK(cluster.asked.body["spec"]["boundObjectRef"]["uid"].as_string() == "u-1");
  CHECK(cluster.asked.body["spec"]["expirationSeconds"].as_int() == 3607);

  EnvInputs in;
  in.pod = pod;
  const Value& volume = pod["spec"]["volumes"][0];
  auto without = volumes::payload_of(in, volume);
  CHECK(without.failed_with(ErrorKind::unsupported));
  for (const auto& [key, token] : tokens) in.tokens.emplace(key, token.token);
  auto payload = volumes::payload_of(in, volume).value();
  CHECK(payload.at("token").bytes == "token-1");
  CHECK(payload.at("namespace").bytes == "shop");

  world.run_for(2800s);
  REQUIRE(renew());
  CHECK(cluster.count == 1);
  world.run_for(100s);
  CHECK(*next_renewal(tokens) <= world.now());
  cluster.refuses = true;  // the old one stays, and is asked for again soon
  auto refused = renew();
  CHECK(refused.error().str().find("serviceaccounts \"robot\" not found") != std::string::npos);
  CHECK(tokens.begin()->second.token == "token-1");
  CHECK(*next_renewal(tokens) == world.now() + 10s);
  world.run_for(10s);
  cluster.refuses = false;
  REQUIRE(renew());
  CHECK(tokens.begin()->second.token == "token-2");
}
