#include "render/helm/version.h"

#include "lang/semver/semver.h"

namespace slipway::render::helm {

using lang::semver::Range;
using lang::semver::Version;

bool is_version(std::string_view text) {
  return Version::parse(text).has_value();
}

bool is_range(std::string_view text) {
  return Range::parse(text).has_value();
}

bool in_range(std::string_view range, std::string_view version) {
  auto v = Version::parse(version);
  auto r = Range::parse(range);
  return v && r && r->contains(*v);
}

int compare_versions(std::string_view a, std::string_view b) {
  auto x = Version::parse(a), y = Version::parse(b);
  if (!x || !y) return static_cast<int>(x.has_value()) - static_cast<int>(y.has_value());
  return x->compare(*y);
}

}  // namespace slipway::render::helm
