// What kustomize takes though it is hardly meant, and what it refuses only when it prints: as 5.8.2 does.
#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

constexpr const char* map_m = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {\"7\": x}\n";

std::string text_of(const std::string& kustomization, Files more = {}) {
  Files files = {{"kustomization.yaml", kustomization}, {"m.yaml", map_m}};
  files.insert(files.end(), more.begin(), more.end());
  auto built = build({.tree = sources::testing::make_tree(std::move(files)), .path = ""});
  if (!built) return built.error().str();
  std::string out;
  for (const Resource& r : built->resources) out += value::to_yaml(r.object());
  for (const std::string& warning : built->warnings)
    if (!warning.starts_with("# Warning")) out += warning + "\n";
  return out;
}
// What comes out, or is said, has `expected` in it.
void check(const std::string& kustomization, std::string_view expected, Files more = {}) {
  std::string got = text_of(kustomization, std::move(more));
  CHECK_MESSAGE(got.find(expected) != got.npos, kustomization, "\nexpected: ", expected, "\n     got: ", got);
}

}  // namespace

TEST_CASE("of a JSON patch's pointer what stands before the first slash is passed over") {
  auto patch = [](const char* operation) {
    return fmt::format("resources: [m.yaml]\npatches:\n- target: {{kind: ConfigMap}}\n  patch: '[{}]'\n", operation);
  };
  check(patch(R"({"op": "add", "path": "spec/nope", "value": "x"})"), "nope: x\n");
  check(patch(R"({"op": "add", "path": "x/data/8", "value": "y"})"), "  \"8\": \"y\"\n");
  check(patch(R"({"op": "move", "from": "x/data/7", "path": "/data/9"})"), "data:\n  \"9\": x\n");
  check(patch(R"({"op": "remove", "path": "data"})"), "kustomization.yaml:3:3");
  check(patch(R"({"op": "add", "path": "nope", "value": "x"})"), "kustomization.yaml:3:3");
}

TEST_CASE("annotations that are given twice are one in the end, the first ones above the others") {
  auto map = [](std::string annotations) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n" + annotations + "data: {k: v}\n";
  };
  std::string twice = "  annotations:\n    x: a\n    z: a\n  annotations:\n    x: b\n    w: b\n";
  auto with = [&](const std::string& more, std::string annotations) {
    return std::pair("resources: [r.yaml]\n" + more, Files{{"r.yaml", map(std::move(annotations))}});
  };
  auto gives = [&](const std::string& more, const std::string& annotations, std::string_view expected) {
    auto [kustomization, files] = with(more, annotations);
    check(kustomization, expected, files);
  };
  gives("", twice, "  annotations:\n    w: b\n    x: a\n    z: a\n  name: m\n");
  gives("namePrefix: p-\n", twice, "  annotations:\n    w: b\n    x: a\n    z: a\n  name: p-m\n");
  gives("", twice + "  annotations:\n    v: c\n    w: c\n", "    v: c\n    w: b\n    x: a\n    z: a\n");
  gives("", "  annotations:\n  annotations: {w: b}\n", "  annotations:\n    w: b\n");
  gives("", "  annotations: {w: b}\n  annotations:\n", "  annotations:\n    w: b\n");
  gives("", "  labels: {w: b}\n  labels: {x: c}\n", "mapping key \"labels\" already defined");
  // Until then the first ones count alone.
  gives("configMapGenerator: [{name: m, behavior: merge, literals: [a=b]}]\n", twice,
        "  annotations:\n    x: a\n    z: a\n  name: m\n");
  gives(
      "replacements: [{source: {kind: ConfigMap, fieldPath: metadata.annotations.w}, targets: [{select: {kind: "
      "ConfigMap}, fieldPaths: [data.k]}]}]\n",
      twice, "fieldPath `metadata.annotations.w` is missing");
  gives("patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m, annotations: {x: null}}}'}]\n", twice,
        "  annotations:\n    w: b\n    x: b\n    z: a\n");
  // Of a patch for a selector they are one, of any other the first ones count.
  Files patch = {{"r.yaml", map("")}, {"p.yaml", map(twice)}};
  check("resources: [r.yaml]\npatches: [{path: p.yaml}]\n", "  annotations:\n    x: a\n    z: a\n  name: m\n", patch);
  check("resources: [r.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n", "    w: b\n    x: a\n    z: a\n",
        patch);
  check("resources: [r.yaml]\npatchesStrategicMerge: [p.yaml]\n", "    w: b\n    x: a\n    z: a\n", patch);
  // Where one stands twice among them, the last one is what a generator merges with.
  gives("configMapGenerator: [{name: m, behavior: merge, literals: [a=b]}]\n", "  annotations:\n    x:\n    x: b\n",
        "  annotations:\n    x: b\n");
}

