// Writing answers: JSON, YAML or protobuf bodies, Status errors, warnings, the headers that every answer carries.
#pragma once

#include <string>
#include <vector>

#include "apiserver/negotiate.h"
#include "kinds/object.h"
#include "runtime/http.h"

namespace slipway::apiserver {

runtime::Headers answer_headers(std::string_view content_type);
void add_warnings(runtime::Headers& headers, const std::vector<std::string>& warnings);
// What every answer about a kind that is on its way out carries.
std::vector<std::string> deprecation_warnings(const kinds::Kind& kind);
Task<Result<>> answer_value(runtime::Exchange& exchange, int code, Value value, Accepted accepted = {},
                            std::vector<std::string> warnings = {});
// Whether JSON comes with lines and indents: `pretty` in the query says so, or a person seems to ask.
bool wants_pretty(const runtime::Request& request);
// In the encoding that the client accepts.
Task<Result<>> answer_error(runtime::Exchange& exchange, Error error, std::vector<std::string> warnings = {});
Task<Result<>> answer_text(runtime::Exchange& exchange, int code, std::string text);
Task<Result<>> answer_status(runtime::Exchange& exchange, Value status);

// One object in the form that the client accepts (Table, PartialObjectMetadata or as it is).
Value in_form(const kinds::Kind& kind, const Value& object, const Accepted& accepted, WallTime now,
              std::string_view include_object);
// Of which kind the answers of a subresource are: a scale is one of its own.
const kinds::Kind& shown_kind(const kinds::Kind& kind, std::string_view subresource);
// Its PartialObjectMetadata.
Value metadata_alone(const kinds::Kind& kind, const Value& object, std::string_view version);
// The object in protobuf, in its envelope; nothing when it has none (Table, custom kinds).
std::optional<std::string> protobuf_text(const Value& object);

}  // namespace slipway::apiserver
