// A network in memory: connections by address, with delays, short reads, drops and partitions. Hosts are names: whoever
// listens on "10.0.0.7:80" or "registry.example.com:443" is found there, from everywhere; "0.0.0.0" and "::" answer on
// the loopback addresses and on every host without a listener of its own on that port.
#pragma once

#include <memory>

#include "sim/fate.h"

namespace slipway::sim {

struct NetworkFaults {
  Duration delay_min = std::chrono::microseconds(50), delay_max = std::chrono::microseconds(200);
  double short_read = 0.1;     // chance that a read gives a part of what is there
  double drop_connection = 0;  // chance for each write that the connection breaks instead, for both sides
  double refuse = 0;           // chance for each connect
  double lose_datagram = 0, repeat_datagram = 0;
};

class SimNetwork : public runtime::Network {
 public:
  static std::unique_ptr<SimNetwork> create(Fate& fate, runtime::Executor& executor);
  NetworkFaults faults;
  // Nothing passes to or from this host (the host of a listener's address) until healed: connects wait, bytes wait.
  virtual void cut_off(std::string host) = 0;
  virtual void heal(std::string host) = 0;
  virtual void break_connections(std::string host) = 0;  // both sides of each read and write an error
  virtual size_t connections() const = 0;
  virtual void close_all() = 0;  // the machine is off: everybody's waits end with canceled
};

}  // namespace slipway::sim
