#include "apiserver/authn.h"

#include <algorithm>

#include "apiserver/tokens.h"
#include "base/text.h"

namespace slipway::apiserver {

bool User::in_group(std::string_view group) const {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

Result<User> authenticate(const runtime::Exchange& exchange, const runtime::CertifiedKey* tokens, WallTime now) {
  const runtime::PeerIdentity& peer = exchange.peer();
  if (!peer.verified || peer.common_name.empty()) {
    auto header = exchange.request().headers.get("authorization");
    constexpr std::string_view bearer = "Bearer ";
    // A certificate that is shown and does not hold (it has ended, or is another authority's) makes nobody anonymous:
    // its owner would be told what anonymous may not do, and never why.
    bool shown = !peer.verified && !peer.fingerprint_sha256.empty();
    if (!header.starts_with(bearer))
      return shown ? Result<User>(fail(ErrorKind::unauthorized, "Unauthorized")) : User();
    auto claims = tokens ? read_token(*tokens, header.substr(bearer.size()), now) : std::nullopt;
    if (!claims) return fail(ErrorKind::unauthorized, "Unauthorized");
    return user_of(*claims);
  }
  User user{peer.common_name, peer.organizations};
  user.groups.emplace_back("system:authenticated");
  return user;
}

Result<> authorize(const User& user, const Route& route, const runtime::Request& request) {
  if (user.in_group("system:masters")) return {};
  std::string path = request.path();
  for (std::string_view open : {"/healthz", "/livez", "/readyz", "/version"}) {
    if (path == open && request.method == "GET") return {};
  }
  // Git servers have no account here; what a push event can do, it may do for anybody.
  if (path == "/api/webhook") return {};
  if (!route.is_resource) {
    return fail(ErrorKind::forbidden, "forbidden: User \"{}\" cannot {} path \"{}\"", user.name, route.verb, path);
  }
  std::string resource = route.resource + (route.subresource.empty() ? "" : "/" + route.subresource);
  std::string what = route.group.empty() ? route.resource : route.resource + "." + route.group;
  std::string name = route.name.empty() ? "" : fmt::format(" \"{}\"", route.name);
  std::string where = route.ns.empty() ? "at the cluster scope" : fmt::format("in the namespace \"{}\"", route.ns);
  return fail(ErrorKind::forbidden, "{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}",
              what, name, user.name, route.verb, resource, route.group, where);
}

}  // namespace slipway::apiserver
