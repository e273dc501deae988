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
