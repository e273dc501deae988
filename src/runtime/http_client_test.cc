// Our client against our server over TLS in memory, in both protocols; and against servers made of raw bytes.
#include <doctest/doctest.h>

#include "runtime/http.h"
#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

struct Site {
  int handled = 0, canceled = 0;
  std::string last_peer, last_headers, last_authority;
  size_t written = 0;  // by /flood
};

Task<void> answer(Exchange* e, Site* site) {
  ++site->handled;
  site->last_peer = e->peer().common_name;
  site->last_authority = e->request().authority;
  site->last_headers.clear();
  for (const auto& [name, value] : e->request().headers.lines())
    site->last_headers += base::to_lower(name) + "=" + value + ";";
  const std::string path = e->request().path();
  Result<> done;
  if (path == "/body") {
    auto body = co_await e->body().read_all(64 << 20);
    done = co_await e->respond(body ? 200 : 400, {}, body ? *body : body.error().str());
  } else if (path == "/stream") {
    done = co_await e->start(200, {});
    for (int i = 0; i < 5 && done; ++i) {
      auto slept = co_await sleep(1s);
      if (!slept) break;
      done = co_await e->write(fmt::format("{};", i));
    }
    if (done) done = co_await e->finish();
  } else if (path == "/flood") {
    done = co_await e->start(200, {});
    while (done) {
      done = co_await e->write(std::string(10'000, 'x'));
      if (done) site->written += 10'000;
    }
  } else if (path == "/hang") {
    auto slept = co_await sleep(3600s);
    if (!slept) ++site->canceled;
    co_return;
  } else if (path == "/cut") {
    done = co_await e->start(200, {});
    done = co_await e->write("half");
    co_return;  // without finish()
  } else if (path == "/hop") {
    Headers headers;
    headers.add("location", *e->request().query("to"));
    done = co_await e->respond(302, headers, "elsewhere");
  } else if (path == "/headers") {
    Headers headers;
    for (int i = 0; i < 20; ++i) headers.add("x-many", std::string(1000, static_cast<char>('a' + i)));
    done = co_await e->respond(204, headers, "");
  } else if (path == "/up") {
    auto up =
        co_await e->upgrade("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nfirst ");
    if (!up) {
      done = co_await e->respond(403, {}, up.error().str());
      co_return;
    }
    std::string buffer(100, '\0');
    auto n = co_await up->stream->read(buffer);
    if (n) done = co_await up->stream->write("echo " + buffer.substr(0, *n));
    if (done) done = co_await up->stream->shutdown_write();
  } else {
    done = co_await e->respond(path == "/missing" ? 404 : 200, {}, e->request().method + " " + e->request().target);
  }
}

CertifiedKey issue(std::string name, const CertifiedKey* issuer, World& world) {
  CertificateRequest request;
  request.common_name = std::move(name);
  request.ca = issuer == nullptr;
  request.server = request.client = issuer != nullptr;
  request.dns_names = {"api.example"};
  request.ip_addresses = {"127.0.0.1"};
  WallTime now = world.now();
  request.not_before = now - 1h;
  request.not_after = now + 24h;
  return *issue_certificate(request, issuer, world.random());
}

// A server and a client of it, in one world.
struct Pair {
  FakeWorld world;
  Site site;
  CertifiedKey ca = issue("ca", nullptr, world);
  CertifiedKey server_key = issue("server", &ca, world), client_key = issue("jane", &ca, world);
  Address at;
  ServerLimits limits;

  std::unique_ptr<HttpServer> server() {
    auto listener = world.network().listen({"127.0.0.1", 6443, {}});
    auto tls = TlsServerContext::create(world, server_key, ca.certificate_pem);
    REQUIRE(tls.has_value());
    at = (*listener)->local();
    return HttpServer::create(
        world, std::move(*listener), *tls, [this](Exchange& e) { return answer(&e, &site); }, limits);
  }
  ClientOptions options(std::string protocol) {
    ClientOptions o;
    o.base_url = "https://127.0.0.1:6443";
    o.tls.ca_pem = ca.certificate_pem;
    o.tls.own = client_key;
    o.tls.alpn = {protocol};
    if (protocol == "h2") o.tls.alpn.push_back("http/1.1");
    return o;
  }
};

// "200 body", or the error.
Task<std::string> fetch(HttpClient* client, ClientRequest request) {
  auto response = co_await client->send(std::move(request));
  if (!response) co_return fmt::format("{}: {}", to_string(response.error().kind()), response.error().str());
  auto body = co_await response->body->read_all(64 << 20);
  co_return fmt::format("{} {}", response->status, body ? *body : "error: " + body.error().str());
}
Task<std::string> get(HttpClient* client, std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  co_return co_await fetch(client, std::move(request));
}
Task<void> get_into(HttpClient* client, std::string url, std::string* out) {
  *out = co_await get(client, std::move(url));
}

using Scenario = Task<Result<>> (*)(Pair*, HttpClient*);

Task<Result<>> play(Pair* pair, std::string protocol, Scenario scenario) {
  auto server = pair->server();
  TaskGroup group(pair->world.executor());
  group.spawn(server->serve());
  Result<> done;
  {
    auto client = HttpClient::create(pair->world, pair->options(protocol));
    done = co_await scenario(pair, client.get());
  }
  co_await group.stop();
  co_return done;
}

void both(Scenario scenario) {
  for (std::string protocol : {"http/1.1", "h2"}) {
    INFO(protocol);
    Pair pair;
    auto done = pair.world.run(play(&pair, protocol, scenario));
    CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().str()));
  }
}

}  // namespace

