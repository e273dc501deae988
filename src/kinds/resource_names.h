// What resources (cpu, requests.memory, example.com/gpu) may be called, and of which sort they are.
#pragma once

#include <string_view>

#include "kinds/label_rules.h"

namespace slipway::kinds {

bool is_standard_resource(std::string_view name);            // anywhere, quotas included
bool is_standard_container_resource(std::string_view name);  // what a container may ask for
bool is_extended_resource(std::string_view name);            // of somebody's own domain
bool is_integer_resource(std::string_view name);             // counted, not measured
bool may_be_overcommitted(std::string_view name);            // limits over requests
Problems resource_problems(std::string_view name);
Problems container_resource_problems(std::string_view name);

}  // namespace slipway::kinds
