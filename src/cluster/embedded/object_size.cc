#include "cluster/embedded/object_size.h"

#include "kinds/protobuf.h"
#include "value/json.h"

namespace slipway::cluster {

namespace {

// The state of an Application tells of up to 20,000 objects.
constexpr size_t application_bytes_max = 16 << 20;
constexpr size_t bytes_each_max = 6;  // that JSON makes of one in memory: \u0000

size_t size_at_rest(const kinds::Kind& kind, const Value& object) {
  size_t json = value::to_json(object).size();
  if (json <= object_bytes_max || !kind.builtin || !kind.type) return json;
  return kinds::to_protobuf(*kind.type, object).size();
}

}  // namespace

Result<> check_size(const kinds::Kind& kind, const Value& object, const Value& before) {
  if (object.memory_bytes() <= object_bytes_max / bytes_each_max) return {};
  size_t size = size_at_rest(kind, object);
  bool is_application = kind.id.group == "argoproj.io" && kind.id.kind == "Application";
  if (size <= (is_application ? application_bytes_max : object_bytes_max) ||
      (!before.is_null() && size <= size_at_rest(kind, before)))
    return {};
  return Error(ErrorKind::io, "etcdserver: request is too large");
}

}  // namespace slipway::cluster
