#include "apiserver/negotiate.h"

#include <doctest/doctest.h>

#include "apiserver/status.h"
#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::apiserver;

namespace {

std::string form(const Result<Accepted>& accepted) {
  if (!accepted) return "406";
  std::string_view names[] = {"object", "table", "partial", "partial-list", "aggregated"};
  return std::string(names[static_cast<int>(accepted->form)]) + (accepted->encoding == Encoding::yaml ? " yaml" : "") +
         (accepted->encoding == Encoding::protobuf ? " protobuf" : "") +
         (accepted->form == Form::object ? "" : " " + accepted->table_version);
}

}  // namespace

TEST_CASE("what the client accepts") {
  struct Case {
    const char *accept, *one, *list, *watch;
  };
  constexpr const char* table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  for (auto [accept, one, list, watch] : {
           Case{"", "object", "object", "object"},
           {"*/*", "object", "object", "object"},
           {"application/json", "object", "object", "object"},
           {"Application/JSON; charset=utf-8", "object", "object", "object"},
           {"application/yaml", "object yaml", "object yaml", "406"},
           {"application/yaml, application/json", "object yaml", "object yaml", "object"},
           {"application/vnd.kubernetes.protobuf, application/json", "object protobuf", "object protobuf",
            "object protobuf"},
           {"application/vnd.kubernetes.protobuf", "object protobuf", "object protobuf", "object protobuf"},
           {"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io", "406", "406", "406"},
           {"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", "object", "object",
            "object"},
           {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "partial protobuf v1",
            "406", "partial protobuf v1"},
           {"text/html", "406", "406", "406"},
           {table, "table v1", "table v1", "table v1"},
           {"application/json;as=Table;v=v1beta1;g=meta.k8s.io", "table v1beta1", "table v1beta1", "table v1beta1"},
           {"application/json;as=Table;v=v2;g=meta.k8s.io", "406", "406", "406"},
           {"application/json;as=Table;v=v2;g=meta.k8s.io,application/json", "object", "object", "object"},
           {"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "partial v1", "406", "partial v1"},
           {"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "406", "partial-list v1", "406"},
           {"application/json;as=Nonsense;v=v1;g=meta.k8s.io", "406", "406", "406"},
           {",,;;=", "406", "406", "406"},
       }) {
    CAPTURE(accept);
    const kinds::Kind& pod = *kinds::builtin_catalog().find_word("pod");
    CHECK(form(negotiate(accept, pod, Answer::object)) == one);
    CHECK(form(negotiate(accept, pod, Answer::list)) == list);
    CHECK(form(negotiate(accept, pod, Answer::watch)) == watch);
  }
  // What a CRD defines has no numbers: only its metadata goes as protobuf.
  kinds::Kind custom;
  custom.builtin = false;
  CHECK(form(negotiate("application/vnd.kubernetes.protobuf", custom, Answer::object)) == "406");
  CHECK(form(negotiate("application/vnd.kubernetes.protobuf,application/json", custom, Answer::list)) == "object");
  CHECK(form(negotiate("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", custom,
                       Answer::object)) == "partial protobuf v1");
  CHECK(form(negotiate_discovery(
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json")) ==
        "aggregated v2");
  CHECK(form(negotiate_discovery(
            "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json")) == "object");
  CHECK(form(negotiate_discovery("application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as="
                                 "APIGroupDiscoveryList")) == "aggregated protobuf v2");
  CHECK(form(negotiate_discovery("text/html")) == "406");
}

TEST_CASE("errors as Status") {
  struct Case {
    ErrorKind kind;
    const char* message;
    int code;
    const char* reason;
  };
  for (auto [kind, message, code, reason] : {
           Case{ErrorKind::not_found, "pods \"web\" not found", 404, "NotFound"},
           {ErrorKind::already_exists, "pods \"web\" already exists", 409, "AlreadyExists"},
           {ErrorKind::conflict, "Operation cannot be fulfilled on pods \"web\": changed", 409, "Conflict"},
           {ErrorKind::invalid, "Pod \"web\" is invalid: spec: Required value", 422, "Invalid"},
           {ErrorKind::bad_request, "what?", 400, "BadRequest"},
           {ErrorKind::unauthorized, "Unauthorized", 401, "Unauthorized"},
           {ErrorKind::forbidden, "pods is forbidden", 403, "Forbidden"},
           {ErrorKind::gone, "too old resource version: 1 (9)", 410, "Expired"},
           {ErrorKind::too_large, "Request entity too large: limit is 3", 413, "RequestEntityTooLarge"},
           {ErrorKind::timeout, "late", 504, "Timeout"},
           {ErrorKind::unavailable, "not now", 503, "ServiceUnavailable"},
           {ErrorKind::unsupported, "415: Unsupported Media Type", 415, "UnsupportedMediaType"},
           {ErrorKind::unsupported, "only the following media types are accepted: x", 406, "NotAcceptable"},
           {ErrorKind::internal, "oh", 500, ""},
           {ErrorKind::io, "disk", 500, "InternalError"},
           {ErrorKind::canceled, "stopping", 500, "InternalError"},
       }) {
    CAPTURE(message);
    Value status = status_of(fail(kind, "{}", message));
    CHECK(status["kind"].str() == "Status");
    CHECK(status["status"].str() == "Failure");
    CHECK(status["code"].as_int() == code);
    CHECK(status["reason"].str() == reason);
    CHECK(status["message"].str() == message);
  }
  CHECK(not_found_status()["message"].str() == "the server could not find the requested resource");
  CHECK(not_found_status()["details"] == Value::object());
  CHECK(method_not_allowed_status()["code"].as_int() == 405);
}

TEST_CASE("a Status whose continue token is too old holds the one that goes on") {
  Error old(ErrorKind::gone, "The provided continue parameter is too old");
  Value status = status_of(std::move(old).cause({std::string(cluster::continue_reason), "bmV4dA", {}}));
  CHECK(status["metadata"] == Value{{"continue", "bmV4dA"}});
  CHECK(!status.has("details"));
  CHECK(status["reason"].str() == "Expired");
}

TEST_CASE("a Status repeats in parts which object it is about") {
  Value details =
      status_of(fail(ErrorKind::conflict, "Operation cannot be fulfilled on deployments.apps \"web\": x"))["details"];
  CHECK(details == Value{{"name", "web"}, {"group", "apps"}, {"kind", "deployments"}});
  Error invalid = fail(ErrorKind::invalid, "Pod \"web\" is invalid: spec.x: Required value");
  details = status_of(std::move(invalid).cause({"FieldValueRequired", "Required value", "spec.x"}))["details"];
  CHECK(details["kind"].str() == "Pod");
  CHECK(details["causes"][0] ==
        Value{{"reason", "FieldValueRequired"}, {"message", "Required value"}, {"field", "spec.x"}});
}
