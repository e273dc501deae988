// What a request says in its body: JSON, YAML or protobuf, told by Content-Type, as one tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kinds/kind.h"
#include "runtime/http.h"

namespace slipway::apiserver {

inline constexpr size_t small_body_bytes = 64 << 10;
inline constexpr Duration unwanted_body_time_max = 2s;
struct BodyLimits {
  size_t bytes_max = 3 << 20;
  size_t all_bytes_max = 64 << 20;  // of all that are being read, without the first small_body_bytes
  Duration time_max = 60s;          // however many bytes come meanwhile; as kube-apiserver's --request-timeout
};
inline constexpr BodyLimits object_body_limits;

struct Body {
  Value value;
  std::vector<std::string> duplicates;  // "spec.replicas"
};

// The media type that a Content-Type names, in lower case and without parameters.
std::string media_type(std::string_view content_type);
// Reads bodies, within bounds on all of them together: clients that send and never end cannot fill the memory.
class BodyReader {
 public:
  explicit BodyReader(BodyLimits limits = object_body_limits) : limits_(limits) {}
  // All of it. Errors: too_large in Kubernetes' words; timeout; unavailable (retry later): large bodies have taken all
  // the room there is - small ones always have some.
  Task<Result<std::string>> read(runtime::Exchange& exchange);

 private:
  Task<Result<>> discard(runtime::Exchange& exchange);
  Task<Result<std::string>> collect(runtime::Exchange& exchange);
  const BodyLimits limits_;
  size_t held_ = 0;  // of bodies that have not ended
};

// An object that is to be one of `expected`. Errors in the API server's own words: unsupported (415), bad_request.
Result<Body> decode_object(const std::string& body, std::string_view content_type,
                           const kinds::GroupVersionKind& expected, bool builtin);
// DeleteOptions.
Result<Body> decode_delete_options(const std::string& body, std::string_view content_type);
// A patch: JSON, or YAML for apply. Errors: bad_request, the parser's reason alone.
Result<Body> decode_patch(const std::string& body, std::string_view content_type);

}  // namespace slipway::apiserver
