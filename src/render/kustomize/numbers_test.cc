// What reads as a number: of a resource that a JSON patch touched, all of which kustomize reads from JSON anew, where
// each is a float64; and in texts, which stay such where kustomize wrote them with their type or in quotes. Each
// expected text is what kustomize 5.8.2 printed.
#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

std::string built(std::vector<std::pair<std::string, sources::testing::Content>> files) {
  auto done = build({.tree = sources::testing::make_tree(std::move(files)), .path = "app"});
  if (!done) return done.error().str();
  std::string out;
  for (const Resource& r : done->resources) out += value::to_yaml(r.object());
  return out;
}

struct Number {
  const char *written, *printed, *text;  // where a number stands; where it is put into a text, or is an annotation
};

constexpr Number numbers[] = {
    {"1000000", "1000000", "1e+06"},
    {"999999", "999999", "999999"},
    {"-1000000", "-1000000", "-1e+06"},
    {"12345678", "12345678", "1.2345678e+07"},
    {"1.50", "1.5", "1.5"},
    {"1e3", "1000", "1000"},
    {"0.00001", "1e-05", "1e-05"},
    {"1234567.5", "1.2345675e+06", "1.2345675e+06"},
    {"9007199254740992", "9007199254740992", "9.007199254740992e+15"},
    {"9007199254740993", "9007199254740992", "9.007199254740992e+15"},
    {"-9007199254740993", "-9007199254740992", "-9.007199254740992e+15"},
    {"9223372036854775807", "9223372036854776000", "9.223372036854776e+18"},
    {"-9223372036854775808", "-9.223372036854776e+18", "-9.223372036854776e+18"},
    {"18446744073709551615", "1.8446744073709552e+19", "1.8446744073709552e+19"},
    {"18446744073709551616", "1.8446744073709552e+19", "1.8446744073709552e+19"},
    {"1e21", "1e+21", "1e+21"},
};

}  // namespace

TEST_CASE("whole numbers above 2^63 are printed in decimal digits") {
  std::string printed = built({{"app/kustomization.yaml", "resources: [r.yaml]\n"},
                               {"app/r.yaml",
                                "apiVersion: v1\nkind: Foo\nmetadata: {name: m}\na: 0x8000000000000000\n"
                                "b: 9_223_372_036_854_775_808\nc: 01777777777777777777777\nd: 0x7FFFFFFFFFFFFFFF\n"}});
  CHECK(printed.find("a: 9223372036854775808\n") != printed.npos);
  CHECK(printed.find("b: 9223372036854775808\n") != printed.npos);
  CHECK(printed.find("c: 18446744073709551615\n") != printed.npos);
  CHECK(printed.find("d: 9223372036854775807\n") != printed.npos);
}

TEST_CASE("what plugins take as texts are times as JSON has them, and reals of 32 bits") {
  auto printed = [](const std::string& written) {
    std::string plugin =
        "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations:\n  a: " + written +
        "\nfieldSpecs: [{path: metadata/annotations, create: true}]\n";
    std::string out = built({{"app/kustomization.yaml", "resources: [r.yaml]\ntransformers: [t.yaml]\n"},
                             {"app/t.yaml", plugin},
                             {"app/r.yaml", "apiVersion: v1\nkind: Foo\nmetadata: {name: m}\n"}});
    size_t at = out.find("    a: ");
    return at == out.npos ? out : out.substr(at + 7, out.find('\n', at) - at - 7);
  };
  CHECK(printed("2024-01-01 10:00:00") == "\"2024-01-01T10:00:00Z\"");
  CHECK(printed("2024-01-01T00:00:00.500Z") == "\"2024-01-01T00:00:00.5Z\"");
  CHECK(printed("123456789.123456789") == "\"1.2345679e+08\"");
  CHECK(printed("0.30000000000000004") == "\"0.3\"");
  CHECK(printed("0xDEADBEEFDEADBEEF") == "\"16045690984833335023\"");
  CHECK(printed("18446744073709551616") == "\"1.8446744e+19\"");
}

TEST_CASE("numbers of what a JSON patch touched have gone through float64") {
  for (const auto& [written, printed, text] : numbers) {
    CAPTURE(written);
    std::string resource = fmt::format(
        "apiVersion: v1\nkind: Foo\nmetadata:\n  name: m\n  annotations: {{note: {0}}}\nspec: {{here: {0}}}\n---\n"
        "apiVersion: v1\nkind: Bar\nmetadata: {{name: b}}\nspec: {{text: a-b, untouched: {0}}}\n",
        written);
    std::string patch =
        fmt::format("resources: [r.yaml]\npatches: [{{target: {{kind: Foo}}, patch: '{}'}}]\n",
                    fmt::format(R"([{{"op": "add", "path": "/spec/brought", "value": [{}]}}])", written));
    std::string got =
        built({{"base/kustomization.yaml", patch},
               {"base/r.yaml", resource},
               {"app/kustomization.yaml",
                "resources: [../base]\nreplacements: [{source: {kind: Foo, fieldPath: spec.here}, targets: "
                "[{select: {kind: Bar}, fieldPaths: [spec.text], options: {delimiter: '-', index: 1}}]}]\n"}});
    auto has = [&](const std::string& line) { CHECK_MESSAGE(got.find(line) != got.npos, line, "\nin: ", got); };
    has(fmt::format("spec:\n  brought:\n  - {0}\n  here: {0}\n", printed));
    has(fmt::format("    note: \"{}\"\n", text));
    has(fmt::format("  text: a-{}\n", text));
    if (std::string_view(written) == "9007199254740993") has("  untouched: 9007199254740993\n");
  }
}

