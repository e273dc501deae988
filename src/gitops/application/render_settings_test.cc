#include "gitops/application/render_settings.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::gitops;

namespace {

RenderSettings settings(const std::string& data, const std::string& repositories = "") {
  Value map{{"data", *value::parse_yaml(data)}};
  Value project;
  if (!repositories.empty()) project = Value{{"spec", Value{{"sourceRepos", *value::parse_yaml(repositories)}}}};
  return read_render_settings(map, project, "shop");
}

// "charts unrestricted", or why not.
std::string options(const std::string& data, const std::string& source = "{}") {
  auto read = kustomize_options(settings(data), *value::parse_yaml(source));
  if (!read) return read.error().str();
  return fmt::format("{}{}{}", read->charts ? "charts " : "", read->unrestricted ? "unrestricted " : "",
                     read->kube_version);
}

bool may(const std::string& repositories, const std::string& url) {
  return may_fetch(settings("{}", repositories), url).has_value();
}

}  // namespace

TEST_CASE("kustomize.buildOptions are flags of kustomize build") {
  CHECK(options("{}") == "");
  CHECK(options("{kustomize.buildOptions: --enable-helm}") == "charts ");
  CHECK(options("{kustomize.buildOptions: '--enable-helm=false --load-restrictor=LoadRestrictionsNone'}") ==
        "unrestricted ");
  CHECK(options("{kustomize.buildOptions: '--load_restrictor  LoadRestrictionsNone --enable-alpha-plugins "
                "--helm-command /h'}") == "unrestricted ");
  CHECK(options("{kustomize.buildOptions: '--enable-helm --helm-kube-version 1.30.0'}") == "charts 1.30.0");
  CHECK(options("{kustomize.buildOptions: --enable-hlem}") ==
        "argocd-cm: kustomize.buildOptions: unknown flag: --enable-hlem; did you mean --enable-helm?");
  CHECK(options("{kustomize.buildOptions: --load-restrictor None}").find("legal values") != std::string::npos);
  CHECK(options("{kustomize.buildOptions: --reorder}").find("flag needs an argument") != std::string::npos);
}

TEST_CASE("a version has flags of its own, and must be known") {
  std::string data =
      "{kustomize.buildOptions: --enable-helm, kustomize.path.v4.5.7: /k, kustomize.path.v5: /l, "
      "kustomize.buildOptions.v5: '--load-restrictor LoadRestrictionsNone'}";
  CHECK(options(data, "{version: v4.5.7}") == "charts ");
  CHECK(options(data, "{version: v5}") == "unrestricted ");
  CHECK(options(data, "{version: v9}").starts_with("kustomize version v9 is not registered"));
}

TEST_CASE("what a project's sourceRepos permit") {
  CHECK(may("", "https://anywhere.example/x"));  // no such project
  CHECK(may("['*']", "https://anywhere.example/o/r"));
  CHECK(may("['https://github.com/o/*']", "https://github.com/o/r"));
  CHECK(may("['https://github.com/o/r']", "git@github.com:o/r.git"));
  CHECK(!may("['https://github.com/o/*']", "https://github.com/p/r"));
  CHECK(!may("['https://github.com/*']", "https://github.com/o/r"));
  CHECK(may("['https://github.com/**']", "https://github.com/o/r"));
  CHECK(!may("['*', '!https://github.com/o/**']", "https://github.com/o/r"));
  CHECK(may("['!https://github.com/o/**']", "https://github.com/p/r"));
  CHECK(!may("[]", "https://github.com/o/r"));
  auto refused = may_fetch(settings("{}", "['https://a.example/**']"), "https://user:secret@b.example/r");
  CHECK(refused.error().str() == "https://b.example/r is not permitted in project 'shop' (its sourceRepos)");
}

