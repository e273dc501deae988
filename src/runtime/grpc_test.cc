#include "runtime/grpc.h"

#include <doctest/doctest.h>

#include "runtime/h2_session.h"
#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

std::string framed(std::string message, char flag = 0) {
  std::string out(1, flag);
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(message.size() >> shift);
  return out + message;
}

// The smallest gRPC server: what it answers depends on the path.
struct Server final : H2Session::Events {
  FakeWorld& world;
  std::unique_ptr<Stream> stream;
  H2Session session;
  TaskGroup group;
  Signal output;
  std::string seen;  // headers of the last request
  int resets = 0;

  Server(FakeWorld& w, std::unique_ptr<Stream> s)
      : world(w),
        stream(std::move(s)),
        session(H2Session::Side::server, {}, w.executor(), *this),
        group(w.executor()) {}
  void on_output() override { output.notify(); }
  void on_head(H2StreamPtr s) override { group.spawn(answer(this, std::move(s))); }

  static Task<void> answer(Server* self, H2StreamPtr s) {
    self->seen.clear();
    for (const auto& [name, value] : s->headers.lines()) self->seen += name + "=" + value + ";";
    s->on_failed = [self] { ++self->resets; };
    while (!s->in_ended) {
      auto more = co_await s->in_changed.wait();
      if (!more || s->failed) co_return;
    }
    Headers head, ok, bad;
    head.add("content-type", "application/grpc");
    ok.add("grpc-status", "0");
    bad.add("grpc-status", "5");
    bad.add("grpc-message", "pod %22a%22 is not here");
    if (s->path == "/hang") co_return;
    if (s->path == "/refuse") {  // trailers only
      for (const auto& [name, value] : bad.lines()) head.add(name, value);
      self->session.respond(*s, 200, head, true);
      co_return;
    }
    if (s->path == "/html") {
      Headers html;
      html.add("content-type", "text/html");
      self->session.respond(*s, 200, html, true);
      co_return;
    }
    self->session.respond(*s, 200, head, false);
    if (s->path == "/echo") {
      self->session.add(*s, s->in);
      self->session.end(*s, ok);
    } else if (s->path == "/late") {
      self->session.add(*s, framed("half"));
      self->session.end(*s, bad);
    } else if (s->path == "/compressed") {
      self->session.add(*s, framed("x", 1));
      self->session.end(*s, ok);
    } else if (s->path == "/empty") {
      self->session.end(*s, ok);
    } else if (s->path == "/none") {
      self->session.add(*s, framed("x"));
      self->session.end(*s);
    } else if (s->path == "/events") {
      for (int i = 0; i < 3; ++i) {
        std::string piece = framed(fmt::format("event {}", i));
        for (char c : piece) {  // a message may come in any pieces
          self->session.add(*s, std::string(1, c));
          auto slept = co_await sleep(1ms);
          if (!slept) co_return;
        }
      }
      self->session.end(*s, ok);
    } else if (s->path == "/endless") {
      while (!s->closed) {
        self->session.add(*s, framed("again"));
        auto slept = co_await sleep(1s);
        if (!slept) co_return;
      }
    }
  }
  Task<void> reading() {
    std::string buffer(4000, '\0');
    while (true) {
      auto n = co_await stream->read(buffer);
      if (!n || *n == 0) break;
      auto understood = session.receive(std::string_view(buffer).substr(0, *n));
      if (!understood) break;
    }
    session.fail_all(Error(ErrorKind::io, "gone"));
  }
  Task<void> writing() {
    std::string batch;
    while (true) {
      batch.clear();
      if (session.gather(batch, 64 << 10)) {
        auto written = co_await stream->write(batch);
        if (!written) co_return;
        continue;
      }
      auto woken = co_await output.wait();
      if (!woken) co_return;
    }
  }
};

Task<void> accept_all(FakeWorld* world, Listener* listener, std::vector<std::unique_ptr<Server>>* servers) {
  while (true) {
    auto stream = co_await listener->accept();
    if (!stream) co_return;
    servers->push_back(std::make_unique<Server>(*world, std::move(*stream)));
    Server& server = *servers->back();
    server.group.spawn(server.reading());
    server.group.spawn(server.writing());
  }
}

struct Fixture {
  FakeWorld* world;
  GrpcClient* client;
  std::vector<std::unique_ptr<Server>>* servers;
};