TEST_CASE("times as keys, odd keys of annotations that a JSON patch makes, and .nan put where nothing was") {
  auto map = [](std::string data) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\ndata:\n  " + data + "\n";
  };
  check("resources: [r.yaml]\n", "key", {{"r.yaml", map("2001-12-14T21:59:43Z: x")}});
  check("resources: [r.yaml]\n", "  \"2001-01-01\": x\n", {{"r.yaml", map("\"2001-01-01\": x")}});
  check(
      "resources: [m.yaml]\npatches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": "
      "\"/metadata/annotations\", \"value\": {\"true\": \"x\"}}]'}]\n",
      "the key \"true\" reads as bool");
  for (const char* number : {".nan", "-.inf"})
    check(
        "resources: [r.yaml]\nreplacements: [{source: {kind: ConfigMap, fieldPath: data.k}, targets: [{select: {kind: "
        "ConfigMap}, fieldPaths: [data.n], options: {create: true}}]}]\n",
        "has no JSON", {{"r.yaml", map(fmt::format("k: '{}'", number))}});
}

TEST_CASE("an image that is a number or boolean is one like others") {
  auto pod = [](std::string image) {
    return Files{{"r.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: " +
                                image + "}]}\n"}};
  };
  check("resources: [r.yaml]\nimages: [{name: x, newTag: '9'}]\n", "  - image: 7\n", pod("7"));
  check("resources: [r.yaml]\nimages: [{name: '7', newTag: '9'}]\n", "  - image: \"7:9\"\n", pod("7"));
  check("resources: [r.yaml]\nimages: [{name: 'true', newTag: '9'}]\n", "  - image: true:9\n", pod("true"));
  check("resources: [r.yaml]\nimages: [{name: x, newTag: '9'}]\n", "expected an image name, found a mapping",
        pod("{}"));
}