TEST_CASE("requests, answers, identity") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    auto first = co_await get(client, "/a?b=c");
    CHECK(first == "200 GET /a?b=c");
    CHECK(pair->site.last_peer == "jane");
    CHECK(pair->site.last_authority == "127.0.0.1:6443");
    auto missing = co_await get(client, "/missing");
    CHECK(missing == "404 GET /missing");
    ClientRequest post;
    post.method = "POST";
    post.url = "/body";
    post.headers.add("Content-Type", "text/plain");
    post.body = std::string(3'000'000, 'b');
    auto posted = co_await fetch(client, post);
    CHECK(posted == "200 " + post.body);
    CHECK(pair->site.last_headers.contains("content-type=text/plain;"));
    post.body.clear();
    auto empty = co_await fetch(client, post);
    CHECK(empty == "200 ");
    ClientRequest head;
    head.method = "HEAD";
    head.url = "/x";
    auto headed = co_await client->send(head);
    CHECK(headed.has_value());
    CHECK(headed->headers.get("content-length") == "7");
    auto nothing = co_await headed->body->read();
    CHECK(nothing.has_value());
    CHECK(nothing->empty());
    ClientRequest headers;
    headers.url = "/headers";
    auto many = co_await client->send(headers);
    CHECK(many.has_value());
    CHECK(many->status == 204);
    CHECK(many->headers.all("x-many").size() == 20);
    CHECK(pair->world.dials == 1);  // all over one connection
    co_return Result<>();
  });
}

TEST_CASE("a streamed answer arrives as it is written") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    ClientRequest request;
    request.url = "/stream";
    auto begun = pair->world.steady_now();
    auto response = OR_CO_RETURN(co_await client->send(request));
    CHECK(pair->world.steady_now() - begun < 100ms);
    for (int i = 0; i < 5; ++i) {
      std::string piece = OR_CO_RETURN(co_await response.body->read());
      CHECK(piece == fmt::format("{};", i));
      CHECK(pair->world.steady_now() - begun == std::chrono::seconds(i + 1));
    }
    std::string end = OR_CO_RETURN(co_await response.body->read());
    CHECK(end.empty());
    co_return Result<>();
  });
}

TEST_CASE("a server waits for a slow reader, and its handler ends when the reader goes") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    ClientRequest request;
    request.url = "/flood";
    {
      auto response = OR_CO_RETURN(co_await client->send(request));
      OR_CO_RETURN(co_await sleep(10s));
      CHECK(pair->site.written > 0);
      CHECK(pair->site.written < 2'000'000);
      size_t before = pair->site.written;
      for (size_t got = 0; got < 3'000'000;) {
        std::string piece = OR_CO_RETURN(co_await response.body->read());
        got += piece.size();
      }
      CHECK(pair->site.written > before + 1'000'000);
    }
    OR_CO_RETURN(co_await sleep(10s));
    size_t after = pair->site.written;
    OR_CO_RETURN(co_await sleep(10s));
    CHECK(pair->site.written == after);
    auto next = co_await get(client, "/next");
    CHECK(next == "200 GET /next");
    co_return Result<>();
  });
}

TEST_CASE("a canceled request cancels its handler, and leaves the client fit") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    auto warm = co_await get(client, "/warm");
    CHECK(warm == "200 GET /warm");
    ClientRequest request;
    request.url = "/hang";
    auto late = co_await with_timeout(5s, client->send(request));
    CHECK(late.failed_with(ErrorKind::timeout));
    OR_CO_RETURN(co_await sleep(2s));
    CHECK(pair->site.canceled == 1);
    auto never = co_await client->send(request);  // head_time_max
    CHECK(never.failed_with(ErrorKind::timeout));
    OR_CO_RETURN(co_await sleep(2s));
    CHECK(pair->site.canceled == 2);
    auto next = co_await get(client, "/next");
    CHECK(next == "200 GET /next");
    co_return Result<>();
  });
}

