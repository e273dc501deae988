#include "gitops/engine/desired.h"

#include "gitops/testing/engine_fixture.h"
#include "gitops/testing/manifests.h"

using namespace slipway;
using namespace slipway::gitops;
using namespace slipway::gitops::testing;

namespace {

// What of a commit is wanted of another one: "same", or "anew" where it must be rendered.
struct Twice : EngineFixture {
  std::string want(Files before, Files after, Value source = Value::object()) {
    Value object = application("shop", "app");
    for (const auto& [key, member] : source.members()) object = object.with("/spec/source/" + key.str(), member);
    Application app = read_application(object, "argocd", {"default"});
    REQUIRE(app.spec_errors.empty());
    RenderSettings settings = read_render_settings({}, {}, "default");
    auto first = world.run(load_desired(world, repositories, *cluster, app, {commit_of(std::move(before))}, settings));
    if (!first) return first.error().str();
    CHECK((*first)->loaded());
    sources::Commit next = commit_of(std::move(after));
    auto same = world.run(same_desired(world, repositories, *first, {next}));
    if (!same) return "anew";
    CHECK(same->commits.at(0).sha == next.sha);
    CHECK(same->source_types == (*first)->source_types);
    REQUIRE(same->targets.list.size() == (*first)->targets.list.size());
    for (size_t i = 0; i < same->targets.list.size(); ++i)
      CHECK(same->targets.list[i].object == (*first)->targets.list[i].object);
    auto anew = world.run(load_desired(world, repositories, *cluster, app, {next}, settings));
    REQUIRE(anew.has_value());
    REQUIRE(same->targets.list.size() == (*anew)->targets.list.size());
    for (size_t i = 0; i < same->targets.list.size(); ++i)
      CHECK(same->targets.list[i].object == (*anew)->targets.list[i].object);
    return "same";
  }
  sources::Commit commit_of(Files files) {
    std::string sha = repositories.commit(repository, std::move(files));
    return {repository, sha, "main", "", "", ""};
  }
};

Files with(Files files, const std::string& path, const std::string& text) {
  std::erase_if(files, [&](const auto& file) { return file.first == path; });
  files.emplace_back(path, text);
  return files;
}

std::string map_with(const std::string& text) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '" + text + "'}\n";
}

}  // namespace

TEST_CASE("a commit that touches nothing of what a directory was rendered from wants the same") {
  Twice f;
  Files files{{"app/a.yaml", map_with("1")}, {"app/deep/b.yaml", "x"}, {"other/c.yaml", "y"}};
  CHECK(f.want(files, files) == "same");
  CHECK(f.want(files, with(files, "other/c.yaml", "z")) == "same");
  CHECK(f.want(files, with(files, "app/deep/b.yaml", "z")) == "same");
  CHECK(f.want(files, with(files, "app/a.yaml", map_with("2"))) == "anew");
  CHECK(f.want(files, with(files, "app/b.yaml", "z")) == "anew");
  CHECK(f.want(files, with(files, "app/kustomization.yaml", "resources: [a.yaml]\n")) == "anew");
  CHECK(f.want(files, {{"other/c.yaml", "y"}}) == "anew");
}

TEST_CASE("nor of a kustomization and its bases") {
  Twice f;
  Files files{{"app/kustomization.yaml", "resources: [../base]\n"},
              {"base/kustomization.yaml", "resources: [a.yaml]\n"},
              {"base/a.yaml", map_with("1")},
              {"base/unused.yaml", "x"}};
  CHECK(f.want(files, with(files, "base/unused.yaml", "y")) == "same");
  CHECK(f.want(files, with(files, "base/a.yaml", map_with("2"))) == "anew");
  CHECK(f.want(files, with(files, "base/kustomization.yaml", "namePrefix: x-\nresources: [a.yaml]\n")) == "anew");
  Value images =
      value::parse_yaml("kustomize: {commonAnnotations: {at: $ARGOCD_APP_REVISION}, commonAnnotationsEnvsubst: true}")
          .value();
  CHECK(f.want(files, files, images) == "anew");
}

TEST_CASE("nor of a chart, unless it asks for the time or for chance") {
  Twice f;
  Files files{{"app/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"},
              {"app/values.yaml", "a: 1\n"},
              {"app/templates/a.yaml", map_with("{{ .Values.a }}")},
              {"values/prod.yaml", "a: 2\n"},
              {"README.md", "x"}};
  Value helm = value::parse_yaml("helm: {valueFiles: [../values/prod.yaml]}").value();
  CHECK(f.want(files, with(files, "README.md", "y"), helm) == "same");
  CHECK(f.want(files, with(files, "values/prod.yaml", "a: 3\n")) == "same");
  CHECK(f.want(files, with(files, "values/prod.yaml", "a: 3\n"), helm) == "anew");
  CHECK(f.want(files, with(files, "app/templates/b.yaml", ""), helm) == "anew");
  for (const char* asks :
       {"{{ now }}", "{{ randAlphaNum 8 }}", "{{ uuidv4 }}", "{{ genPrivateKey \"ed25519\" | sha256sum }}",
        "{{ dateInZone \"2006\" 0 \"Asia/Tokyo\" }}"}) {
    Files chance = with(files, "app/templates/a.yaml", map_with(asks));
    CHECK_MESSAGE(f.want(chance, with(chance, "README.md", "y")) == "anew", asks);
  }
}
