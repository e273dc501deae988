// Versions and ranges as Masterminds/semver 3 reads them: what Chart.yaml, dependencies and repositories say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::render::helm {

bool is_version(std::string_view text);  // "1.2", "v1.2.3-rc.1+build" are; "" is not
// Whether `version` lies in `range`; a broken range or version is compatible with nothing.
bool in_range(std::string_view range, std::string_view version);
bool is_range(std::string_view text);
// Below 0, 0, above 0; texts that are no versions come before all versions.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace slipway::render::helm
