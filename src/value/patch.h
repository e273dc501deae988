// JSON patch (RFC 6902, with the API server's leniencies) and JSON merge patch (RFC 7386).
#pragma once

#include "value/value.h"

namespace slipway::value {

// Errors: invalid, naming the operation's index and path. More than 10,000 operations: too_large.
Result<Value> json_patch(const Value& target, const Value& operations);
Value merge_patch(const Value& target, const Value& patch);
// The smallest merge patch that turns `from` into `to` ({} when equal).
Value merge_diff(const Value& from, const Value& to);

// Places where two values differ, outermost first, as JSON pointers; at most `limit`.
std::vector<std::string> differences(const Value& a, const Value& b, size_t limit = 100);

}  // namespace slipway::value
