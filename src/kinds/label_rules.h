// The spelling rules of Kubernetes' names, and how it says that one is broken. Each gives the problems; none: fine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::kinds {

using Problems = std::vector<std::string>;
Problems label_key_problems(std::string_view key);  // "example.com/name", a qualified name
Problems label_value_problems(std::string_view value);
Problems dns_label_problems(std::string_view name);      // RFC 1123
Problems dns_subdomain_problems(std::string_view name);  // RFC 1123
Problems dns_1035_label_problems(std::string_view name);
Problems config_key_problems(std::string_view key);  // of ConfigMaps and Secrets
Problems env_name_problems(std::string_view name);
Problems port_name_problems(std::string_view name);     // IANA service name
Problems path_segment_problems(std::string_view name);  // what RBAC objects are called
Problems percent_problems(std::string_view text);
Problems header_name_problems(std::string_view name);
bool is_ip_address(std::string_view text);
inline constexpr std::string_view port_number_text = "must be between 1 and 65535, inclusive";

}  // namespace slipway::kinds
