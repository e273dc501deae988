#pragma once

#include <string_view>

namespace slipway::kinds {

bool is_time_zone(std::string_view name);  // "Europe/Paris", "UTC"; the case counts

}  // namespace slipway::kinds
