#include "sim/network.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>

#include "base/text.h"
#include "runtime/system_error.h"
#include "sim/pipe.h"

namespace slipway::sim {
namespace {

using namespace runtime;

constexpr size_t kBufferMax = 64 << 10;

Error canceled() {
  return Error(ErrorKind::canceled, "canceled");
}

// One direction: what was written flies for a while, then lies there to be read.
struct Lane {
  struct Flying {
    SteadyTime arrives;
    std::string bytes;
    bool end = false;
  };
  std::deque<Flying> flying;
  size_t flying_bytes = 0;
  SteadyTime last_arrival{};
  std::string arrived;
  bool end_sent = false, end_arrived = false;
  Signal readable, writable;
};

struct Connection : std::enable_shared_from_this<Connection> {
  Connection(Fate& f, Executor& e, const NetworkFaults* n, std::string h)
      : fate(f), executor(e), faults(n), host(std::move(h)) {}
  Fate& fate;
  Executor& executor;
  const NetworkFaults* faults;  // null: a pipe on the same machine, nothing happens to it
  std::string host;
  Lane lanes[2];  // lanes[side] is written by `side`
  bool closed[2] = {false, false};
  bool broken = false;
  bool cut = false;

  void fly(int side, std::string bytes, bool end) {
    Lane& lane = lanes[side];
    SteadyTime at = executor.steady_now();
    if (faults) at += fate.random.between(faults->delay_min, faults->delay_max);
    at = std::max(at, lane.last_arrival);
    lane.last_arrival = at;
    lane.flying_bytes += bytes.size();
    lane.flying.push_back({at, std::move(bytes), end});
    if (!faults) return land(side);
    executor.call_at(at, [self = shared_from_this(), side] { self->land(side); });
  }
  void land(int side) {
    Lane& lane = lanes[side];
    if (cut) return;
    while (!lane.flying.empty() && lane.flying.front().arrives <= executor.steady_now()) {
      lane.flying_bytes -= lane.flying.front().bytes.size();
      lane.arrived += lane.flying.front().bytes;
      if (lane.flying.front().end) lane.end_arrived = true;
      lane.flying.pop_front();
    }
    lane.readable.notify();
  }
  void wake_all() {
    for (Lane& lane : lanes) {
      lane.readable.notify();
      lane.writable.notify();
    }
  }
  void break_both() {
    broken = true;
    wake_all();
  }
  void end_writing(int side) {
    if (std::exchange(lanes[side].end_sent, true)) return;
    fly(side, {}, true);
  }
  void close(int side) {
    if (std::exchange(closed[side], true)) return;
    end_writing(side);
    wake_all();
  }
};
using Held = std::shared_ptr<Connection>;

Task<Result<size_t>> read_some(Held c, int side, std::span<char> into) {
  Scope& scope = co_await current_scope();
  Lane& lane = c->lanes[1 - side];
  while (true) {
    if (scope.canceled() || c->closed[side]) co_return canceled();
    if (c->broken) co_return system_error(ECONNRESET, "read");
    if (!lane.arrived.empty() || into.empty()) break;
    if (lane.end_arrived) co_return size_t{0};
    OR_CO_RETURN(co_await lane.readable.wait());
  }
  size_t n = std::min(into.size(), lane.arrived.size());
  if (n > 1 && c->faults && c->fate.random.happens(c->faults->short_read)) {
    c->fate.count("short read");
    n = c->fate.random.between(1, n - 1);
  }
  std::copy_n(lane.arrived.begin(), n, into.begin());
  lane.arrived.erase(0, n);
  lane.writable.notify();
  co_return n;
}

Task<Result<>> write_whole(Held c, int side, std::string_view bytes, std::string peer) {
  Scope& scope = co_await current_scope();
  if (scope.canceled() || c->closed[side]) co_return canceled();
  if (c->faults) {
    OR_CO_RETURN(c->fate.step("send", peer));
    if (c->fate.random.happens(c->faults->drop_connection)) {
      c->fate.count("dropped connection");
      c->break_both();
    }
  }
  Lane& lane = c->lanes[side];
  while (true) {
    if (scope.canceled() || c->closed[side]) co_return canceled();
    if (c->broken) co_return system_error(ECONNRESET, "write");
    if (c->closed[1 - side] || lane.end_sent) co_return system_error(EPIPE, "write");
    if (bytes.empty()) co_return Result<>();
    size_t used = lane.arrived.size() + lane.flying_bytes;
    if (used >= kBufferMax) {
      OR_CO_RETURN(co_await lane.writable.wait());
      continue;
    }
    size_t n = std::min(bytes.size(), kBufferMax - used);
    c->fly(side, std::string(bytes.substr(0, n)), false);
    bytes.remove_prefix(n);
    if (bytes.empty()) co_return Result<>();
  }
}

Task<Result<>> end_writing(Held c, int side) {
  if (c->closed[side]) co_return canceled();
  c->end_writing(side);
  co_return Result<>();
}

class SimStream final : public Stream {
 public:
  SimStream(Held c, int side, std::string peer) : connection_(std::move(c)), side_(side), peer_(std::move(peer)) {}
  ~SimStream() override { connection_->close(side_); }
  Task<Result<size_t>> read(std::span<char> into) override { return read_some(connection_, side_, into); }
  Task<Result<>> write(std::string_view bytes) override { return write_whole(connection_, side_, bytes, peer_); }
  Task<Result<>> shutdown_write() override { return end_writing(connection_, side_); }
  void close() override { connection_->close(side_); }
  std::string peer() const override { return peer_; }

