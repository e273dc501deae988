// The HTTP/1.1 server against raw bytes, on fake time.
#include <doctest/doctest.h>

#include "runtime/http.h"
#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

struct Served {
  int handled = 0, canceled = 0;
  std::string log;
};

Task<void> answer(Exchange* e, Served* served) {
  ++served->handled;
  const std::string target = e->request().target;
  if (target == "/stream") {
    auto begun = co_await e->start(200, {});
    CHECK(begun.has_value());
    for (std::string piece : {"one", "two"}) {
      auto written = co_await e->write(piece);
      CHECK(written.has_value());
    }
    auto finished = co_await e->finish();
    CHECK(finished.has_value());
  } else if (target == "/hang") {
    auto slept = co_await sleep(3600s);
    if (slept.failed_with(ErrorKind::canceled)) ++served->canceled;
  } else if (target == "/body") {
    auto body = co_await e->body().read_all(1 << 20);
    auto done = co_await e->respond(body ? 200 : 400, {}, body ? "got " + *body : body.error().str());
    if (body && e->body().trailers()) served->log += e->body().trailers()->get("x");
    (void)done;
  } else if (target == "/echo") {
    auto up = co_await e->upgrade("HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: Upgrade\r\n\r\n");
    REQUIRE(up.has_value());
    std::string buffer(100, '\0');
    while (true) {
      auto n = co_await up->stream->read(buffer);
      if (!n || *n == 0) break;
      auto written = co_await up->stream->write("<" + buffer.substr(0, *n) + ">");
      if (!written) break;
    }
  } else if (target == "/whole") {
    auto done = co_await e->respond(200, {}, std::string(200 << 10, 'x'));
    if (!done) served->log += done.error().str();
  } else if (target == "/pieces") {
    auto done = co_await e->start(200, {});
    for (int i = 0; i < 2 && done; ++i) done = co_await e->write(std::string(100 << 10, 'x'));
    if (done) done = co_await e->finish();
    served->log += done ? "taken" : done.error().str();
  } else if (target == "/nothing") {
  } else if (target == "/throw") {
    throw std::runtime_error("a bug");
  } else if (target == "/split") {
    Headers headers;
    headers.add("x", "a\r\nSet-Cookie: b");
    auto done = co_await e->respond(200, headers, "never");
    CHECK(done.failed_with(ErrorKind::internal));
  } else {
    auto done = co_await e->respond(200, {}, "hello " + target);
    (void)done;
  }
}

Task<void> collect(Stream* stream, std::string* out, bool* ended) {
  std::string buffer(64 << 10, '\0');
  while (true) {
    auto n = co_await stream->read(buffer);
    if (!n || *n == 0) break;
    out->append(buffer, 0, *n);
  }
  *ended = true;
}

struct Piece {
  Duration after{};
  std::string bytes;
};

Task<Result<std::string>> talk(FakeWorld* world, std::vector<Piece> pieces, Served* served, ServerLimits limits,
                               bool close_after, Duration wait) {
  auto listener = world->network().listen({"127.0.0.1", 0, {}});
  Address at = (*listener)->local();
  auto server = HttpServer::create(
      *world, std::move(*listener), nullptr, [served](Exchange& e) { return answer(&e, served); }, limits);
  TaskGroup group(world->executor()), readers(world->executor());
  group.spawn(server->serve());
  auto stream = OR_CO_RETURN(co_await world->network().connect(at));
  std::string out;
  bool ended = false;
  readers.spawn(collect(stream.get(), &out, &ended));
  for (Piece& piece : pieces) {
    auto slept = co_await sleep(piece.after);
    CHECK(slept.has_value());
    auto written = co_await stream->write(piece.bytes);
    if (!written) break;
  }
  if (close_after) stream->close();
  auto slept = co_await sleep(wait);
  CHECK(slept.has_value());
  if (!ended) out += " <open>";
  co_await readers.stop();
  co_await group.stop();
  co_return out;
}

