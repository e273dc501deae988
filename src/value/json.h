// JSON text to Value and back.
#pragma once

#include <string>
#include <string_view>

#include "value/value.h"

namespace slipway::value {

struct JsonLimits {
  size_t bytes_max = 64 << 20;
  int depth_max = 1000;
};
// One JSON value and nothing after it. Errors: bad_request with line and column, too_large. Duplicate members: the last
// wins; `duplicates`, when given, receives the pointer of each ("/spec/replicas").
Result<Value> parse_json(std::string_view text, JsonLimits limits = {}, std::vector<std::string>* duplicates = nullptr);

std::string to_json(const Value& v);  // compact, as Go's encoding/json without HTML escapes
void append_json(std::string& out, const Value& v);
std::string to_json_pretty(const Value& v,
                           int indent = 2);  // as kubectl -o json: keys sorted, indented (4 spaces there)

}  // namespace slipway::value
