// The CNI configuration by which containerd gives pods their addresses.
#pragma once

#include <string>
#include <vector>

#include "network/cidr.h"
#include "runtime/world.h"

namespace slipway::network {

inline constexpr std::string_view bridge_name = "slipway0";
inline constexpr std::string_view cni_plugins_directory = "/usr/lib/cni";  // of Debian's containernetworking-plugins
inline constexpr std::string_view cni_file = "10-slipway.conflist";

// The configuration list (CNI 1.0.0): bridge and host-local of `pods`; which pod holds which address is kept below
// `addresses_directory`. Pure.
std::string cni_configuration(const Cidr& pods, std::string_view addresses_directory);

// Names the Debian package when a plugin is missing: not_found.
Result<> check_cni_plugins(World& world);

}  // namespace slipway::network
