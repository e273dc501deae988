// Our server against real clients on loopback: curl, nghttp and h2load (packages curl, nghttp2-client). Where one is
// missing, the test says so and passes.
#include <doctest/doctest.h>

#include <cstdio>

#include "base/text.h"

#include "runtime/http.h"
#include "runtime/testing/in_real_world.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

Task<void> answer(Exchange* e) {
  Result<> done;
  if (e->request().path() == "/stream") {
    done = co_await e->start(200, {});
    for (int i = 0; i < 3 && done; ++i) done = co_await e->write(fmt::format("{}\n", i));
    if (done) done = co_await e->finish();
  } else if (e->request().path() == "/body") {
    auto body = co_await e->body().read_all(64 << 20);
    done = co_await e->respond(body ? 200 : 400, {}, body ? *body : body.error().str());
  } else if (e->request().path() == "/who") {
    done = co_await e->respond(200, {},
                               fmt::format("{} {} {}", e->peer().verified, e->peer().common_name, e->peer().alpn));
  } else {
    done = co_await e->respond(200, {}, "hello " + e->request().target);
  }
}

CertifiedKey issue(World& world, std::string name, const CertifiedKey* issuer) {
  CertificateRequest request;
  request.common_name = std::move(name);
  request.ca = issuer == nullptr;
  request.server = request.client = issuer != nullptr;
  request.ip_addresses = {"127.0.0.1"};
  request.not_before = world.now() - 1h;
  request.not_after = world.now() + 24h;
  return *issue_certificate(request, issuer, world.random());
}

struct Peer {
  World& world;
  std::string base;  // https://127.0.0.1:PORT

  // stdout of a program; empty with a note when it is not installed.
  Task<std::string> run(std::vector<std::string> argv, std::string input = {}) {
    Command command;
    std::string name = argv[0];
    command.argv = std::move(argv);
    auto finished = co_await with_timeout(60s, world.processes().run(command, std::move(input)));
    if (!finished) {
      std::fprintf(stderr, "SKIPPED: %s: %s\n", name.c_str(), finished.error().str().c_str());
      co_return "";
    }
    if (!finished->status.ok())
      co_return fmt::format("exit {}: {}{}", finished->status.code, finished->out, finished->err);
    co_return finished->out;
  }
};

using Scenario = Task<void> (*)(Peer);

Task<void> serve_and(World* world, std::string directory, Scenario scenario) {
  CertifiedKey ca = issue(*world, "ca", nullptr), own = issue(*world, "server", &ca), jane = issue(*world, "jane", &ca);
  auto tls = TlsServerContext::create(*world, own, ca.certificate_pem);
  auto listener = world->network().listen({"127.0.0.1", 0, {}});
  CHECK(listener.has_value());
  for (auto [name, text] :
       {std::pair{"ca.pem", ca.certificate_pem}, {"jane.pem", jane.certificate_pem}, {"jane.key", jane.key_pem}}) {
    auto written = world->files().write_atomically(directory + "/" + name, text);
    CHECK(written.has_value());
  }
  auto server = HttpServer::create(*world, std::move(*listener), *tls, [](Exchange& e) { return answer(&e); });
  TaskGroup group(world->executor());
  group.spawn(server->serve());
  co_await scenario(Peer{*world, "https://" + server->local().str()});
  co_await group.stop();
}

void check(std::string got, std::string expected) {
  if (!got.empty()) CHECK(got == expected);
}

}  // namespace

TEST_CASE("curl, in both protocols") {
  testing::in_real_world([](World& world, std::string directory) -> Task<void> {
    static std::string in;
    in = directory;
    co_await serve_and(&world, directory, [](Peer peer) -> Task<void> {
      std::string big(2'000'000, 'z');
      for (std::string protocol : {"--http1.1", "--http2"}) {
        std::vector<std::string> curl{"curl",           "-sS",   protocol,        "--cacert", in + "/ca.pem", "--cert",
                                      in + "/jane.pem", "--key", in + "/jane.key"};
        auto with = [&](std::vector<std::string> more) {
          std::vector<std::string> all = curl;
          all.insert(all.end(), more.begin(), more.end());
          return all;
        };
        std::string version = protocol == "--http2" ? "2" : "1.1";
        auto first = co_await peer.run(with({peer.base + "/a?b=c", "-w", " %{http_code} %{http_version}"}));
        check(first, "hello /a?b=c 200 " + version);
        auto two = co_await peer.run(with({peer.base + "/1", peer.base + "/2", "-w", " %{num_connects} "}));
        check(two, "hello /1 1 hello /2 0 ");
        auto head = co_await peer.run(
            with({"-I", peer.base + "/x", "-o", "/dev/null", "-w", "%{http_code} %header{content-length}"}));
        check(head, "200 8");
        auto streamed = co_await peer.run(with({peer.base + "/stream"}));
        check(streamed, "0\n1\n2\n");
        auto posted = co_await peer.run(with({peer.base + "/body", "--data-binary", "@-"}), big);
        check(posted, big);
        auto who = co_await peer.run(with({peer.base + "/who"}));
        check(who, protocol == "--http2" ? "true jane h2" : "true jane http/1.1");
      }
      auto stranger = co_await peer.run({"curl", "-sS", "-k", peer.base + "/who"});
      check(stranger, "false  h2");
    });
  });
}

TEST_CASE("nghttp and h2load") {
  testing::in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await serve_and(&world, directory, [](Peer peer) -> Task<void> {
      auto got = co_await peer.run({"nghttp", "-n", "--stat", "-m", "20", peer.base + "/a"});
      if (!got.empty()) CHECK(got.contains(" 200 "));
      auto text = co_await peer.run({"nghttp", peer.base + "/stream"});
      check(text, "0\n1\n2\n");
      auto load = co_await peer.run({"h2load", "-n", "3000", "-c", "20", "-m", "10", peer.base + "/a"});
      if (!load.empty()) CHECK(load.contains("3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout"));
      load = co_await peer.run({"h2load", "--h1", "-n", "3000", "-c", "20", peer.base + "/a"});
      if (!load.empty()) CHECK(load.contains("3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout"));
    });
  });
}

TEST_CASE("our client over real sockets") {
  testing::in_real_world([](World& world, std::string directory) -> Task<void> {
    static std::string in;
    in = directory;
    co_await serve_and(&world, directory, [](Peer peer) -> Task<void> {
      auto ca = peer.world.files().read(in + "/ca.pem");
      for (std::string protocol : {"http/1.1", "h2"}) {
        ClientOptions options;
        options.base_url = peer.base;
        options.tls.ca_pem = *ca;
        options.tls.alpn = {protocol};
        auto client = HttpClient::create(peer.world, options);
        ClientRequest request;
        request.method = "POST";
        request.url = "/body";
        request.body = std::string(5'000'000, 'y');
        auto response = co_await client->send(request);
        CHECK_MESSAGE(response.has_value(), (response ? "" : response.error().str()));
        if (!response) continue;
        auto body = co_await response->body->read_all(64 << 20);
        CHECK(body.has_value());
        CHECK(*body == request.body);
        auto refused = co_await peer.world.network().connect({"127.0.0.1", 1, {}});
        CHECK(refused.failed_with(ErrorKind::unavailable));
        co_await client->close();
      }
    });
  });
}