TEST_CASE("no spelling leads around what a project's sourceRepos say") {
  const std::string denial =
      "['*', '!https://h.example/priv', '!https://h.example/priv/**', '!/srv/priv/**', '!/srv/r.git']";
  CHECK(may(denial, "https://h.example/open"));
  CHECK(may(denial, "/srv/open"));
  for (std::string url : {"https://h.example/priv",
                          "https://h.example/./priv",
                          "https://h.example//priv",
                          "https://h.example/priv/.",
                          "https://h.example/open/../priv",
                          "https://h.example/%70riv.git",
                          "https://h.example./priv",
                          "https://h.example:0443/priv",
                          "https://h.example/priv?x",
                          "https://h.example/priv#x",
                          "git@h.example:priv",
                          "https://%68.example/priv",
                          "https://h.example/priv%2fr",
                          "oci://h.example/priv/charts",
                          "h.example/priv/charts",
                          "https://o.example#@h.example/open",
                          "/srv//priv/r",
                          "/srv/./priv/r",
                          "/srv/x/../priv/r",
                          "/srv/r",
                          "/srv/r/.git",
                          "file://localhost/srv/priv/r",
                          "file:///srv/%70riv/r",
                          "/proc/self/root/srv/priv/r",
                          "/proc/self/cwd/../../srv/priv/r",
                          "/srv/r.git/."})
    CHECK_MESSAGE(!may(denial, url), url);
  const std::string allowed = "['https://h.example/red/**', '/tmp/w5/**']";
  CHECK(may(allowed, "https://h.example/red/r.git"));
  CHECK(may(allowed, "file://localhost/tmp/w5/a%20b"));
  for (std::string url :
       {"https://h.example/red/../r.git", "https://h.example/red/./../r.git", "https://h.example/red/%2e%2e/r.git",
        "https://h.example/red/x/%2E%2e%2F../r.git", "https://o.example#@h.example/red/x",
        "https://o.example?@h.example/red/x", "/tmp/w5/../w5b", "file:///tmp/w5/%2e%2e/w5b"})
    CHECK_MESSAGE(!may(allowed, url), url);
  CHECK(may("['*']", "/srv/x/../r"));  // nothing is kept from anybody
  auto refused = may_fetch(settings("{}", allowed), "/tmp/w5/../w5b");
  CHECK(
      refused.error().str() ==
      "/tmp/w5/../w5b is not permitted in project 'shop' (its sourceRepos; \".\" and \"..\" in a URL hide what it is)");
}

TEST_CASE("what is no pattern permits nothing and denies everything; what is a project's own is no pattern") {
  for (std::string patterns : {"['![x']", "['*', '!']", "['[x']", "['{']", "['']", "['!', '']"})
    CHECK_MESSAGE(!may(patterns, "https://h.example/r"), patterns);
  Value project{{"spec", Value{{"sourceRepos", *value::parse_yaml("['!https://h.example/own/denied']")}}}};
  Value closed{{"spec", Value{{"sourceRepos", Value::array()}}}};
  auto own = [](const Value& project, const std::string& own, const std::string& url) {
    return may_fetch(read_render_settings({}, project, "shop", {own}), url).has_value();
  };
  CHECK(own(closed, "https://h.example/r.git", "https://h.example/r"));
  for (std::string pattern : {"https://h.example/**", "*", "https://h.example/?", "!https://o.example/x"})
    CHECK_MESSAGE(!own(closed, pattern, "https://h.example/r"), pattern);
  CHECK(!own(project, "https://h.example/own/denied", "https://h.example/own/denied"));
}

TEST_CASE("a registry is judged with the folders that a chart's name brings") {
  auto refused = [](const std::string& patterns, const std::string& source) {
    Value object = *value::parse_yaml("{spec: {project: shop, source: " + source + "}}");
    return refused_repository(read_application(object, "argocd", {"shop"}, {}), settings("{}", patterns)).has_value();
  };
  const std::string denial = "['*', '!reg.example/priv/**', '!oci://reg.example/one']";
  CHECK(!refused(denial, "{repoURL: reg.example, chart: open/web}"));
  for (std::string source :
       {"{repoURL: reg.example, chart: priv/web}", "{repoURL: 'oci://reg.example/', chart: priv/x/web}",
        "{repoURL: reg.example, chart: one/web}", "{repoURL: 'REG.example:443', chart: priv/web}"})
    CHECK_MESSAGE(refused(denial, source), source);
  auto may_depend = [&](const std::string& repository, const std::string& chart) {
    return may_fetch_chart(settings("{}", denial), repository, chart).has_value();
  };
  CHECK(may_depend("oci://reg.example", "open/web"));
  CHECK(may_depend("https://reg.example", "web"));
  CHECK(!may_depend("oci://reg.example", "priv/web"));
  CHECK(!may_depend("oci://reg.example/priv", "web"));
}

TEST_CASE("how charts are spelled within is nobody's to write") {
  CHECK(may_fetch(settings("{}"), "chart+https://h.example/priv#web").failed_with(ErrorKind::bad_request));
  CHECK(may_fetch(settings("{}", "['*']"), "chart+oci://h.example/priv#web").failed_with(ErrorKind::bad_request));
}

TEST_CASE("a project's patterns are read once, for all repositories") {
  std::string patterns = "[";
  for (int i = 0; i < 50; ++i) patterns += fmt::format("'https://*.example{}/{{o,p}}/[a-z]*', ", i);
  Value list = *value::parse_yaml(patterns + "]");
  auto time = [](auto work) {
    auto least = std::chrono::steady_clock::duration::max();  // of a busy machine
    for (int i = 0; i < 20; ++i) {
      auto start = std::chrono::steady_clock::now();
      work();
      least = std::min(least, std::chrono::steady_clock::now() - start);
    }
    return least;
  };
  RepositoryPatterns read(list);
  auto reading = time([&] { (void)RepositoryPatterns(list); });
  auto asking = time([&] { CHECK(!read.permit("https://git.example.org/o/r")); });
  CHECK(asking < reading / 3);
}
