#include "apiserver/route.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apiserver/authn.h"
#include "apiserver/options.h"

using namespace slipway;
using namespace slipway::apiserver;

namespace {

runtime::Request request(std::string_view line) {  // "GET /api/v1/pods"
  size_t space = line.find(' ');
  runtime::Request r;
  r.method = line.substr(0, space);
  r.target = line.substr(space + 1);
  return r;
}

// "verb group/version namespace resource name subresource rest"
std::string route_of(std::string_view line) {
  Route r = parse_route(request(line));
  if (!r.is_resource) return "- " + r.verb;
  auto part = [](const std::string& text) { return text.empty() ? "-" : text; };
  return fmt::format("{} {}/{} {} {} {} {}{}", r.verb, r.group, r.version, part(r.ns), r.resource, part(r.name),
                     part(r.subresource), r.rest.empty() ? "" : " " + r.rest);
}

}  // namespace

TEST_CASE("paths and verbs") {
  struct Case {
    const char *line, *route;
  };
  for (auto [line, route] : {
           Case{"GET /api/v1/pods", "list /v1 - pods - -"},
           {"HEAD /api/v1/pods", "list /v1 - pods - -"},
           {"GET /api/v1/pods?watch=true", "watch /v1 - pods - -"},
           {"GET /api/v1/pods?watch=1", "watch /v1 - pods - -"},
           {"GET /api/v1/pods?watch", "watch /v1 - pods - -"},
           {"GET /api/v1/pods?watch=false", "list /v1 - pods - -"},
           {"GET /api/v1/pods?watch=0", "list /v1 - pods - -"},
           {"POST /api/v1/pods?watch=true", "create /v1 - pods - -"},
           {"GET /api/v1/namespaces/shop/pods/web?watch=true", "get /v1 shop pods web -"},
           {"GET /api/v1/watch/namespaces/shop/pods", "watch /v1 shop pods - -"},
           {"GET /api/v1/watch/namespaces/shop/pods/web", "watch /v1 shop pods web -"},
           {"GET /api/v1/namespaces", "list /v1 - namespaces - -"},
           {"GET /api/v1/namespaces/shop", "get /v1 - namespaces shop -"},
           {"PUT /api/v1/namespaces/shop/finalize", "update /v1 - namespaces shop finalize"},
           {"PATCH /api/v1/namespaces/shop/status", "patch /v1 - namespaces shop status"},
           {"POST /api/v1/namespaces/shop/pods", "create /v1 shop pods - -"},
           {"DELETE /api/v1/namespaces/shop/pods", "deletecollection /v1 shop pods - -"},
           {"DELETE /api/v1/namespaces/shop/pods/web", "delete /v1 shop pods web -"},
           {"POST /api/v1/namespaces/shop/pods/web/exec?command=ls", "create /v1 shop pods web exec"},
           {"GET /api/v1/namespaces/shop/services/web/proxy/a/b", "get /v1 shop services web proxy /a/b"},
           {"PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale", "patch apps/v1 shop deployments web scale"},
           {"GET /apis/apps/v1//namespaces/shop/deployments/", "list apps/v1 shop deployments - -"},
           {"GET /api/v1/namespaces/sh%6Fp/pods", "list /v1 shop pods - -"},
           {"OPTIONS /api/v1/pods", "options /v1 - pods - -"},
           {"GET /", "- get"},
           {"GET /api", "- get"},
           {"GET /api/v1", "- get"},
           {"GET /apis/apps/v1", "- get"},
           {"POST /api/webhook", "- post"},
           {"GET /healthz/ping", "- get"},
       }) {
    CHECK_MESSAGE(route_of(line) == route, line);
  }
}

TEST_CASE("who may what") {
  auto may = [](User user, std::string_view line) {
    auto r = request(line);
    auto allowed = authorize(user, parse_route(r), r);
    return allowed ? std::string("yes") : allowed.error().str();
  };
  User admin{"admin", {"system:masters", "system:authenticated"}},
      web{"system:serviceaccount:shop:web", {"system:serviceaccounts"}};
  CHECK(may(admin, "DELETE /api/v1/namespaces/shop") == "yes");
  CHECK(may(admin, "GET /anything") == "yes");
  for (const char* open : {"GET /healthz", "GET /livez", "GET /readyz", "GET /version", "POST /api/webhook"}) {
    CHECK_MESSAGE(may(User(), open) == "yes", open);
  }
  for (const char* closed : {"POST /healthz", "GET /readyz/etcd", "GET /openapi/v2", "GET /api", "POST /api/webhook/x",
                             "GET /api/v1/secrets", "GET //readyz"}) {
    CHECK_MESSAGE(may(User(), closed) != "yes", closed);
    CHECK_MESSAGE(may(web, closed) != "yes", closed);
  }
  CHECK(may(User(), "GET /apis") == "forbidden: User \"system:anonymous\" cannot get path \"/apis\"");
  CHECK(may(web, "GET /apis/apps/v1/namespaces/shop/deployments/web/scale") ==
        "deployments.apps \"web\" is forbidden: User \"system:serviceaccount:shop:web\" cannot get resource "
        "\"deployments/scale\" in API group \"apps\" in the namespace \"shop\"");
  CHECK(may(web, "GET /api/v1/nodes") ==
        "nodes is forbidden: User \"system:serviceaccount:shop:web\" cannot list resource \"nodes\" in API group \"\" "
        "at the "
        "cluster scope");
}

