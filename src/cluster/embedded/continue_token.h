// The token that continues a list, in Kubernetes' form: base64url of
// {"v":"meta.k8s.io/v1","rv":N,"start":"/key\u0000"}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace slipway::cluster {

struct ContinueToken {
  std::optional<uint64_t> revision;  // absent (rv -1): from now, where the first pages may not fit any more
  std::string after;                 // the last key given, relative to the listed prefix
  // How many objects of that revision come after it, where the first page counted them: ours, in a member "remaining".
  std::optional<uint64_t> remaining = {};

  std::string encode() const;
  static Result<ContinueToken> decode(std::string_view text);  // bad_request
};

}  // namespace slipway::cluster
