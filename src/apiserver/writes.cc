// The verbs that change: create, update, patch, delete. Bodies are decoded here; what they mean is the cluster's to
// say.
#include <algorithm>

#include "apiserver/answer.h"
#include "apiserver/body.h"
#include "apiserver/discovery.h"
#include "apiserver/list_text.h"
#include "apiserver/options.h"
#include "apiserver/server.h"
#include "apiserver/status.h"
#include "base/text.h"
#include "value/json.h"

namespace slipway::apiserver {

namespace {

constexpr std::string_view strategic_type = "application/strategic-merge-patch+json";

// DELETE answers with the object itself for these; for all others with a Status.
constexpr std::string_view answered_by_object[] = {"pods",
                                                   "services",
                                                   "serviceaccounts",
                                                   "resourcequotas",
                                                   "podtemplates",
                                                   "persistentvolumes",
                                                   "persistentvolumeclaims",
                                                   "namespaces",
                                                   "storageclasses.storage.k8s.io",
                                                   "volumeattachments.storage.k8s.io",
                                                   "csidrivers.storage.k8s.io",
                                                   "csinodes.storage.k8s.io",
                                                   "servicecidrs.networking.k8s.io"};

// What the body of a create or update holds: the object, or what its subresource exchanges.
kinds::GroupVersionKind body_kind(const kinds::Kind& kind, const std::string& subresource) {
  if (subresource.empty()) return kind.id;
  Subresource sub = describe_subresource(kind, subresource);
  if (sub.kind == kind.id.kind) return kind.id;
  return {std::string(sub.group), sub.version.empty() ? kind.id.version : std::string(sub.version),
          std::string(sub.kind)};
}

Result<cluster::PatchType> patch_type(std::string_view content_type, const kinds::Kind& kind) {
  auto type = media_type(content_type);
  if (type == "application/json-patch+json") return cluster::PatchType::json;
  if (type == "application/merge-patch+json") return cluster::PatchType::merge;
  if (type == strategic_type && kind.builtin) return cluster::PatchType::strategic;
  if (type == "application/apply-patch+yaml") return cluster::PatchType::apply;
  if (type == strategic_type) {
    return fail(
        ErrorKind::unsupported,
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
        "application/merge-patch+json, application/apply-patch+yaml");
  }
  return fail(ErrorKind::unsupported, "415: Unsupported Media Type");
}

Error bad_delete_option(std::string_view field, const Value& found, std::string_view supported) {
  std::string why = fmt::format("Unsupported value: {}: supported values: {}", value::to_json(found), supported);
  return fail(ErrorKind::invalid, "DeleteOptions.meta.k8s.io \"\" is invalid: {}: {}", field, why)
      .cause({"FieldValueNotSupported", why, std::string(field)});
}

Error wrong_type(std::string_view field, const Value& value, std::string_view expected) {
  return fail(ErrorKind::bad_request, "DeleteOptions: {} is {}, expected {}", field, value::to_string(value.type()),
              expected);
}

// A deletion that was not understood must not happen.
Result<> delete_options(const Value& body, cluster::Write& write) {
  if (!body.is_object()) return wrong_type("the body", body, "an object");
  std::string kind = body["kind"].str("DeleteOptions");
  if (kind != "DeleteOptions") return fail(ErrorKind::bad_request, "expected DeleteOptions as body, found {}", kind);
  const Value& grace = body["gracePeriodSeconds"];
  if (!grace.is_null() && !grace.is_int()) return wrong_type("gracePeriodSeconds", grace, "a number");
  if (!grace.is_null()) write.grace_period_s = grace.as_int();
  const Value &policy = body["propagationPolicy"], &orphan = body["orphanDependents"];
  if (!policy.is_null() && !policy.is_string()) return wrong_type("propagationPolicy", policy, "a string");
  if (!orphan.is_null() && !orphan.is_bool()) return wrong_type("orphanDependents", orphan, "true or false");
  auto word = policy.as_string();
  if (word == "Background") {
    write.propagation = cluster::Propagation::background;
  } else if (word == "Foreground") {
    write.propagation = cluster::Propagation::foreground;
  } else if (word == "Orphan" || orphan.as_bool()) {
    write.propagation = cluster::Propagation::orphan;
  } else if (!word.empty()) {
    return bad_delete_option("propagationPolicy", policy, R"("Foreground", "Background", "Orphan", "nil")");
  }
  const Value& preconditions = body["preconditions"];
  if (!preconditions.is_null() && !preconditions.is_object())
    return wrong_type("preconditions", preconditions, "an object");
  for (const char* name : {"uid", "resourceVersion"}) {
    if (!preconditions[name].is_null() && !preconditions[name].is_string())
      return wrong_type(fmt::format("preconditions.{}", name), preconditions[name], "a string");
  }
  if (preconditions["uid"].is_string()) write.uid = preconditions["uid"].str();
  if (preconditions["resourceVersion"].is_string()) {
    auto revision = base::parse_int(preconditions["resourceVersion"].as_string());
    write.resource_version = revision ? static_cast<uint64_t>(*revision) : 0;
  }
  const Value& dry_run = body["dryRun"];
  if (!dry_run.is_null() && !dry_run.is_array()) return wrong_type("dryRun", dry_run, "a list");
  for (const Value& dry : dry_run.items()) {
    if (dry.as_string() != "All") return bad_delete_option("dryRun", dry_run, R"("All")");
    write.dry_run = true;
  }
  return {};
}

}  // namespace

Task<Result<>> ApiServer::write(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  const runtime::Request& request = exchange.request();
  auto accepted = negotiate(request.headers.get("accept"), kind, Answer::object);
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  cluster::Write write;
  write.key = {kind.id, route.ns, route.name};
  write.subresource = route.subresource;
  bool is_patch = route.verb == "patch";
  std::string_view options_kind = is_patch                 ? "PatchOptions"
                                  : route.verb == "update" ? "UpdateOptions"
                                                           : "CreateOptions";
  auto options = write_options(request, options_kind, write);
  if (!options) co_return co_await answer_error(exchange, options.error());
  auto content_type = request.headers.get("content-type");
  if (is_patch) {
    auto type = patch_type(content_type, kind);
    if (!type) co_return co_await answer_error(exchange, type.error());
    write.patch_type = *type;
    write.verb = *type == cluster::PatchType::apply ? cluster::Verb::apply : cluster::Verb::patch;
  } else {
    write.verb = route.verb == "update" ? cluster::Verb::update : cluster::Verb::create;
  }
  auto body = co_await bodies_.read(exchange);
  if (!body) co_return co_await answer_error(exchange, body.error());
  auto decoded = is_patch ? decode_patch(*body, content_type)
                          : decode_object(*body, content_type, body_kind(kind, route.subresource), kind.builtin);
  if (!decoded && is_patch) {
    bool strategic = write.patch_type == cluster::PatchType::strategic;
    std::string why = decoded.error().message();
    Error error = fail(ErrorKind::bad_request, "{}{}", strategic ? "" : "error decoding patch: ", why);
    co_return co_await answer_error(exchange, std::move(error));
  }
  if (!decoded) co_return co_await answer_error(exchange, decoded.error());
  if (write.patch_type == cluster::PatchType::json && !decoded->value.is_array()) {
    Error error = fail(ErrorKind::bad_request,
                       "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
                       value::to_string(decoded->value.type()));
    co_return co_await answer_error(exchange, std::move(error));
  }
  if (write.patch_type == cluster::PatchType::strategic && !decoded->value.is_object()) {
    Error error =
        fail(ErrorKind::bad_request, "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
             value::to_string(decoded->value.type()));
    co_return co_await answer_error(exchange, std::move(error));
  }
  write.body = std::move(decoded->value);
  write.duplicate_fields = std::move(decoded->duplicates);
  if (write.subresource == "eviction" && !write.body["deleteOptions"].is_null()) {
    auto understood = delete_options(write.body["deleteOptions"], write);
    if (!understood) co_return co_await answer_error(exchange, understood.error());
  }
  auto written = co_await cluster_.write(std::move(write));
  if (!written) co_return co_await answer_error(exchange, written.error(), deprecation_warnings(kind));
  int code = written->created ? 201 : 200;
  std::string include = request.query("includeObject").value_or("");
  bool has_forms = route.subresource.empty() || route.subresource == "status" || route.subresource == "scale";
  Value answer = has_forms
                     ? in_form(shown_kind(kind, route.subresource), written->object, *accepted, world_.now(), include)
                     : written->object;
  std::vector<std::string> warnings = deprecation_warnings(kind);
  warnings.insert(warnings.end(), written->warnings.begin(), written->warnings.end());
  co_return co_await answer_value(exchange, code, std::move(answer), *accepted, std::move(warnings));
}

// DELETE takes its options from the body, the query, or both.
static Task<Result<cluster::Write>> read_delete(BodyReader& bodies, runtime::Exchange& exchange,
                                                cluster::ObjectKey key) {
  const runtime::Request& request = exchange.request();
  cluster::Write write;
  write.verb = cluster::Verb::remove;
  write.key = std::move(key);
  OR_CO_RETURN(write_options(request, "DeleteOptions", write));
  std::string body = OR_CO_RETURN(co_await bodies.read(exchange));
  if (!base::trim(body).empty()) {
    Body decoded = OR_CO_RETURN(decode_delete_options(body, request.headers.get("content-type")));
    OR_CO_RETURN(delete_options(decoded.value, write));
  }
  ObjectBuilder query;
  if (auto policy = request.query("propagationPolicy")) query.set("propagationPolicy", *policy);
  auto grace = OR_CO_RETURN(query_number(request, "gracePeriodSeconds"));
  if (grace) query.set("gracePeriodSeconds", *grace);
  if (request.query("orphanDependents") == "true") query.set("orphanDependents", true);
  OR_CO_RETURN(delete_options(query.build(), write));
  co_return write;
}

Task<Result<>> ApiServer::remove(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  auto accepted = negotiate(exchange.request().headers.get("accept"), kind, Answer::object);
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  auto write = co_await read_delete(bodies_, exchange, {kind.id, route.ns, route.name});
  if (!write) co_return co_await answer_error(exchange, write.error());
  auto written = co_await cluster_.write(std::move(*write));
  if (!written) co_return co_await answer_error(exchange, written.error());
  std::string resource = kind.group_resource();
  bool by_object =
      std::find(std::begin(answered_by_object), std::end(answered_by_object), resource) != std::end(answered_by_object);
  if (!written->removed || by_object) {
    Value answer = in_form(kind, written->object, *accepted, world_.now(), "");
    co_return co_await answer_value(exchange, 200, std::move(answer), *accepted, std::move(written->warnings));
  }
  ObjectBuilder details;
  details.set("name", route.name).set_unless_empty("group", kind.id.group).set("kind", kind.plural);
  details.set("uid", written->object["metadata"]["uid"]);
  Value status{{"kind", "Status"},
               {"apiVersion", "v1"},
               {"metadata", Value::object()},
               {"status", "Success"},
               {"details", details.build()}};
  co_return co_await answer_value(exchange, 200, std::move(status), {.encoding = accepted->encoding},
                                  std::move(written->warnings));
}

Task<Result<>> ApiServer::remove_collection(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  auto accepted = negotiate(exchange.request().headers.get("accept"), kind, Answer::list);
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  auto options = list_options(exchange.request(), route, Listing::list);
  if (!options) co_return co_await answer_error(exchange, options.error());
  auto pattern = co_await read_delete(bodies_, exchange, {kind.id, route.ns, ""});
  if (!pattern) co_return co_await answer_error(exchange, pattern.error());
  auto list = co_await cluster_.list(kind.id, std::move(*options));
  if (!list) co_return co_await answer_error(exchange, list.error());
  for (const Value& item : list->items) {
    cluster::Write write = *pattern;
    write.key = cluster::ObjectKey::of(item);
    auto written = co_await cluster_.write(std::move(write));
    if (!written && !written.error().is(ErrorKind::not_found))
      co_return co_await answer_error(exchange, written.error());
  }
  list->continue_token.clear();
  list->remaining.reset();
  OR_CO_RETURN(co_await turns_.next(exchange));
  ListText text(kind, std::move(*list), *accepted, world_.now(), "", wants_pretty(exchange.request()));
  co_return co_await answer_list(exchange, turns_, std::move(text), answer_headers(accepted->content_type()));
}

}  // namespace slipway::apiserver
