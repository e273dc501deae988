// The HTTP/2 server against frames made by hand: when requests begin.
#include <doctest/doctest.h>

#include "runtime/http_server.h"
#include "runtime/testing/h2_frames.h"
#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;
using namespace slipway::runtime::testing;

namespace {

// Notes who begins, and answers.
Task<void> note(Exchange* exchange, std::string* log) {
  *log += exchange->remote();
  auto answered = co_await exchange->respond(200, {}, "");
  (void)answered;
}

Task<void> serve(ServerCore* core, std::unique_ptr<Stream> stream, std::string name) {
  ServedConnection served{*core, *stream, {}, name, 0, core->world.steady_now()};
  co_await serve_h2(served);
}

// Clients "a", "b" … send these bytes, each in one write.
Task<void> send(FakeWorld* world, std::vector<std::string> sent, std::string* log) {
  ServerCore core(*world, [log](Exchange& exchange) { return note(&exchange, log); }, {});
  TaskGroup group(world->executor());
  std::vector<std::unique_ptr<Stream>> clients;
  for (size_t i = 0; i < sent.size(); ++i) {
    auto [client, server] = memory_streams();
    group.spawn(serve(&core, std::move(server), std::string(1, static_cast<char>('a' + i))));
    clients.push_back(std::move(client));
  }
  for (size_t i = 0; i < sent.size(); ++i) {
    auto written = co_await clients[i]->write(preface + sent[i]);
    CHECK(written.has_value());
  }
  auto slept = co_await sleep(1s);
  CHECK(slept.has_value());
  co_await group.stop();
}

std::string begun(std::vector<std::string> sent) {
  FakeWorld world;
  std::string log;
  world.run([](FakeWorld* w, std::vector<std::string> s, std::string* l) -> Task<int> {
    co_await send(w, std::move(s), l);
    co_return 0;
  }(&world, std::move(sent), &log));
  return log;
}

}  // namespace

TEST_CASE("a request that its client takes back at once never begins") {
  std::string taken_back;
  for (uint32_t i = 0; i < 60; ++i) taken_back += request(2 * i + 1) + reset(2 * i + 1);
  CHECK(begun({taken_back + request(201)}) == "a");
}

TEST_CASE("many requests of one client leave the others their turn") {
  std::string many;
  for (uint32_t i = 0; i < 100; ++i) many += request(2 * i + 1);
  std::string log = begun({many, request(1)});
  CHECK(log.size() == 101);
  CHECK(log.find('b') < 10);
}
