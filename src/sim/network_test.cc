#include "sim/network.h"

#include <doctest/doctest.h>

#include "sim/testing/seeds.h"

using namespace slipway;
using namespace slipway::runtime;
using namespace slipway::sim;
using testing::for_seeds;

namespace {

Task<void> echo_one(std::unique_ptr<Stream> stream) {
  std::string buffer(1000, '\0');
  while (true) {
    auto n = co_await stream->read(buffer);
    if (!n || *n == 0) co_return;
    auto written = co_await stream->write(std::string_view(buffer).substr(0, *n));
    if (!written) co_return;
  }
}

Task<void> echo(Listener* listener, TaskGroup* group) {
  while (true) {
    auto stream = co_await listener->accept();
    if (!stream) co_return;
    group->spawn(echo_one(std::move(*stream)));
  }
}

Task<void> write_and_end(Stream* stream, std::string bytes) {
  auto written = co_await stream->write(bytes);
  if (written) written = co_await stream->shutdown_write();
  (void)written.has_value();
}

Task<Result<std::string>> ask(World* world, Address at, std::string question) {
  auto stream = OR_CO_RETURN(co_await world->network().connect(at));
  Scope& scope = co_await current_scope();
  TaskGroup group(scope);
  group.spawn(write_and_end(stream.get(), question));
  auto answer = co_await read_to_end(*stream, 1 << 20);
  co_await group.stop();
  co_return answer;
}

template <class T>
Task<void> keep(Task<Result<T>> task, std::optional<Result<T>>* out) {
  out->emplace(co_await task);
}

struct EchoServer {
  explicit EchoServer(SimWorld& world, Address at) : group(world.executor()) {
    listener = world.network().listen(at).value();
    group.spawn(echo(listener.get(), &group));
  }
  std::unique_ptr<Listener> listener;
  TaskGroup group;
};

}  // namespace

TEST_CASE("bytes arrive in order, later, and in other pieces") {
  for_seeds(20, [](SimWorld& world) {
    EchoServer server(world, {"registry.example.com", 443, {}});
    std::string question;
    for (int i = 0; i < 200000; ++i) question += static_cast<char>('a' + i % 26);
    auto answer = world.run(ask(&world, {"registry.example.com", 443, {}}, question));
    CHECK(answer.value() == question);
    CHECK(world.elapsed() > SteadyTime(100us));
    server.listener->close();
    world.run_until_idle();
    CHECK(server.group.running() == 0);
    CHECK(world.net().connections() == 0);
  });
}

TEST_CASE("addresses: taken, missing, wildcard, localhost, free port, unix") {
  SimWorld world(1);
  {
    EchoServer any(world, {"0.0.0.0", 80, {}});
    EchoServer chosen(world, {"127.0.0.1", 0, {}});
    EchoServer file(world, Address::unix_socket("/run/x"));
    CHECK(world.network().listen({"0.0.0.0", 80, {}}).failed_with(ErrorKind::already_exists));
    CHECK(world.run(ask(&world, {"localhost", 80, {}}, "hello")).value() == "hello");
    CHECK(world.run(ask(&world, chosen.listener->local(), "hello")).value() == "hello");
    CHECK(world.run(ask(&world, Address::unix_socket("/run/x"), "hello")).value() == "hello");
    auto missing = world.run(ask(&world, {"localhost", 81, {}}, "hello"));
    CHECK(missing.failed_with(ErrorKind::unavailable));
    CHECK(missing.error().str() == "connect to 127.0.0.1:81: Connection refused");
    for (auto* server : {&any, &chosen, &file}) server->listener->close();
    world.run_until_idle();
  }
}

TEST_CASE("a host that is cut off is silent until healed") {
  SimWorld world(1);
  EchoServer server(world, {"10.0.0.7", 80, {}});
  world.net().cut_off("10.0.0.7");
  std::optional<Result<std::string>> answer;
  TaskGroup group(world.executor());
  group.spawn(keep(ask(&world, {"10.0.0.7", 80, {}}, "hello"), &answer));
  world.run_for(60s);
  CHECK(!answer);
  world.net().heal("10.0.0.7");
  world.run_for(1s);
  CHECK(answer->value() == "hello");
  world.net().cut_off("10.0.0.7");
  auto late = world.run(ask(&world, {"10.0.0.7", 80, {}}, "hello"));
  CHECK(late.failed_with(ErrorKind::timeout));
  CHECK(world.elapsed() > SteadyTime(127s));
  server.listener->close();
  world.run_until_idle();
}

TEST_CASE("connections break by chance and by order") {
  int broken = 0;
  for_seeds(20, [&](SimWorld& world) {
    EchoServer server(world, {"10.0.0.7", 80, {}});
    world.net().faults.drop_connection = 0.3;
    auto answer = world.run(ask(&world, {"10.0.0.7", 80, {}}, "hello"));
    if (!answer) ++broken;
    CHECK((answer ? *answer == "hello" : answer.error().is(ErrorKind::io)));
    CHECK(answer.has_value() == (world.injected("dropped connection") == 0));
    server.listener->close();
    world.run_until_idle();
  });
  if (!std::getenv("SLIPWAY_SEED")) CHECK(broken > 0);
}

TEST_CASE("a crash ends every wait, and the sockets are gone") {
  SimWorld world(1);
  auto server = std::make_unique<EchoServer>(world, Address{"127.0.0.1", 80, {}});
  auto stream = world.run(world.network().connect({"127.0.0.1", 80, {}})).value().release();
  std::optional<Result<size_t>> got;
  char buffer[10];
  TaskGroup group(world.executor());
  group.spawn(keep(stream->read(buffer), &got));
  world.run_for(1s);
  CHECK(!got);
  world.crash(Loss::process);
  world.run_until_idle();
  CHECK(got->failed_with(ErrorKind::canceled));
  CHECK(server->group.running() == 0);
  delete stream;
  server.reset();
  world.restart();
  CHECK(world.network().listen({"127.0.0.1", 80, {}}).has_value());
}

TEST_CASE("datagrams: there, lost, repeated") {
  for_seeds(20, [](SimWorld& world) {
    auto a = world.network().bind_datagram({"10.0.0.1", 53, {}}).value().release();
    auto b = world.network().bind_datagram({"10.0.0.2", 53, {}}).value().release();
    world.net().faults.lose_datagram = 0.2;
    world.net().faults.repeat_datagram = 0.2;
    for (int i = 0; i < 20; ++i) CHECK(world.run(a->send({"ping", b->local()})).has_value());
    world.run_until_idle();
    uint64_t expected = 20 - world.injected("lost datagram") + world.injected("repeated datagram");
    for (uint64_t i = 0; i < expected; ++i) CHECK(world.run(b->receive())->peer == a->local());
    auto more = world.run(with_timeout(1s, b->receive()));
    CHECK(more.failed_with(ErrorKind::timeout));
    delete a;
    delete b;
  });
}
