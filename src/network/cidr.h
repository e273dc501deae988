// IPv4 addresses and ranges as numbers in host order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::network {

std::optional<uint32_t> parse_ipv4(std::string_view text);  // strict dotted quad: no leading zeros
std::string format_ipv4(uint32_t address);

struct Cidr {
  uint32_t base = 0;  // host bits are zero
  int bits = 0;
  // "10.42.0.0/24"; host bits are dropped. Error: bad_request, naming the text.
  static Result<Cidr> parse(std::string_view text);
  std::string str() const;
  bool contains(uint32_t address) const;
  uint64_t size() const { return uint64_t{1} << (32 - bits); }
  std::string host(uint32_t number) const { return format_ipv4(base + number); }  // host(1): the first usable
  bool operator==(const Cidr&) const = default;
};

}  // namespace slipway::network
