#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/text.h"
#include "runtime/testing/in_real_world.h"

using namespace slipway;
using namespace slipway::runtime;
using testing::in_real_world;

namespace {

template <class T>
Task<void> keep(Task<Result<T>> task, std::optional<Result<T>>* out) {
  out->emplace(co_await task);
}

Task<void> echo(Listener* listener) {
  auto accepted = co_await listener->accept();
  if (!accepted) co_return;
  Stream& stream = **accepted;
  std::string buffer(100, '\0');
  while (true) {
    auto n = co_await stream.read(buffer);
    if (!n || *n == 0) co_return;
    auto written = co_await stream.write(std::string_view(buffer).substr(0, *n));
    if (!written) co_return;
  }
}

Task<void> write_and_end(Stream* stream, std::string bytes) {
  auto written = co_await stream->write(bytes);
  CHECK(written.has_value());
  auto ended = co_await stream->shutdown_write();
  CHECK(ended.has_value());
}

Task<void> check_echo(World* world, Address at) {
  auto listener = world->network().listen(at);
  REQUIRE(listener.has_value());
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);
  group.spawn(echo(listener->get()));
  auto stream = co_await world->network().connect((*listener)->local());
  REQUIRE(stream.has_value());
  std::string sent;
  for (int i = 0; i < 300000; ++i) sent += static_cast<char>('a' + i % 26);  // more than the kernel's buffers take
  group.spawn(write_and_end(stream->get(), sent));
  auto got = co_await read_to_end(**stream, 1 << 20);
  CHECK(got.has_value());
  CHECK(*got == sent);
  co_await group.join();
}

struct Pair {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> client, server;
};
Task<Pair> connected(World* world) {
  Pair pair;
  pair.listener = world->network().listen({"127.0.0.1", 0, {}}).value();
  auto client = co_await world->network().connect(pair.listener->local());
  auto server = co_await pair.listener->accept();
  pair.client = std::move(client).value();
  pair.server = std::move(server).value();
  co_return pair;
}

Task<Result<>> write_for_ever(Stream* stream) {
  std::string much(100000, 'x');
  while (true) OR_CO_RETURN(co_await stream->write(much));
}

Task<void> relay_between(Stream* a, Stream* b, std::optional<Result<>>* out) {
  out->emplace(co_await relay(*a, *b));
}

}  // namespace

TEST_CASE("addresses are read and written") {
  auto check = [](std::string_view text, std::string_view expected) {
    auto address = Address::parse(text);
    CHECK((address ? address->str() : address.error().str()) == expected);
  };
  check("127.0.0.1:6443", "127.0.0.1:6443");
  check("[::1]:53", "[::1]:53");
  check("localhost:80", "localhost:80");
  check("unix:/run/x.sock", "unix:/run/x.sock");
  check("unix:///run/x.sock", "unix:/run/x.sock");
  check("unix:@name", "unix:@name");
  check("unix:x", "address \"unix:x\": expected unix:/path or unix:@name");
  check("nothing", "address \"nothing\": expected HOST:PORT, as in 127.0.0.1:6443");
  check("::1:53", "address \"::1:53\": an IPv6 address stands in brackets, as in [::1]:6443");
  check(":80", "address \":80\": no host; 0.0.0.0 means every one");
  check("a:70000", "address \"a:70000\": expected a port from 0 to 65535 after the last colon");
  check("a:", "address \"a:\": expected a port from 0 to 65535 after the last colon");
}

TEST_CASE("bytes go there and back over TCP, IPv6, unix and abstract sockets") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await check_echo(&world, {"127.0.0.1", 0, {}});
    co_await check_echo(&world, Address::unix_socket(directory + "/s"));
    CHECK(!world.files().exists(directory + "/s"));
    co_await check_echo(&world, Address::unix_socket("@slipway-test-" + world.random().suffix(8)));
    if (world.files().exists("/proc/sys/net/ipv6")) co_await check_echo(&world, {"::1", 0, {}});
  });
}

TEST_CASE("a name is resolved off the loop") {
  in_real_world([](World& world, std::string) -> Task<void> {
    auto listener = world.network().listen({"127.0.0.1", 0, {}}).value().release();
    std::unique_ptr<Listener> keep_listener(listener);
    auto stream = co_await world.network().connect({"localhost", listener->local().port, {}});
    CHECK(stream.has_value());
    auto none = co_await world.network().connect({"no-such-name.invalid", 1, {}});
    REQUIRE(none.failed_with(ErrorKind::unavailable));
    CHECK(none.error().str().find("cannot resolve no-such-name.invalid") != std::string::npos);
  });
}

TEST_CASE("refusals say what was refused") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Network& network = world.network();
    auto listener = network.listen({"127.0.0.1", 0, {}}).value().release();
    Address at = listener->local();
    auto taken = network.listen(at);
    CHECK(taken.failed_with(ErrorKind::already_exists));
    CHECK(taken.error().str() == fmt::format("listen on {}: Address already in use", at.str()));
    delete listener;
    auto refused = co_await network.connect(at);
    CHECK(refused.failed_with(ErrorKind::unavailable));
    auto missing = co_await network.connect(Address::unix_socket(directory + "/none"));
    CHECK(missing.failed_with(ErrorKind::unavailable));
    auto long_path = network.listen(Address::unix_socket("/" + std::string(200, 'x')));
    CHECK(long_path.failed_with(ErrorKind::invalid));
  });
}

