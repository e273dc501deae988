// Charts of a repository of our own, over HTTP on loopback: what its index costs, and whom.
#include <doctest/doctest.h>

#include <chrono>

#include "runtime/http.h"
#include "runtime/testing/in_real_world.h"
#include "sources/archive.h"
#include "sources/chart_repository.h"

using namespace slipway;
using namespace slipway::sources;
using runtime::testing::in_real_world;
using Clock = std::chrono::steady_clock;

namespace {

struct Site {
  std::string index, archive;
  int indexes = 0, archives = 0;  // that were asked for
};

Task<void> answer(runtime::Exchange* exchange, Site* site) {
  bool is_index = exchange->request().target == "/index.yaml";
  ++(is_index ? site->indexes : site->archives);
  auto done = co_await exchange->respond(200, {}, is_index ? site->index : site->archive);
  (void)done.has_value();
}

std::string index_of(int versions) {
  std::string out = "apiVersion: v1\nentries:\n  web:\n";
  for (int i = 0; i < versions; ++i)
    out += fmt::format(
        "  - apiVersion: v2\n    name: web\n    version: 1.0.{0}\n    description: the web, number {0}\n"
        "    urls: [web-1.0.{0}.tgz]\n",
        i);
  return out;
}

Task<void> resolve_into(Repositories* repositories, std::string url, std::string range, std::string* out) {
  auto commit = co_await repositories->resolve(url, range);
  *out = commit ? commit->sha : commit.error().str();
}

// The longest that the loop had no turn.
Task<void> watch_loop(Duration* longest) {
  auto last = Clock::now();
  for (;;) {
    auto slept = co_await runtime::sleep(2ms);
    *longest = std::max<Duration>(*longest, Clock::now() - last);
    if (!slept) co_return;
    last = Clock::now();
  }
}

Task<void> refuse(runtime::Exchange* exchange) {
  runtime::Headers headers;
  headers.add("WWW-Authenticate", "Basic realm=charts");
  auto done = co_await exchange->respond(401, std::move(headers), "");
  (void)done.has_value();
}

}  // namespace

TEST_CASE("who refuses a chart: whose password it was, or that there is none for this project") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto listener = world.network().listen({"127.0.0.1", 0, {}});
    REQUIRE(listener.has_value());
    std::string host = (*listener)->local().str();
    auto server = runtime::HttpServer::create(world, std::move(*listener), nullptr,
                                              [](runtime::Exchange& e) { return refuse(&e); });
    auto credentials = [](std::string_view, std::string_view project) -> std::optional<Credentials> {
      if (project != "red") return std::nullopt;
      return Credentials{.username = "ann", .password = "s3cret", .plain_http = true, .origin = "Secret argocd/charts"};
    };
    auto all = with_charts(world, Repositories::create(world, {.directory = directory}), credentials);
    TaskGroup serving(world.executor());
    serving.spawn(server->serve());
    for (std::string repository : {"http://" + host, "oci://" + host + "/charts"}) {
      auto red = co_await all->resolve(chart_url(repository, "web"), "1.*", "red");
      REQUIRE_MESSAGE(red.failed_with(ErrorKind::unauthorized), (red ? "" : red.error().str()));
      CHECK_MESSAGE(
          red.error().str().ends_with("; the server refused the username and password of Secret argocd/charts"),
          red.error().str());
      auto blue = co_await all->resolve(chart_url(repository, "web"), "1.*", "blue");
      REQUIRE_MESSAGE(blue.failed_with(ErrorKind::unauthorized), (blue ? "" : blue.error().str()));
      CHECK_MESSAGE(blue.error().str().ends_with("has this url and a password, for all projects or for this one"),
                    blue.error().str());
      CHECK((red.error().str() + blue.error().str()).find("s3cret") == std::string::npos);
    }
    co_await serving.stop();
  });
}

TEST_CASE("an index is read once for all who ask for it, and not on the loop") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    Site site{.index = index_of(40'000),
              .archive = write_archive("web", {{"Chart.yaml", std::make_shared<std::string>("name: web\n")}}, 0)};
    auto start = Clock::now();
    auto parsed = ChartIndex::parse(site.index);
    REQUIRE(parsed.has_value());
    Duration parsing = Clock::now() - start;

    auto listener = world.network().listen({"127.0.0.1", 0, {}});
    REQUIRE(listener.has_value());
    std::string base = "http://" + (*listener)->local().str();
    auto server = runtime::HttpServer::create(world, std::move(*listener), nullptr,
                                              [&site](runtime::Exchange& e) { return answer(&e, &site); });
    auto all = with_charts(world, Repositories::create(world, {.directory = directory}), nullptr);
    TaskGroup serving(world.executor()), watching(world.executor()), asking(world.executor());
    serving.spawn(server->serve());
    Duration longest{};
    watching.spawn(watch_loop(&longest));
    std::string newest, exact, none;
    asking.spawn(resolve_into(all.get(), chart_url(base, "web"), "HEAD", &newest));
    asking.spawn(resolve_into(all.get(), chart_url(base, "web"), "1.0.7", &exact));
    asking.spawn(resolve_into(all.get(), chart_url(base, "wep"), "HEAD", &none));
    co_await asking.join();
    co_await watching.stop();
    CHECK(newest == "1.0.39999");
    CHECK(exact == "1.0.7");
    CHECK(none == fmt::format("repository {}: no chart name found; did you mean \"web\"?", base));
    CHECK(site.indexes == 1);
    MESSAGE("parsing took ", parsing / 1ms, " ms, the loop stood for ", longest / 1ms, " ms");
    CHECK(longest < parsing / 2);

    auto tree = co_await all->tree({.url = chart_url(base, "web"), .sha = "1.0.7"});
    REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
    CHECK(**(*tree)->read("web/Chart.yaml") == "name: web\n");
    CHECK(site.archives == 1);
    // who asks after a change does not get the answer to a question from before
    int before = site.indexes;
    TaskGroup later(world.executor());
    later.spawn(resolve_into(all.get(), chart_url(base, "web"), "HEAD", &newest));
    (void)co_await runtime::yield_now();
    all->access_changed();
    auto again = co_await all->resolve(chart_url(base, "web"), "HEAD");
    co_await later.join();
    CHECK(site.indexes == before + 2);
    co_await serving.stop();
  });
}