TEST_CASE("an answer cut off is an error, not an end") {
  both([](Pair*, HttpClient* client) -> Task<Result<>> {
    auto cut = co_await get(client, "/cut");
    CHECK(cut.starts_with("200 error: "));
    auto next = co_await get(client, "/next");
    CHECK(next == "200 GET /next");
    co_return Result<>();
  });
}

TEST_CASE("many at once") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    Scope& scope = co_await current_scope();
    TaskGroup group(scope);
    std::deque<std::string> out(300);
    for (size_t i = 0; i < out.size(); ++i)
      group.spawn(get_into(client, i % 3 ? fmt::format("/{}", i) : "/stream", &out[i]));
    co_await group.join();
    for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == (i % 3 ? fmt::format("200 GET /{}", i) : "200 0;1;2;3;4;"));
    CHECK(pair->site.handled == 300);
    co_return Result<>();
  });
}

TEST_CASE("redirects are followed, and credentials stay at home") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    auto near = co_await get(client, "/hop?to=/there%3Fx%3Dy");
    CHECK(near == "200 GET /there?x=y");
    auto relative = co_await get(client, "/hop?to=there");
    CHECK(relative == "200 GET /there");
    auto round = co_await get(client, "/hop?to=/hop%3Fto%3D/hop%3Fto%3D/x");
    CHECK(round.starts_with("200 "));
    ClientRequest request;
    request.headers.add("Authorization", "Bearer secret");
    request.url = "/hop?to=/same";
    auto same = co_await fetch(client, request);
    CHECK(same == "200 GET /same");
    CHECK(pair->site.last_headers.contains("authorization=Bearer secret"));
    request.url = "/hop?to=https://api.example:6443/other";
    auto other = co_await fetch(client, request);
    CHECK(other.starts_with("unavailable: "));  // nobody listens under that name here; the header is looked at below
    request.method = "POST";
    request.url = "/hop?to=/same";
    auto post = co_await fetch(client, request);
    CHECK(post == "302 elsewhere");
    co_return Result<>();
  });
}

TEST_CASE("a restarted server is found again") {
  both([](Pair* pair, HttpClient* client) -> Task<Result<>> {
    auto first = co_await get(client, "/1");
    CHECK(first == "200 GET /1");
    OR_CO_RETURN(co_await sleep(30s));
    auto later = co_await get(client, "/2");
    CHECK(later == "200 GET /2");
    CHECK(pair->world.dials == 1);
    OR_CO_RETURN(co_await sleep(400s));  // the server has closed it meanwhile
    auto much_later = co_await get(client, "/3");
    CHECK(much_later == "200 GET /3");
    CHECK(pair->world.dials == 2);
    co_return Result<>();
  });
}

