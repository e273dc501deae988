#include "apiserver/body.h"

#include <algorithm>

#include "apiserver/negotiate.h"
#include "base/text.h"
#include "kinds/protobuf.h"
#include "value/json.h"
#include "value/json_error.h"
#include "value/yaml.h"

namespace slipway::apiserver {

namespace {

// "/spec/ports/0/name" gives "spec.ports[0].name".
std::string dotted(const std::string& pointer) {
  std::string out;
  for (const auto& part : value::pointer_split(pointer)) {
    bool index = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    out += index ? "[" + part + "]" : (out.empty() ? "" : ".") + part;
  }
  return out;
}

Result<Body> decode_json(const std::string& body) {
  if (body.starts_with("\xef\xbb\xbf"))  // our reader skips it, as YAML's do; Go's does not
    return fail(ErrorKind::bad_request, "invalid character 'ï' looking for beginning of value");
  Body decoded;
  std::vector<std::string> pointers;
  auto value = value::parse_json(body, {.bytes_max = object_body_limits.bytes_max, .depth_max = 1000}, &pointers);
  if (!value) {
    if (auto why = value::go_json_error(body)) return fail(ErrorKind::bad_request, "{}", *why);
    return value.error();
  }
  decoded.value = *value;
  for (const auto& pointer : pointers) decoded.duplicates.push_back(dotted(pointer));
  return decoded;
}

Result<Body> decode_yaml(const std::string& body) {
  auto value = value::parse_yaml(body);
  if (!value) return fail(ErrorKind::bad_request, "error decoding YAML: {}", value.error().str());
  return Body{*value, {}};
}

bool is_yaml(std::string_view type) {
  return type == "application/yaml" || type == "application/apply-patch+yaml";
}

// The beginning of a body that nobody understood.
std::string summary(std::string_view body) {
  if (body.empty()) return "<empty>";
  constexpr size_t shown = 30;
  std::string_view cut = body.substr(0, shown);
  std::string text = body[0] == '{' ? std::string(cut) : base::hex_encode(cut);
  return body.size() > shown ? text + " ..." : text;
}

Error unrecognized(const Error& why, std::string_view body, const kinds::GroupVersionKind& expected,
                   std::string_view before) {
  if (why.is(ErrorKind::too_large)) return why;
  return fail(ErrorKind::bad_request, "the object provided is unrecognized (must be of type {}): {}{} ({})",
              expected.kind, before, why.message(), summary(body));
}

Error unregistered(const kinds::GroupVersionKind& id) {
  return fail(ErrorKind::bad_request,
              "no kind \"{}\" is registered for version \"{}\" in scheme \"pkg/runtime/scheme.go:111\"", id.kind,
              id.api_version());
}

// What the envelope says it is; what it leaves out is as expected.
kinds::GroupVersionKind identity(const kinds::Envelope& envelope, const kinds::GroupVersionKind& expected) {
  Value said{{"apiVersion", envelope.api_version.empty() ? Value(expected.api_version()) : Value(envelope.api_version)},
             {"kind", envelope.kind.empty() ? Value(expected.kind) : Value(envelope.kind)}};
  return kinds::GroupVersionKind::of(said);
}

Result<Body> decode_protobuf(const std::string& body, const kinds::GroupVersionKind& expected) {
  auto envelope = kinds::open_envelope(body);
  if (!envelope) return unrecognized(envelope.error(), body, expected, "");
  kinds::GroupVersionKind id = identity(*envelope, expected);
  const kinds::Kind* kind = kinds::builtin_catalog().find(id);
  auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::bad_request, "{} in version \"{}\" cannot be handled as a {}: {}", id.kind, id.version,
                expected.kind, why);
  };
  if (!kind || !kind->builtin || !kind->type) return refuse(unregistered(id).message());
  auto package = [](std::string_view group) { return group.empty() ? "core" : group.substr(0, group.find('.')); };
  if (id != expected)
    return refuse(fmt::format("converting ({}.{}) to ({}.{}): unknown conversion", id.version, id.kind,
                              package(expected.group), expected.kind));
  auto object = kinds::from_protobuf(*kind->type, envelope->message);
  if (!object) return refuse(object.error().message());
  return Body{object->with_member("apiVersion", id.api_version()).with_member("kind", id.kind), {}};
}

