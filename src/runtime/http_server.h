// Between http_server.cc (who accepts) and h1_server.cc, h2_server.cc (who speak): one connection of the server.
#pragma once

#include <list>

#include "runtime/backlog.h"

namespace slipway::runtime {

// What all connections of one server share.
struct ServerCore {
  ServerCore(World& w, Handler h, ServerLimits l) : world(w), handler(std::move(h)), limits(l), backlog(w, limits) {}
  World& world;
  Handler handler;
  ServerLimits limits;
  BacklogTotal backlog;

  std::string_view date();  // now, as a Date header says it; formatted once a second
 private:
  std::string date_;
  std::chrono::seconds date_second_{-1};
};

struct ServedConnection {
  ServerCore& core;
  Stream& stream;  // plain, or TLS
  PeerIdentity peer;
  std::string remote;
  size_t exchanges = 0;   // running; a connection with none may be closed for another
  SteadyTime idle_since;  // when that became 0
  Backlog backlog{core.backlog, stream};
};

// Both return when the connection has ended and no handler of it runs any more. They leave closing to the caller.
Task<void> serve_h1(ServedConnection& connection);
Task<void> serve_h2(ServedConnection& connection);

// Calls the handler in `scope`. A thrown exception is a bug: it is logged and ends this exchange, not the server.
Task<void> run_handler(ServedConnection& connection, Exchange& exchange, Scope& scope);

bool may_have_body(int status);

}  // namespace slipway::runtime
