#include "render/helm/environment.h"

#include <cstring>

#include "runtime/digest.h"
#include "sources/tree.h"

namespace slipway::render::helm {

lang::gotemplate::Environment environment_of(World& world, std::shared_ptr<std::atomic<bool>> is_used) {
  struct Stream {
    std::string seed;
    uint64_t block = 0;
  };
  lang::gotemplate::Environment environment;
  auto use = [is_used = std::move(is_used)] {
    if (is_used) *is_used = true;
  };
  auto now = std::chrono::time_point_cast<std::chrono::system_clock::duration>(world.now());
  environment.now = [now, use] {
    use();
    return now;
  };
  auto stream = std::make_shared<Stream>(Stream{world.random().bytes(32), 0});
  environment.random = [stream, use](std::span<std::byte> into) {
    use();
    while (!into.empty()) {
      std::string input = stream->seed + std::to_string(stream->block++);
      std::string digest = runtime::sha256(input);
      size_t n = std::min(into.size(), digest.size());
      std::memcpy(into.data(), digest.data(), n);
      into = into.subspan(n);
    }
  };
  environment.zoneinfo = [&world, use](std::string_view zone) -> std::optional<std::string> {
    use();
    auto clean = sources::clean_path(zone);
    if (!clean || clean->empty()) return std::nullopt;
    auto text = world.files().read("/usr/share/zoneinfo/" + *clean, 1 << 20);
    if (!text) return std::nullopt;
    return *text;
  };
  return environment;
}

}  // namespace slipway::render::helm
