#include "apiserver/route.h"

#include "base/text.h"

namespace slipway::apiserver {

static std::string verb_of(const runtime::Request& request, const Route& route) {
  const std::string& method = request.method;
  if (method == "GET" || method == "HEAD") return route.watch ? "watch" : route.name.empty() ? "list" : "get";
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return route.name.empty() ? "deletecollection" : "delete";
  return base::to_lower(method);
}

Route parse_route(const runtime::Request& request) {
  Route route;
  std::string path = request.path();
  std::vector<std::string> parts;
  for (auto part : base::split(path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    route.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    route.group = parts[1];
    route.version = parts[2];
    at = 3;
  } else {
    route.verb = base::to_lower(request.method);
    return route;
  }
  route.is_resource = true;
  if (parts[at] == "watch" && at + 1 < parts.size()) {
    route.watch = true;
    ++at;
  }
  // /namespaces/NS/pods belongs to a namespace; /namespaces/NS and its status and finalize are the namespace itself.
  bool namespaced =
      parts[at] == "namespaces" && at + 2 < parts.size() && parts[at + 2] != "status" && parts[at + 2] != "finalize";
  if (namespaced) {
    route.ns = parts[at + 1];
    at += 2;
  }
  route.resource = parts[at++];
  if (at < parts.size()) route.name = parts[at++];
  if (at < parts.size()) route.subresource = parts[at++];
  for (; at < parts.size(); ++at) route.rest += "/" + parts[at];
  // ?watch on a single object's URL is ignored by Kubernetes: a plain GET.
  auto watch = request.query("watch");
  if (watch && *watch != "false" && *watch != "0" && route.name.empty() && request.method == "GET") route.watch = true;
  route.verb = verb_of(request, route);
  return route;
}

}  // namespace slipway::apiserver
