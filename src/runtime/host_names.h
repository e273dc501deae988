// Names of hosts: from /etc/hosts and DNS, whatever else /etc/nsswitch.conf names. Its other sources are plugins of the
// machine's C library, which a program that brings its own cannot load (Go's programs live without them as well).
// Blocks while it asks: for commands and the pool, never on a server's loop.
#pragma once

#include <netdb.h>

#include <optional>
#include <string>

namespace slipway::runtime {

// As getaddrinfo(), of which it takes everything but the sources.
int find_addresses(const std::string& host, const char* service, const addrinfo& hints, addrinfo** found);

// The first address of a host, "192.0.2.1" or "2001:db8::1"; nothing when it has none.
std::optional<std::string> first_address_of(const std::string& host);

}  // namespace slipway::runtime
