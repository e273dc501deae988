// What registries call a thing: HOST/PATH:TAG or HOST/PATH@DIGEST, read and refused as ORAS does, which Helm uses.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::sources {

struct RegistryReference {
  std::string host, path;
  std::string tag, digest;  // at most one of the two: a tag before a digest is passed over
  // Errors: invalid, "invalid reference: invalid tag \"1.0.0+b\"" and the like.
  static Result<RegistryReference> parse(std::string_view text);
};

// What a registry's answer says of a request that it refuses: "name unknown: repository name not known to registry:
// map[name:web]". "" when it says nothing.
std::string refusal_of(std::string_view body);

}  // namespace slipway::sources
