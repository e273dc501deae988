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

namespace {

// What somebody may not do, in the words of kube-apiserver: of a resource, at the cluster scope where `ns` is empty.
struct Refusal {
  std::string_view verb, resource, group = "", subresource = "", name = "", ns = "";
};

Error forbidden(const User& user, const Refusal& to) {
  std::string what(to.resource), resource(to.resource);
  if (!to.group.empty()) what += fmt::format(".{}", to.group);
  if (!to.name.empty()) what += fmt::format(" \"{}\"", to.name);
  if (!to.subresource.empty()) resource += fmt::format("/{}", to.subresource);
  std::string where = to.ns.empty() ? "at the cluster scope" : fmt::format("in the namespace \"{}\"", to.ns);
  return fail(ErrorKind::forbidden, "{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}",
              what, user.name, to.verb, resource, to.group, where);
}

// The namespace of system:serviceaccount:NAMESPACE:NAME; empty for another name.
std::string_view account_namespace(std::string_view name) {
  constexpr std::string_view prefix = "system:serviceaccount:";
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  size_t colon = name.find(':');
  bool two = colon != name.npos && colon + 1 < name.size() && name.find(':', colon + 1) == name.npos;
  return two ? name.substr(0, colon) : std::string_view();
}

}  // namespace

Result<User> impersonated(const User& user, const runtime::Headers& headers) {
  std::string_view name = headers.get("impersonate-user");
  auto groups = headers.all("impersonate-group");
  if (name.empty()) {
    bool more = !groups.empty() || !headers.get("impersonate-uid").empty();
    for (const auto& [header, value] : headers.lines())
      more |= base::to_lower(header).starts_with("impersonate-extra-");
    if (more) return fail(ErrorKind::internal, "requested a group, uid or extra without impersonating a user");
    return user;
  }
  bool may = user.in_group("system:masters");
  std::string_view ns = account_namespace(name);
  if (!may && ns.empty()) return forbidden(user, {.verb = "impersonate", .resource = "users", .name = name});
  if (!may) {
    name.remove_prefix(name.rfind(':') + 1);
    return forbidden(user, {.verb = "impersonate", .resource = "serviceaccounts", .name = name, .ns = ns});
  }
  User taken{std::string(name), {groups.begin(), groups.end()}};
  if (groups.empty() && !ns.empty()) taken.groups = service_account_groups(ns);
  bool anonymous = name == "system:anonymous";
  if (!taken.in_group("system:authenticated") && !taken.in_group("system:unauthenticated")) {
    taken.groups.emplace_back(anonymous ? "system:unauthenticated" : "system:authenticated");
  }
  return taken;
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
  return forbidden(user, {route.verb, route.resource, route.group, route.subresource, route.name, route.ns});
}

}  // namespace slipway::apiserver
