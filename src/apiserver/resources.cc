// The verbs that read, and the choice between all of them.
#include <algorithm>

#include "apiserver/answer.h"
#include "apiserver/discovery.h"
#include "apiserver/list_text.h"
#include "apiserver/options.h"
#include "apiserver/server.h"
#include "apiserver/status.h"
#include "base/text.h"
#include "cluster/embedded/embedded.h"

namespace slipway::apiserver {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_stream(std::string_view subresource) {
  return subresource == "log" || subresource == "exec" || subresource == "attach" || subresource == "portforward";
}

Result<> check_include_object(const Accepted& accepted, std::string_view include) {
  bool known = include.empty() || include == "None" || include == "Metadata" || include == "Object";
  if (known || accepted.form != Form::table) return {};
  return fail(ErrorKind::bad_request,
              "Unable to convert to Table as requested: includeObject: Invalid value: \"{}\": must be 'Metadata', "
              "'Object', 'None', or empty",
              include);
}

}  // namespace

Task<Result<>> ApiServer::serve_resource(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  if (!route.subresource.empty()) {
    if (!contains(kind.subresources, route.subresource)) co_return co_await answer_status(exchange, not_found_status());
    if (is_stream(route.subresource)) co_return co_await stream(exchange, std::move(route));
    auto verbs = describe_subresource(kind, route.subresource).verbs;
    if (std::find(verbs.begin(), verbs.end(), route.verb) == verbs.end()) {
      co_return co_await answer_status(exchange, method_not_allowed_status());
    }
  } else if (!contains(kind.verbs, route.verb) || exchange.request().method == "HEAD" ||
             exchange.request().method == "OPTIONS" || (route.verb == "create" && !route.name.empty()) ||
             (route.verb == "update" && route.name.empty()) || (route.verb == "patch" && route.name.empty()) ||
             (kind.namespaced && route.ns.empty() && route.verb != "list" && route.verb != "watch")) {
    co_return co_await answer_status(exchange, method_not_allowed_status());
  }
  if (route.verb == "watch") co_return co_await watch(exchange, std::move(route), kind);
  if (route.verb == "list") co_return co_await list(exchange, std::move(route), kind);
  if (route.verb == "get") co_return co_await get(exchange, std::move(route), kind);
  if (route.verb == "delete" && route.subresource.empty()) co_return co_await remove(exchange, std::move(route), kind);
  if (route.verb == "deletecollection") co_return co_await remove_collection(exchange, std::move(route), kind);
  co_return co_await write(exchange, std::move(route), kind);
}

Task<Result<>> ApiServer::get(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  auto accepted = negotiate(exchange.request().headers.get("accept"), kind, Answer::object);
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  auto found = co_await cluster_.get({kind.id, route.ns, route.name});
  if (!found) co_return co_await answer_error(exchange, found.error());
  std::string include = exchange.request().query("includeObject").value_or("");
  if (auto known = check_include_object(*accepted, include); !known)
    co_return co_await answer_error(exchange, known.error());
  const kinds::Kind& shown = shown_kind(kind, route.subresource);
  Value object = route.subresource == "scale" ? cluster::scale_of(kind, *found) : std::move(*found);
  co_return co_await answer_value(exchange, 200, in_form(shown, object, *accepted, world_.now(), include), *accepted,
                                  deprecation_warnings(kind));
}

Task<Result<>> ApiServer::list(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  const runtime::Request& request = exchange.request();
  auto accepted = negotiate(request.headers.get("accept"), kind, Answer::list);
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  auto options = list_options(request, route, Listing::list);
  if (!options) co_return co_await answer_error(exchange, options.error());
  std::string include = request.query("includeObject").value_or("");
  if (auto known = check_include_object(*accepted, include); !known)
    co_return co_await answer_error(exchange, known.error());
  // Thousands of objects are a piece of work already, and a handle of each is kept while the client reads: so not
  // before its turn, and not before there is room for the answer.
  OR_CO_RETURN(co_await turns_.next(exchange));
  auto list = co_await cluster_.list(kind.id, std::move(*options));
  if (!list) co_return co_await answer_error(exchange, list.error());
  runtime::Headers headers = answer_headers(accepted->content_type());
  add_warnings(headers, deprecation_warnings(kind));
  ListText text(kind, std::move(*list), *accepted, world_.now(), std::move(include), wants_pretty(request));
  co_return co_await answer_list(exchange, turns_, std::move(text), std::move(headers));
}

}  // namespace slipway::apiserver