TEST_CASE("who is taken for whom") {
  User admin{"admin", {"system:masters", "system:authenticated"}}, web{"web", {"system:authenticated"}};
  auto taken = [](const User& user, std::initializer_list<std::pair<const char*, const char*>> lines) {
    runtime::Headers headers;
    for (const auto& [name, value] : lines) headers.add(name, value);
    auto as = impersonated(user, headers);
    return as ? fmt::format("{} {}", as->name, fmt::join(as->groups, " ")) : as.error().str();
  };
  CHECK(taken(admin, {}) == "admin system:masters system:authenticated");
  CHECK(taken(admin, {{"Impersonate-User", "jo"}}) == "jo system:authenticated");
  CHECK(
      taken(admin, {{"impersonate-user", "jo"}, {"Impersonate-Group", "a"}, {"Impersonate-Group", "system:masters"}}) ==
      "jo a system:masters system:authenticated");
  CHECK(taken(admin, {{"Impersonate-User", "system:serviceaccount:shop:web"}}) ==
        "system:serviceaccount:shop:web system:serviceaccounts system:serviceaccounts:shop system:authenticated");
  CHECK(taken(admin, {{"Impersonate-User", "system:anonymous"}}) == "system:anonymous system:unauthenticated");
  for (const char* header : {"Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-scopes"}) {
    CHECK(taken(admin, {{header, "x"}}) == "requested a group, uid or extra without impersonating a user");
  }
  CHECK(taken(web, {{"Impersonate-User", "admin"}, {"Impersonate-Group", "system:masters"}}) ==
        "users \"admin\" is forbidden: User \"web\" cannot impersonate resource \"users\" in API group \"\" at the "
        "cluster scope");
  CHECK(
      taken(web, {{"Impersonate-User", "system:serviceaccount:shop:web"}}) ==
      "serviceaccounts \"web\" is forbidden: User \"web\" cannot impersonate resource \"serviceaccounts\" in API group "
      "\"\" in the namespace \"shop\"");
}

TEST_CASE("what a list may be asked") {
  auto options = [](std::string_view query) {
    auto r = request("GET /api/v1/namespaces/shop/pods?" + std::string(query));
    return list_options(r, parse_route(r), Listing::list);
  };
  auto all =
      options("labelSelector=a%3Db&fieldSelector=x%3Dy&limit=5&resourceVersion=7&resourceVersionMatch=Exact").value();
  CHECK(all.ns == "shop");
  CHECK(all.label_selector == "a=b");
  CHECK(all.field_selector == "x=y");
  CHECK(all.limit == 5);
  CHECK(options("continue=t").value().continue_token == "t");
  CHECK(all.resource_version == 7);
  CHECK(all.resource_version_match == "Exact");
  auto none = options("resourceVersion=").value();
  CHECK(none.limit == 0);
  CHECK_FALSE(none.resource_version.has_value());
  CHECK(options("limit=-3").value().limit == 0);
  for (const char* bad : {"limit=", "limit=x", "limit=5x", "limit=99999999999999999999", "timeoutSeconds=abc",
                          "resourceVersion=x", "resourceVersion=-1", "resourceVersion=99999999999999999999"}) {
    CHECK_MESSAGE(options(bad).failed_with(ErrorKind::bad_request), bad);
  }
  for (const char* together :
       {"resourceVersionMatch=Exact", "resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=t",
        "sendInitialEvents=true", "resourceVersionMatch=Exact&resourceVersion=0"})
    CHECK_MESSAGE(options(together).failed_with(ErrorKind::invalid), together);
  auto watch = [](std::string_view query) {
    auto r = request("GET /api/v1/namespaces/shop/pods?watch=1&" + std::string(query));
    return list_options(r, parse_route(r), Listing::watch);
  };
  CHECK(watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan"));
  CHECK(watch("sendInitialEvents=true").failed_with(ErrorKind::invalid));
  CHECK(watch("resourceVersion=x").failed_with(ErrorKind::internal));
}

TEST_CASE("what a write may be asked") {
  auto options = [](std::string_view query, cluster::Write& write, const char* agent = "") {
    auto r = request("POST /api/v1/namespaces/shop/pods?" + std::string(query));
    if (*agent) r.headers.add("User-Agent", agent);
    return write_options(r, "CreateOptions", write);
  };
  cluster::Write w;
  CHECK(options("dryRun=All&fieldValidation=Strict&fieldManager=me&force=true", w));
  CHECK(w.dry_run);
  CHECK(w.force);
  CHECK(w.field_validation == kinds::FieldValidation::strict);
  CHECK(w.field_manager == "me");
  cluster::Write plain;
  CHECK(options("", plain, "kubectl/v1.33.0 (linux/amd64)"));
  CHECK_FALSE(plain.dry_run);
  CHECK(plain.field_validation == kinds::FieldValidation::warn);
  CHECK(plain.field_manager == "kubectl");
  for (const char* bad : {"dryRun=Some", "dryRun=all", "fieldValidation=strict"}) {
    cluster::Write refused;
    CHECK_MESSAGE(options(bad, refused).failed_with(ErrorKind::invalid), bad);
  }
}
