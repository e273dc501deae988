#include "runtime/tls.h"

#include <doctest/doctest.h>

#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

struct Authority {
  CertifiedKey ca, server, client;
};

CertifiedKey issue(std::string name, std::vector<std::string> organizations, const CertifiedKey* issuer, World& world) {
  CertificateRequest request;
  request.common_name = std::move(name);
  request.organizations = std::move(organizations);
  request.ca = issuer == nullptr;
  request.server = request.client = issuer != nullptr;
  request.dns_names = {"localhost", "api.example"};
  request.ip_addresses = {"127.0.0.1", "::1"};
  WallTime now = world.now();
  request.not_before = now - 1h;
  request.not_after = now + 24h;
  auto issued = issue_certificate(request, issuer, world.random());
  REQUIRE(issued.has_value());
  return *issued;
}

Authority authority(World& world) {
  Authority a;
  a.ca = issue("test-ca", {}, nullptr, world);
  a.server = issue("server", {}, &a.ca, world);
  a.client = issue("jane", {"system:masters", "dev"}, &a.ca, world);
  return a;
}

struct Seen {
  std::optional<PeerIdentity> server, client;
  std::string server_error, client_error;
  std::string echoed;
};

Task<void> serve_one(std::shared_ptr<TlsServerContext> context, std::unique_ptr<Stream> raw, Seen* seen) {
  auto stream = co_await context->accept(std::move(raw));
  if (!stream) {
    seen->server_error = stream.error().str();
    co_return;
  }
  seen->server = (*stream)->identity();
  std::string buffer(5000, '\0');
  while (true) {
    auto n = co_await (*stream)->read(std::span(buffer.data(), buffer.size()));
    if (!n || *n == 0) break;
    auto written = co_await (*stream)->write(std::string_view(buffer.data(), *n));
    if (!written) break;
  }
  auto ended = co_await (*stream)->shutdown_write();
  (void)ended;
}

Task<void> write_and_end(Stream* stream, std::string bytes) {
  auto written = co_await stream->write(bytes);
  if (!written) co_return;
  auto ended = co_await stream->shutdown_write();
  (void)ended;
}

Task<Result<std::string>> read_until_end(Stream* stream) {
  std::string out, buffer(64 << 10, '\0');
  while (true) {
    size_t n = OR_CO_RETURN(co_await stream->read(buffer));
    if (n == 0) co_return out;
    out.append(buffer, 0, n);
  }
}

Task<Result<>> converse(FakeWorld* world, std::shared_ptr<TlsServerContext> context, TlsClientOptions options,
                        std::string text, Seen* seen) {
  auto [a, b] = memory_streams();
  TaskGroup group(world->executor());
  group.spawn(serve_one(context, std::move(b), seen));
  auto stream = co_await tls_connect(*world, std::move(a), std::move(options));
  if (stream) {
    seen->client = (*stream)->identity();
    group.spawn(write_and_end(stream->get(), text));
    auto echoed = co_await read_until_end(stream->get());
    if (echoed)
      seen->echoed = *echoed;
    else
      seen->client_error = echoed.error().str();
  } else {
    seen->client_error = stream.error().str();
  }
  co_await group.join();
  co_return Result<>();
}

Seen talk(FakeWorld& world, std::shared_ptr<TlsServerContext> context, TlsClientOptions options,
          std::string text = "hello") {
  Seen seen;
  auto done = world.run(converse(&world, std::move(context), std::move(options), std::move(text), &seen));
  CHECK(done.has_value());
  return seen;
}

std::shared_ptr<TlsServerContext> server_of(FakeWorld& world, const Authority& a) {
  auto context = TlsServerContext::create(world, a.server, a.ca.certificate_pem);
  REQUIRE(context.has_value());
  return *context;
}

TlsClientOptions client_of(const Authority& a, std::string name = "localhost") {
  TlsClientOptions options;
  options.server_name = std::move(name);
  options.ca_pem = a.ca.certificate_pem;
  return options;
}

}  // namespace

TEST_CASE("a client is known by its certificate, and bytes go both ways at once") {
  FakeWorld world;
  Authority a = authority(world);
  auto options = client_of(a);
  options.own = a.client;
  options.alpn = {"h2", "http/1.1"};
  std::string much(3'000'000, 'x');
  for (size_t i = 0; i < much.size(); i += 997) much[i] = static_cast<char>(i);
  Seen seen = talk(world, server_of(world, a), options, much);
  CHECK(seen.client_error == "");
  CHECK(seen.echoed == much);
  REQUIRE(seen.server);
  CHECK(seen.server->verified);
  CHECK(seen.server->common_name == "jane");
  CHECK(seen.server->organizations == std::vector<std::string>{"system:masters", "dev"});
  CHECK(seen.server->alpn == "h2");
  CHECK(seen.server->fingerprint_sha256.size() == 64);
  REQUIRE(seen.client);
  CHECK(seen.client->common_name == "server");
}

