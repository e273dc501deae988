// In simulated time, against a server made of raw bytes: how long an answer may take.
#include "sources/chart_exchange.h"

#include <doctest/doctest.h>

#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::sources;

namespace {

struct Piece {
  Duration after;
  std::string bytes;
};
using Script = std::vector<Piece>;  // of one connection

Task<void> answer(std::unique_ptr<runtime::Stream> stream, Script script) {
  std::string request(4096, '\0');
  auto got = co_await stream->read(request);
  if (!got) co_return;
  for (Piece& piece : script) {
    auto slept = co_await runtime::sleep(piece.after);
    if (!slept) co_return;
    auto written = co_await stream->write(piece.bytes);
    if (!written) co_return;
  }
  (void)co_await runtime::sleep(24h);
}

Task<void> serve(runtime::Listener* listener, std::vector<Script> scripts) {
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  for (Script& script : scripts) {
    auto stream = co_await listener->accept();
    if (!stream) break;
    group.spawn(answer(std::move(*stream), std::move(script)));
  }
  co_await group.join();
}

struct Outcome {
  std::string text;  // "200 BODY", or the error
  Duration took{};
};

Task<Outcome> ask(sim::SimWorld& world, std::vector<Script> scripts) {
  auto listener = world.network().listen({"127.0.0.1", 8080, {}});
  TaskGroup group(world.executor());
  group.spawn(serve(listener->get(), std::move(scripts)));
  auto start = world.steady_now();
  auto answer = co_await exchange(world, {.url = "http://ann:s3cret@127.0.0.1:8080/c.tgz?token=s3cret"}, {}, 1 << 20);
  Outcome out{answer ? fmt::format("{} {}", answer->status, answer->body) : answer.error().str(),
              world.steady_now() - start};
  co_await group.stop();
  co_return out;
}

Outcome outcome(std::vector<Script> scripts) {
  sim::SimWorld world(1);
  return world.run(ask(world, std::move(scripts)));
}

const std::string kHead = "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n";

}  // namespace

TEST_CASE("an answer may be slow") {
  Script script{{1s, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"}};
  for (int i = 0; i < 10; ++i) script.push_back({50s, "x"});
  auto got = outcome({script});
  CHECK(got.text == "200 xxxxxxxxxx");
  CHECK(got.took > 500s);
}

TEST_CASE("an answer that stops is given up") {
  auto got = outcome({{{0s, kHead + "half"}}});
  CHECK(got.text == "http://127.0.0.1:8080/c.tgz: the answer began, and nothing more came for 60 s");
  CHECK(got.took >= 60s);
  CHECK(got.took < 70s);
}

TEST_CASE("an answer that trickles is given up") {
  Script script{{0s, kHead}};
  for (int i = 0; i < 1000; ++i) script.push_back({7s, "x"});
  auto got = outcome({script});
  CHECK(got.text == "http://127.0.0.1:8080/c.tgz: the answer took more than 600 s");
  CHECK(got.took >= 600s);
  CHECK(got.took < 610s);
}

TEST_CASE("a redirect whose own body does not end is followed") {
  Script hop{{0s, "HTTP/1.1 302 Found\r\nlocation: /d.tgz\r\ncontent-length: 10\r\n\r\nhalf"}};
  Script there{{0s, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"}};
  auto got = outcome({hop, there});
  CHECK(got.text == "200 ok");
  CHECK(got.took < 10s);
}
