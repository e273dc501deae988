// Whole requests against a cluster in memory: doors, limits, and what goes to the node.
#include "apiserver/server.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "apiserver/testing/fake_exchange.h"
#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "sim/sim_world.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::apiserver;
using testing::FakeExchange;

namespace {

class FakeNode final : public PodStreams {
 public:
  Task<Result<>> logs(LogRequest request, LogSink& sink) override {
    asked = request;
    if (refuses) co_return *refuses;
    OR_CO_RETURN(co_await sink.write("one\n"));
    co_return co_await sink.write("two\n");
  }
  Task<Result<std::string>> exec_url(ExecRequest) override { co_return fail(ErrorKind::unavailable, "no runtime"); }
  Task<Result<std::string>> attach_url(AttachRequest) override { co_return fail(ErrorKind::unavailable, "no runtime"); }
  Task<Result<std::string>> port_forward_url(PortForwardRequest) override {
    co_return fail(ErrorKind::unavailable, "no runtime");
  }
  LogRequest asked;
  std::optional<Error> refuses;
};

struct Fixture {
  Fixture() : store(world.run(store::open_store(world, {})).value()) {
    cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog()).value();
    ApiServerOptions options{.streams = &node};
    options.ready = [this] { return ready; };
    options.other_paths = [this](runtime::Exchange& exchange) { return others(*this, exchange); };
    api = std::make_unique<ApiServer>(world, *cluster, std::move(options));
    send("POST", "/api/v1/namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
    send("POST", "/api/v1/namespaces/shop/serviceaccounts",
         "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}");
  }
  ~Fixture() {
    api = nullptr;
    cluster = nullptr;
    (void)world.run(store->close());
  }
  static Task<bool> others(Fixture& f, runtime::Exchange& exchange) {
    ++f.asked_others;
    if (exchange.request().path() != "/api/webhook") co_return false;
    (void)(co_await exchange.respond(200, {}, "woken")).has_value();
    co_return true;
  }
  FakeExchange& serve(FakeExchange& exchange) {
    REQUIRE(world.run(api->handler()(exchange)));
    return exchange;
  }
  Value send(std::string method, std::string target, std::string_view yaml = "") {
    FakeExchange exchange(std::move(method), std::move(target),
                          yaml.empty() ? "" : value::to_json(value::parse_yaml(yaml).value()));
    exchange.with("Content-Type", "application/json");
    serve(exchange);
    status = exchange.status;
    auto parsed = value::parse_json(exchange.answer);
    return parsed ? *parsed : Value(exchange.answer);
  }
  void pod(std::string_view name, std::string_view more = "") {
    send(
        "POST", "/api/v1/namespaces/shop/pods",
        fmt::format(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {}}}, spec: {{{} containers: [{{name: web, image: x}}]}}}}",
            name, more));
    REQUIRE(status == 201);
  }

  sim::SimWorld world{1};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  FakeNode node;
  std::unique_ptr<ApiServer> api;
  bool ready = true;
  int status = 0, asked_others = 0;
};

}  // namespace

TEST_CASE("nobody gets in without a name, and no bad token does") {
  Fixture f;
  FakeExchange anonymous("GET", "/api/v1/secrets");
  anonymous.as("", {});
  CHECK(f.serve(anonymous).status == 403);
  FakeExchange token("GET", "/api/v1/secrets");
  token.as("", {}).with("Authorization", "Bearer abc");
  CHECK(f.serve(token).status == 401);
  FakeExchange claimed("GET", "/api/v1/secrets");  // a certificate that nobody verified is no name
  claimed.as("", {"system:masters"});
  CHECK(f.serve(claimed).status == 403);
  FakeExchange ended("GET", "/readyz");  // nor is its owner anonymous
  ended.as("", {}).shown_in_vain();
  CHECK(f.serve(ended).status == 401);
  FakeExchange health("GET", "/readyz");
  health.as("", {});
  CHECK(f.serve(health).status == 200);
  f.ready = false;
  FakeExchange not_yet("GET", "/readyz");
  CHECK(f.serve(not_yet).status == 500);
  FakeExchange alive("GET", "/livez");
  CHECK(f.serve(alive).status == 200);
}

TEST_CASE("a Git server without an account reaches the webhook, and nothing else") {
  Fixture f;
  FakeExchange push("POST", "/api/webhook", "{}");
  push.as("", {});
  CHECK(f.serve(push).status == 200);
  CHECK(push.answer == "woken");
  FakeExchange other("POST", "/api/webhooks", "{}");
  other.as("", {});
  CHECK(f.serve(other).status == 403);
  FakeExchange unknown("GET", "/nothing");
  CHECK(f.serve(unknown).status == 404);
  CHECK(unknown.answer == "404 page not found\n");
  CHECK(f.asked_others == 2);
}

