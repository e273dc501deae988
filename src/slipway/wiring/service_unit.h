#pragma once

#include "slipway/wiring/options.h"

namespace slipway::wiring {

// The systemd unit that runs this program with these options. Pure.
std::string service_unit(const std::string& program, const UpOptions& options);
// Writes it to /etc/systemd/system/slipway.service, loads it where systemd runs; gives what to type next.
Task<Result<std::string>> install_service(World& world, UpOptions options);

}  // namespace slipway::wiring
