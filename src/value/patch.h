// JSON patch (RFC 6902 as evanphx/json-patch v4 does it: the API server's and kustomize's leniencies and texts) and
// JSON merge patch (RFC 7386).
#pragma once

#include "value/value.h"

namespace slipway::value {

// Takes a time that grows with what the operations touch, not with what stands beside. Errors: invalid, naming the
// operation's index and path. More than 10,000 operations, copies of more than 3 MiB together, more than 30 million
// members and items touched, or a result nested deeper than 1000 levels: too_large.
// `copied_bytes`, unless null, grows by what the copies made, as memory_bytes() counts.
Result<Value> json_patch(const Value& target, const Value& operations, size_t* copied_bytes = nullptr);
Value merge_patch(const Value& target, const Value& patch);
// The smallest merge patch that turns `from` into `to` ({} when equal). A null member of `to` has no merge patch: it is
// taken out instead.
Value merge_diff(const Value& from, const Value& to);

// Places where two values differ, outermost first, as JSON pointers; at most `limit`.
std::vector<std::string> differences(const Value& a, const Value& b, size_t limit = 100);

}  // namespace slipway::value
