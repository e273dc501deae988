#include "network/cidr.h"

#include "base/text.h"

namespace slipway::network {

std::optional<uint32_t> parse_ipv4(std::string_view text) {
  if (text.size() > 15) return std::nullopt;
  auto parts = base::split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t address = 0;
  for (std::string_view part : parts) {
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    uint32_t number = 0;
    for (char c : part) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + static_cast<uint32_t>(c - '0');
    }
    if (number > 255) return std::nullopt;
    address = address << 8 | number;
  }
  return address;
}

std::string format_ipv4(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

Result<Cidr> Cidr::parse(std::string_view text) {
  auto parts = base::split(text, '/');
  auto address = parse_ipv4(parts[0]);
  auto bits = parts.size() == 2 && parts[1].size() <= 2 ? base::parse_int(parts[1]) : std::nullopt;
  if (!address || !bits || *bits < 0 || *bits > 32)
    return fail(ErrorKind::bad_request, "\"{}\": expected an IPv4 range like 10.42.0.0/24", text);
  Cidr made{*address, static_cast<int>(*bits)};
  made.base &= static_cast<uint32_t>(~(made.size() - 1));
  return made;
}

std::string Cidr::str() const {
  return fmt::format("{}/{}", format_ipv4(base), bits);
}

bool Cidr::contains(uint32_t address) const {
  return address >= base && address - base < size();
}

}  // namespace slipway::network
