// ServiceAddresses: which ClusterIPs and node ports are taken. The Services themselves are the record; this is an index
// of them, made again at every start. Loop only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kinds/object.h"
#include "runtime/world.h"

namespace slipway::cluster {

class ServiceAddresses {
 public:
  // Error: bad_request. Host bits in the CIDR are ignored.
  static Result<ServiceAddresses> create(std::string_view cidr, uint16_t node_port_first, uint16_t node_port_last);

  // Gives a Service what its type needs and takes it (other kinds pass through): clusterIP, clusterIPs, ipFamilies,
  // nodePort, healthCheckNodePort; drops what the type no longer has; keeps what `before` (null on create) had. Dry
  // run: shows plausible addresses, takes nothing. Error: invalid, in Kubernetes' words; nothing is taken then.
  Result<Value> assign(const kinds::Kind& kind, Value service, const Value& before, runtime::Random& random,
                       bool dry_run);

  void take(const Value& service);
  // Gives back what `service` has and `kept` has not.
  void release(const Value& service, const Value& kept);

 private:
  struct Held {
    std::vector<uint32_t> addresses;
    std::vector<uint16_t> ports;
  };
  ServiceAddresses() = default;
  static Held held_by(const Value& service);
  Result<uint32_t> wanted_address(const kinds::Kind& kind, const Value& service) const;
  std::optional<uint32_t> free_address(runtime::Random& random) const;
  std::optional<uint16_t> free_port(runtime::Random& random, const std::vector<uint16_t>& also_taken) const;
  Result<Value> assign_address(const kinds::Kind& kind, Value service, const Value& before, runtime::Random& random,
                               bool dry_run);
  Result<Value> assign_ports(const kinds::Kind& kind, Value service, const Value& before, runtime::Random& random);

  std::string cidr_;
  uint32_t base_ = 0, size_ = 0;  // of the range; the first and the last address are never given
  uint16_t port_first_ = 0, port_last_ = 0;
  std::map<uint32_t, std::string> addresses_;  // to "ns/name"
  std::map<uint16_t, std::string> ports_;
};

}  // namespace slipway::cluster