TEST_CASE("lines of tabs between comments, in resources, patches and texts within texts") {
  std::string comments = "# c\n\t\n# d\n";
  check("resources: [r.yaml]\npatches: [{path: p.yaml}]\n", "  k: w\n",
        {{"r.yaml", comments + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\ndata: {k: v}\n"},
         {"p.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\n" + comments + "data: {k: w}\n"}});
  check(
      "resources: [r.yaml]\nreplacements: [{sourceValue: s, targets: [{select: {kind: ConfigMap}, fieldPaths: "
      "[data.t.a]}]}]\n",
      "  t: |-\n    # c\n\n    # d\n    a: s\n",
      {{"r.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r}\ndata: {t: \"# c\\n\\t\\n# d\\na: b\\n\"}\n"}});
  check(comments + "resources: [m.yaml]\n", "cannot start any token");
}

TEST_CASE("a line's end in a path for elements of a list: texts of several lines are blocks there, without the last") {
  Files list = {{"r.yaml", "apiVersion: v1\nkind: Foo\nmetadata: {name: f}\nlist:\n- a\n- |\n  a\n- |-\n  a\n  b\n"}};
  auto at = [](const std::string& path) {
    return "resources: [r.yaml]\nreplacements: [{sourceValue: s, targets: [{select: {kind: Foo}, fieldPaths: [\"" +
           path + "\"]}]}]\n";
  };
  check(at("list.[=^a$]"), "list:\n- s\n- |\n  a\n- |-\n  a\n  b\n", list);
  check(at("list.[=a\\n]"), "list:\n- a\n- |\n  a\n- s\n", list);  // it is not at the end of the third
  check(at("list.[=a\\nb]"), "unable to find field", list);
  check(at("list.[=b]"), "list:\n- a\n- |\n  a\n- s\n", list);
}

TEST_CASE("keys that kustomize writes without quotes must not read as anything but text") {
  for (const char* key :
       {"null", "NULL", "~", "true", "5", "0x1f", ".5", "1e3", "2001-01-01", ".nan", "-1", "08", "<<"})
    check(fmt::format("configMapGenerator:\n- name: g\n  literals: [\"{}=v\"]\n", key),
          fmt::format("kustomization.yaml:2:3: the key \"{}\" reads as ", key));
  for (const char* key : {"y", "nULL", "--", "...", "a5"})
    check(fmt::format("configMapGenerator: [{{name: g, literals: [\"{}=v\"]}}]\n", key), "kind: ConfigMap\n");
  check("resources: [m.yaml]\nlabels: [{pairs: {\"5\": x}}]\n", "the key \"5\" reads as int");
  check("resources: [m.yaml]\ncommonAnnotations: {\"null\": x}\n", "the key \"null\" reads as null");
  check("configMapGenerator: [{name: g, literals: [a=b]}]\ngeneratorOptions: {labels: {\"5\": x}}\n",
        "the key \"5\" reads as int");
  // What was read in quotes keeps them, until a generator writes all keys anew.
  check("resources: [m.yaml]\nlabels: [{pairs: {a: x}}]\n", "  \"7\": x\n");
  check("resources: [m.yaml]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [a=b]}]\n",
        "the key \"7\" reads as int");
  check(
      "configMapGenerator: [{name: m, literals: [8=b, c=d]}]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, "
      "metadata: {name: m}, data: {\"8\": null}}'}]\n",
      "data:\n  c: d\n");
}

TEST_CASE("a crds entry names OpenAPI definitions, and no manifest") {
  auto crds = [](const char* text, std::string_view expected) {
    check("resources: [m.yaml]\ncrds: [c.yaml]\n", expected, {{"c.yaml", text}});
  };
  std::string where = "unable to parse open API definition from 'c.yaml': c.yaml:";
  crds("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\n",
       where +
           "1:13: json: cannot unmarshal string into Go value of type accumulator.OpenAPIDefinition (a "
           "CustomResourceDefinition as it is applied belongs under resources;");
  crds("a: 5\n", where + "1:4: json: cannot unmarshal number into Go value of type accumulator.OpenAPIDefinition");
  crds("{\"a\": []}", "cannot unmarshal array into Go value of type accumulator.OpenAPIDefinition");
  crds("[]\n", "cannot unmarshal array into Go value of type accumulator.nameToApiMap");
  crds("{\"a\": {}} x", "unable to parse open API definition from 'c.yaml'");
  crds("a: {Schema: 5}\n", where + "1:13: expected a schema, found a number");
  crds("a:\n  schema: {properties: {b: {type: 5}}}\n", "expected a list of texts, found a number");
  crds("a: {Dependencies: 5}\n", "expected a list of texts, found a number");
  for (const char* fine : {"null\n", "# none\n", "a: {other: 1}\n", "a: null\n---\nb: 5\n", "a: {}\na: {}\n"})
    crds(fine, "kind: ConfigMap\n");
}

TEST_CASE("a var counts as replaced where kustomize's notes among the annotations name it") {
  std::string vars =
      "vars:\n- {name: A, objref: {apiVersion: v1, kind: ConfigMap, name: m}}\n"
      "- {name: B, objref: {apiVersion: v1, kind: ConfigMap, name: m}}\n";
  check("resources: [m.yaml]\n" + vars, "never replaced: A,B\n");
  check("resources: [m.yaml]\nnamePrefix: $(A)-\n" + vars, "never replaced: B\n");
  // The Pod, whose name says $(A), refers to the ConfigMap.
  check(
      "resources: [m.yaml, p.yaml]\nnameSuffix: -x\nreplacements:\n- sourceValue: $(A)\n  targets: [{select: {kind: "
      "Pod}, fieldPaths: [metadata.name]}]\n" +
          vars,
      "never replaced: B\n",
      {{"p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{configMap: {name: m}}]}\n"}});
}

TEST_CASE("YAML may be a thousand levels deep, and more is one clear error") {
  auto nested = [](int levels) {
    std::string out = "apiVersion: example.org/v1\nkind: Deep\nmetadata: {name: d}\n";
    for (int i = 0; i < levels; ++i) out += std::string(static_cast<size_t>(i), ' ') + "a:\n";
    return out + std::string(static_cast<size_t>(levels), ' ') + "b: c\n";
  };
  std::string all =
      "resources: [d.yaml]\nnamePrefix: x-\nlabels: [{pairs: {l: m}}]\npatches:\n- target: {kind: Deep}\n  patch: "
      "'[{\"op\": \"add\", \"path\": \"/z\", \"value\": 1}]'\n- patch: '{apiVersion: example.org/v1, kind: Deep, "
      "metadata: {name: d}, a: {q: w}}'\n";
  check(all, "b: c\n", {{"d.yaml", nested(300)}});
  check(all, "b: c\n", {{"d.yaml", nested(990)}});
  check(all, "d.yaml:1004:1001: YAML is nested deeper than 1000 levels", {{"d.yaml", nested(1100)}});
  check("resources: [d.yaml]\n", "nested deeper than 1000 levels", {{"d.yaml", "a: " + std::string(100'000, '[')}});
  check("resources: " + std::string(100'000, '['), "nested deeper than 1000 levels");
}

TEST_CASE("of the files that a kustomization names only the first document counts, and the last of equal keys") {
  check("resources: [m.yaml]\nconfigurations: [c.yaml]\n", "kind: ConfigMap\n",
        {{"c.yaml", "namePrefix: []\n---\nnope: 1\n"}});
  check("resources: [m.yaml]\nconfigurations: [c.yaml]\n", "c.yaml:2:",  // these alone refuse them
        {{"c.yaml", "namePrefix: []\nnamePrefix: []\n"}});
  check("resources: [m.yaml]\nopenapi: {path: s.yaml}\n", "kind: ConfigMap\n",
        {{"s.yaml", "definitions: {}\ndefinitions: {}\n"}});
  check("resources: [m.yaml]\nreplacements: [{path: r.yaml}]\n", "name: new\n",
        {{"r.yaml", "sourceValue: new\ntargets: [{select: {kind: ConfigMap}}]\n---\nnope: 1\n"}});
}

TEST_CASE("control characters in what plugins are given") {
  const std::string why = " marshal: yaml: control characters are not allowed";
  check("resources: [m.yaml]\ncommonAnnotations: {\"a\\x7f\": b}\n",
        "kustomization.yaml:2:20: builtin AnnotationsTransformer" + why);
  check("resources: [m.yaml]\nimages: [{name: \"x\\x80\", newTag: b}]\n", "builtin ImageTagTransformer" + why);
  check("secretGenerator: [{name: s, literals: [\"a=b\\uffff\"]}]\n", "builtin SecretGenerator" + why);
  check("resources: [m.yaml]\npatches: [{target: {name: \"z\\x7f\"}, patch: '[]'}]\n",
        "builtin PatchTransformer" + why);
  check("resources: [m.yaml]\ncommonAnnotations: {a: \"b\\x85\\ufeff\"}\n", "kind: ConfigMap\n");
  check("resources: [m.yaml]\nvars: [{name: \"A\\x7f\", objref: {apiVersion: v1, kind: ConfigMap, name: m}}]\n",
        "kind: ConfigMap\n");
}

TEST_CASE("folded texts are what go-yaml makes of them on its way") {
  check("resources: [f.yaml]\n",
        "data:\n"
        "  a: |-\n"
        "    f1\n"
        "\n"
        "     more\n"
        "    f2\n"
        "  b: |+\n"
        "    a b\n"
        "\n"
        "\n"
        "  c: |2\n"
        "      lead\n"
        "    f2 f3 f4\n"
        "  d: |\n"
        "    a b  c\n"
        "  e: \"\\nx\\ny\\n\\n\\tz\\nw\"\n",
        {{"f.yaml",
          "apiVersion: v1\n"
          "kind: ConfigMap\n"
          "metadata:\n"
          "  name: t\n"
          "data:\n"
          "  a: >-\n"
          "    f1\n"
          "     more\n"
          "    f2\n"
          "  b: >+\n"
          "    a\n"
          "    b\n"
          "\n"
          "  c: >2\n"
          "      lead\n"
          "    f2\n"
          "    f3\n"
          "\n"
          "    f4\n"
          "  d: >\n"
          "    a b \n"
          "    c\n"
          "  e: >-\n"
          "\n"
          "    x\n"
          "\n"
          "    y\n"
          "    \tz\n"
          "    w\n"}});
}

TEST_CASE("numbers and booleans are texts in the configuration of a plugin, not in a kustomization") {
  const std::string labels =
      "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: 1, b: true}\n"
      "fieldSpecs: [{path: metadata/labels, create: true}]\n";
  check("resources: [m.yaml]\ntransformers: [l.yaml]\n", "  labels:\n    a: \"1\"\n    b: \"true\"\n",
        {{"l.yaml", labels}});
  check("resources: [m.yaml]\nlabels: [{pairs: {a: 1}}]\n", "must be a text");
}

TEST_CASE("a prefix makes its field where that is wanted") {
  const std::string prefix = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: p-\n";
  check("resources: [m.yaml]\ntransformers: [p.yaml]\n", "spec:\n  foo: p-\n",
        {{"p.yaml", prefix + "fieldSpecs: [{path: spec/foo, create: true}]\n"}});
  check("resources: [m.yaml]\ntransformers: [p.yaml]\n", "metadata:\n  name: m\n",
        {{"p.yaml", prefix + "fieldSpecs: [{path: spec/foo}]\n"}});
}

TEST_CASE("a part of a replacement's source keeps the type of the whole") {
  auto replaced = [](const char* from, const char* delimiter, std::string_view expected) {
    check(fmt::format("resources: [s.yaml]\nreplacements:\n- source: {{kind: S, fieldPath: {}, options: {{delimiter: "
                      "'{}'}}}}\n  targets: [{{select: {{kind: S}}, fieldPaths: [to]}}]\n",
                      from, delimiter),
          expected,
          {{"s.yaml",
            "apiVersion: e/v1\nkind: S\nmetadata: {name: s}\nport: 8080\ntext: '7:8'\nplain: 7:8x\nto: {a: b}\n"}});
  };
  replaced("port", " ", "to: 8080\n");
  replaced("text", ":", "to: \"7\"\n");
  replaced("plain", ":", "to: \"7\"\n");
}

TEST_CASE("what sortOptions say wrongly is told with its line") {
  check("resources: [m.yaml]\nsortOptions:\n  order: bogus\n", "kustomization.yaml:3:10: ");
  check("resources: [m.yaml]\nsortOptions:\n  order: fifo\n  legacySortOptions: {orderFirst: [a]}\n",
        "kustomization.yaml:3:10: ");
  check("resources: [m.yaml]\nsortOptions: {}\n", "kustomization.yaml:2:14: ");
}

TEST_CASE("a schema that a component names says which kinds have no namespace, also of what was read before") {
  const Files files = {
      {"k/kustomization.yaml", "resources: [r.yaml, ../b]\ncomponents: [../c]\n"},
      {"k/r.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: dev}\n"},
      {"b/kustomization.yaml", "resources: [r.yaml]\n"},
      {"b/r.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: v}\n"},
      {"c/kustomization.yaml",
       "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamespace: other\n"
       "openapi: {path: s.yaml}\npatches: [{patch: '{apiVersion: example.com/v1, kind: Widget, "
       "metadata: {name: w}, spec: {a: b}}'}]\n"},
      {"c/s.yaml",
       "definitions: {}\npaths: {/apis/example.com/v1/widgets: {get: {x-kubernetes-group-version-kind: "
       "{group: example.com, version: v1, kind: Widget}}}}\n"}};
  auto built = build({.tree = sources::testing::make_tree(files), .path = "k"});
  std::string out;
  if (!built) out = built.error().str();
  if (built)
    for (const Resource& r : built->resources) out += value::to_yaml(r.object());
  CHECK(out ==
        "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\n  namespace: dev\nspec:\n  a: b\n"
        "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: v\n");
}

TEST_CASE("a list without items gives none, and the first items count") {
  const std::string item = "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n",
                    list = "apiVersion: v1\nkind: List\n";
  auto gives = [&](const std::string& text, std::string_view expected) {
    std::string got = text_of("resources: [m.yaml, l.yaml]\n", {{"l.yaml", text}});
    std::string_view all = got;
    CHECK_MESSAGE(all.ends_with(expected), text, "\n     got: ", got);
  };
  const char* map = "data:\n  \"7\": x\nkind: ConfigMap\nmetadata:\n  name: m\n";
  gives(list + "items:\nitems:\n" + item, map);
  gives(list + "items: x\n", map);
  gives(list + "functionConfig: {a: b}\n", map);
  // One that is no list of anything is a resource, with metadata.
  gives("apiVersion: v1\nkind: FooList\nx: 1\n", "apiVersion: v1\nkind: FooList\nmetadata: {}\nx: 1\n");
  gives("apiVersion: v1\nkind: FooList\nmetadata:\n", "kind: FooList\nmetadata: null\n");
  gives("apiVersion: v1\nkind: FooList\nmetadata: x\n",
        "l.yaml:1: FooList.v1.[noGrp]/.[noNs]: expected a mapping of metadata, found a text");
}

TEST_CASE("a schema that cannot be read counts once something is looked up in it") {
  Files schema = {{"s.yaml", "definitions:\n  a:\n\tb: c\n"}};
  check("resources: [m.yaml]\nopenapi: {path: s.yaml}\nnamespace: nn\n", "  namespace: nn\n", schema);
  check(
      "resources: [m.yaml]\nopenapi: {path: s.yaml}\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: "
      "{name: "
      "m}}'}]\n",
      "s.yaml:3:1: found character that cannot start any token", schema);
}

TEST_CASE("a date that a replacement made is one after a patch, and a number a text") {
  auto gives = [](const char* value, std::string_view expected) {
    std::string base = fmt::format(
        "resources: [m.yaml]\nreplacements: [{{sourceValue: '{}', targets: [{{select: {{kind: ConfigMap}}, fieldPaths: "
        "[metadata.labels.new], options: {{create: true}}}}]}}]\n",
        value);
    check(
        "resources: [b]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: b}}'}]\n",
        expected, {{"b/kustomization.yaml", base}, {"b/m.yaml", map_m}});
  };
  gives("2020-01-01", "    new: \"2020-01-01T00:00:00Z\"\n");
  gives("10", "    new: \"10\"\n");
}

TEST_CASE("a text that reads as something else gets quotes by a merge, and keeps them") {
  Files base = {{"b/kustomization.yaml", "resources: [m.yaml]\nnamespace: \"true\"\n"}, {"b/m.yaml", map_m}};
  auto patched = [](const char* metadata) {
    return fmt::format(
        "resources: [b]\npatches: [{{target: {{kind: ConfigMap}}, patch: '{{apiVersion: v1, kind: ConfigMap, metadata: "
        "{{{}}}, "
        "data: {{a: b}}}}'}}]\n",
        metadata);
  };
  check(patched("name: m"), "  namespace: \"true\"\n", base);
  check(patched("name: m, namespace: \"true\""), "  namespace: true\n", base);  // but not one that came with the patch
}

TEST_CASE("a merge key among the texts of a list is none for vars once a JSON patch wrote it") {
  Files pod = {{"p.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{args: ['<<']}]}}\n"}};
  std::string vars =
      "resources: [p.yaml]\nvars: [{name: V, objref: {apiVersion: v1, kind: Pod, name: p}, fieldref: {fieldpath: "
      "kind}}]\n";
  std::string patch =
      "patches: [{target: {kind: Pod}, patch: '[{\"op\": \"add\", \"path\": \"/x\", \"value\": 1}]'}]\n";
  check(vars, "  - args:\n    - <<\n", pod);
  check(vars + patch, "expect a string", pod);
  check("resources: [p.yaml]\n" + patch, "  - args:\n    - <<\n", pod);
}

TEST_CASE("a configuration that names a kind and no path is refused where such an object comes") {
  constexpr const char* expected = "cannot set or create an empty field name";
  auto with = [](const char* configuration) { return Files{{"c.yaml", configuration}}; };
  std::string configured = "resources: [m.yaml]\nconfigurations: [c.yaml]\n";
  check(configured + "images: [{name: a, newTag: b}]\n", expected, with("images: [{kind: ConfigMap}]\n"));
  check(configured + "commonLabels: {a: b}\n", expected, with("commonLabels: [{kind: ConfigMap, create: true}]\n"));
  check(configured + "namePrefix: x-\n", expected, with("namePrefix: [{kind: ConfigMap}]\n"));
  check(configured + "images: [{name: a, newTag: b}]\n", "name: m\n", with("images: [{kind: Secret}]\n"));
}

TEST_CASE("what a generator merged into another keeps the other's behavior") {
  check(
      "resources: [m.yaml]\nconfigMapGenerator:\n- {name: web, literals: [a=b]}\n- {name: web, behavior: merge}\n"
      "replacements:\n- source: {kind: ConfigMap, name: web, fieldPath: metadata.annotations}\n"
      "  targets: [{select: {name: m}, fieldPaths: [more], options: {create: true}}]\n",
      "more:\n  internal.config.kubernetes.io/generatorBehavior: unspecified\n"
      "  internal.config.kubernetes.io/needsHashSuffix: enabled\n");
}

TEST_CASE("a var takes a scalar by its tag, as Go's functions read it") {
  struct Case {
    const char *written, *alone, *within;
  };
  constexpr Case cases[] = {
      {"1.10", "1.1", "1.1"},
      {"12345678.5", "1.23456785e+07", "1.23456785e+07"},
      {"1e-7", "1e-07", "1e-07"},
      {"+1", "1", "1"},
      {"0777", "777", "777"},
      {"True", "true", "true"},
      {"null", "\"null\"", "null"},
      {"2020-01-01", "\"2020-01-01\"", "2020-01-01"},
      {"2020-01-01 10:00:00", "\"2020-01-01 10:00:00\"", "2020-01-01 10:00:00"},
      {"\"1.10\"", "\"1.10\"", "1.10"},
      {"yes", "\"yes\"", "yes"},
  };
  auto given = [](const char* written, std::string_view expected) {
    check(
        "resources: [x.yaml, p.yaml]\nvars:\n- name: V\n  objref: {apiVersion: x.io/v1, kind: X, name: x}\n"
        "  fieldref: {fieldpath: spec.t}\n",
        expected,
        {{"x.yaml", fmt::format("apiVersion: x.io/v1\nkind: X\nmetadata: {{name: x}}\nspec:\n  t: {}\n", written)},
         {"p.yaml",
          "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    args:\n"
          "    - $(V)\n    - a-$(V)\n"}});
  };
  for (const Case& c : cases) given(c.written, fmt::format("- {}\n    - a-{}\n", c.alone, c.within));
  for (const char* refused : {"0x1F", "0o17", "1_000", "12345678901234567890"})
    given(refused, "not found in corresponding resource");
}