TEST_CASE("upgrades") {
  both([](Pair*, HttpClient* client) -> Task<Result<>> {
    ClientRequest request;
    request.url = "/up";
    request.headers.add("Connection", "Upgrade");
    request.headers.add("Upgrade", "raw");
    auto up = OR_CO_RETURN(co_await client->upgrade(request));
    CHECK(up.response.status == 101);
    CHECK(up.raw_head == "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
    std::string buffer(100, '\0');
    size_t n = OR_CO_RETURN(co_await up.stream->read(buffer));
    CHECK(buffer.substr(0, n) == "first ");
    OR_CO_RETURN(co_await up.stream->write("there"));
    n = OR_CO_RETURN(co_await up.stream->read(buffer));
    CHECK(buffer.substr(0, n) == "echo there");
    n = OR_CO_RETURN(co_await up.stream->read(buffer));
    CHECK(n == 0);
    request.url = "/missing";
    auto refused = OR_CO_RETURN(co_await client->upgrade(request));
    CHECK(refused.response.status == 404);
    CHECK(refused.stream == nullptr);
    std::string body = OR_CO_RETURN(co_await refused.response.body->read_all(100));
    CHECK(body == "GET /missing");
    co_return Result<>();
  });
}

namespace {

// A server that reads to an empty line, then says what it was told to, once a connection.
Task<void> say(Listener* listener, std::vector<std::string> answers, std::vector<std::string>* heard) {
  for (const std::string& answer : answers) {
    auto stream = co_await listener->accept();
    if (!stream) co_return;
    std::string request, buffer(4000, '\0');
    while (!request.contains("\r\n\r\n")) {
      auto n = co_await (*stream)->read(buffer);
      if (!n || *n == 0) break;
      request.append(buffer, 0, *n);
    }
    heard->push_back(request);
    auto written = co_await (*stream)->write(answer);
    if (written) written = co_await (*stream)->shutdown_write();
  }
}

struct Raw {
  std::string got;
  std::vector<std::string> heard;
};

Task<Raw> ask_raw(FakeWorld* world, std::string url, std::vector<std::string> answers, ClientOptions options) {
  auto listener = world->network().listen({"raw.example", 80, {}});
  auto proxy = world->network().listen({"proxy.example", 3128, {}});
  TaskGroup group(world->executor());
  Raw raw;
  group.spawn(say((options.proxy_url.empty() ? *listener : *proxy).get(), std::move(answers), &raw.heard));
  auto client = HttpClient::create(*world, std::move(options));
  ClientRequest request;
  request.url = std::move(url);
  request.headers.add("Authorization", "Bearer secret");
  raw.got = co_await fetch(client.get(), request);
  co_await group.stop();
  co_return raw;
}

void check_raw(std::string answer, std::string expected) {
  FakeWorld world;
  INFO(answer);
  CHECK(world.run(ask_raw(&world, "http://raw.example/x", {answer}, {})).got == expected);
}

}  // namespace

TEST_CASE("answers of other servers") {
  check_raw("HTTP/1.1 200 OK\r\n\r\nto the end", "200 to the end");
  check_raw(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: "
      "2\r\n\r\nok",
      "201 ok");
  check_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200 ok");
  check_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            "200 error: the connection ended in the middle of a body");
  check_raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            "200 error: the connection ended in the middle of a body");
  check_raw("HTTP/1.1 200 OK\r\nContent-Le", "io: http://raw.example: the connection ended in the middle of a head");
  check_raw("", "unavailable: http://raw.example: the connection ended before an answer");
  check_raw("SSH-2.0-OpenSSH\r\n\r\n", "io: http://raw.example: the answer is not HTTP/1.1: expected HTTP/1.1 STATUS");
}

TEST_CASE("credentials do not follow a redirect to another host") {
  FakeWorld world;
  Raw raw = world.run(ask_raw(
      &world, "http://raw.example/x",
      {"HTTP/1.1 302 Found\r\nLocation: /y\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 302 Found\r\nLocation: http://RAW.example:80/z\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 302 Found\r\nLocation: http://other.example/z\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
      {}));
  CHECK(raw.got == "unavailable: http://other.example: connecting to other.example:80: connection refused");
  REQUIRE(raw.heard.size() == 3);
  for (const auto& request : raw.heard) CHECK(request.contains("Authorization: Bearer secret"));
  ClientOptions options;
  options.proxy_url = "http://joe:pw@proxy.example:3128";
  raw = world.run(ask_raw(
      &world, "http://raw.example/x",
      {"HTTP/1.1 302 Found\r\nLocation: http://other.example/z\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
      options));
  CHECK(raw.got == "200 ok");
  REQUIRE(raw.heard.size() == 2);
  CHECK(raw.heard[0].starts_with("GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n"));
  CHECK(raw.heard[0].contains("Proxy-Authorization: Basic am9lOnB3\r\n"));
  CHECK(raw.heard[0].contains("Bearer secret"));
  CHECK(raw.heard[1].starts_with("GET http://other.example/z HTTP/1.1\r\nHost: other.example\r\n"));
  CHECK_FALSE(raw.heard[1].contains("Bearer secret"));
}

TEST_CASE("a proxy that will not connect says so") {
  FakeWorld world;
  ClientOptions options;
  options.proxy_url = "http://proxy.example:3128";
  Raw raw = world.run(
      ask_raw(&world, "https://raw.example/x", {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"}, options));
  CHECK(raw.got == "unavailable: https://raw.example: the proxy: it refused to connect to raw.example:443: status 407");
  CHECK(raw.heard[0].starts_with("CONNECT raw.example:443 HTTP/1.1\r\nHost: raw.example:443\r\n"));
}

TEST_CASE("nothing of a request can become a header") {
  FakeWorld world;
  for (std::string url : {"http://raw.example/a b", "http://raw.example/a\r\nX: y", "http://raw.example:80x/"}) {
    CHECK(world.run(ask_raw(&world, url, {"HTTP/1.1 200 OK\r\n\r\n"}, {})).got.starts_with("invalid: "));
  }
}
