// Asks the machine's own name servers about names that are not of the cluster.
#pragma once

#include <string>
#include <vector>

#include "network/dns/message.h"
#include "runtime/world.h"

namespace slipway::network::dns {

// The name servers of a resolv.conf, at most three as in resolv.conf(5), without those in `except`.
std::vector<std::string> name_servers(std::string_view resolv_conf, const std::vector<std::string>& except);

class Upstream {
 public:
  // `except`: addresses that would lead back here. `port`: where name servers listen (tests need another one).
  Upstream(World& world, std::string resolv_conf, std::vector<std::string> except, uint16_t port = 53);

  // Passes a query on as it is and gives the reply as it came, with the query's id: what the client can and wants
  // (EDNS) holds between the two ends. Truncated replies are asked for again by TCP. Servers in turn, beginning with
  // the last that answered. Errors: unavailable (none answered, or none is known), canceled.
  Task<Result<std::string>> ask(std::string query);

 private:
  Task<Result<std::string>> ask_one(std::string server, std::string query, Question question);
  const std::vector<std::string>& servers();

  World& world_;
  std::string resolv_conf_;
  std::vector<std::string> except_;
  uint16_t port_;
  std::vector<std::string> servers_;
  SteadyTime read_at_{};
  bool has_read_ = false;
  std::string last_good_;
};

// One message by TCP: two bytes of length, then the message. Error: unavailable when the other side ends.
Task<Result<std::string>> read_message(runtime::Stream& stream);
Task<Result<>> write_message(runtime::Stream& stream, std::string message);

}  // namespace slipway::network::dns
