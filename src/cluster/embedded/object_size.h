// How large an object may be at rest. What is stored is kept in memory, told to watchers, listed and backed up whole:
// updates that each add a little must not make it grow without an end.
#pragma once

#include "kinds/object.h"

namespace slipway::cluster {

inline constexpr size_t object_bytes_max = 1536 << 10;  // etcd's --max-request-bytes

// In etcd's words, for objects that a real cluster would not store either: as protobuf, custom ones as JSON. What is
// too large since before may be changed as long as it does not grow, or it could never go.
Result<> check_size(const kinds::Kind& kind, const Value& object, const Value& before);

}  // namespace slipway::cluster
