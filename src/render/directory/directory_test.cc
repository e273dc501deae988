#include "render/directory/directory.h"

#include <doctest/doctest.h>

#include "sources/testing/make_tree.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render;

namespace {

// The names of what comes out, or the error.
std::string names(std::vector<std::pair<std::string, sources::testing::Content>> files, std::string options = "{}") {
  auto out = directory::render(*sources::testing::make_tree(std::move(files)), "d", *value::parse_yaml(options));
  if (!out) return out.error().str();
  std::string text;
  for (const RenderedObject& o : out->objects) text += (text.empty() ? "" : " ") + o.object["metadata"]["name"].str();
  return text;
}
std::string object(std::string name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n";
}

}  // namespace

TEST_CASE("a folder that was left out is missed by who needs it") {
  Error why(ErrorKind::too_large, "more than 9 files");
  auto text = std::make_shared<const std::string>(object("a"));
  auto tree = [&](std::string folder) {
    return sources::Tree({{"d/a.yaml", {.bytes = text, .size = text->size()}}}, {{folder, {why}}});
  };
  auto render = [&](std::string folder, const char* options) {
    auto out = directory::render(tree(folder), "d", *value::parse_yaml(options));
    return out ? fmt::format("{}", out->objects.size()) : out.error().str();
  };
  CHECK(render("many", "{recurse: true}") == "1");
  CHECK(render("d/many", "{}") == "1");
  CHECK(render("d/many", "{recurse: true}").ends_with("more than 9 files"));
  CHECK(render("d", "{}").ends_with("more than 9 files"));
}

TEST_CASE("files of a directory, with their documents and lists") {
  std::string list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l1}}\n";
  CHECK(names({{"d/b.yml", object("b1") + "---\n# nothing\n---\n" + object("b2")},
               {"d/a.yaml", object("a")},
               {"d/c.json", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})"},
               {"d/e.yaml", list},
               {"d/README.md", "no"},
               {"d/values.yaml", "replicas: 1"},
               {"d/sub/s.yaml", object("s")},
               {"x.yaml", object("x")}}) == "a b1 b2 c l1");
  CHECK(names({{"d/a.yaml", object("a")}, {"d/sub/s.yaml", object("s")}}, "recurse: true") == "a s");
  CHECK(names({{"d/a.yaml", object("a")}, {"d/b.yaml", object("b")}, {"d/c.yaml", object("c")}},
              "{include: '{a,b}.yaml', exclude: 'b*'}") == "a");
  CHECK(names({{"d/a.yaml", "# +argocd:skip-file-rendering\n" + object("a")}, {"d/b.yaml", object("b")}}) == "b");
}

TEST_CASE("lists of one kind are opened, and one over nothing is none") {
  CHECK(names({{"d/a.yaml", "{apiVersion: v1, kind: ConfigMapList, items: [" +
                                std::string("{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}") + "]}"},
               {"d/b.yaml", "apiVersion: v1\nkind: List\nitems:\n"},
               {"d/c.yaml", "{apiVersion: x/v1, kind: AllowList, metadata: {name: own}, items: null, spec: {}}"}}) ==
        "one own");
}

TEST_CASE("what cannot be read is named with file and line") {
  CHECK(names({{"d/a.yaml", object("a") + "  x: [\n"}}).starts_with("d/a.yaml:"));
  CHECK(names({{"d/a.yaml", object("a")}, {"d/t.yaml", "{{ helm }}\nx: [\n"}}) == "a");
  CHECK(names({{"d/a.jsonnet", "{}"}}) ==
        "d/a.jsonnet: jsonnet is not evaluated; exclude the file or commit what it gives");
  CHECK(names({{"d/a.json", "[]"}}) == "d/a.json: expected one object, found a list");
}

TEST_CASE("include and exclude") {
  auto kept = [](const std::string& options) {
    return names({{"d/a.yaml", object("a")}, {"d/b.yml", object("b")}, {"d/e/c.yaml", object("c")}}, options);
  };
  CHECK(kept("{recurse: true, include: '*.yaml'}") == "a c");
  CHECK(kept("{recurse: true, include: '{b,e/*}*', exclude: 'e?c*'}") == "b");
  CHECK(kept("{exclude: '[b-x]*'}") == "a");
  CHECK(kept("{include: '[b-'}") == "directory.include: \"[b-\" is no glob: a [ is not closed");
  std::string many;
  for (int i = 0; i < 30; ++i) many += "{a,b,*}";
  CHECK(kept("{exclude: '" + many + "x'}") == "a b");
  CHECK(kept("{exclude: '" + std::string(20'000, '?') + "'}").ends_with("...\" is no glob: it is longer than 16 KiB"));
}

TEST_CASE("what cannot be read is told, so that nothing is pruned for it") {
  for (const char* text : {"x: [", "just words", "{{ if }}", "- a"}) {
    auto out =
        directory::render(*sources::testing::make_tree({{"d/a.yaml", object("a")}, {"d/b.yaml", text}}), "d", {});
    REQUIRE_MESSAGE(out.has_value(), text);
    CHECK_MESSAGE(out->incomplete, text);
    CHECK(out->warnings[0].starts_with("d/b.yaml was left out"));
  }
  auto whole =
      directory::render(*sources::testing::make_tree({{"d/a.yaml", object("a")}, {"d/b.yaml", "# nothing"}}), "d", {});
  CHECK_FALSE(whole->incomplete);
  // Whoever names the members of a manifest means one, in JSON too.
  auto torn = directory::render(
      *sources::testing::make_tree({{"d/b.yaml", R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {)"}}), "d",
      {});
  CHECK(torn.failed_with(ErrorKind::bad_request));
}
