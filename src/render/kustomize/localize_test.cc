#include "render/kustomize/localize.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/fix_vars.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

constexpr const char* map_a = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}  # kept\n";

// "path: text", each file; or why not.
std::string localized(Files files, const std::string& target, const std::string& scope, RemoteBases* bases = nullptr) {
  auto done = localize({sources::testing::make_tree(std::move(files)), target, scope, bases});
  if (!done) return done.error().str();
  std::string out;
  for (const auto& [path, text] : done->files) out += fmt::format("{}: {}", path, text);
  return out;
}

}  // namespace

TEST_CASE("files come to stand where they stood below the scope, the kustomization is written anew") {
  CHECK(
      localized({{"app/kustomization.yaml", std::string("# gone\nresources:\n- ./a.yaml\n- ../base\nnamePrefix: x-\n")},
                 {"app/a.yaml", std::string(map_a)},
                 {"base/Kustomization", std::string("configMapGenerator: [{name: g, files: [k=f.txt]}]\n")},
                 {"base/f.txt", std::string("text\n")}},
                "app", "") ==
      fmt::format("app/a.yaml: {}app/kustomization.yaml: namePrefix: x-\nresources:\n- a.yaml\n- ../base\n"
                  "base/Kustomization: configMapGenerator:\n- files:\n  - k=f.txt\n  name: g\nbase/f.txt: text\n",
                  map_a));
  CHECK(localized({{"app/kustomization.yaml", std::string("resources: [../base]\n")},
                   {"base/kustomization.yaml", std::string("resources: []\n")}},
                  "app", "app") ==
        "unable to localize target \"app\": unable to localize resources entry: app/kustomization.yaml:1:13: "
        "root \"base\" outside localize scope \"app\"");
}

TEST_CASE("a home of charts lies beside the kustomization, or is copied from around it never") {
  auto home = [](const char* where) {
    return localized({{"app/kustomization.yaml", fmt::format("helmGlobals: {{chartHome: {}}}\n", where)},
                      {"app/c/Chart.yaml", std::string("name: c\n")},
                      {"c/Chart.yaml", std::string("name: outer\n")}},
                     "app", "");
  };
  CHECK(home("../c") == "app/kustomization.yaml: helmGlobals:\n  chartHome: ../c\nc/Chart.yaml: name: outer\n");
  for (const char* around : {".", "..", "../app"})
    CHECK(home(around).starts_with(
        "unable to localize target \"app\": unable to copy helmGlobals: invalid chart home: cycle detected"));
}

TEST_CASE("what is remote comes to stand below localized-files") {
  RemoteBases bases;
  auto clone = sources::testing::make_tree({{"over/kustomization.yaml", std::string("resources: [../base]\n")},
                                            {"base/kustomization.yaml", std::string("resources: [a.yaml]\n")},
                                            {"base/a.yaml", std::string(map_a)}});
  std::string git = "https://user@github.com:443/o/r.git//over?ref=v1", file = "https://example.org/x/m.yaml";
  bases.fetched.emplace(git, Remote{clone, "over", nullptr});
  bases.fetched.emplace(file, Remote{nullptr, "", std::make_shared<const std::string>(map_a)});
  Files files = {{"kustomization.yaml", fmt::format("resources: [\"{}\", \"{}\"]\n", git, file)}};
  CHECK(localized(files, "", "", &bases) ==
        fmt::format("kustomization.yaml: resources:\n- localized-files/github.com/o/r/v1/over\n- "
                    "localized-files/example.org/x/m.yaml\nlocalized-files/example.org/x/m.yaml: {0}"
                    "localized-files/github.com/o/r/v1/base/a.yaml: {0}"
                    "localized-files/github.com/o/r/v1/base/kustomization.yaml: resources:\n- a.yaml\n"
                    "localized-files/github.com/o/r/v1/over/kustomization.yaml: resources:\n- ../base\n",
                    map_a));
  // Repositories of a machine stand apart from hosts; nothing may stand yet where it is put.
  std::string local = "file:///srv/r.git//base?ref=v1";
  bases.fetched.emplace(local, Remote{clone, "base", nullptr});
  Files one = {{"app/kustomization.yaml", fmt::format("resources:\n- {}\n", local)}};
  CHECK(localized(one, "app", "app", &bases)
            .find("kustomization.yaml: resources:\n- localized-files/file-schemed/srv/r/v1/base\n") !=
        std::string::npos);
  one.emplace_back("app/localized-files/x", std::string("x"));
  CHECK(localized(one, "app", "app", &bases).find("app/kustomization.yaml:2:3: app already contains localized-files") !=
        std::string::npos);
  bases.fetched.emplace("https://h/o/r//base", Remote{clone, "base", nullptr});
  std::string got =
      localized({{"kustomization.yaml", std::string("resources: [\"https://h/o/r//base\"]\n")}}, "", "", &bases);
  CHECK(got.find("missing ref query string parameter") != got.npos);
  CHECK(localize_destination("/x/app/") == "localized-app");
  CHECK(localize_destination("https://h/o/r.git?ref=v1") == "localized-r.git-v1");
  CHECK(localize_destination("https://github.com/o/r?ref=v1") == "localized-r-v1");
  CHECK(localize_destination("https://h/o/r.git//over?ref=v1") == "localized-over-v1");
}