 private:
  Held connection_;
  int side_;
  std::string peer_;
};

struct Waiting {  // a listener
  Address local;
  std::deque<std::unique_ptr<Stream>> streams;
  Signal arrived;
  bool closed = false;
};

struct Inbox {  // a datagram socket
  Address local;
  std::deque<Datagram> datagrams;
  Signal arrived;
  bool closed = false;
};

// The part that outlives the network for whoever still holds a stream of it.
struct Wires {
  Wires(Fate& f, Executor& e, NetworkFaults& n) : fate(f), executor(e), faults(n) {}
  Fate& fate;
  Executor& executor;
  NetworkFaults& faults;
  std::map<std::string, std::shared_ptr<Waiting>> listeners;
  std::map<std::string, std::shared_ptr<Inbox>> inboxes;
  std::vector<std::weak_ptr<Connection>> connections;
  std::set<std::string> cut;
  uint16_t next_port = 40000;

  template <class Map>
  auto find(Map& map, const Address& to) {
    auto found = map.find(to.str());
    if (!to.unix_path.empty()) return found;
    for (const char* any : {"0.0.0.0", "::"})
      if (found == map.end()) found = map.find(Address{any, to.port, {}}.str());
    return found;
  }
};

class SimListener final : public Listener {
 public:
  SimListener(std::shared_ptr<Wires> wires, std::shared_ptr<Waiting> waiting)
      : wires_(std::move(wires)), waiting_(std::move(waiting)) {}
  ~SimListener() override { close(); }
  Task<Result<std::unique_ptr<Stream>>> accept() override { return accept_one(waiting_); }
  Address local() const override { return waiting_->local; }
  void close() override {
    if (std::exchange(waiting_->closed, true)) return;
    auto found = wires_->listeners.find(waiting_->local.str());
    if (found != wires_->listeners.end() && found->second == waiting_) wires_->listeners.erase(found);
    waiting_->streams.clear();
    waiting_->arrived.notify();
  }

