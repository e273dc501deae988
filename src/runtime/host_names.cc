#include "runtime/host_names.h"

#include <arpa/inet.h>
#include <nss.h>
#include <sys/socket.h>

namespace slipway::runtime {

int find_addresses(const std::string& host, const char* service, const addrinfo& hints, addrinfo** found) {
  static const int sources = __nss_configure_lookup("hosts", "files dns");
  return sources != 0 ? EAI_SYSTEM : ::getaddrinfo(host.c_str(), service, &hints, found);
}

std::optional<std::string> first_address_of(const std::string& host) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (host.empty() || find_addresses(host, nullptr, hints, &found) != 0) return std::nullopt;
  char text[INET6_ADDRSTRLEN] = "";
  if (found->ai_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, text, sizeof text);
  else if (found->ai_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6*>(found->ai_addr)->sin6_addr, text, sizeof text);
  ::freeaddrinfo(found);
  if (!*text) return std::nullopt;
  return std::string(text);
}

}  // namespace slipway::runtime
