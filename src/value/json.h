// JSON text to Value and back.
#pragma once

#include <string>
#include <string_view>

#include "value/value.h"

namespace slipway::value {

struct JsonLimits {
  size_t bytes_max = 64 << 20;
  int depth_max = 1000;
  bool any_number = false;  // one beyond a double's range is infinite instead of refused: for those who keep the text
  bool reals = false;  // every number is a real (-0 too) and a byte order mark no blank, as encoding/json reads into
                       // interface{}: what Helm's templates see
};
// One JSON value and nothing after it. Errors: bad_request with line and column, too_large. Duplicate members: the last
// wins; `duplicates`, when given, receives the pointer of each ("/spec/replicas").
Result<Value> parse_json(std::string_view text, JsonLimits limits = {}, std::vector<std::string>* duplicates = nullptr);

// The value at the front of `text`, taken off it; what follows is not judged, as json.Decoder's Decode: "1é" is 1, "01"
// 0.
Result<Value> parse_json_prefix(std::string_view& text, JsonLimits limits = {});

std::string to_json(const Value& v);  // compact, as Go's encoding/json without HTML escapes
void append_json(std::string& out, const Value& v);
std::string to_json_pretty(const Value& v,
                           int indent = 2);  // as kubectl -o json: keys sorted, indented (4 spaces there)

}  // namespace slipway::value
