// What tests/e2e/helm_test.py does not see from outside.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "render/helm/application.h"
#include "render/helm/chart.h"
#include "render/helm/fetch_schemas.h"
#include "render/helm/go_json.h"
#include "render/helm/ignore.h"
#include "render/helm/manifest.h"
#include "render/helm/plain_yaml.h"
#include "render/helm/schema.h"
#include "render/helm/set.h"
#include "render/helm/values.h"
#include "render/helm/worker.h"
#include "sources/chart_repository.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::render::helm;

namespace {

ChartFile file(std::string name, std::string text) {
  return {std::move(name), std::make_shared<const std::string>(std::move(text))};
}

std::shared_ptr<Chart> chart(std::vector<ChartFile> files) {
  files.push_back(file("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"));
  auto loaded = load_files(std::move(files));
  REQUIRE_MESSAGE(loaded, loaded.error().str());
  return loaded->chart;
}

// A quick head is the full reader's head, or none.
void check_head(std::string_view document) {
  auto quick = quick_head(document);
  if (!quick) return;
  auto full = read_head_fully(document, Compat::helm3);
  REQUIRE_MESSAGE(full, std::string(document) << "\n" << full.error().str());
  CHECK(quick->kind == full->kind);
  CHECK(quick->api_version == full->api_version);
  CHECK(quick->name == full->name);
  REQUIRE(quick->annotations.size() == full->annotations.size());
  for (size_t i = 0; i < quick->annotations.size(); ++i) {
    CHECK(quick->annotations[i].first == full->annotations[i].first);
    if (!quick->annotations[i].second.empty()) CHECK(quick->annotations[i].second == full->annotations[i].second);
  }
}

}  // namespace

TEST_CASE("values files on top of one another") {
  auto merged = [](std::string_view below, std::string_view above) {
    return value::to_json(merge_files(*value::parse_json(below), *value::parse_json(above)));
  };
  CHECK(merged(R"({"a":1,"c":{"x":1,"z":[1,2]},"e":null})", R"({"b":2,"c":{"y":null,"z":[3]},"d":{},"e":{"f":1}})") ==
        R"({"a":1,"b":2,"c":{"x":1,"y":null,"z":[3]},"d":{},"e":{"f":1}})");
  CHECK(merged(R"({"a":{"b":1}})", R"({"a":null})") == R"({"a":null})");
  CHECK(merged(R"({"a":{"b":1}})", R"({"a":2})") == R"({"a":2})");
  CHECK(merged(R"({"a":2,"z":1})", R"({"a":{"b":1}})") == R"({"a":{"b":1},"z":1})");
  CHECK(merged(R"({"a":{"b":1}})", R"({"a":{}})") == R"({"a":{"b":1}})");
  CHECK(merged("null", "{}") == "{}");
  CHECK(merged("{}", R"({"a":null})") == R"({"a":null})");
}

TEST_CASE("files and documents of very many values are merged in the time that they take to read") {
  constexpr int count = 200'000;  // a copy of all for each took hours
  std::string one = "t:\n", other = "---\nt:\n";
  for (int i = 0; i < count; ++i) one += fmt::format(" k{}a: 1\n", i), other += fmt::format(" k{}b: 2\n", i);
  Value documents = *read_yaml_mapping(one + other, true);
  CHECK(documents["t"].size() == 2 * count);
  Value files = merge_files(*read_yaml_mapping(one, false), *read_yaml_mapping(other, false));
  CHECK(files == documents);
}

