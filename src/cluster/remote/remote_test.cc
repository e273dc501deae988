// A remote cluster on the far side of a server that behaves badly.
#include "cluster/remote/remote.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::cluster;

namespace {

const runtime::Address address{"10.0.0.1", 8080, {}};
const ObjectKey config_map{{"", "v1", "ConfigMap"}, "shop", "web"};

// An API server with ConfigMaps. While `stuck`, answers other than discovery begin and do not go on.
struct Server {
  bool stuck = false;
  int connections = 0;
};

std::string answer_to(const Server& server, std::string_view request) {
  std::string body;
  if (request.starts_with("GET /api/v1 ")) {
    body =
        R"({"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"configmaps","singularName":"configmap",)"
        R"("namespaced":true,"kind":"ConfigMap","verbs":["get","list","watch","update"]}]})";
  } else if (request.starts_with("GET /apis ")) {
    body = R"({"kind":"APIGroupList","groups":[]})";
  } else if (request.starts_with("GET /version ")) {
    body = R"({"gitVersion":"v1.35.0"})";
  } else {
    body = R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"}})";
    if (request.find("watch=true") != request.npos) body = "";  // silent from the first
    if (request.find("/forbidden ") != request.npos && server.stuck)
      return "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{";
    if (server.stuck || body.empty())
      return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", body.substr(0, 10));
  }
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

Task<void> serve_one(Server* server, std::unique_ptr<runtime::Stream> stream) {
  ++server->connections;
  std::string seen;
  while (true) {
    size_t end = seen.find("\r\n\r\n");
    if (end == seen.npos) {
      std::string buffer(4096, '\0');
      auto n = co_await stream->read(std::span(buffer));
      if (!n || *n == 0) co_return;
      seen += buffer.substr(0, *n);
      continue;
    }
    auto written = co_await stream->write(answer_to(*server, seen));
    if (!written) co_return;
    seen.clear();  // no body of these tests comes in a piece of its own
  }
}

Task<void> serve(World* world, Server* server, TaskGroup* group) {
  auto listener = world->network().listen(address).value();
  while (true) {
    auto stream = co_await listener->accept();
    if (!stream) co_return;
    group->spawn(serve_one(server, std::move(*stream)));
  }
}

Task<void> ask(World* world) {
  Server server;
  TaskGroup group(world->executor());
  group.spawn(serve(world, &server, &group));
  RemoteOptions options;
  options.server = "http://10.0.0.1:8080";
  auto cluster = (co_await connect_remote(*world, options)).value();
  auto got = co_await cluster->get(config_map);
  REQUIRE_MESSAGE(got.has_value(), got.error().str());

  server.stuck = true;
  SteadyTime begin = world->steady_now();
  auto late = co_await runtime::with_timeout(300s, cluster->get(config_map));
  CHECK(late.failed_with(ErrorKind::timeout));
  CHECK(world->steady_now() - begin <= 70s);
  begin = world->steady_now();
  auto written = co_await runtime::with_timeout(300s, cluster->write(update(*got)));
  CHECK(written.failed_with(ErrorKind::timeout));
  CHECK(world->steady_now() - begin <= 70s);
  begin = world->steady_now();
  ObjectKey forbidden = config_map;
  forbidden.name = "forbidden";
  auto refused = co_await runtime::with_timeout(300s, cluster->get(forbidden));
  CHECK(refused.failed_with(ErrorKind::forbidden));  // its status was said
  CHECK(world->steady_now() - begin <= 70s);

  server.stuck = false;
  int before = server.connections;
  got = co_await cluster->get(config_map);
  CHECK(got.has_value());
  CHECK(server.connections == before + 1);

  // A watch may be silent for as long as nothing happens.
  auto watch = (co_await cluster->watch(config_map.kind, {})).value();
  auto event = co_await runtime::with_timeout(300s, watch->next());
  CHECK(event.failed_with(ErrorKind::timeout));
  CHECK(event.error().message() == "timed out");
  watch.reset();
  co_await group.stop();
}

}  // namespace

TEST_CASE("a server that stops in the middle of an answer is not waited for") {
  sim::SimWorld world{1};
  world.run(ask(&world));
}