Error unknown_format() {
  return fail(ErrorKind::unsupported,
              "the body of the request was in an unknown format - accepted media types include: application/json, "
              "application/yaml, application/vnd.kubernetes.protobuf");
}

}  // namespace

std::string media_type(std::string_view content_type) {
  return base::to_lower(base::trim(content_type.substr(0, content_type.find(';'))));
}

Task<Result<std::string>> BodyReader::read(runtime::Exchange& exchange) {
  const Error too_large = fail(ErrorKind::too_large, "Request entity too large: limit is {}", limits_.bytes_max);
  auto announced = base::parse_int(exchange.request().headers.get("content-length"));
  if (announced && *announced > static_cast<long long>(limits_.bytes_max)) {
    // Whoever is still sending does not see an answer: some of it is read first, and not kept. Nobody waits for a
    // terabyte.
    (void)(co_await runtime::with_timeout(unwanted_body_time_max, discard(exchange))).has_value();
    co_return too_large;
  }
  auto body = co_await runtime::with_timeout(limits_.time_max, collect(exchange));
  if (body.failed_with(ErrorKind::timeout))
    co_return fail(ErrorKind::timeout, "request did not complete within the allotted timeout");
  if (body.failed_with(ErrorKind::too_large)) co_return too_large;
  co_return body;
}

Task<Result<>> BodyReader::discard(runtime::Exchange& exchange) {
  for (size_t seen = 0; seen <= limits_.bytes_max;) {
    std::string piece = OR_CO_RETURN(co_await exchange.body().read());
    if (piece.empty()) break;
    seen += piece.size();
  }
  co_return Result<>();
}

Task<Result<std::string>> BodyReader::collect(runtime::Exchange& exchange) {
  struct Hold {
    size_t& all;
    size_t own = 0;
    ~Hold() { all -= own; }
  } hold{held_};
  std::string body;
  while (true) {
    std::string piece = OR_CO_RETURN(co_await exchange.body().read());
    if (piece.empty()) co_return body;
    if (piece.size() > limits_.bytes_max - body.size()) co_return Error(ErrorKind::too_large, "");
    if (body.empty())
      body = std::move(piece);
    else
      body += piece;
    size_t own = body.size() - std::min(body.size(), small_body_bytes);
    held_ += own - std::exchange(hold.own, own);
    if (held_ > limits_.all_bytes_max) {
      co_return fail(ErrorKind::unavailable, "too many large request bodies are being sent at once, retry later")
          .retry_after(1);
    }
  }
}

Result<Body> decode_object(const std::string& body, std::string_view content_type,
                           const kinds::GroupVersionKind& expected, bool builtin) {
  std::string type = media_type(content_type);
  if (type == protobuf_type && builtin) return decode_protobuf(body, expected);
  if (is_yaml(type)) {
    auto decoded = decode_yaml(body);
    if (!decoded) return unrecognized(decoded.error(), body, expected, "couldn't get version/kind; ");
    return decoded;
  }
  if (!type.empty() && type != "application/json" && type != "*/*") return unknown_format();
  auto decoded = decode_json(body);
  if (!decoded) return unrecognized(decoded.error(), body, expected, "couldn't get version/kind; json parse error: ");
  return decoded;
}

Result<Body> decode_delete_options(const std::string& body, std::string_view content_type) {
  static const kinds::Type& options = *kinds::builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  std::string type = media_type(content_type);
  if (type == protobuf_type) {
    kinds::Envelope envelope = OR_RETURN(kinds::open_envelope(body));
    kinds::GroupVersionKind id = identity(envelope, {"", "v1", "DeleteOptions"});
    if (id.kind != "DeleteOptions") return unregistered(id);
    return Body{OR_RETURN(kinds::from_protobuf(options, envelope.message)), {}};
  }
  if (is_yaml(type)) return decode_yaml(body);
  if (!type.empty() && type != "application/json" && type != "*/*") return unknown_format();
  auto decoded = decode_json(body);
  if (!decoded && decoded.error().is(ErrorKind::bad_request))
    return fail(ErrorKind::bad_request, "couldn't get version/kind; json parse error: {}", decoded.error().message());
  return decoded;
}

Result<Body> decode_patch(const std::string& body, std::string_view content_type) {
  return is_yaml(media_type(content_type)) ? decode_yaml(body) : decode_json(body);
}

}  // namespace slipway::apiserver
