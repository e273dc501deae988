#include "node/probes.h"

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"

#include "node/simulated/simulated.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

Value yaml(std::string_view text) {
  return value::parse_yaml(text).value();
}

Task<void> real_probes(RealNode& node) {
  PodBench& b = *node.bench;
  co_await b.create(R"(
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec:
  nodeName: n1
  containers:
  - name: web
    image: IMAGE
    command: [sh, -c, "sleep 0.5; touch /tmp/started; exec httpd -f -p 8080 -h /www"]
    ports: [{name: http, containerPort: 8080}]
    startupProbe: {exec: {command: [test, -e, /tmp/started]}, periodSeconds: 1, failureThreshold: 10}
    readinessProbe: {httpGet: {path: /index.html, port: http}, periodSeconds: 1}
    livenessProbe: {tcpSocket: {port: http}, periodSeconds: 1}
)");
  if (!co_await b.becomes("web", "running")) co_return;
  Value pod = co_await b.pod("web");
  CHECK(PodBench::state_of(pod, "web") == "running");  // not ready yet
  CHECK(!PodBench::status_of(pod, "web")["started"].as_bool());
  CHECK(PodBench::condition(pod, "Ready") == "False");
  if (!co_await b.becomes("web", "ready")) co_return;
  co_await b.has_event("web", "Unhealthy: Startup probe failed");

  (void)co_await b.sh("web", "mv /www/index.html /www/away");
  co_await b.pod_becomes("web", "unready", [](const Value& p) { return PodBench::state_of(p, "web") == "running"; });
  co_await b.has_event("web", "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404");
  (void)co_await b.sh("web", "mv /www/away /www/index.html");
  co_await b.becomes("web", "ready");
  CHECK(PodBench::status_of(co_await b.pod("web"), "web")["restartCount"].as_int() == 0);
  co_await b.remove("web", 1);
  co_await b.is_gone("web");

  // Nobody listens: readiness never comes, and the Event says what a dialer sees.
  co_await b.create(pod_yaml("mute", ", readinessProbe: {httpGet: {port: 81}, periodSeconds: 1}"));
  co_await b.becomes("mute", "running");
  co_await b.has_event("mute", ":81: connect: connection refused");
  co_await b.remove("mute");
  co_await b.is_gone("mute");

  // A failed liveness probe ends the container, and it starts again.
  co_await b.create(pod_yaml("alive",
                             ", livenessProbe: {exec: {command: [test, '!', -e, /tmp/sick]}, periodSeconds: 1, "
                             "failureThreshold: 1}"));
  if (!co_await b.becomes("alive", "ready")) co_return;
  (void)co_await b.sh("alive", "touch /tmp/sick");
  co_await b.pod_becomes("alive", "restarted", [](const Value& p) {
    return PodBench::status_of(p, "alive")["restartCount"].as_int() == 1 && PodBench::state_of(p, "alive") == "ready";
  });
  co_await b.has_event("alive", "Killing: Container alive failed liveness probe, will be restarted");
  co_await b.remove("alive");
  co_await b.is_gone("alive");
}

}  // namespace

namespace {

// Says this and then nothing, without an end.
Task<void> answer_without_end(World* world, std::string text) {
  auto listener = world->network().listen({"10.0.0.1", 80, {}});
  CHECK(listener.has_value());
  auto stream = co_await (*listener)->accept();
  if (!stream) co_return;
  std::string block(4096, '\0');
  (void)co_await (*stream)->read(block);
  (void)co_await (*stream)->write(text);
  (void)co_await runtime::sleep(24h);
}

template <class T>
Task<void> keep(Task<Result<T>> task, std::optional<Result<T>>* into) {
  into->emplace(co_await std::move(task));
}

void check_endless(std::string text, std::string handler_said) {
  for (bool hook : {false, true}) {
    sim::SimWorld world(1);
    auto runtime = simulated::create(world);
    TaskGroup group(world.executor());
    group.spawn(answer_without_end(&world, text));
    world.run_for(10ms);
    ProbeTarget target{Value(), Value(), "id", "10.0.0.1"};
    std::optional<Result<ProbeAnswer>> answer;
    std::optional<Result<>> done;
    if (hook)
      group.spawn(keep(run_handler(world, *runtime, target, yaml("{httpGet: {port: 80}}"), 2s), &done));
    else
      group.spawn(keep(probe_once(world, *runtime, target, yaml("{httpGet: {port: 80}, timeoutSeconds: 2}")), &answer));
    world.run_for(2500ms);
    std::string said = "nothing";
    if (done) said = done->has_value() ? "" : done->error().message();
    if (answer) said = answer->has_value() ? (*answer)->output : "error";
    CHECK(said == handler_said);
    CHECK(world.run(group.stop()));
  }
}

}  // namespace

TEST_CASE("an answer whose body never ends is judged by its head, in time") {
  std::string body = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  check_endless("HTTP/1.1 500 Oops\r\n" + body, "HTTP probe failed with statuscode: 500");
  check_endless("HTTP/1.1 200 OK\r\n" + body, "");
  check_endless(
      "HTTP/1.1 200 OK\r\nX-Half: ",
      "Get \"http://10.0.0.1:80/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
}

TEST_CASE("probe ports by number and by name") {
  Value container = yaml("{ports: [{name: http, containerPort: 8080}]}");
  CHECK(port_of(8081, container).value() == 8081);
  CHECK(port_of("http", container).value() == 8080);
  CHECK(port_of("9090", container).value() == 9090);
  CHECK(port_of("metrics", container).error().message() == "couldn't find port: \"metrics\"");
  CHECK(!port_of(70000, container));
}

TEST_CASE("probes of real containers") {
  with_containers([](RealNode& node) -> Task<void> { co_await real_probes(node); });
}