TEST_CASE("no certificate, or a stranger's, is let in unverified and nameless") {
  FakeWorld world;
  Authority a = authority(world), stranger = authority(world);
  Seen none = talk(world, server_of(world, a), client_of(a));
  CHECK(none.echoed == "hello");
  CHECK_FALSE(none.server->verified);
  CHECK(none.server->fingerprint_sha256 == "");
  auto options = client_of(a);
  options.own = stranger.client;
  Seen strange = talk(world, server_of(world, a), options);
  CHECK(strange.echoed == "hello");
  CHECK_FALSE(strange.server->verified);
  CHECK(strange.server->common_name == "");
  CHECK(strange.server->fingerprint_sha256 != "");
  // A server that trusts nobody does not take a certificate for proven.
  auto context = TlsServerContext::create(world, a.server, "");
  options.own = a.client;
  CHECK_FALSE(talk(world, *context, options).server->verified);
}

TEST_CASE("a server is believed only for its names and its CA") {
  FakeWorld world;
  Authority a = authority(world), other = authority(world);
  auto context = server_of(world, a);
  CHECK(talk(world, context, client_of(a, "127.0.0.1")).echoed == "hello");
  CHECK(talk(world, context, client_of(a, "[::1]")).echoed == "hello");
  std::string why = "TLS handshake: the server's certificate: x509: certificate ";
  CHECK(talk(world, context, client_of(a, "evil.example")).client_error ==
        why + "is valid for localhost, api.example, not evil.example");
  CHECK(talk(world, context, client_of(a, "10.0.0.1")).client_error ==
        why + "is valid for 127.0.0.1, ::1, not 10.0.0.1");
  CHECK(talk(world, context, client_of(other)).client_error == why + "signed by unknown authority");
  CHECK(talk(world, context, client_of(a, "")).client_error.contains("no server name"));
  auto careless = client_of(other, "evil.example");
  careless.verify = false;
  Seen seen = talk(world, context, careless);
  CHECK(seen.echoed == "hello");
  CHECK_FALSE(seen.client->verified);
}

TEST_CASE("the certificate is exchanged while the server runs") {
  FakeWorld world;
  Authority a = authority(world);
  auto context = server_of(world, a);
  std::string before = talk(world, context, client_of(a)).client->fingerprint_sha256;
  CHECK(context->replace(issue("server", {}, &a.ca, world)).has_value());
  std::string after = talk(world, context, client_of(a)).client->fingerprint_sha256;
  CHECK(before != after);
  CHECK_FALSE(context->replace(CertifiedKey{a.server.certificate_pem, a.client.key_pem}).has_value());
  CHECK(talk(world, context, client_of(a)).client->fingerprint_sha256 == after);
}

TEST_CASE("what is valid is judged by the World's time") {
  FakeWorld world;
  Authority a = authority(world);
  auto context = server_of(world, a);
  auto options = client_of(a);
  options.own = a.client;
  CHECK(talk(world, context, options).server->verified);
  CHECK(world.run(runtime::sleep(25h)).has_value());
  CHECK(talk(world, context, options).client_error.contains("has expired or is not yet valid: current time "));
  options.verify = false;
  CHECK_FALSE(talk(world, context, options).server->verified);
}

TEST_CASE("a connection cut off is not an end") {
  FakeWorld world;
  Authority a = authority(world);
  auto [client, server] = memory_streams();
  client->close();
  Seen seen;
  TaskGroup group(world.executor());
  group.spawn(serve_one(server_of(world, a), std::move(server), &seen));
  world.steps().run_ready();
  CHECK(seen.server_error.contains("closed the connection"));
}

TEST_CASE("certificates say what was asked for") {
  FakeWorld world;
  Authority a = authority(world);
  auto facts = read_certificate(a.client.certificate_pem);
  REQUIRE(facts.has_value());
  CHECK(facts->common_name == "jane");
  CHECK(facts->organizations == std::vector<std::string>{"system:masters", "dev"});
  CHECK(facts->dns_names == std::vector<std::string>{"localhost", "api.example"});
  CHECK(facts->ip_addresses == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(facts->not_after - facts->not_before == 25h);
  CHECK(a.client.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
  CHECK_FALSE(read_certificate("no certificate").has_value());
  CertificateRequest request;
  request.common_name = "x";
  request.ip_addresses = {"300.1.1.1"};
  CHECK(issue_certificate(request, &a.ca, world.random()).failed_with(ErrorKind::invalid));
  CertifiedKey wrong{a.ca.certificate_pem, a.client.key_pem};
  request.ip_addresses = {};
  CHECK(issue_certificate(request, &wrong, world.random()).failed_with(ErrorKind::invalid));
}
