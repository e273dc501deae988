#include "apiserver/server.h"

#include <algorithm>

#include "apiserver/answer.h"
#include "apiserver/authn.h"
#include "apiserver/discovery.h"
#include "apiserver/status.h"
#include "base/text.h"
#include "runtime/digest.h"
#include "value/json.h"

namespace slipway::apiserver {

runtime::Handler ApiServer::handler() {
  return [this](runtime::Exchange& exchange) { return serve(exchange); };
}

Task<void> ApiServer::serve(runtime::Exchange& exchange) {
  Route route = parse_route(exchange.request());
  auto user = authenticate(exchange, options_.service_account_key, world_.now());
  if (user) user = impersonated(*user, exchange.request().headers);
  Result<> allowed = user ? authorize(*user, route, exchange.request()) : Result<>(user.error());
  Result<> answered;
  if (!allowed) {
    answered = co_await answer_error(exchange, allowed.error());
  } else {
    answered = co_await dispatch(exchange, std::move(route));
  }
  // A client that went away hears nothing; there is nobody to tell.
  (void)answered.has_value();
}

Task<Result<>> ApiServer::dispatch(runtime::Exchange& exchange, Route route) {
  if (!route.is_resource) co_return co_await serve_other(exchange);
  const kinds::Kind* kind = cluster_.catalog().find_resource(route.group, route.version, route.resource);
  if (!kind || kind->verbs.empty()) {
    // A group that nobody serves is no resource at all: plain text, as from any web server.
    bool group_known = route.group.empty();
    for (const kinds::Kind* k : cluster_.catalog().all()) group_known |= k->id.group == route.group;
    if (!group_known) co_return co_await answer_text(exchange, 404, "404 page not found\n");
    co_return co_await answer_status(exchange, not_found_status());
  }
  co_return co_await serve_resource(exchange, std::move(route), *kind);
}

Task<Result<>> ApiServer::serve_other(runtime::Exchange& exchange) {
  if (options_.other_paths) {
    bool served = co_await options_.other_paths(exchange);
    if (served) co_return Result<>();
  }
  std::string path = exchange.request().path();
  if (path.starts_with("/healthz") || path.starts_with("/livez") || path.starts_with("/readyz")) {
    co_return co_await serve_health(exchange, path);
  }
  if (path == "/version" || path == "/version/") co_return co_await answer_value(exchange, 200, version_info());
  if (path.starts_with("/openapi/")) co_return co_await openapi_.serve(exchange);
  // Before discovery: the webhook's path begins with /api/ too.
  if (path == "/api" || path == "/apis" || path.starts_with("/api/") || path.starts_with("/apis/")) {
    co_return co_await serve_discovery(exchange);
  }
  if (path == "/") {
    ArrayBuilder paths;
    for (const char* p :
         {"/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"}) {
      paths.push(p);
    }
    co_return co_await answer_value(exchange, 200, Value{{"paths", paths.build()}});
  }
  co_return co_await answer_text(exchange, 404, "404 page not found\n");
}

Task<Result<>> ApiServer::serve_health(runtime::Exchange& exchange, std::string path) {
  std::string_view check = std::string_view(path).substr(1);
  bool readyz = check.starts_with("readyz");
  bool ready = !readyz || !options_.ready || options_.ready();
  size_t slash = check.find('/');
  std::string_view base = check.substr(0, slash);
  if (slash != check.npos && slash + 1 < check.size()) {
    std::string_view one = check.substr(slash + 1);
    if (one != "ping" && one != "log" && one != "etcd")
      co_return co_await answer_text(exchange, 404, "404 page not found\n");
  }
  if (exchange.request().query("verbose")) {
    std::string text = "[+]ping ok\n[+]log ok\n";
    text += exchange.request().query("exclude") == "etcd" ? "[+]etcd excluded: ok\n" : "[+]etcd ok\n";
    text += ready ? "" : "[-]start failed: still starting\n";
    text += fmt::format("{} check {}\n", base, ready ? "passed" : "failed");
    co_return co_await answer_text(exchange, ready ? 200 : 500, text);
  }
  co_return co_await answer_text(exchange, ready ? 200 : 500, ready ? "ok" : "still starting");
}

Task<Result<>> ApiServer::serve_discovery(runtime::Exchange& exchange) {
  std::string path = exchange.request().path();
  while (path.ends_with('/')) path.pop_back();
  auto accepted = negotiate_discovery(exchange.request().headers.get("accept"));
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  const kinds::Catalog& catalog = cluster_.catalog();
  bool aggregated = accepted->form == Form::aggregated_discovery;
  if (aggregated && (path == "/api" || path == "/apis")) {
    Value list = aggregated_discovery(catalog, path == "/api");
    std::string body = value::to_json(list);
    std::string hash = base::hex_encode(runtime::sha512(body));
    std::transform(hash.begin(), hash.end(), hash.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    runtime::Headers headers;
    headers.add("Content-Type",
                fmt::format("{};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", accepted->content_type()));
    headers.add("Cache-Control", "public");
    headers.add("Vary", "Accept");
    headers.add("ETag", fmt::format("\"{}\"", hash));
    if (exchange.request().headers.get("if-none-match") == fmt::format("\"{}\"", hash)) {
      co_return co_await exchange.respond(304, std::move(headers), "");
    }
    if (accepted->encoding == Encoding::protobuf) body = aggregated_protobuf(list);
    co_return co_await exchange.respond(200, std::move(headers), std::move(body));
  }
  if (path == "/api") co_return co_await answer_value(exchange, 200, api_versions(options_.server_address), *accepted);
  if (path == "/apis") co_return co_await answer_value(exchange, 200, api_group_list(catalog), *accepted);
  auto parts = base::split(std::string_view(path).substr(1), '/');
  std::optional<Value> answer;
  if (parts.size() == 2 && parts[0] == "api") answer = api_resource_list(catalog, "", parts[1]);
  if (parts.size() == 2 && parts[0] == "apis") {
    answer = api_group(catalog, parts[1]);
    if (!answer) co_return co_await answer_text(exchange, 404, "404 page not found\n");
  }
  if (parts.size() == 3 && parts[0] == "apis") answer = api_resource_list(catalog, parts[1], parts[2]);
  if (!answer) co_return co_await answer_status(exchange, not_found_status());
  co_return co_await answer_value(exchange, 200, std::move(*answer), *accepted);
}

}  // namespace slipway::apiserver
