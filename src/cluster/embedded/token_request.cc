// serviceaccounts/token: a TokenRequest (authentication.k8s.io/v1) is answered with a signed token, nothing is stored.
#include "base/text.h"
#include "base/time.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"

namespace slipway::cluster {

namespace {

constexpr std::string_view audience = "https://kubernetes.default.svc";
constexpr int64_t life_default_s = 3600, life_min_s = 600, life_max_s = 1LL << 32;

// `name`: as upstream has it, which names the account only when the body names another.
Error invalid_request(std::string_view name, std::string_view field, std::string why) {
  return fail(ErrorKind::invalid, "TokenRequest.authentication.k8s.io \"{}\" is invalid: {}: {}", name, field, why)
      .cause({"FieldValueInvalid", why, std::string(field)});
}

Value reference(const Value& object) {
  return Value{{"name", kinds::name_of(object)}, {"uid", kinds::uid_of(object)}};
}

}  // namespace

Task<Result<Written>> EmbeddedCluster::issue_token(Request& request) {
  const std::string& name = request.write.key.name;
  if (!options_.sign_token) co_return fail(ErrorKind::unsupported, "this cluster signs no tokens");
  for (std::string_view member : {"name", "namespace"}) {
    std::string said = request.write.body["metadata"][member].str();
    if (said.empty() || said == (member == "name" ? name : request.write.key.ns)) continue;
    co_return invalid_request(
        name, fmt::format("metadata.{}", member),
        fmt::format("Invalid value: \"{}\": must match the service account {} if specified", said, member));
  }
  auto account = store_.latest(request.key());
  if (!account) co_return no_such_object(request.kind, name);
  const Value& asked = request.write.body["spec"];
  int64_t life_s = asked["expirationSeconds"].as_int(life_default_s);
  if (life_s < life_min_s) {
    co_return invalid_request(
        "", "spec.expirationSeconds",
        fmt::format("Invalid value: {}: may not specify a duration less than 10 minutes", life_s));
  }
  if (life_s > life_max_s) {
    co_return invalid_request(
        "", "spec.expirationSeconds",
        fmt::format("Invalid value: {}: may not specify a duration larger than 2^32 seconds", life_s));
  }
  Value audiences = asked["audiences"].empty() ? Value::array({Value(audience)}) : asked["audiences"];

  WallTime now = world_.now();
  int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  ObjectBuilder kubernetes;
  kubernetes.set("namespace", request.write.key.ns).set("serviceaccount", reference(*account));
  const Value& bound = asked["boundObjectRef"];
  auto bound_kind = GroupVersionKind::of(bound);
  bool in_core = bound.is_null() || bound_kind.group.empty();
  if (in_core && (bound_kind.kind == "Secret" || bound_kind.kind == "Node"))
    co_return fail(ErrorKind::unsupported, "tokens bound to a {} are not there yet in Slipway", bound_kind.kind);
  if (!bound.is_null() && !(in_core && bound_kind.kind == "Pod"))
    co_return fail(ErrorKind::bad_request, "cannot bind token to object of type {}, Kind={}",
                   bound_kind.group.empty() ? "/" + bound_kind.version : bound_kind.api_version(), bound_kind.kind);
  if (bound_kind.kind == "Pod") {
    auto pod = store_.latest({"pods", request.write.key.ns, bound["name"].str()});
    if (!pod) co_return fail(ErrorKind::not_found, "pods \"{}\" not found", bound["name"].as_string());
    std::string uid = bound["uid"].str();
    if (!uid.empty() && uid != kinds::uid_of(*pod)) {
      co_return fail(ErrorKind::conflict,
                     "Operation cannot be fulfilled on Pod \"{}\": the UID in the bound object reference ({}) does not "
                     "match the UID in record. The object might have been deleted and then recreated",
                     bound["name"].as_string(), uid);
    }
    if ((*pod)["spec"]["serviceAccountName"].as_string() != name) {
      co_return fail(ErrorKind::bad_request,
                     "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
                     name);
    }
    kubernetes.set("pod", reference(*pod));
  }
  Value claims{{"aud", audiences},
               {"exp", now_s + life_s},
               {"iat", now_s},
               {"iss", audience},
               {"jti", world_.random().uuid()},
               {"kubernetes.io", kubernetes.build()},
               {"nbf", now_s},
               {"sub", fmt::format("system:serviceaccount:{}:{}", request.write.key.ns, name)}};
  std::string token = OR_CO_RETURN(options_.sign_token(claims));
  Value metadata{{"name", name},
                 {"namespace", request.write.key.ns},
                 {"uid", kinds::uid_of(*account)},
                 {"creationTimestamp", base::format_rfc3339(now)}};
  Value spec{{"audiences", audiences}, {"expirationSeconds", life_s}, {"boundObjectRef", bound}};
  Value status{{"token", token}, {"expirationTimestamp", base::format_rfc3339(now + std::chrono::seconds(life_s))}};
  Value answer{{"kind", "TokenRequest"},
               {"apiVersion", "authentication.k8s.io/v1"},
               {"metadata", metadata},
               {"spec", spec},
               {"status", status}};
  co_return Written{.object = std::move(answer), .created = true};
}

}  // namespace slipway::cluster
