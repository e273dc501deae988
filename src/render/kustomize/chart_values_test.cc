// Each expected text is what Helm 3 was given by kustomize 5.8.2 (see tests/e2e/kustomize_test.py for more).
#include "render/kustomize/chart_values.h"

#include <doctest/doctest.h>

#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

void check(ValuesMerge how, std::string_view file, std::string_view values_inline, std::string_view expected) {
  auto merged = merge_values(file, "v.yaml", *value::parse_yaml(values_inline), how);
  CHECK_MESSAGE((merged ? value::to_json(*merged) : merged.error().str()) == expected, file);
}

}  // namespace

TEST_CASE("values that valuesInline is merged with are read as kyaml reads them") {
  for (ValuesMerge how : {ValuesMerge::file_wins, ValuesMerge::inline_wins}) {
    check(how, "a: yes\nn: off\ny: 2020-01-01", "z: on",
          R"({"a":"yes","n":"off","y":"2020-01-01T00:00:00Z","z":true})");
    check(how, "a: [on, {n: ~}]\nb: 18446744073709551615\nc: 0777", "{z: 1}",
          R"({"a":["on",{"n":null}],"b":18446744073709552000,"c":511,"z":1})");
    check(how, "a:\nb: {c: }", "{z: 1}", R"({"b":{},"z":1})");
    check(how, "1: a\ntrue: b", "{z: 1}", R"({"1":"a","true":"b","z":1})");
    check(how, "a: {1: a}", "{z: 1}", "could not parse merged values: the key 1 must be a text: quote it");
    check(how, "a: {b: 1, b: 2}", "{z: 1}", "could not parse merged values: mapping key \"b\" already defined");
    check(how, "a: .inf", "{z: 1}", "v.yaml has a value that no JSON can hold");
    check(how, "a: 1\n---\nb: 2: 3", "{z: 1}", R"({"a":1,"z":1})");
    check(how, "# none", "{z: 1}",
          "could not parse values file into rnode: EOF (v.yaml has no values; valuesMerge: replace takes those of "
          "valuesInline alone)");
    check(how, "a: &x {b: 1}\nc: *x\nd: [*x]\ne: {<<: *x, f: 1}\ng: {<<: {h: 1}, f: 1}", "{z: 1}",
          R"({"a":{"b":1},"d":[{"b":1}],"e":{"f":1},"g":{"f":1,"h":1},"z":1})");
    check(how, "a: {<<: 5}", "{z: 1}",
          "could not parse merged values: map merge requires map or sequence of maps as the value");
  }
}

TEST_CASE("which of both wins") {
  check(ValuesMerge::file_wins, "a: 1\nb: '5'\nc: {<<: {d: 1}, e: 1}", "{a: 2, b: 6, c: {d: 2, e: 2}}",
        R"({"a":1,"b":"5","c":{"d":2,"e":1}})");
  check(ValuesMerge::inline_wins, "a: 1\nb: '5'\nc: {<<: {d: 1}, e: 1}", "{a: 2, b: 6, c: {d: 2, e: 2}}",
        R"({"a":2,"b":6,"c":{"d":2,"e":2}})");
  check(ValuesMerge::file_wins, "a: &x {b: 1}\nc: *x", "{c: {d: 1}}",
        "could not merge values: \"c\" is an alias (*x), and valuesInline says it, too");
  check(ValuesMerge::inline_wins, "a: &x {b: 1}\nc: *x", "{c: {d: 1}}", R"({"a":{"b":1}})");
  check(ValuesMerge::inline_wins, "~: a", "{z: 1}",
        "could not parse merged values: the key ~ must be a text: quote it");
  check(ValuesMerge::file_wins, "null", "{a: 1}", "{}");
  check(ValuesMerge::inline_wins, "null", "{a: 1}", R"({"a":1})");
}