 private:
  static Task<Result<std::unique_ptr<Stream>>> accept_one(std::shared_ptr<Waiting> waiting) {
    Scope& scope = co_await current_scope();
    while (true) {
      if (scope.canceled() || waiting->closed) co_return canceled();
      if (!waiting->streams.empty()) break;
      OR_CO_RETURN(co_await waiting->arrived.wait());
    }
    auto stream = std::move(waiting->streams.front());
    waiting->streams.pop_front();
    co_return stream;
  }
  std::shared_ptr<Wires> wires_;
  std::shared_ptr<Waiting> waiting_;
};

class SimDatagramSocket final : public DatagramSocket {
 public:
  SimDatagramSocket(std::shared_ptr<Wires> wires, std::shared_ptr<Inbox> inbox)
      : wires_(std::move(wires)), inbox_(std::move(inbox)) {}
  ~SimDatagramSocket() override { close(); }
  Task<Result<Datagram>> receive() override { return receive_one(inbox_); }
  Task<Result<>> send(Datagram datagram) override { return send_one(wires_, inbox_, std::move(datagram)); }
  Address local() const override { return inbox_->local; }
  void close() override {
    if (std::exchange(inbox_->closed, true)) return;
    wires_->inboxes.erase(inbox_->local.str());
    inbox_->arrived.notify();
  }