Task<Result<>> with_server(FakeWorld* world, Task<Result<>> (*scenario)(Fixture)) {
  auto listener = world->network().listen(Address::unix_socket("/run/x.sock"));
  std::vector<std::unique_ptr<Server>> servers;
  TaskGroup accepting(world->executor());
  accepting.spawn(accept_all(world, listener->get(), &servers));
  GrpcOptions options;
  options.metadata.add("containerd-namespace", "k8s.io");
  options.message_bytes_max = 1000;
  Result<> done;
  {
    auto client = GrpcClient::create(*world, Address::unix_socket("/run/x.sock"), options);
    done = co_await scenario({world, client.get(), &servers});
  }
  co_await accepting.stop();
  for (auto& server : servers) co_await server->group.stop();
  co_return done;
}

void play(Task<Result<>> (*scenario)(Fixture)) {
  FakeWorld world;
  auto done = world.run(with_server(&world, scenario));
  CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().str()));
}

}  // namespace

TEST_CASE("unary calls, and what their outcomes become") {
  play([](Fixture f) -> Task<Result<>> {
    std::string echoed = OR_CO_RETURN(co_await f.client->unary("/echo", "hello", 10s));
    CHECK(echoed == "hello");
    CHECK(f.servers->front()->seen.contains("te=trailers;"));
    CHECK(f.servers->front()->seen.contains("grpc-timeout=10000m;"));
    CHECK(f.servers->front()->seen.contains("containerd-namespace=k8s.io;"));
    std::string empty = OR_CO_RETURN(co_await f.client->unary("/echo", "", 0s));
    CHECK(empty.empty());
    for (std::string path : {"/refuse", "/late"}) {
      auto missing = co_await f.client->unary(path, "", 10s);
      CHECK(missing.failed_with(ErrorKind::not_found));
      CHECK(missing.error().str() == path + ": pod \"a\" is not here");
    }
    auto slow = co_await f.client->unary("/hang", "", 3s);
    CHECK(slow.failed_with(ErrorKind::timeout));
    for (std::string path : {"/html", "/compressed", "/empty", "/none"}) {
      auto odd = co_await f.client->unary(path, "", 10s);
      CHECK(odd.failed_with(ErrorKind::io));
    }
    auto large = co_await f.client->unary("/echo", std::string(1001, 'x'), 10s);
    CHECK(large.failed_with(ErrorKind::too_large));
    OR_CO_RETURN(co_await sleep(1s));
    CHECK(f.servers->front()->resets == 1);  // the one that hung
    CHECK(f.world->dials == 1);
    co_return Result<>();
  });
}

TEST_CASE("streams") {
  play([](Fixture f) -> Task<Result<>> {
    auto events = OR_CO_RETURN(co_await f.client->server_stream("/events", "filter"));
    for (int i = 0; i < 3; ++i) {
      auto event = OR_CO_RETURN(co_await events->next());
      CHECK(event == fmt::format("event {}", i));
    }
    auto end = OR_CO_RETURN(co_await events->next());
    CHECK_FALSE(end.has_value());
    auto refused = OR_CO_RETURN(co_await f.client->server_stream("/refuse", ""));
    auto none = co_await refused->next();
    CHECK(none.failed_with(ErrorKind::not_found));
    {
      auto endless = OR_CO_RETURN(co_await f.client->server_stream("/endless", ""));
      auto one = OR_CO_RETURN(co_await endless->next());
      CHECK(one == "again");
      auto late = co_await with_timeout(10ms, endless->next());
      CHECK(late.failed_with(ErrorKind::timeout));
      auto two = OR_CO_RETURN(co_await endless->next());  // a wait that was given up took nothing
      CHECK(two == "again");
    }
    OR_CO_RETURN(co_await sleep(2s));
    CHECK(f.servers->front()->resets == 1);
    co_return Result<>();
  });
}

TEST_CASE("a connection that broke is made anew") {
  play([](Fixture f) -> Task<Result<>> {
    auto stream = OR_CO_RETURN(co_await f.client->server_stream("/hang", ""));
    OR_CO_RETURN(co_await sleep(1s));
    f.servers->front()->stream->close();
    auto broken = co_await stream->next();
    CHECK(broken.failed_with(ErrorKind::io));
    std::string echoed = OR_CO_RETURN(co_await f.client->unary("/echo", "again", 10s));
    CHECK(echoed == "again");
    CHECK(f.world->dials == 2);
    auto nobody = GrpcClient::create(*f.world, Address::unix_socket("/run/none.sock"));
    auto refused = co_await nobody->unary("/echo", "", 1s);
    CHECK(refused.failed_with(ErrorKind::unavailable));
    co_return Result<>();
  });
}
