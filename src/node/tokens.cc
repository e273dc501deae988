#include "node/tokens.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::node {

namespace {

constexpr int64_t kLifeDefault = 3600;
constexpr Duration kRetry = 10s;

Task<Result<ServiceToken>> ask(World& world, cluster::Cluster& cluster, Value pod, Value source) {
  std::string account = pod["spec"]["serviceAccountName"].str("default");
  ObjectBuilder spec;
  ArrayBuilder audiences;
  if (std::string audience = source["audience"].str(); !audience.empty()) audiences.push(audience);
  spec.set("audiences", audiences.build());
  spec.set("expirationSeconds", source["expirationSeconds"].as_int(kLifeDefault));
  spec.set(
      "boundObjectRef",
      Value{{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", pod["metadata"]["name"]}, {"uid", pod["metadata"]["uid"]}});
  cluster::Write write;
  write.verb = cluster::Verb::create;
  write.key = {{"", "v1", "ServiceAccount"}, std::string(kinds::namespace_of(pod)), account};
  write.subresource = "token";
  write.body = Value{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", spec.build()}};
  write.field_manager = "kubelet";
  WallTime now = world.now();
  auto written = OR_CO_RETURN(co_await cluster.write(std::move(write)));
  const Value& status = written.object["status"];
  auto end = base::parse_rfc3339(status["expirationTimestamp"].as_string());
  if (status["token"].as_string().empty() || !end)
    co_return fail(ErrorKind::io, "the cluster answered without a token for service account {}/{}",
                   kinds::namespace_of(pod), account);
  Duration life = std::max<Duration>(*end - now, kRetry);
  co_return ServiceToken{status["token"].str(), now + std::max<Duration>(life * 4 / 5, kRetry)};
}

}  // namespace

std::string token_key(const Value& source) {
  return fmt::format("{}/{}", source["audience"].as_string(), source["expirationSeconds"].as_int(kLifeDefault));
}

Task<Result<>> renew_tokens(World& world, cluster::Cluster& cluster, Value pod, ServiceTokens* tokens) {
  Result<> outcome;
  for (const Value& volume : pod["spec"]["volumes"].items())
    for (const Value& projected : volume["projected"]["sources"].items()) {
      const Value& source = projected["serviceAccountToken"];
      if (!source.is_object()) continue;
      std::string key = token_key(source);
      auto known = tokens->find(key);
      if (known != tokens->end() && world.now() < known->second.refresh_at) continue;
      auto token = co_await ask(world, cluster, pod, source);
      if (token) {
        (*tokens)[key] = std::move(*token);
      } else {
        if (known != tokens->end()) known->second.refresh_at = world.now() + kRetry;
        if (token.error().is(ErrorKind::canceled)) co_return std::move(token).error();
        if (outcome) outcome = std::move(token).error().context("failed to fetch token");
      }
    }
  co_return outcome;
}

std::optional<WallTime> next_renewal(const ServiceTokens& tokens) {
  std::optional<WallTime> next;
  for (const auto& [key, token] : tokens)
    if (!next || token.refresh_at < *next) next = token.refresh_at;
  return next;
}

}  // namespace slipway::node