TEST_CASE("quick heads agree with the YAML reader") {
  for (const char* document :
       {"kind: A\nmetadata:\n  name: x\n  annotations:\n    a: b\n    \"c\": 'd'\nspec:\n- a\n- "
        "b: 1\n  c:\n  - x\n  - v: z\nd: |\n  text\n   more\n\n  end\ne: 1",
        "# c\nkind: A\nargs:\n  - --x=1\n  - -v\n  - \"q\"",
        "kind: A\nspec:\n  - - a\n    - b\n  - c: d\n    e:\n      f: g", "a: b",
        "kind: A # c\nmetadata:\n  annotations:\n    {}\nb: {c: d, \"e\": ['f', {g: 1}]}\nh: []\n",
        "a: |2\n   x\nb: >-\n\n  \n  y # no comment\n   \tz\nc: |+\nd: 1",
        "a: \"x\n  y\\\n  \\ z\"\nb: 'it''s\n\n  one' # c\nc:\n  plain\n  - and#on\nd: .5",
        "a: caf\u00e9\nmetadata:\n  annotations:\n    a: >\n      b\n    c: \"d\n      e\""}) {
    CHECK_MESSAGE(quick_head(document), document);
    check_head(document);
  }
  // what only the full reader may judge
  for (const char* document : {"a: b: c",
                               "a: 'x",
                               "a: &x 1",
                               "- a",
                               "a: b\n c: d",
                               "a:\n  b: 1\n c: 2",
                               "a: b\n\tc: d",
                               "kind: 5",
                               "a: b\nc",
                               "metadata:\n  annotations:\n    a:\n      b: c",
                               "? a\n: b",
                               "a: !!str 1",
                               "- a\nb: c",
                               "a:\n- b\n c: d",
                               "%x",
                               "a: @b",
                               "metadata: {}\nmetadata:\n  name: x",
                               "kind: true",
                               "metadata:\n- a",
                               "a: [x",
                               "a: b # c\n  d",
                               "a: b\n  c: d",
                               "a: \"x\ny\"",
                               "a: |\n    \n  x",
                               "a: |--\n  x",
                               "a: [b",
                               "a: {b:c}",
                               "a: {b: c} d",
                               "a: .nan",
                               "a: -.inf",
                               "a: x\u0085y",
                               "a: \u2028",
                               "a: \xff",
                               "a: \"\\q\"",
                               "metadata:\n  x",
                               "metadata:\n  annotations:\n    x",
                               "a:\nb",
                               "- a: b\n c",
                               "a: [on: b]",
                               "a: {on: b}",
                               "metadata:\n  annotations:\n    helm.sh/hook: \"a\n      b\"",
                               "---\na: 1"})
    CHECK_MESSAGE(!quick_head(document), document);
  size_t documents = 0;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/helm")) {
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    std::string whole = text.str();
    for (std::string_view document : split_manifests(whole, Compat::helm3)) {
      ++documents;
      check_head(document);
    }
  }
  CHECK(documents > 100);
}

TEST_CASE(".helmignore and path patterns") {
  auto rules = IgnoreRules::parse("# c\n*.bak\n/top\ndir/\na/*.x\n");
  REQUIRE(rules);
  CHECK(rules->ignores("x/y.bak", false));
  CHECK(rules->ignores("top", false));
  CHECK(!rules->ignores("x/top", false));
  CHECK(rules->ignores("x/dir", true));
  CHECK(!rules->ignores("x/dir", false));
  CHECK(rules->ignores("a/b.x", false));
  CHECK(!rules->ignores("b/a/b.x", false));
  CHECK(rules->ignores("templates/.hidden", false));
  CHECK(*match_path("a[b-d]?*", "acxyz"));
  CHECK(!*match_path("a*", "a/b"));
  CHECK(*match_path("*.swp", ".a.swp"));
  CHECK(*match_path("*/b", "a/b"));
  CHECK(!*match_path("*.swp", "a/b.swp"));
  CHECK(!*match_path("b", "a/b"));
  CHECK(*match_path("\\*", "*"));
  CHECK(!match_path("a[", "a"));
}

