// Go's net/netip: what is an IP address.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::lang::sprig {

// What netip.ParseAddr says of `text`: "ParseAddr(\"1.2\"): IPv4 address too short"; nothing when it is an address.
std::optional<std::string> address_fault(std::string_view text);

}  // namespace slipway::lang::sprig
