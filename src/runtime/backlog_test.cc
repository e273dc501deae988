#include "runtime/backlog.h"

#include <doctest/doctest.h>

#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

struct Client final : Stream {
  bool open = true;
  Task<Result<size_t>> read(std::span<char>) override { co_return size_t{0}; }
  Task<Result<>> write(std::string_view) override { co_return Result<>(); }
  Task<Result<>> shutdown_write() override { co_return Result<>(); }
  void close() override { open = false; }
  std::string peer() const override { return "192.0.2.1:1"; }
};

constexpr size_t MB = 1 << 20;

Task<void> ask(Backlog* backlog, int* served) {
  auto room = co_await backlog->room();
  if (room) ++*served;
}

Task<Result<>> a_connection(FakeWorld* world) {
  ServerLimits limits;
  BacklogTotal total(*world, limits);
  Client slow_client, quick_client;
  Backlog slow(total, slow_client), quick(total, quick_client);
  TaskGroup asking(world->executor());
  int served = 0;
  slow.set(limits.connection_backlog_bytes_max + 1);
  asking.spawn(ask(&slow, &served));
  asking.spawn(ask(&quick, &served));
  auto slept = co_await sleep(1h);
  CHECK(served == 1);
  slow.set(1);
  slept = co_await sleep(1ms);
  CHECK(served == 2);
  CHECK(slow_client.open);  // who holds little may be as slow as he likes

  slow.set(100 * MB);
  for (int i = 0; i < 3; ++i) asking.spawn(ask(&slow, &served));
  slept = co_await sleep(1ms);
  co_await asking.stop();
  CHECK(served == 2);
  slow.set(0);  // nobody waits any more
  co_return Result<>();
}

Task<Result<>> everybody(FakeWorld* world) {
  ServerLimits limits;
  limits.backlog_bytes_max = 128 * MB;
  BacklogTotal total(*world, limits);
  TaskGroup asking(world->executor()), keeping(world->executor());
  keeping.spawn(total.keep());
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<Backlog>> backlogs;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>());
    backlogs.push_back(std::make_unique<Backlog>(total, *clients.back()));
    backlogs.back()->set(static_cast<size_t>(i) * MB);  // 190 in all
  }
  CHECK(total.full());
  int served = 0;
  asking.spawn(ask(backlogs[0].get(), &served));
  auto slept = co_await sleep(1ms);
  CHECK(served == 1);  // holds nothing
  asking.spawn(ask(backlogs[1].get(), &served));
  backlogs[18]->set(300 * MB);
  asking.spawn(ask(backlogs[0].get(), &served));
  slept = co_await sleep(899ms);
  CHECK(served == 1);
  backlogs[19]->set(15 * MB);  // this one reads, the others do not
  slept = co_await sleep(200ms);
  CHECK(served == 3);
  CHECK(clients[19]->open);
  CHECK_FALSE(clients[18]->open);
  CHECK_FALSE(clients[10]->open);
  CHECK(clients[9]->open);
  CHECK(clients[1]->open);
  CHECK(!total.full());

  // Who reads slowly keeps the rest waiting, but is not closed.
  backlogs[1]->set(200 * MB);
  for (int i = 1; i <= 50; ++i) {
    slept = co_await sleep(100ms);
    backlogs[1]->set(200 * MB - static_cast<size_t>(i) * (8 << 10));
  }
  CHECK(clients[1]->open);

  // Nor who was answered only now: what keeps it waiting may be ourselves.
  slept = co_await sleep(900ms);
  backlogs[0]->set(100 * MB);
  slept = co_await sleep(200ms);
  CHECK(clients[0]->open);
  CHECK_FALSE(clients[1]->open);
  backlogs[0]->set(0);
  backlogs[1]->set(0);

  // A burst that is taken at once closes nobody.
  backlogs[0]->set(200 * MB);
  slept = co_await sleep(500ms);
  backlogs[0]->set(0);
  slept = co_await sleep(2s);
  CHECK(clients[0]->open);
  co_await asking.stop();
  co_await keeping.stop();
  co_return Result<>();
}

}  // namespace

TEST_CASE("a connection that reads nothing waits alone") {
  FakeWorld world;
  CHECK(world.run(a_connection(&world)).has_value());
}

TEST_CASE("when all hold too much, those that read nothing are closed, the largest first") {
  FakeWorld world;
  CHECK(world.run(everybody(&world)).has_value());
}
