#include "apiserver/answer.h"

#include "apiserver/status.h"
#include "base/text.h"
#include "kinds/conversion.h"
#include "kinds/protobuf.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::apiserver {

runtime::Headers answer_headers(std::string_view content_type) {
  runtime::Headers headers;
  headers.add("Cache-Control", "no-cache, private");
  if (!content_type.empty()) headers.add("Content-Type", content_type);
  return headers;
}

// People look with curl or a browser.
bool wants_pretty(const runtime::Request& request) {
  if (auto pretty = request.query("pretty"); pretty && !pretty->empty()) {
    for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})  // as Go's strconv.ParseBool
      if (*pretty == yes) return true;
    return false;
  }
  auto agent = request.headers.get("user-agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

namespace {

// Changes `encoding` to JSON when the value has no protobuf.
std::string encode(const runtime::Request& request, const Value& value, Encoding& encoding) {
  if (encoding == Encoding::yaml) return value::to_yaml(value);
  if (encoding == Encoding::protobuf) {
    if (auto text = protobuf_text(value)) return std::move(*text);
    encoding = Encoding::json;
  }
  if (wants_pretty(request)) return value::to_json_pretty(value);
  return value::to_json(value) + "\n";
}

}  // namespace

Task<Result<>> answer_value(runtime::Exchange& exchange, int code, Value value, Accepted accepted,
                            std::vector<std::string> warnings) {
  std::string body = encode(exchange.request(), value, accepted.encoding);
  runtime::Headers headers = answer_headers(accepted.content_type());
  add_warnings(headers, warnings);
  co_return co_await exchange.respond(code, std::move(headers), std::move(body));
}

Task<Result<>> answer_status(runtime::Exchange& exchange, Value status) {
  int code = static_cast<int>(status["code"].as_int(500));
  Encoding encoding = negotiate_error(exchange.request().headers.get("accept"));
  co_return co_await answer_value(exchange, code, std::move(status), {.encoding = encoding});
}

Task<Result<>> answer_error(runtime::Exchange& exchange, Error error, std::vector<std::string> warnings) {
  Accepted accepted{.encoding = negotiate_error(exchange.request().headers.get("accept"))};
  Value status = status_of(error);
  std::string body = encode(exchange.request(), status, accepted.encoding);
  runtime::Headers headers = answer_headers(accepted.content_type());
  add_warnings(headers, warnings);
  if (error.retry_after_s() > 0) headers.add("Retry-After", std::to_string(error.retry_after_s()));
  co_return co_await exchange.respond(http_code(error), std::move(headers), std::move(body));
}

Task<Result<>> answer_text(runtime::Exchange& exchange, int code, std::string text) {
  co_return co_await exchange.respond(code, answer_headers("text/plain; charset=utf-8"), std::move(text));
}

std::optional<std::string> protobuf_text(const Value& object) {
  auto id = kinds::GroupVersionKind::of(object);
  const kinds::Type* type = nullptr;
  if (const kinds::Kind* kind = kinds::builtin_catalog().find(id); kind && kind->builtin) type = kind->type;
  if (!type && (id.group == "meta.k8s.io" || (id.group.empty() && (id.version == "v1" || id.version.empty()))))
    type = kinds::builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1." + id.kind);
  if (!type || id.kind == "Table") return std::nullopt;
  return kinds::to_protobuf(*type, object);
}

const kinds::Kind& shown_kind(const kinds::Kind& kind, std::string_view subresource) {
  static const kinds::Kind& scale = *kinds::builtin_catalog().find({"autoscaling", "v1", "Scale"});
  return subresource == "scale" ? scale : kind;
}

Value metadata_alone(const kinds::Kind& kind, const Value& object, std::string_view version) {
  return Value{{"kind", "PartialObjectMetadata"},
               {"apiVersion", fmt::format("meta.k8s.io/{}", version)},
               {"metadata", kinds::kept_form(kind, object)["metadata"]}};
}

static Value row(const kinds::Kind& kind, const Value& object, std::string_view version, WallTime now,
                 std::string_view include) {
  ObjectBuilder row;
  row.set("cells", kinds::table_cells(kind, object, now));
  row.set_unless_empty("conditions", kinds::table_row_conditions(kind, object));
  row.set("object", include == "None" ? Value() : include == "Object" ? object : metadata_alone(kind, object, version));
  return row.build();
}

Value in_form(const kinds::Kind& kind, const Value& object, const Accepted& accepted, WallTime now,
              std::string_view include_object) {
  if (accepted.form == Form::partial || accepted.form == Form::partial_list)
    return metadata_alone(kind, object, accepted.table_version);
  if (accepted.form != Form::table) return object;
  Value metadata{{"resourceVersion", object["metadata"]["resourceVersion"]}};
  return Value{{"kind", "Table"},
               {"apiVersion", fmt::format("meta.k8s.io/{}", accepted.table_version)},
               {"metadata", metadata},
               {"columnDefinitions", kinds::table_columns(kind)},
               {"rows", Value::array({row(kind, object, accepted.table_version, now, include_object)})}};
}

}  // namespace slipway::apiserver
