// The server's front: accepts, bounds how many connections there are, shakes hands, and lets ALPN choose who speaks.
#include "runtime/http_server.h"

#include <fmt/chrono.h>

#include "base/text.h"
#include "runtime/heap.h"

namespace slipway::runtime {
namespace {

constexpr Duration stuck_time_min = 10s;  // a client that takes nothing for so long may have to go for another
constexpr size_t many_connections = 500;  // when half of more than these are gone, their memory is worth giving back

class HttpServerImpl final : public HttpServer {
 public:
  HttpServerImpl(World& world, std::unique_ptr<Listener> listener, std::shared_ptr<TlsServerContext> tls,
                 Handler handler, ServerLimits limits)
      : core_(world, std::move(handler), limits), listener_(std::move(listener)), tls_(std::move(tls)) {}

  Task<void> serve() override {
    Scope& outer = co_await current_scope();
    TaskGroup connections(outer), helpers(outer);
    helpers.spawn(core_.backlog.keep());
    while (true) {
      auto stream = co_await listener_->accept();
      if (stream) {
        make_room();
        if (open_.size() >= core_.limits.connections_max) continue;  // all are busy: this one is closed
        // Counted before it runs: several may be accepted until then.
        auto place = open_.insert(open_.end(), Open{stream->get(), nullptr, core_.world.steady_now()});
        most_open_ = std::max(most_open_, open_.size() + evicted_.size());
        connections.spawn(serve_connection(std::move(*stream), place));
        continue;
      }
      if (stream.failed_with(ErrorKind::canceled)) break;
      core_.world.log().write(LogLevel::error, "runtime: accepting a connection: " + stream.error().str());
      auto slept = co_await sleep(100ms);
      if (!slept) break;
    }
    listener_->close();
    co_await connections.stop();
    co_await helpers.stop();
  }

  Address local() const override { return listener_->local(); }

 private:
  struct Open {
    Stream* stream;
    ServedConnection* served = nullptr;  // null while it shakes hands
    SteadyTime since;
    bool evicted = false;
    bool idle() const { return !served || served->exchanges == 0; }
    SteadyTime idle_since() const { return served ? served->idle_since : since; }
  };

  // While there are too many, closes the connections that have been idle the longest, then those whose clients have
  // taken nothing of their answers the longest. A scan: it happens only when full.
  void make_room() {
    while (open_.size() >= core_.limits.connections_max)
      if (!close_oldest()) return;
  }
  bool close_oldest() {
    auto oldest = open_.end();
    for (auto at = open_.begin(); at != open_.end(); ++at)
      if (at->idle() && (oldest == open_.end() || at->idle_since() < oldest->idle_since())) oldest = at;
    if (oldest == open_.end()) oldest = longest_stuck();
    if (oldest == open_.end()) return false;
    oldest->stream->close();
    oldest->evicted = true;
    evicted_.splice(evicted_.end(), open_, oldest);  // its coroutine still holds the place in the list
    return true;
  }

  std::list<Open>::iterator longest_stuck() {
    auto found = open_.end();
    SteadyTime before = core_.world.steady_now() - stuck_time_min;
    for (auto at = open_.begin(); at != open_.end(); ++at) {
      auto since = at->served ? at->served->backlog.stuck_since() : std::nullopt;
      if (!since || *since > before) continue;
      found = at;
      before = *since;
    }
    return found;
  }

  Task<void> serve_connection(std::unique_ptr<Stream> raw, std::list<Open>::iterator place) {
    std::string remote = raw->peer();
    PeerIdentity peer;
    std::unique_ptr<Stream> stream;
    if (tls_) {
      auto secured = co_await with_timeout(core_.limits.header_time_max, tls_->accept(std::move(raw)));
      if (secured) {
        peer = (*secured)->identity();
        stream = std::move(*secured);
      }
    } else {
      stream = std::move(raw);
    }
    if (stream) {
      ServedConnection served{core_, *stream, std::move(peer), std::move(remote), 0, core_.world.steady_now()};
      place->stream = stream.get();
      place->served = &served;
      if (served.peer.alpn == "h2")
        co_await serve_h2(served);
      else
        co_await serve_h1(served);
    }
    (place->evicted ? evicted_ : open_).erase(place);
    size_t open = open_.size() + evicted_.size();
    if (most_open_ > many_connections && open < most_open_ / 2) {
      most_open_ = open;
      return_memory();
    }
  }

  ServerCore core_;
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<TlsServerContext> tls_;
  std::list<Open> open_, evicted_;
  size_t most_open_ = 0;  // since memory was last given back
};

}  // namespace

std::unique_ptr<HttpServer> HttpServer::create(World& world, std::unique_ptr<Listener> listener,
                                               std::shared_ptr<TlsServerContext> tls, Handler handler,
                                               ServerLimits limits) {
  return std::make_unique<HttpServerImpl>(world, std::move(listener), std::move(tls), std::move(handler), limits);
}

Task<void> run_handler(ServedConnection& connection, Exchange& exchange, Scope& scope) {
  try {
    if (connection.backlog.full()) {
      auto room = co_await connection.backlog.room().in(scope);
      if (!room) co_return;
    }
    Task<void> running = connection.core.handler(exchange);
    co_await std::move(running).in(scope);
  } catch (const std::exception& thrown) {
    connection.core.world.log().write(LogLevel::error,
                                      fmt::format("runtime: a handler threw, which is a bug: {}", thrown.what()));
  }
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string_view ServerCore::date() {
  auto second = std::chrono::duration_cast<std::chrono::seconds>(world.now().time_since_epoch());
  if (second != date_second_) {
    date_second_ = second;
    date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second.count())));
  }
  return date_;
}

}  // namespace slipway::runtime