TEST_CASE("what cannot be localized is named with its place") {
  auto place = [](const std::string& kustomization, std::string_view expected, Files more = {}) {
    more.emplace_back("kustomization.yaml", kustomization);
    std::string got = localized(more, "", "");
    CHECK_MESSAGE(got.find(expected) != got.npos, got);
  };
  place("namePrefix: x-\nresources:\n- nope.yaml\n", "kustomization.yaml:3:3: \"nope.yaml\" is not there");
  place("Patches:\n- PATH: nope.yaml\n", "kustomization.yaml:2:9: \"nope.yaml\" is not there");
  place("openapi: {path: nope.json}\n", "kustomization.yaml:1:17: \"nope.json\"");
  place("secretGenerator:\n- name: s\n  files: [a=nope]\n", "kustomization.yaml:3:11: \"nope\" is not there");
  place("generators: [g.yaml]\n", "g.yaml:9:3: \"nope\" is not there",
        {{"g.yaml", std::string("apiVersion: x/v1\nkind: X\nmetadata: {name: x}\n---\napiVersion: builtin\nkind: "
                                "ConfigMapGenerator\nmetadata: {name: g}\nfiles:\n- nope\n")}});
}

TEST_CASE("vars become replacements") {
  auto tree = sources::testing::make_tree(
      {{"a.yaml", std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: q}\nspec:\n  containers:\n  - "
                              "args: [\"$(SVC)\", \"a:$(SVC):b\"]\n    name: c\n")}});
  Folder folder(tree, "", false);
  Value fields = *value::parse_yaml(
      "resources: [a.yaml]\nvars: [{name: SVC, objref: {kind: Service, name: web, apiVersion: v1}}]\n");
  auto files = fix_vars(fields, folder);
  REQUIRE_MESSAGE(files, files.error().str());
  CHECK(value::to_yaml(fields) ==
        "replacements:\n- source:\n    kind: Service\n    name: web\n    version: v1\n  targets:\n"
        "  - fieldPaths:\n    - spec.containers.0.args.0\n    select:\n      kind: Pod\n      name: p\n      "
        "namespace: q\n"
        "      version: v1\n"
        "  - fieldPaths:\n    - spec.containers.0.args.1\n    options:\n      delimiter: ':'\n      index: 1\n    "
        "select:\n"
        "      kind: Pod\n      name: p\n      namespace: q\n      version: v1\nresources:\n- a.yaml\n");
  CHECK(files->at("a.yaml").find("args: [\"SVC_PLACEHOLDER\", \"a:SVC_PLACEHOLDER:b\"]") != std::string::npos);
}

TEST_CASE("vars in patches become replacements of what the patch is for, in the namespace that it names") {
  std::string patch =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: zz}\nspec: {containers: [{name: c, args: [$(V)]}]}\n";
  auto fixed = [&](const std::string& entry, const std::string& json) {
    auto tree = sources::testing::make_tree({{"q.yaml", patch}, {"j.json", json}});
    Value fields = *value::parse_yaml("patches: [" + entry + ", {path: j.json, target: {kind: Pod}}]\n" +
                                      "vars: [{name: V, objref: {kind: Service, name: web}}]\n");
    auto files = fix_vars(fields, Folder(tree, "", false));
    return files ? value::to_json(fields["replacements"][0]["targets"][0]["select"]) : files.error().str();
  };
  std::string other = R"([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}])";
  CHECK(fixed("{path: q.yaml}", other) == R"({"namespace":"zz"})");
  CHECK(fixed("{path: q.yaml, target: {kind: Pod, namespace: a}}", other) == R"({"kind":"Pod","namespace":"zz"})");
  CHECK(fixed("{path: q.yaml}", base::replace_all(other, "\"b\"", "\"$(V)\""))
            .find("expected a resource or a strategic merge patch around $(V)") != std::string::npos);
  Value none = *value::parse_yaml("resources: [../gone]\n");
  CHECK(fix_vars(none, Folder(sources::testing::make_tree({{"a/x.yaml", std::string("a: b\n")}}), "a", false)));
}

TEST_CASE("configurations of plugins are written anew as the resources they are, by YAML 1.2's words for booleans") {
  auto written = [](std::string field, std::string text, Files more = {}) {
    more.emplace_back("kustomization.yaml", fmt::format("{}: [p.yaml]\n", field));
    more.emplace_back("p.yaml", text);
    auto done = localize({sources::testing::make_tree(std::move(more)), "", "", nullptr});
    return done ? done->files.at("p.yaml") : done.error().str();
  };
  std::string annotations = "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\n";
  CHECK(written("transformers",
                annotations + "annotations: {n: '1', k: yes, y: 2001-12-14, z: 18446744073709551615, on: 012}\n") ==
        "annotations:\n  k: \"yes\"\n  \"n\": \"1\"\n  \"on\": 10\n  \"y\": \"2001-12-14T00:00:00Z\"\n"
        "  z: 18446744073709551615\napiVersion: builtin\nkind: AnnotationsTransformer\nmetadata:\n  name: t\n");
  CHECK(written("validators", "apiVersion: x/v1\nkind: Y\nmetadata: {name: v}\nspec: {Off: no}\n") ==
        "apiVersion: x/v1\nkind: \"Y\"\nmetadata:\n  name: v\nspec:\n  \"Off\": \"no\"\n");
  CHECK(written("transformers", annotations + "annotations: {1: a}\n").find("p.yaml:4") != std::string::npos);
  CHECK(written("transformers", annotations + "---\n" + annotations).find("already registered id") !=
        std::string::npos);

  std::string generator = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata:\n  name: g\n";
  CHECK(written("generators", generator + "envs: ./e.env\nfiles:\n", {{"e.env", std::string("A=b\n")}}) ==
        "apiVersion: builtin\nenvs: e.env\nfiles: null\nkind: ConfigMapGenerator\nmetadata:\n  name: g\n");
  CHECK(
      written("generators",
              "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nchartHome: ./x/../y/\n") ==
      "apiVersion: builtin\nchartHome: \"y\"\nkind: HelmChartInflationGenerator\nmetadata:\n  name: g\n");
}
