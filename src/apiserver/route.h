// What a request's path asks for, as in k8s.io/apiserver RequestInfo.
#pragma once

#include <optional>
#include <string>

#include "kinds/kind.h"
#include "runtime/http.h"

namespace slipway::apiserver {

struct Route {
  bool is_resource = false;
  std::string group, version;
  std::string ns, resource, name, subresource;
  std::string rest;    // after the subresource: the path behind .../proxy/
  bool watch = false;  // by ?watch=true or the old /watch/ prefix
  std::string verb;    // get list watch create update patch delete deletecollection; for others: the method, lower case
};
// "/apis/apps/v1/namespaces/shop/deployments/web/scale"; not a resource path: is_resource is false.
Route parse_route(const runtime::Request& request);

}  // namespace slipway::apiserver