TEST_CASE("a unix socket left by a dead process is taken over, a living one is not") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Network& network = world.network();
    Address at = Address::unix_socket(directory + "/s");
    Address elsewhere = Address::unix_socket(directory + "/t");
    auto dead = network.listen(at).value().release();
    CHECK(world.files().rename(directory + "/s", directory + "/t").has_value());
    delete dead;  // its file is under another name now, so it stays, as after kill -9
    auto again = network.listen(elsewhere);
    REQUIRE(again.has_value());
    CHECK(network.listen(elsewhere).failed_with(ErrorKind::already_exists));
    co_return;
  });
}

TEST_CASE("cancel ends an awaited accept, read, write, connect and receive") {
  in_real_world([](World& world, std::string) -> Task<void> {
    Pair pair = co_await connected(&world);
    auto udp = world.network().bind_datagram({"127.0.0.1", 0, {}}).value().release();
    std::unique_ptr<DatagramSocket> keep_udp(udp);
    char buffer[10];
    std::optional<Result<std::unique_ptr<Stream>>> accepted, connecting;
    std::optional<Result<size_t>> got;
    std::optional<Result<>> written;
    std::optional<Result<Datagram>> received;
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    group.spawn(keep(pair.listener->accept(), &accepted));
    group.spawn(keep(pair.client->read(buffer), &got));
    group.spawn(keep(write_for_ever(pair.client.get()), &written));
    group.spawn(keep(udp->receive(), &received));
    auto slept = co_await sleep(20ms);
    CHECK(slept.has_value());
    CHECK(group.running() == 4);
    co_await group.stop();
    CHECK(accepted->failed_with(ErrorKind::canceled));
    CHECK(got->failed_with(ErrorKind::canceled));
    CHECK(written->failed_with(ErrorKind::canceled));
    CHECK(received->failed_with(ErrorKind::canceled));

    // and what was canceled can be used again
    TaskGroup more(scope);
    std::optional<Result<size_t>> again;
    more.spawn(keep(pair.client->read(buffer), &again));
    auto hello = co_await pair.server->write("hello");
    CHECK(hello.has_value());
    co_await more.join();
    CHECK(again->value() == 5);
    CHECK(std::string(buffer, 5) == "hello");
  });
}

TEST_CASE("a canceled scope ends a task whose stream is always ready") {
  in_real_world([](World& world, std::string) -> Task<void> {
    Pair pair = co_await connected(&world);
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    std::optional<Result<>> written;
    std::optional<Result<std::string>> drained;
    group.spawn(keep(write_for_ever(pair.client.get()), &written));
    group.spawn(keep(read_to_end(*pair.server, size_t{1} << 40), &drained));
    auto slept = co_await sleep(20ms);
    CHECK(slept.has_value());
    co_await group.stop();
    CHECK(drained->failed_with(ErrorKind::canceled));
  });
}

TEST_CASE("closing or dropping a stream ends what is awaited on it") {
  in_real_world([](World& world, std::string) -> Task<void> {
    Pair pair = co_await connected(&world);
    char buffer[10];
    std::optional<Result<size_t>> client_read, server_read;
    std::optional<Result<std::unique_ptr<Stream>>> accepted;
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    group.spawn(keep(pair.client->read(buffer), &client_read));
    group.spawn(keep(pair.listener->accept(), &accepted));
    auto slept = co_await sleep(2ms);
    CHECK(slept.has_value());
    pair.client.reset();
    pair.listener->close();
    co_await group.join();
    CHECK(client_read->failed_with(ErrorKind::canceled));
    CHECK(accepted->failed_with(ErrorKind::canceled));
    TaskGroup more(scope);
    more.spawn(keep(pair.server->read(buffer), &server_read));
    co_await more.join();
    CHECK(server_read->value() == 0);
    pair.server->close();
    pair.server->close();
    auto closed = co_await pair.server->read(buffer);
    CHECK(closed.failed_with(ErrorKind::canceled));
  });
}

TEST_CASE("datagrams carry their sender") {
  in_real_world([](World& world, std::string) -> Task<void> {
    auto a = world.network().bind_datagram({"127.0.0.1", 0, {}});
    auto b = world.network().bind_datagram({"127.0.0.1", 0, {}});
    REQUIRE(a.has_value());
    REQUIRE(b.has_value());
    auto sent = co_await (*a)->send({"ping", (*b)->local()});
    CHECK(sent.has_value());
    auto got = co_await (*b)->receive();
    CHECK(got->bytes == "ping");
    CHECK(got->peer == (*a)->local());
    auto nowhere = co_await (*a)->send({"x", {"example.com", 1, {}}});
    CHECK(nowhere.failed_with(ErrorKind::invalid));
  });
}

TEST_CASE("relay carries both ways until both sides have ended") {
  in_real_world([](World& world, std::string) -> Task<void> {
    Pair left = co_await connected(&world);
    Pair right = co_await connected(&world);
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    std::optional<Result<>> outcome;
    group.spawn(relay_between(left.server.get(), right.client.get(), &outcome));
    group.spawn(write_and_end(left.client.get(), "request"));
    auto request = co_await read_to_end(*right.server, 100);
    CHECK(request.value() == "request");
    CHECK(!outcome.has_value());  // the other direction is still open
    group.spawn(write_and_end(right.server.get(), "answer"));
    auto answer = co_await read_to_end(*left.client, 100);
    CHECK(answer.value() == "answer");
    co_await group.join();
    CHECK(outcome->has_value());
    auto too_much = co_await read_to_end(*left.client, 100);
    CHECK(too_much.value() == "");
  });
}
