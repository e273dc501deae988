#include "kinds/resource_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace slipway::kinds {

namespace {

constexpr std::array container_resources = {"cpu", "memory", "ephemeral-storage"};
constexpr std::array measured = {"requests.cpu", "requests.memory", "requests.ephemeral-storage",
                                 "limits.cpu",   "limits.memory",   "limits.ephemeral-storage",
                                 "storage",      "requests.storage"};
constexpr std::array counted = {
    "pods",       "resourcequotas",         "services",           "replicationcontrollers", "secrets",
    "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"};

bool is_among(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}
bool is_native(std::string_view name) {
  return name.find('/') == name.npos || name.find("kubernetes.io/") != name.npos;
}

}  // namespace

bool is_standard_container_resource(std::string_view name) {
  return is_among(container_resources, name) || name.starts_with("hugepages-");
}
bool is_standard_resource(std::string_view name) {
  return is_standard_container_resource(name) || is_among(measured, name) || is_among(counted, name) ||
         name.starts_with("requests.hugepages-");
}
bool is_extended_resource(std::string_view name) {
  return !is_native(name) && !name.starts_with("requests.") &&
         label_key_problems(fmt::format("requests.{}", name)).empty();
}
bool is_integer_resource(std::string_view name) {
  return is_among(counted, name) || is_extended_resource(name);
}

bool may_be_overcommitted(std::string_view name) {
  return is_native(name) && !name.starts_with("hugepages-");
}

Problems resource_problems(std::string_view name) {
  Problems problems = label_key_problems(name);
  if (problems.empty() && name.find('/') == name.npos && !is_standard_resource(name))
    problems.emplace_back("must be a standard resource type or fully qualified");
  return problems;
}

Problems container_resource_problems(std::string_view name) {
  Problems problems = resource_problems(name);
  if (name.find('/') == name.npos) {
    if (!is_standard_container_resource(name)) problems.emplace_back("must be a standard resource for containers");
  } else if (!is_native(name) && !is_extended_resource(name)) {
    problems.emplace_back("doesn't follow extended resource name standard");
  }
  return problems;
}

}  // namespace slipway::kinds