TEST_CASE("schema drafts") {
  std::vector<std::string> warnings;
  auto faults = [&](const char* schema, const char* values) {
    auto found = schema_faults(schema, *value::parse_json(values), {}, warnings);
    return found ? *found : found.error().message();
  };
  CHECK(
      faults(
          R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":5,"exclusiveMinimum":true}}})",
          R"({"a":5})") == "- at '/a': exclusiveMinimum: got 5, want 5\n");
  CHECK(faults(R"({"properties":{"a":{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}}})",
               R"({"a":["x",1,"y"]})") == "- at '/a/2': got string, want integer\n");
  CHECK(faults(R"({"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false})", R"({"a":1,"b":2})") ==
        "- at '/b': false schema\n");
  CHECK(faults(R"({"if":{"required":["a"]},"then":{"required":["b"]}})", R"({"a":1})") ==
        "- at '': missing property 'b'\n");
  CHECK(faults(R"({"$ref":"#/$defs/x","$defs":{"x":{"$ref":"#/$defs/x"}}})", "{}") ==
        "- at '': both /$ref/$ref and /$ref resolve to \"file:///values.schema.json#/$defs/x\" causing reference "
        "cycle\n");
  CHECK(faults("{", "{}") != "");
  // dynamic references came with 2020-12: before, they are words without a meaning
  CHECK(faults(R"({"$schema":"https://json-schema.org/draft/2019-09/schema","properties":{"a":{"$dynamicRef":"#x"}},
               "$defs":{"s":{"$dynamicAnchor":"x","type":"string"},"t":{"$dynamicAnchor":"x"}}})",
               R"({"a":1})") == "");
  CHECK(faults(R"({"properties":{"a":{"$dynamicRef":"#x"}},"$defs":{"s":{"$dynamicAnchor":"x","type":"string"}}})",
               R"({"a":1})") == "- at '/a': got number, want string\n");
}

