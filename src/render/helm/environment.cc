#define OPENSSL_SUPPRESS_DEPRECATED
#include "render/helm/environment.h"

#include <openssl/sha.h>

#include <cstring>

#include "sources/tree.h"

namespace slipway::render::helm {

lang::gotemplate::Environment environment_of(World& world) {
  struct Stream {
    std::string seed;
    uint64_t block = 0;
  };
  lang::gotemplate::Environment environment;
  auto now = std::chrono::time_point_cast<std::chrono::system_clock::duration>(world.now());
  environment.now = [now] { return now; };
  auto stream = std::make_shared<Stream>(Stream{world.random().bytes(32), 0});
  environment.random = [stream](std::span<std::byte> into) {
    while (!into.empty()) {
      std::string input = stream->seed + std::to_string(stream->block++);
      // Not SHA256(): that loads all of OpenSSL's providers, a fifth of rendering a small chart.
      unsigned char digest[SHA256_DIGEST_LENGTH];
      SHA256_CTX state;
      SHA256_Init(&state);
      SHA256_Update(&state, input.data(), input.size());
      SHA256_Final(digest, &state);
      size_t n = std::min(into.size(), sizeof digest);
      std::memcpy(into.data(), digest, n);
      into = into.subspan(n);
    }
  };
  environment.zoneinfo = [&world](std::string_view zone) -> std::optional<std::string> {
    auto clean = sources::clean_path(zone);
    if (!clean || clean->empty()) return std::nullopt;
    auto text = world.files().read("/usr/share/zoneinfo/" + *clean, 1 << 20);
    if (!text) return std::nullopt;
    return *text;
  };
  return environment;
}

}  // namespace slipway::render::helm
