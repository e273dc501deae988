#include "apiserver/status.h"

#include <string_view>

#include "base/text.h"
#include "cluster/embedded/embedded.h"

namespace slipway::apiserver {

namespace {

struct Meaning {
  int code;
  std::string_view reason;
};

Meaning meaning(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::not_found:
      return {404, "NotFound"};
    case ErrorKind::already_exists:
      return {409, "AlreadyExists"};
    case ErrorKind::conflict:
      return {409, "Conflict"};
    case ErrorKind::invalid:
      return {422, "Invalid"};
    case ErrorKind::bad_request:
      return {400, "BadRequest"};
    case ErrorKind::unauthorized:
      return {401, "Unauthorized"};
    case ErrorKind::forbidden:
      return {403, "Forbidden"};
    case ErrorKind::gone:
      return {410, "Expired"};
    case ErrorKind::too_large:
      return {413, "RequestEntityTooLarge"};
    case ErrorKind::timeout:
      return {504, "Timeout"};
    case ErrorKind::unavailable:
      return {503, "ServiceUnavailable"};
    case ErrorKind::unsupported:
      if (error.message().starts_with("the server does not allow this method")) return {405, "MethodNotAllowed"};
      for (std::string_view text : {"only the following media types", "406: ", "you requested PartialObjectMetadata"})
        if (error.message().starts_with(text)) return {406, "NotAcceptable"};
      return {415, "UnsupportedMediaType"};
    case ErrorKind::canceled:
    case ErrorKind::io:
      return {500, "InternalError"};
    case ErrorKind::internal:  // Kubernetes' own errors of no type, whose Status has none: recorded
      return {500, ""};
  }
  return {500, "InternalError"};
}

// Which object an error is about stands in Kubernetes' own texts, at the front or after "fulfilled on":
// `deployments.apps "web" not found`. The details repeat it in parts.
Value details_of(const Error& error) {
  std::string_view text = error.message();
  constexpr std::string_view conflict = "Operation cannot be fulfilled on ";
  if (text.starts_with(conflict)) text.remove_prefix(conflict.size());
  ObjectBuilder details;
  size_t quote = text.find(" \""), all = text.find(" is forbidden: ");
  auto is_word = [&](size_t end) { return end != text.npos && text.substr(0, end).find(' ') == text.npos; };
  if (is_word(quote) || is_word(all)) {  // KIND.GROUP "NAME" …, or KIND.GROUP is forbidden: …
    std::string_view what = text.substr(0, std::min(quote, all));
    if (is_word(quote)) {
      auto rest = text.substr(quote + 2);
      details.set_unless_empty("name", rest.substr(0, rest.find('"')));
    }
    size_t dot = what.find('.');
    if (dot != what.npos) details.set("group", what.substr(dot + 1));
    details.set_unless_empty("kind", what.substr(0, dot));
  }
  ArrayBuilder causes;
  for (const auto& cause : error.causes()) {
    if (cause.reason == cluster::continue_reason) continue;
    ObjectBuilder c;
    c.set_unless_empty("reason", cause.reason)
        .set_unless_empty("message", cause.message)
        .set_unless_empty("field", cause.field);
    causes.push(c.build());
  }
  if (causes.size() > 0) details.set("causes", causes.build());
  if (error.retry_after_s() > 0) details.set("retryAfterSeconds", error.retry_after_s());
  return details.build();
}

}  // namespace

int http_code(const Error& error) {
  return meaning(error).code;
}

Value status_of(const Error& error) {
  auto [code, reason] = meaning(error);
  Value details = details_of(error);
  // A 400 and a 500 are about the request, not an object; routing errors say {}.
  bool about_request = code == 400 || code == 500 || code == 410 || code == 401 || code == 413 ||
                       ((code == 406 || code == 415) && !error.message().starts_with(std::to_string(code)));
  ObjectBuilder status;
  ObjectBuilder metadata;
  for (const auto& cause : error.causes())
    if (cause.reason == cluster::continue_reason) metadata.set("continue", cause.message);
  status.set("kind", "Status").set("apiVersion", "v1").set("metadata", metadata.build()).set("status", "Failure");
  std::string message = error.str();
  status.set("message", message).set_unless_empty("reason", reason);
  if (!(about_request && details["causes"].empty() && details["retryAfterSeconds"].is_null()))
    status.set("details", details);
  status.set("code", code);
  return status.build();
}

Value not_found_status() {
  return status_of(fail(ErrorKind::not_found, "the server could not find the requested resource"));
}

Value method_not_allowed_status() {
  return status_of(fail(ErrorKind::unsupported, "the server does not allow this method on the requested resource"));
}

}  // namespace slipway::apiserver