// Each text is Helm 3.22.0's, but for the order of faults that it draws anew each time.
TEST_CASE("a schema that is none, or leads nowhere, is refused in Helm's words") {
  FetchedSchemas fetched;
  fetched.emplace("https://example.org/port.json", R"({"type": "integer", "$defs": {"x": {"type": "string"}}})");
  fetched.emplace("https://example.org/gone.json", Error(ErrorKind::not_found, "HTTP request to ... returned 404"));
  std::vector<std::string> warnings;
  auto check = [&](std::string_view schema, std::string_view expected) {
    auto found = schema_faults(schema, *value::parse_json(R"({"a": 1})"), fetched, warnings);
    CHECK((found ? *found : found.error().message()) == expected);
  };
  auto none = [](std::string_view draft, std::string_view faults) {
    return fmt::format(
        "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed "
        "with '{}#'\n{}",
        draft, faults);
  };
  constexpr std::string_view latest = "https://json-schema.org/draft/2020-12/schema";
  check(R"({"properties":{"a":{"type":"strin"}}})",
        none(latest,
             "- at '': 'allOf' failed\n  - at '/properties/a': 'allOf' failed\n"
             "    - at '/properties/a/type': 'anyOf' failed\n"
             "      - at '/properties/a/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', "
             "'object', 'string'\n      - at '/properties/a/type': got string, want array"));
  check(R"({"required":["a","a"]})",
        none(latest, "- at '': 'allOf' failed\n  - at '/required': items at 0 and 1 are equal"));
  check(R"({"properties":{"a":{"pattern":"("}}})",
        none(latest,
             "- at '': 'allOf' failed\n  - at '/properties/a': 'allOf' failed\n"
             "    - at '/properties/a/pattern': '(' is not valid regex: error parsing regexp: missing closing ): `(`"));
  check(R"({"$schema":"https://json-schema.org/draft/2019-09/schema","definitions":{"a":5}})",
        none("https://json-schema.org/draft/2019-09/schema",
             "- at '/definitions/a': got number, want boolean or object"));
  check(R"({"$schema":"http://json-schema.org/draft-07/schema#","minItems":-1})",
        none("http://json-schema.org/draft-07/schema",
             "- at '/minItems': 'allOf' failed\n  - at '/minItems': minimum: got -1, want 0"));
  check(R"({"$schema":"http://json-schema.org/draft-06/schema#","contains":5})",
        none("http://json-schema.org/draft-06/schema", "- at '/contains': got number, want boolean or object"));
  check(R"({"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":true})",
        none("http://json-schema.org/draft-04/schema",
             "- at '': properties 'minimum' required, if 'exclusiveMinimum' exists"));
  check(R"({"$schema":"ftp://x/y"})", "failing loading \"ftp://x/y\": no URLLoader registered for \"ftp://x/y\"");
  check(R"({"properties":{"b":{"$ref":"#/nope"}}})", "json-pointer in \"file:///values.schema.json#/nope\" not found");
  check(R"({"$defs":{"b":{"$ref":"#/nope"}}})", "");
  check(R"({"properties":{"b":{"$ref":"#nope"}}})",
        "anchor in \"file:///values.schema.json#nope\" not found in schema \"file:///values.schema.json\"");
  check(R"({"properties":{"b":{"$ref":"nope.json"}}})",
        "failing loading \"file:///nope.json\": open /nope.json: no such file or directory");
  check(R"({"$id":"http://x.org/a","properties":{"a":{"$ref":"a#/properties/b"},"b":{"type":"string"}}})",
        "- at '/a': got number, want string\n");
  check(R"({"properties":{"a":{"$ref":"#/x"}},"x":5})",
        "\"file:///values.schema.json#/x\" is not valid against metaschema: jsonschema validation failed with "
        "'https://json-schema.org/draft/2020-12/schema#'\n- at '': got number, want boolean or object");
  check(R"({"properties":{"a":{"$ref":"https://example.org/port.json"}}})", "");
  check(R"({"properties":{"a":{"$ref":"https://example.org/port.json#/$defs/x"}}})",
        "- at '/a': got number, want string\n");
  check(R"({"properties":{"a":{"$ref":"https://example.org/gone.json"}}})",
        "failing loading \"https://example.org/gone.json\": HTTP request to ... returned 404");
  check(R"({"properties":{"a":{"$ref":"https://json-schema.org/draft/2020-12/schema"}}})",
        "- at '/a': got number, want boolean or object\n");
  check(R"({"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}})",
        "duplicate id \"file:///x\" in \"file:///values.schema.json\" at \"/$defs/a\" and \"/$defs/b\"");
  CHECK(warnings.empty());
  check(R"({"$ref":"urn:x:y"})", "");
  CHECK(warnings.size() == 1);
}

TEST_CASE("examples are a list where the draft knows them") {
  std::vector<std::string> warnings;
  auto faults = [&](const char* schema) {
    auto found = schema_faults(schema, Value::object(), {}, warnings);
    return found ? *found : found.error().message();
  };
  CHECK(faults(R"({"properties": {"a": {"examples": ["x", 1]}}})").empty());
  CHECK(faults(R"({"properties": {"a": {"examples": "x"}}})").find("got string, want array") != std::string::npos);
  CHECK(faults(R"({"$schema": "http://json-schema.org/draft-04/schema#", "examples": "x"})").empty());
}

TEST_CASE("what a schema names elsewhere") {
  auto wanted = [](const std::string& schema) {
    Chart chart;
    chart.schema = std::make_shared<const std::string>(schema);
    return base::join(wanted_schemas(chart, {}), " ");
  };
  const std::string draft = R"("$schema": "http://json-schema.org/draft-07/schema#")";
  for (const auto& [schema, elsewhere] : std::vector<std::pair<std::string, std::string>>{
           {"{" + draft + "}", ""},
           {"{" + draft + R"(, "description": "see https://a.test/x, or \"$ref\": \"https://a.test/y\""})", ""},
           {R"({"$ref": "https://a.test/x#/b"})", "https://a.test/x"},
           {"{" + draft + R"(, "properties": {"a": {"$ref" :
               "https://a.test/x"}}})",
            "https://a.test/x"},
           {R"({"$id": "https://a.test/b/c", "properties": {"a": {"$ref": "d.json"}}})", "https://a.test/b/d.json"},
           {R"({"$id": "https://a.test/b/c", "properties": {"a": {"$ref": "#/$defs/d"}}, "$defs": {"d": {"$ref" :
               "e"}}})",
            "https://a.test/b/e"},
           {R"({"$id": "https://a.test/b/c", "properties": {"a": {"$ref": "#/$defs/d"}}, "$defs": {"d": {}}})", ""},
           {R"({"$id": "https://a.test/\u003cb\u003e", "description": "a \u0026 b"})", ""},
           {R"({"$id": "https://a.test/b", "\u0024ref": "c"})", "https://a.test/c"},
           {R"({"$schema": "https://a.test/own"})", "https://a.test/own"},
           {R"({"\u0024ref": "https:\/\/a.test/x"})", "https://a.test/x"},
           {R"({"properties": {"id": {"default": "https://a.test/x"}}})", ""},
           {"://", ""},
           {R"("://)", ""},
       })
    CHECK_MESSAGE(wanted(schema) == elsewhere, schema);
}

TEST_CASE("a worker's rendering is the same, and its crash is one error") {
  auto make = [] {
    ReleaseRequest request;
    request.chart =
        chart({file("templates/a.yaml", "kind: A\nmetadata:\n  annotations: {helm.sh/hook: test}\n---\nkind: B\n"),
               file("templates/NOTES.txt", "n"), file("crds/x.yaml", "kind: C\n")});
    request.capabilities.api_versions = Capabilities::default_api_versions();
    return request;
  };
  std::vector<std::string> warnings;
  auto here = render_apart(make(), warnings);
  render_in_workers(true);
  auto there = render_apart(make(), warnings);
  auto broken = make();
  broken.chart = chart({file("templates/a.yaml", "{{ .Values.a.b }}")});
  auto error = render_apart(std::move(broken), warnings);
  render_in_workers(false);
  REQUIRE(here);
  REQUIRE(there);
  CHECK(print_release(*here, {.crds = true})->str() == print_release(*there, {.crds = true})->str());
  CHECK(there->notes == "n");
  REQUIRE(!error);
  CHECK(error.error().rendering);
  CHECK(error.error().error.message().ends_with("nil pointer evaluating interface {}.b"));
}

TEST_CASE("who renders in a worker hears that the time or chance was asked for") {
  auto heard = [](std::string_view text) {
    std::string out;
    ReleaseRequest request;
    request.chart = chart({file("templates/a.yaml", std::string(text))});
    request.engine.environment.now = [&] {
      out += "now";
      return std::chrono::system_clock::time_point();
    };
    request.engine.environment.random = [&](std::span<std::byte> into) {
      out += "random";
      std::ranges::fill(into, std::byte(7));
    };
    std::vector<std::string> warnings;
    render_in_workers(true);
    auto done = render_apart(std::move(request), warnings);
    render_in_workers(false);
    CHECK(done.has_value());
    return out;
  };
  CHECK(heard("a: {{ .Chart.Name }}") == "");
  CHECK(heard("a: {{ now }}{{ now }}") == "now");
  CHECK(heard("a: {{ randAlphaNum 8 }}{{ uuidv4 }}") == "random");
}

TEST_CASE("a worker that is ended says where it stood") {
  auto ended = [](std::string_view text, auto change) {
    ReleaseRequest request;
    request.chart = chart({file("templates/a.yaml", std::string(text))});
    request.engine.limits.steps_max = UINT64_MAX;
    request.engine.limits.memory_bytes_max = SIZE_MAX;
    change(request);
    std::vector<std::string> warnings;
    render_in_workers(true);
    auto done = render_apart(std::move(request), warnings);
    render_in_workers(false);
    REQUIRE(!done);
    CHECK(done.error().error.is(ErrorKind::too_large));
    return done.error().error.message();
  };
  auto short_time = [](ReleaseRequest& r) { r.time_max = std::chrono::milliseconds(300); };
  CHECK(ended("\n  {{ range 9000000000000000000 }}{{ end }}", short_time) ==
        "chart c: rendering was given up: it did not end within 0.3 s, and was stopped, at c/templates/a.yaml:2:11");
  CHECK(ended("{{ range 9000000000000000000 }}{{ $_ := bcrypt \"a\" }}{{ end }}", short_time)
            .starts_with("chart c: rendering was given up: it did not end within 0.3 s, and was stopped, at bcrypt at "
                         "c/templates/a.yaml:1:"));
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  std::string full = ended("{{ $l := list }}{{ range 999999 }}{{ $l = append $l (repeat 8000000 \"a\") }}{{ end }}",
                           [](ReleaseRequest& r) { r.memory_bytes_max = 96 << 20; });
  // Whoever notices: operator new, or what takes its memory in another way.
  bool by_worker =
      full.starts_with("chart c: rendering was given up: it needs more than 96 MB of memory, and was stopped, at ");
  bool by_call = full.find("error calling repeat: there is no memory left for it") != full.npos;
  CHECK_MESSAGE((by_worker || by_call), full);
  CHECK(full.find("c/templates/a.yaml:1:") != full.npos);
#endif
}

TEST_CASE("archives within a chart share one budget") {
  auto metadata = [](std::string name) { return "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n"; };
  std::vector<ChartFile> inner = {file("Chart.yaml", metadata("i"))};
  for (int n = 0; n < 10; ++n) inner.push_back(file(fmt::format("f{}", n), std::string(4 << 20, '\0')));
  std::string packed = sources::write_archive("i", inner, 0);
  std::vector<ChartFile> middle = {file("Chart.yaml", metadata("m"))};
  for (int n = 0; n < 5; ++n) middle.push_back(file(fmt::format("charts/i{}.tgz", n), packed));
  std::vector<ChartFile> outer = {file("Chart.yaml", metadata("c")),
                                  file("charts/m.tgz", sources::write_archive("m", middle, 0))};
  CHECK(load_files(outer));
  outer.push_back(file("charts/n.tgz", *outer.back().data));
  auto loaded = load_files(outer);
  REQUIRE(!loaded);
  CHECK(loaded.error().str() ==
        "error unpacking subchart n.tgz in c: error unpacking subchart i1.tgz in m: the archives within the chart hold "
        "more than 268435456 bytes together");

  std::vector<ChartFile> many = {file("Chart.yaml", metadata("i"))};
  for (int n = 0; n < 9'999; ++n) many.push_back(file(fmt::format("f{}", n), ""));
  packed = sources::write_archive("i", many, 0);
  outer.erase(outer.begin() + 1, outer.end());
  for (int n = 0; n < 10; ++n) outer.push_back(file(fmt::format("charts/i{}.tgz", n), packed));
  CHECK(load_files(outer));
  outer.push_back(file("charts/j.tgz", packed));
  loaded = load_files(outer);
  REQUIRE(!loaded);
  CHECK(loaded.error().str() ==
        "error unpacking subchart j.tgz in c: the archives within the chart hold more than 100000 files together");
}

TEST_CASE("file:// dependencies: one name in two versions, and not without end") {
  auto text = [](const std::string& name, const std::string& version, const std::string& more) {
    return "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n" + more;
  };
  auto twins = sources::testing::make_tree(
      {{"app/Chart.yaml", text("app", "1.0.0",
                               "dependencies:\n"
                               "- {name: sub, version: 1.x, repository: \"file://../one\", alias: one}\n"
                               "- {name: sub, version: 2.x, repository: \"file://../two\", alias: two}\n"
                               "- {name: sub, version: 2.0.0, repository: \"file://../two\", alias: three}\n")},
       {"one/Chart.yaml", text("sub", "1.0.0", "")},
       {"two/Chart.yaml", text("sub", "2.0.0", "")}});
  auto loaded = load_with_dependencies(*twins, "app");
  REQUIRE_MESSAGE(loaded, loaded.error().str());
  REQUIRE(loaded->chart->dependencies.size() == 2);
  CHECK(loaded->chart->dependencies[0]->metadata.version == "1.0.0");
  CHECK(loaded->chart->dependencies[1]->metadata.version == "2.0.0");

  // One of the name that is not what is wanted does not stand in for what is elsewhere, in whatever order.
  for (bool first : {false, true}) {
    std::string near = "- {name: sub, version: 1.0.0, repository: \"file://../one\", alias: one}\n",
                far = "- {name: sub, version: 2.0.0, repository: \"https://u:secret@h/x\", alias: two}\n";
    auto mixed = sources::testing::make_tree(
        {{"app/Chart.yaml", text("app", "1.0.0", "dependencies:\n" + (first ? far + near : near + far))},
         {"one/Chart.yaml", text("sub", "1.0.0", "")}});
    auto half = load_with_dependencies(*mixed, "app");
    REQUIRE(!half);
    CHECK(half.error().str().find("missing in charts/ directory: sub\n  sub 2.0.0 of https://h/x: ") !=
          std::string::npos);
    Wanted wanted;
    REQUIRE(load_with_dependencies(*mixed, "app", {}, &wanted));
    REQUIRE(wanted.charts.size() == 1);
    auto far_one = sources::testing::make_tree({{"sub/Chart.yaml", text("sub", "2.0.0", "")}});
    auto whole = load_with_dependencies(*mixed, "app", {{wanted.charts[0].key(), far_one}});
    REQUIRE(whole);
    CHECK(whole->chart->dependencies.size() == 2);
  }

  auto fan = [&](int width) {
    std::vector<std::pair<std::string, sources::testing::Content>> files;
    for (int level = 0; level < 4; ++level) {
      std::string more = level < 3 ? "dependencies:\n" : "";
      for (int i = 0; i < width && level < 3; ++i)
        more += fmt::format("- {{name: d{}, version: 1.0.0, repository: \"file://../c{}\"}}\n", i, level + 1);
      files.emplace_back(fmt::format("c{}/Chart.yaml", level), text(fmt::format("c{}", level), "1.0.0", more));
    }
    return load_with_dependencies(*sources::testing::make_tree(std::move(files)), "c0");
  };
  auto narrow = fan(9);  // 9 + 81 + 729
  REQUIRE_MESSAGE(narrow, narrow.error().str());
  const Chart& last = *narrow->chart->dependencies.at(8)->dependencies.at(8)->dependencies.at(8);
  CHECK(last.full_path() == "c0/charts/c1/charts/c2/charts/c3");
  auto wide = fan(10);
  REQUIRE(!wide);
  CHECK(wide.error().str().ends_with("the dependencies come to more than 1000 charts"));
}

// As Argo CD, which runs `helm dependency build` for a chart whose dependencies are not all in charts/.
TEST_CASE("a lock out of sync matters where something is absent") {
  auto load = [](const std::string& version, const std::string& repository, bool vendored) {
    std::vector<std::pair<std::string, sources::testing::Content>> files = {
        {"app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: dep, version: " +
                               version + ", repository: \"" + repository + "\"}\n"},
        {"app/Chart.lock",  // by Helm, of 1.x and file://../dep
         "dependencies: [{name: dep, repository: 'file://../dep', version: 1.0.0}]\n"
         "digest: sha256:cb1bfb6936fde017c8ad7c83187dd890bb83d8693d5282638a7a3151da1d223f\n"
         "generated: '2026-11-23T13:24:55.636654918Z'\n"},
        {"dep/Chart.yaml", "apiVersion: v2\nname: dep\nversion: 1.0.0\n"}};
    if (vendored) files.emplace_back("app/charts/dep/Chart.yaml", "apiVersion: v2\nname: dep\nversion: 1.0.0\n");
    auto loaded = load_with_dependencies(*sources::testing::make_tree(std::move(files)), "app");
    return loaded ? std::string("fine") : loaded.error().str();
  };
  constexpr const char* said =
      "chart app: the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the "
      "dependencies";
  CHECK(load("1.x", "file://../dep", false) == "fine");
  CHECK(load("1.0.x", "file://../dep", false) == said);
  CHECK(load("1.0.x", "https://h/x", false) == said);
  CHECK(load("1.0.x", "", false) == said);
  CHECK(load("1.0.x", "file://../dep", true) == "fine");
}

TEST_CASE("an index of charts") {
  auto index = sources::ChartIndex::parse(
      "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, urls: [a.tgz]}\n  - {name: web, version: "
      "1.10.0, urls: [b.tgz]}\n"
      "  - {name: web, version: 2.0.0-rc.1, urls: [c.tgz]}\n  - {name: web, version: nonsense}\n");
  REQUIRE(index);
  CHECK(index->find("web", "")->version == "1.10.0");
  CHECK(index->find("web", "<1.5")->version == "1.0.0");
  CHECK(index->find("web", ">0.0.0-0")->version == "2.0.0-rc.1");
  CHECK(index->offers("wbe") == "did you mean \"web\"?");
  CHECK(index->find("web", "^7").error().message() == "no chart version found for web-^7");
}
