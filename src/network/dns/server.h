// The server of cluster DNS: UDP and TCP on one address; the cluster's names from memory, all others from upstream.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "network/dns/names.h"
#include "network/dns/upstream.h"
#include "runtime/world.h"

namespace slipway::network::dns {

class Server {
 public:
  // Both must outlive it.
  Server(World& world, const Names& names, Upstream& upstream) : world_(world), names_(names), upstream_(upstream) {}

  // Serves until canceled. Whatever goes wrong (the address is taken or not there yet) is logged and tried again.
  Task<void> run(runtime::Address address);
  bool listening() const { return listening_; }

  // One message to its reply; empty: say nothing.
  Task<std::string> answer(std::string query, bool by_tcp);

 private:
  Task<Result<>> serve(runtime::Address address);
  Task<void> serve_udp(runtime::DatagramSocket* socket, TaskGroup* group);
  Task<void> serve_tcp(runtime::Listener* listener, TaskGroup* group);
  Task<void> answer_datagram(runtime::Datagram datagram);
  Task<void> send_replies(runtime::DatagramSocket* socket);
  Task<void> answer_stream(std::unique_ptr<runtime::Stream> stream);
  Task<Message> resolve(Message query, Answer first);
  Task<std::string> forward(Message query, std::string bytes, size_t size_max);
  Task<Result<std::string>> ask_upstream(std::string query);
  void tell_upstream(const Result<std::string>& reply);

  World& world_;
  const Names& names_;
  Upstream& upstream_;
  uint64_t turn_ = 0;
  size_t datagrams_ = 0, streams_ = 0, forwarded_ = 0;  // being answered; of them, waiting for upstream
  std::deque<runtime::Datagram> outgoing_;
  runtime::Signal has_outgoing_;
  bool listening_ = false;
  std::string told_;  // the last complaint about upstream
};

}  // namespace slipway::network::dns