TEST_CASE("a body over the limit is refused before it is parsed; a broken one says so") {
  Fixture f;
  std::string big = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{"a":")" +
                    std::string(3 << 20, 'x') + "\"}}";
  FakeExchange large("POST", "/api/v1/namespaces/shop/configmaps", std::move(big));
  CHECK(f.serve(large.with("Content-Type", "application/json")).status == 413);
  CHECK(value::parse_json(large.answer).value()["reason"].str() == "RequestEntityTooLarge");
  for (const char* text :
       {"", "{", "[]", "\"x\"",
        "{\"kind\":", "\xef\xbb\xbf{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}"}) {
    FakeExchange broken("POST", "/api/v1/namespaces/shop/configmaps", text);
    CHECK_MESSAGE(f.serve(broken.with("Content-Type", "application/json")).status == 400, text);
  }
  std::string deep = std::string(5000, '[') + std::string(5000, ']');
  FakeExchange nested("POST", "/api/v1/namespaces/shop/configmaps", "{\"a\":" + deep + "}");
  int code = f.serve(nested.with("Content-Type", "application/json")).status;
  CHECK((code == 400 || code == 413));
  FakeExchange odd("POST", "/api/v1/namespaces/shop/configmaps", "x=y");
  CHECK(f.serve(odd.with("Content-Type", "application/x-www-form-urlencoded")).status == 415);
  FakeExchange html("GET", "/api/v1/namespaces/shop/configmaps");
  CHECK(f.serve(html.with("Accept", "text/html")).status == 406);
}

Task<void> serve_one(ApiServer* api, FakeExchange* exchange) {
  co_await api->handler()(*exchange);
}

TEST_CASE("bodies that never end have a bound together and an end in time, and leave room for small ones") {
  Fixture f;
  auto post = [](std::string body) {
    auto exchange = std::make_unique<FakeExchange>("POST", "/api/v1/namespaces/shop/configmaps", std::move(body));
    exchange->with("Content-Type", "application/json");
    return exchange;
  };
  std::vector<std::unique_ptr<FakeExchange>> stalled;
  TaskGroup group(f.world.executor());
  for (int i = 0; i < 40; ++i) {
    stalled.push_back(post("{\"kind\":\"ConfigMap\",\"data\":{\"a\":\"" + std::string(2'900'000, 'x')));
    stalled.back()->stalling();
    group.spawn(serve_one(f.api.get(), stalled.back().get()));
  }
  f.world.run_for(1s);
  auto answered = [&](int code) {
    return std::ranges::count_if(stalled, [code](const auto& exchange) { return exchange->status == code; });
  };
  auto waiting = answered(0);
  CHECK(waiting * 2'900'000 <=
        static_cast<long>(object_body_limits.all_bytes_max) + 40 * static_cast<long>(small_body_bytes));
  CHECK(waiting > 20);
  CHECK(answered(503) == 40 - waiting);
  CHECK(stalled.back()->headers.get("retry-after") == "1");
  f.send("POST", "/api/v1/namespaces/shop/configmaps",
         "{apiVersion: v1, kind: ConfigMap, metadata: {name: small}, data: {a: b}}");
  CHECK(f.status == 201);
  f.world.run_for(object_body_limits.time_max);
  CHECK(answered(504) == waiting);
  auto large = post(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},"data":{"a":")" +
                    std::string(900'000, 'x') + "\"}}");
  CHECK(f.serve(*large).status == 201);
  f.world.run(group.stop());
  auto announced = post("");
  announced->with("Content-Length", "1000000000000").stalling();
  CHECK(f.serve(*announced).status == 413);
}

TEST_CASE("a body that comes a byte a second has an end in time") {
  Fixture f;
  FakeExchange slow("POST", "/api/v1/namespaces/shop/configmaps");
  auto begun = f.world.elapsed();
  CHECK(f.serve(slow.with("Content-Type", "application/json").dripping()).status == 504);
  CHECK(value::parse_json(slow.answer).value()["reason"].str() == "Timeout");
  CHECK(f.world.elapsed() - begun >= object_body_limits.time_max);
  CHECK(f.world.elapsed() - begun < object_body_limits.time_max + 2s);
}

TEST_CASE("a long list comes in pieces, and is the same list") {
  Fixture f;
  for (int i = 0; i < 40; ++i) {
    f.send("POST", "/api/v1/namespaces/shop/configmaps",
           fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c-{:02}}}, data: {{text: {}}}}}", i,
                       std::string(10'000, 'x')));
  }
  auto list = [&](std::string target, std::string accept, std::string_view items) {
    FakeExchange exchange("GET", "/api/v1/namespaces/shop/configmaps" + target);
    f.serve(exchange.with("Accept", std::move(accept)));
    CHECK(exchange.status == 200);
    CHECK(exchange.answer.ends_with("]}\n"));
    auto all = value::parse_json(exchange.answer);
    REQUIRE(all);
    std::string names;
    for (const Value& item : (*all)[items].items())
      names += (items == "rows" ? item["object"] : item)["metadata"]["name"].str() + " ";
    CHECK((*all)["metadata"]["resourceVersion"].is_string());
    return fmt::format("{} {}", exchange.writes, names.substr(0, 10) + names.substr(names.size() - 5));
  };
  std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  CHECK(list("", "application/json", "items") == "4 c-00 c-01 c-39 ");
  CHECK(list("?includeObject=Object", table, "rows") == "4 c-00 c-01 c-39 ");
  CHECK(list("", table, "rows") == "0 c-00 c-01 c-39 ");
  CHECK(list("?limit=2", "application/json", "items") == "0 c-00 c-01 c-01 ");
}

TEST_CASE("JSON has lines for whoever says pretty, and for people: lists and tables too") {
  Fixture f;
  for (int i = 0; i < 3; ++i)
    f.send("POST", "/api/v1/namespaces",
           fmt::format("{{apiVersion: v1, kind: Namespace, metadata: {{name: a{}, labels: {{a: ''}}}}}}", i));
  auto lines = [&](std::string target, std::string agent, std::string accept = "application/json") {
    FakeExchange exchange("GET", "/api/v1/namespaces" + target);
    f.serve(exchange.with("Accept", accept).with("User-Agent", agent));
    CHECK(exchange.status == 200);
    return std::ranges::count(exchange.answer, '\n') > 5;
  };
  std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  for (std::string target : {"", "/a1"}) {
    for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
      CHECK(lines(target + "?pretty=" + yes, "kubectl/v1.35.0"));
    for (const char* no : {"0", "f", "false", "no", "tRUE"}) CHECK_FALSE(lines(target + "?pretty=" + no, "curl/8"));
    CHECK_FALSE(lines(target, "kubectl/v1.35.0"));
    CHECK_FALSE(lines(target + "?pretty", "kubectl/v1.35.0"));
    CHECK(lines(target + "?pretty", "curl/8"));
    CHECK(lines(target, "Mozilla/5.0 (X11)"));
    CHECK(lines(target, "Wget/1.2", table));
  }
  CHECK(lines("?pretty=true", "", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"));
  FakeExchange list("GET", "/api/v1/namespaces?pretty=true&labelSelector=a"),
      plain("GET", "/api/v1/namespaces?labelSelector=a");
  auto whole = value::parse_json(f.serve(plain).answer);
  REQUIRE(whole);
  CHECK(value::parse_json(f.serve(list).answer) == *whole);
  CHECK(list.answer.starts_with(
      "{\n  \"kind\": \"NamespaceList\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    \""));
  CHECK(list.answer.ends_with("\n    }\n  ]\n}"));
}

TEST_CASE("a list, and a watch that begins with one, are made when there is room for them") {
  Fixture f;
  for (std::string query : {"", "?watch=1&timeoutSeconds=1"}) {
    FakeExchange exchange("GET", "/api/v1/namespaces" + query);
    runtime::Signal room;
    TaskGroup group(f.world.executor());
    group.spawn(serve_one(f.api.get(), &exchange.waiting_for(room)));
    f.world.run_for(1s);
    CHECK(exchange.status == 0);
    std::string name = query.empty() ? "meanwhile" : "later";
    f.send("POST", "/api/v1/namespaces",
           fmt::format("{{apiVersion: v1, kind: Namespace, metadata: {{name: {}}}}}", name));
    room.notify();
    f.world.run_for(3s);
    CHECK(exchange.status == 200);
    size_t first = exchange.answer.find("\"name\":\"" + name), all = exchange.answer.find("\"name\":\"shop");
    CHECK(first < all);  // in order of names: with what was there, not after it
    f.world.run(group.stop());
  }
}

TEST_CASE("what is not there, and what cannot be done") {
  Fixture f;
  CHECK(f.send("GET", "/api/v1/namespaces/shop/pods/none")["message"].str() == "pods \"none\" not found");
  CHECK(f.status == 404);
  CHECK(f.send("GET", "/api/v1/nonsense")["message"].str() == "the server could not find the requested resource");
  f.send("GET", "/apis/example.com/v1/things");
  CHECK(f.status == 404);
  f.send("TRACE", "/api/v1/namespaces/shop/pods");
  CHECK(f.status == 405);
  f.send("PUT", "/api/v1/namespaces/shop/pods");
  CHECK(f.status == 405);
}

TEST_CASE("logs: which container, what is passed on, what is refused") {
  Fixture f;
  f.pod("web", "nodeName: here,");
  FakeExchange plain(
      "GET",
      "/api/v1/namespaces/shop/pods/web/log?tailLines=5&sinceSeconds=9&limitBytes=100&previous=true&timestamps=1");
  CHECK(f.serve(plain).status == 200);
  CHECK(plain.answer == "one\ntwo\n");
  CHECK(plain.finished);
  CHECK(f.node.asked.container == "web");
  CHECK(f.node.asked.tail_lines == 5);
  CHECK(f.node.asked.since_s == 9);
  CHECK(f.node.asked.limit_bytes == 100);
  CHECK(f.node.asked.previous);
  CHECK(f.node.asked.timestamps);
  CHECK_FALSE(f.node.asked.follow);

  CHECK(f.send("GET", "/api/v1/namespaces/shop/pods/web/log?container=db")["message"].str() ==
        "container db is not valid for pod web");
  CHECK(f.status == 400);
  f.send("GET", "/api/v1/namespaces/shop/pods/web/log?tailLines=many");
  CHECK(f.status == 400);
  f.send("GET", "/api/v1/namespaces/shop/pods/none/log");
  CHECK(f.status == 404);
  f.node.refuses =
      fail(ErrorKind::bad_request, "container \"web\" in pod \"web\" is waiting to start: ContainerCreating");
  CHECK(f.send("GET", "/api/v1/namespaces/shop/pods/web/log")["reason"].str() == "BadRequest");

  f.send("POST", "/api/v1/namespaces/shop/pods",
         "{apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {nodeName: here, initContainers: [{name: i, image: "
         "x}], containers: [{name: a, image: x}, {name: b, image: x}]}}");
  CHECK(f.send("GET", "/api/v1/namespaces/shop/pods/two/log")["message"].str() ==
        "a container name must be specified for pod two, choose one of: [i a b]");
  f.node.refuses.reset();
  f.send("GET", "/api/v1/namespaces/shop/pods/two/log?container=i");
  CHECK(f.status == 200);
}

TEST_CASE("streams need an upgrade, a node and a command; the node's refusal is told") {
  Fixture f;
  f.pod("web", "nodeName: here,");
  f.pod("waiting");
  auto message = [&](std::string target, bool upgrade) {
    FakeExchange exchange("POST", std::move(target));
    if (upgrade) exchange.with("Connection", "Upgrade").with("Upgrade", "SPDY/3.1");
    f.serve(exchange);
    return fmt::format("{} {}", exchange.status, value::parse_json(exchange.answer).value()["message"].str());
  };
  std::string pods = "/api/v1/namespaces/shop/pods/";
  CHECK(message(pods + "web/exec?command=ls&stdout=true", false) == "400 Upgrade request required");
  CHECK(message(pods + "web/portforward?ports=80", false) == "400 Upgrade request required");
  CHECK(message(pods + "web/exec?stdout=true", true) == "400 you must specify at least 1 command for the container");
  CHECK(message(pods + "waiting/exec?command=ls", true) == "400 pod waiting does not have a host assigned");
  CHECK(message(pods + "none/exec?command=ls", true) == "404 pods \"none\" not found");
  CHECK(message(pods + "web/exec?command=ls", true) == "503 no runtime");
  CHECK(message(pods + "web/attach?stdout=true", true) == "503 no runtime");
}

TEST_CASE("a watch whose time is no number is refused") {
  Fixture f;
  FakeExchange watch("GET", "/api/v1/namespaces/shop/pods?watch=true&timeoutSeconds=abc");
  CHECK(f.serve(watch).status == 400);
  CHECK(value::parse_json(watch.answer).value()["message"].str() ==
        "strconv.ParseInt: parsing \"abc\": invalid syntax");
}

TEST_CASE("a watch tells what is there and what comes, one line each, until its time is over") {
  Fixture f;
  f.pod("web");
  FakeExchange watch("GET", "/api/v1/namespaces/shop/pods?watch=true&timeoutSeconds=3");
  f.serve(watch);
  CHECK(watch.status == 200);
  CHECK(watch.finished);
  CHECK(watch.answer.starts_with("{\"type\":\"ADDED\",\"object\":{"));
  CHECK(watch.answer.ends_with("}}\n"));
  CHECK(f.world.elapsed().time_since_epoch() >= 3s);
}
