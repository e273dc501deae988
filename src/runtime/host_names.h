// Names of hosts, looked up as the machine does it. Blocks while it asks: for commands, never on a server's loop.
#pragma once

#include <optional>
#include <string>

namespace slipway::runtime {

// The first address of a host, "192.0.2.1" or "2001:db8::1"; nothing when it has none.
std::optional<std::string> first_address_of(const std::string& host);

}  // namespace slipway::runtime