// What the server said, its Date lines taken out.
std::string ask(std::vector<Piece> pieces, Served* served = nullptr, ServerLimits limits = {}, Duration wait = 2s,
                bool close_after = false) {
  FakeWorld world;
  Served unused;
  auto out = world.run(talk(&world, std::move(pieces), served ? served : &unused, limits, close_after, wait));
  REQUIRE(out.has_value());
  for (size_t at; (at = out->find("date: ")) != std::string::npos;) {
    CHECK(out->substr(at).starts_with("date: Wed, 18 Nov 2026 11:06:"));
    out->erase(at, out->find("\r\n", at) + 2 - at);
  }
  return *out;
}
std::string ask(std::string bytes, Served* served = nullptr) {
  return ask({Piece{0s, std::move(bytes)}}, served);
}

std::string ok(std::string body) {
  return fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", body.size(), body);
}

}  // namespace

TEST_CASE("requests one after the other and all at once") {
  std::string get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(ask(get) == ok("hello /a") + " <open>");
  CHECK(ask(get + get + get) == ok("hello /a") + ok("hello /a") + ok("hello /a") + " <open>");
  CHECK(ask({{0s, get}, {1s, "\r\n" + get}}) == ok("hello /a") + ok("hello /a") + " <open>");
  std::vector<Piece> slowly;
  for (char c : get) slowly.push_back({1ms, std::string(1, c)});
  CHECK(ask(slowly) == ok("hello /a") + " <open>");
  CHECK(ask("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nhello /a");
  CHECK(ask("GET /a HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nhello /a");
  CHECK(ask("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n") == "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n <open>");
}

TEST_CASE("a streamed answer is chunked, or ends with the connection for HTTP/1.0") {
  CHECK(ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n <open>");
  CHECK(ask("GET /stream HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonetwo");
  CHECK(ask("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n <open>");
}

TEST_CASE("bodies") {
  Served served;
  CHECK(ask("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /a HTTP/1.1\r\nHost: x\r\n\r\n") ==
        ok("got abc") + ok("hello /a") + " <open>");
  CHECK(ask("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nX: "
            "trailer\r\n\r\n",
            &served) == ok("got abcd") + " <open>");
  CHECK(served.log == "trailer");
  // a body nobody reads is drained, and does not become a request
  CHECK(ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 29\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\nGET /b "
            "HTTP/1.1\r\nHost: x\r\n\r\n") == ok("hello /a") + ok("hello /b") + " <open>");
  CHECK(
      ask("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n").contains("400 Bad Request"));
}

TEST_CASE("a body that nobody reads and that never ends is not waited for") {
  std::vector<Piece> drip{{0s, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"}};
  for (int i = 0; i < 20; ++i) drip.push_back({500ms, "x"});
  CHECK(ask(drip) == ok("hello /a"));
}

TEST_CASE("100-continue is said when the body is wanted, and only then") {
  std::string head = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  CHECK(ask({{0s, base::replace_all(head, "{}", "/body")}, {1s, "abc"}}) ==
        "HTTP/1.1 100 Continue\r\n\r\n" + ok("got abc") + " <open>");
  CHECK(ask(base::replace_all(head, "{}", "/a")) ==
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nhello /a");
}

TEST_CASE("what is refused is answered, and the connection ends before a second request") {
  Served served;
  std::string evil =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b "
      "HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(ask(evil, &served) ==
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 42\r\nconnection: "
        "close\r\n\r\n"
        "both Content-Length and Transfer-Encoding\n");
  CHECK(served.handled == 0);
  CHECK(ask("GET / HTTP/1.1\nHost: x\n\n").starts_with("HTTP/1.1 400 "));
  CHECK(ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x')).starts_with("HTTP/1.1 431 "));
  CHECK(ask("\x16\x03\x01 a TLS client \n").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("a slow head is told off, an idle connection ends") {
  std::string start = "GET /a HTTP/1.1\r\nHost: x\r\n";
  std::vector<Piece> loris{{0s, start}};
  for (int i = 0; i < 30; ++i) loris.push_back({1s, "X: y\r\n"});
  CHECK(ask(loris).starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(ask({}, nullptr, {}, 9s) == " <open>");
  CHECK(ask({}, nullptr, {}, 11s) == "");
  CHECK(ask({{0s, start + "\r\n"}}, nullptr, {}, 179s).ends_with(" <open>"));
  CHECK(ask({{0s, start + "\r\n"}}, nullptr, {}, 181s).ends_with("hello /a"));
}

TEST_CASE("the handler is canceled when the client goes away") {
  Served served;
  std::string hang = "GET /hang HTTP/1.1\r\nHost: x\r\n\r\n";
  ask({{0s, hang}}, &served, {}, 2s, true);
  CHECK(served.canceled == 1);
  // and when the server stops
  ask(hang, &served);
  CHECK(served.canceled == 2);
  CHECK(served.handled == 2);
}

TEST_CASE("an upgrade hands over what was read ahead") {
  std::string up = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n";
  std::string switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: Upgrade\r\n\r\n";
  CHECK(ask(up + "early") == switched + "<early> <open>");
  CHECK(ask({{0s, up}, {1s, "late"}, {1s, "later"}}) == switched + "<late><later> <open>");
}

TEST_CASE("handlers that do wrong cost their exchange, not the server") {
  CHECK(ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
  CHECK(ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
  CHECK_FALSE(ask("GET /split HTTP/1.1\r\nHost: x\r\n\r\n").contains("Set-Cookie"));
}

namespace {

Task<Result<int>> connect_many(FakeWorld* world, int count, int* refused) {
  Served served;
  auto listener = world->network().listen({"127.0.0.1", 0, {}});
  Address at = (*listener)->local();
  auto server =
      HttpServer::create(*world, std::move(*listener), nullptr, [&served](Exchange& e) { return answer(&e, &served); });
  TaskGroup group(world->executor()), readers(world->executor());
  group.spawn(server->serve());
  std::deque<std::string> heard(static_cast<size_t>(count));
  std::deque<bool> ended(static_cast<size_t>(count));
  std::vector<std::unique_ptr<Stream>> streams;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    streams.push_back(OR_CO_RETURN(co_await world->network().connect(at)));
    // the first ten have a request under way; the others do not ask anything yet
    if (i < 10) OR_CO_RETURN(co_await streams.back()->write("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n"));
    readers.spawn(collect(streams.back().get(), &heard[i], &ended[i]));
    OR_CO_RETURN(co_await sleep(1ms));
  }
  int open = 0;
  for (size_t i = 0; i < ended.size(); ++i) {
    if (!ended[i]) ++open;
    if (ended[i] && i < 10) ++*refused;
  }
  OR_CO_RETURN(co_await streams.back()->write("GET /last HTTP/1.1\r\nHost: x\r\n\r\n"));
  OR_CO_RETURN(co_await sleep(1s));
  CHECK(heard.back().ends_with("hello /last"));
  co_await readers.stop();
  co_await group.stop();
  co_return open;
}

// As many as there may be ask for more than their connection holds, and read nothing; then somebody else comes.
Task<Result<int>> connect_among_the_deaf(FakeWorld* world, std::string asked, std::vector<Duration> moments) {
  Served served;
  auto listener = world->network().listen({"127.0.0.1", 0, {}});
  Address at = (*listener)->local();
  auto server = HttpServer::create(*world, std::move(*listener), nullptr,
                                   [&served](Exchange& e) { return answer(&e, &served); }, {.connections_max = 5});
  TaskGroup group(world->executor()), readers(world->executor());
  group.spawn(server->serve());
  std::vector<std::unique_ptr<Stream>> deaf;
  for (int i = 0; i < 5; ++i) {
    deaf.push_back(OR_CO_RETURN(co_await world->network().connect(at)));
    OR_CO_RETURN(co_await deaf.back()->write(asked));
    OR_CO_RETURN(co_await sleep(1ms));
  }
  int heard = 0;
  std::deque<std::string> answers(moments.size());
  std::deque<bool> ended(moments.size());
  std::vector<std::unique_ptr<Stream>> others;
  for (size_t i = 0; i < moments.size(); ++i) {
    OR_CO_RETURN(co_await sleep(moments[i]));
    others.push_back(OR_CO_RETURN(co_await world->network().connect(at)));
    auto sent = co_await others.back()->write("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    readers.spawn(collect(others.back().get(), &answers[i], &ended[i]));
    OR_CO_RETURN(co_await sleep(1ms));
    heard += answers[i].ends_with("hello /a");
    others.back()->close();
    OR_CO_RETURN(co_await sleep(1ms));
    (void)sent;
  }
  co_await readers.stop();
  co_await group.stop();
  co_return heard;
}

// Asks, rests, and reads then. Gives how much came.
Task<Result<size_t>> read_late(FakeWorld* world, std::string target, Duration rest, Served* served) {
  auto listener = world->network().listen({"127.0.0.1", 0, {}});
  Address at = (*listener)->local();
  auto server =
      HttpServer::create(*world, std::move(*listener), nullptr, [served](Exchange& e) { return answer(&e, served); });
  TaskGroup group(world->executor()), readers(world->executor());
  group.spawn(server->serve());
  auto stream = OR_CO_RETURN(co_await world->network().connect(at));
  OR_CO_RETURN(co_await stream->write("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"));
  OR_CO_RETURN(co_await sleep(rest));
  std::string heard;
  bool ended = false;
  readers.spawn(collect(stream.get(), &heard, &ended));
  OR_CO_RETURN(co_await sleep(1s));
  co_await readers.stop();
  co_await group.stop();
  co_return heard.size();
}

// All in one turn of the loop: the server accepts several before the first of them has run.
Task<Result<int>> connect_at_once(FakeWorld* world, size_t count, size_t most) {
  Served served;
  auto listener = world->network().listen({"127.0.0.1", 0, {}});
  Address at = (*listener)->local();
  auto server = HttpServer::create(*world, std::move(*listener), nullptr,
                                   [&served](Exchange& e) { return answer(&e, &served); }, {.connections_max = most});
  std::vector<std::unique_ptr<Stream>> streams;
  for (size_t i = 0; i < count; ++i) streams.push_back(OR_CO_RETURN(co_await world->network().connect(at)));
  TaskGroup group(world->executor()), readers(world->executor());
  group.spawn(server->serve());
  std::deque<std::string> heard(count);
  std::deque<bool> ended(count);
  for (size_t i = 0; i < count; ++i) readers.spawn(collect(streams[i].get(), &heard[i], &ended[i]));
  OR_CO_RETURN(co_await sleep(1ms));
  int open = 0;
  for (size_t i = 0; i < count; ++i) {
    open += !ended[i];
    CHECK(ended[i] == (i < count - most));
  }
  co_await readers.stop();
  co_await group.stop();
  co_return open;
}

}  // namespace

TEST_CASE("the newest are served when many come at once") {
  FakeWorld world;
  auto open = world.run(connect_at_once(&world, 40, 10));
  REQUIRE(open.has_value());
  CHECK(*open == 10);
}

TEST_CASE("over 2000 connections, the longest idle ones make room") {
  FakeWorld world;
  int refused = 0;
  auto open = world.run(connect_many(&world, 2300, &refused));
  REQUIRE(open.has_value());
  CHECK(*open == 2000);
  CHECK(refused == 0);
}

TEST_CASE("who takes nothing of his answers makes room for others") {
  std::string many;
  for (int i = 0; i < 800; ++i) many += "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string& asked : {many, std::string("GET /whole HTTP/1.1\r\nHost: x\r\n\r\n"),
                                   std::string("GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n")}) {
    CAPTURE(asked.substr(0, 12));
    FakeWorld world;
    auto heard = world.run(connect_among_the_deaf(&world, asked, {8s}));
    REQUIRE(heard.has_value());
    CHECK(*heard == 0);  // they may read on yet
    FakeWorld later;
    heard = later.run(connect_among_the_deaf(&later, asked, {11s, 1s, 1s}));
    REQUIRE(heard.has_value());
    CHECK(*heard == 3);
  }
  // Who waits for an answer himself is busy.
  FakeWorld world;
  auto heard = world.run(connect_among_the_deaf(&world, "GET /hang HTTP/1.1\r\nHost: x\r\n\r\n", {11s, 100s}));
  REQUIRE(heard.has_value());
  CHECK(*heard == 0);
}

TEST_CASE("an answer that nobody takes is given up, a stream is not") {
  for (Duration rest : {Duration(50s), Duration(70s)}) {
    FakeWorld world;
    Served served;
    auto heard = world.run(read_late(&world, "/whole", rest, &served));
    REQUIRE(heard.has_value());
    CHECK((*heard > (200 << 10)) == (rest < 60s));
    CHECK(served.log.empty() == (rest < 60s));
  }
  FakeWorld world;
  Served served;
  auto heard = world.run(read_late(&world, "/pieces", 30min, &served));
  REQUIRE(heard.has_value());
  CHECK(*heard > (200 << 10));
  CHECK(served.log == "taken");
}