namespace {

constexpr const char* map_m =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  namespace: nn\n  labels: {p: a, q: \"a\"}\ndata: {k: "
    "x}\n";

// A base whose ConfigMap gets a number written over a field, and an overlay.
std::string over_ten(const std::string& field, const std::string& overlay) {
  return built({{"base/kustomization.yaml",
                 fmt::format("resources: [m.yaml]\nreplacements: [{{sourceValue: '10', targets: [{{select: {{kind: "
                             "ConfigMap}}, fieldPaths: [{}]}}]}}]\n",
                             field)},
                {"base/m.yaml", map_m},
                {"app/kustomization.yaml", "resources: [../base]\n" + overlay}});
}
// What 5 becomes in the fields, put there by a plugin that says no type.
std::string with_five(const std::string& kustomization, const std::vector<std::string>& fields) {
  std::string targets;
  for (const std::string& field : fields) targets += "{fieldPath: " + field + "}, ";
  return built(
      {{"app/kustomization.yaml",
        fmt::format("{}transformers:\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {{name: "
                    "p}}\n  value: '5'\n  targets: [{}]\n",
                    kustomization, targets)},
       {"app/m.yaml", map_m}});
}
void has(const std::string& got, const std::string& text) {
  CHECK_MESSAGE(got.find(text) != got.npos, "expected: ", text, "\n     got: ", got);
}

}  // namespace

TEST_CASE("name and namespace that read as numbers are such once a patch or generator has written them again") {
  std::string name = "{name: '10', namespace: nn}", ns = "{name: m, namespace: '10'}";
  auto patch = [](const std::string& metadata, const char* more) {
    return fmt::format("patches:\n- patch: |\n    {{apiVersion: v1, kind: ConfigMap, metadata: {}, {}}}\n", metadata,
                       more);
  };
  for (const char* more : {"$patch: replace", "data: {a: b}"}) {
    has(over_ten("metadata.name", patch(name, more)), "  name: 10\n  namespace: nn\n");
    has(over_ten("metadata.namespace", patch(ns, more)), "  name: m\n  namespace: 10\n");
  }
  has(over_ten("metadata.name", ""), "  name: \"10\"\n");
  // What a generator makes of such a text is in quotes, and so are others that it takes then.
  auto merge = [](const std::string& name) {
    return fmt::format("configMapGenerator: [{{name: {}, namespace: nn, behavior: merge, literals: [a=b]}}]\n", name);
  };
  has(over_ten("metadata.name", merge("'10'")), "  name: \"10\"\n  namespace: nn\n");
  has(over_ten("metadata.name", "nameSuffix: ''\n" + merge("'10'")), "  name: \"10\"\n");
  std::string earlier_name = built(
      {{"base/kustomization.yaml",
        "configMapGenerator: [{name: m, literals: [a=b]}]\nnameSuffix: -s\nreplacements: [{sourceValue: '10', targets: "
        "[{select: {kind: ConfigMap}, fieldPaths: [metadata.name]}]}]\n"},
       {"app/kustomization.yaml",
        "resources: [../base]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [c=d], options: "
        "{disableNameSuffixHash: true}}]\n"}});
  has(earlier_name, "  name: 10\n");
}

TEST_CASE("a text that kustomize makes is in quotes where it reads as something else, and so is what comes over it") {
  std::string labels = with_five(
      "resources: [m.yaml]\nlabels: [{pairs: {p: '1', q: a, r: '1', s: 'yes', t: a, u: '2001-01-01', v: '.inf', w: "
      "'[a]', x: "
      "'a: b', z: '-'}}]\n",
      {"metadata/labels/p", "metadata/labels/q", "metadata/labels/r", "metadata/labels/s", "metadata/labels/t",
       "metadata/labels/u", "metadata/labels/v", "metadata/labels/w", "metadata/labels/x", "metadata/labels/z"});
  has(labels,
      "    p: 5\n    q: \"5\"\n    r: \"5\"\n    s: \"5\"\n    t: 5\n    u: 5\n    v: \"5\"\n    w: \"5\"\n    x: "
      "\"5\"\n    "
      "z: \"5\"\n");
  has(with_five("configMapGenerator: [{name: g, literals: [a=1, b=x, c=on, 'e=# x', 'g=1:30', i=]}]\n",
                {"data/a", "data/b", "data/c", "data/e", "data/g", "data/i"}),
      "data:\n  a: \"5\"\n  b: 5\n  c: \"5\"\n  e: \"5\"\n  g: 5\n  i: 5\n");
  has(with_five(
          "resources: [m.yaml]\nconfigMapGenerator: [{name: m, namespace: nn, behavior: merge, literals: [a=1]}]\n",
          {"data/a", "data/k"}),
      "data:\n  a: \"5\"\n  k: 5\n");
  has(with_five("secretGenerator: [{name: g, type: '1'}]\n", {"type"}), "type: \"5\"\n");
  has(built({{"app/kustomization.yaml", "namespace: '10'\nresources: [m.yaml]\n"},
             {"app/m.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: 10}}\n"}}),
      "  namespace: \"10\"\n");
  // Also where one label stands in several fields.
  std::string shared = built(
      {{"app/kustomization.yaml",
        "resources: [d.yaml]\nlabels: [{includeSelectors: true, pairs: {p: '1', q: a}}]\ntransformers:\n- |\n  "
        "apiVersion: "
        "builtin\n  kind: ValueAddTransformer\n  metadata: {name: p}\n  value: '5'\n  targets: [{fieldPath: "
        "metadata/labels/p}, {fieldPath: metadata/labels/q}]\n"},
       {"app/d.yaml", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {}}}}\n"}});
  has(shared, "    matchLabels:\n      p: \"5\"\n      q: 5\n");
}