 private:
  static Task<Result<Datagram>> receive_one(std::shared_ptr<Inbox> inbox) {
    Scope& scope = co_await current_scope();
    while (true) {
      if (scope.canceled() || inbox->closed) co_return canceled();
      if (!inbox->datagrams.empty()) break;
      OR_CO_RETURN(co_await inbox->arrived.wait());
    }
    Datagram datagram = std::move(inbox->datagrams.front());
    inbox->datagrams.pop_front();
    co_return datagram;
  }
  static Task<Result<>> send_one(std::shared_ptr<Wires> wires, std::shared_ptr<Inbox> from, Datagram datagram) {
    Scope& scope = co_await current_scope();
    if (scope.canceled() || from->closed) co_return canceled();
    OR_CO_RETURN(wires->fate.step("send datagram", datagram.peer.str()));
    auto& random = wires->fate.random;
    const auto& faults = wires->faults;
    auto to = wires->find(wires->inboxes, datagram.peer);
    if (to == wires->inboxes.end() || wires->cut.contains(datagram.peer.host)) co_return Result<>();
    if (random.happens(faults.lose_datagram)) {
      wires->fate.count("lost datagram");
      co_return Result<>();
    }
    int copies = 1;
    if (random.happens(faults.repeat_datagram)) {
      wires->fate.count("repeated datagram");
      copies = 2;
    }
    datagram.peer = from->local;
    if (datagram.peer.host == "0.0.0.0") datagram.peer.host = "127.0.0.1";
    for (int i = 0; i < copies; ++i) {
      SteadyTime at = wires->executor.steady_now() + random.between(faults.delay_min, faults.delay_max);
      wires->executor.call_at(at, [inbox = to->second, datagram] {
        if (inbox->closed || inbox->datagrams.size() >= 1000) return;
        inbox->datagrams.push_back(datagram);
        inbox->arrived.notify();
      });
    }
    co_return Result<>();
  }
  std::shared_ptr<Wires> wires_;
  std::shared_ptr<Inbox> inbox_;
};

Address normal(Address address) {
  if (address.host == "localhost") address.host = "127.0.0.1";
  return address;
}

class Net final : public SimNetwork {
 public:
  Net(Fate& fate, Executor& executor) : wires_(std::make_shared<Wires>(fate, executor, faults)) {}

  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override {
    return connect_to(wires_, normal(std::move(address)));
  }
  Result<std::unique_ptr<Listener>> listen(Address address) override {
    OR_RETURN(wires_->fate.step("listen", address.str()));
    address = normal(std::move(address));
    if (address.unix_path.empty() && address.port == 0) address.port = wires_->next_port++;
    if (wires_->listeners.contains(address.str())) return system_error(EADDRINUSE, "listen on " + address.str());
    auto waiting = std::make_shared<Waiting>();
    waiting->local = address;
    wires_->listeners[address.str()] = waiting;
    return std::unique_ptr<Listener>(std::make_unique<SimListener>(wires_, waiting));
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(Address address) override {
    OR_RETURN(wires_->fate.step("bind", address.str()));
    address = normal(std::move(address));
    if (!address.unix_path.empty())
      return fail(ErrorKind::unsupported, "bind {}: datagrams are offered over UDP only", address.str());
    if (address.port == 0) address.port = wires_->next_port++;
    if (wires_->inboxes.contains(address.str())) return system_error(EADDRINUSE, "bind " + address.str());
    auto inbox = std::make_shared<Inbox>();
    inbox->local = address;
    wires_->inboxes[address.str()] = inbox;
    return std::unique_ptr<DatagramSocket>(std::make_unique<SimDatagramSocket>(wires_, inbox));
  }

  void cut_off(std::string host) override {
    wires_->fate.count("partition");
    for (auto& c : of(host)) c->cut = true;
    wires_->cut.insert(std::move(host));
  }
  void heal(std::string host) override {
    wires_->cut.erase(host);
    for (auto& c : of(host)) {
      c->cut = false;
      c->land(0);
      c->land(1);
    }
  }
  void break_connections(std::string host) override {
    wires_->fate.count("dropped connection");
    for (auto& c : of(host)) c->break_both();
  }
  size_t connections() const override {
    size_t count = 0;
    for (auto& weak : wires_->connections) {
      auto c = weak.lock();
      if (c && !(c->closed[0] && c->closed[1])) ++count;
    }
    return count;
  }
  void close_all() override {
    for (auto& weak : wires_->connections)
      if (auto c = weak.lock()) {
        c->closed[0] = c->closed[1] = true;
        c->wake_all();
      }
    wires_->connections.clear();
    for (auto& [name, waiting] : std::exchange(wires_->listeners, {})) {
      waiting->closed = true;
      waiting->streams.clear();
      waiting->arrived.notify();
    }
    for (auto& [name, inbox] : std::exchange(wires_->inboxes, {})) {
      inbox->closed = true;
      inbox->arrived.notify();
    }
  }

 private:
  std::vector<Held> of(const std::string& host) const {
    std::vector<Held> out;
    for (auto& weak : wires_->connections)
      if (auto c = weak.lock(); c && c->host == host) out.push_back(c);
    return out;
  }
  static Task<Result<std::unique_ptr<Stream>>> connect_to(std::shared_ptr<Wires> wires, Address address) {
    Scope& scope = co_await current_scope();
    if (scope.canceled()) co_return canceled();
    std::string what = "connect to " + address.str();
    OR_CO_RETURN(wires->fate.step("connect", address.str()));
    auto& random = wires->fate.random;
    OR_CO_RETURN(co_await sleep(random.between(wires->faults.delay_min, wires->faults.delay_max)));
    for (int tries = 0; wires->cut.contains(address.host); ++tries) {
      if (tries == 1270) co_return system_error(ETIMEDOUT, what);  // Linux gives up after 127 s
      OR_CO_RETURN(co_await sleep(100ms));
    }
    if (random.happens(wires->faults.refuse)) {
      wires->fate.count("refused connection");
      co_return system_error(ECONNREFUSED, what);
    }
    auto found = wires->find(wires->listeners, address);
    if (found == wires->listeners.end()) co_return system_error(ECONNREFUSED, what);
    auto connection = std::make_shared<Connection>(wires->fate, wires->executor, &wires->faults, address.host);
    std::erase_if(wires->connections, [](const auto& weak) { return weak.expired(); });
    wires->connections.push_back(connection);
    std::string from = address.unix_path.empty() ? fmt::format("127.0.0.1:{}", wires->next_port++) : "unix";
    found->second->streams.push_back(std::make_unique<SimStream>(connection, 1, from));
    found->second->arrived.notify();
    co_return std::unique_ptr<Stream>(std::make_unique<SimStream>(connection, 0, address.str()));
  }
  std::shared_ptr<Wires> wires_;
};

}  // namespace

std::unique_ptr<SimNetwork> SimNetwork::create(Fate& fate, Executor& executor) {
  return std::make_unique<Net>(fate, executor);
}

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> create_pipe(Fate& fate, Executor& executor) {
  auto connection = std::make_shared<Connection>(fate, executor, nullptr, std::string());
  return {std::make_unique<SimStream>(connection, 0, ""), std::make_unique<SimStream>(connection, 1, "")};
}

}  // namespace slipway::sim
