// Names of fields as Go reads and writes them; what came out of `kustomize edit` 5.8.2.
#include "render/kustomize/field_names.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

void check(const char* written, std::string_view expected) {
  std::string got = value::to_json(as_go_writes(with_field_names(*value::parse_yaml(written))));
  CHECK_MESSAGE(got == expected, written, "\nexpected: ", expected, "\n     got: ", got);
}

}  // namespace

TEST_CASE("fields get their own names however they were spelled") {
  check("vars: [{name: a, objRef: {APIVersion: v1}, FIELDREF: {fieldpath: x}}]",
        R"({"vars":[{"fieldref":{"fieldPath":"x"},"name":"a","objref":{"apiVersion":"v1","name":""}}]})");
  check("PATCHES: [{Path: p, target: {KIND: x}}]", R"({"patches":[{"path":"p","target":{"kind":"x"}}]})");
  check("helmcharts: [{Name: a, valuesInline: {Name: b}}]",
        R"({"helmCharts":[{"name":"a","valuesInline":{"Name":"b"}}]})");
  check("commonlabels: {Name: a}\nlabels: [{Pairs: {Pairs: a}}]",
        R"({"commonLabels":{"Name":"a"},"labels":[{"pairs":{"Pairs":"a"}}]})");
  check("re\u017fources: [a]\n\u212aind: Component", R"({"kind":"Component","resources":["a"]})");
  // Of two the last in the order of bytes; mappings are joined.
  check("namePrefix: a\nNAMEPREFIX: b", R"({"namePrefix":"a"})");
  check("namePrefix: a\nnameprefix: b", R"({"namePrefix":"b"})");
  check("commonLabels: {a: b}\nCommonLabels: {c: d}", R"({"commonLabels":{"a":"b","c":"d"}})");
}

TEST_CASE("what is empty is left out, but for pointers and what a struct always writes") {
  check("generatorOptions: {}\nhelmGlobals: {}\nmetadata: {}\nresources: []\nnamespace: ''",
        R"({"generatorOptions":{},"helmGlobals":{},"metadata":{}})");
  check("patches: [{target: {}, options: {}, path: ''}]", R"({"patches":[{"options":{},"target":{}}]})");
  check("replacements: [{sourceValue: '', targets: [{}, {select: {}, options: {index: 0}}]}]",
        R"({"replacements":[{"sourceValue":"","targets":[{"select":null},{"options":{},"select":{}}]}]})");
  check("sortOptions: {legacySortOptions: {}}",
        R"({"sortOptions":{"legacySortOptions":{"orderFirst":null,"orderLast":null}}})");
  check("vars: [null]\nconfigMapGenerator: [null]\nreplicas: [{name: a}]\nresources: [null, a]",
        R"({"configMapGenerator":[{}],"replicas":[{"count":0,"name":"a"}],"resources":["","a"],)"
        R"("vars":[{"fieldref":{},"name":"","objref":{"name":""}}]})");
  check("helmCharts: [{valuesInline: {a: null, b: {}, c: 0}}]\ncommonLabels: {a: null}",
        R"({"commonLabels":{"a":""},"helmCharts":[{"valuesInline":{"a":null,"b":{},"c":0}}]})");
}

TEST_CASE("a pointer finds a field as it was spelled") {
  Value written = *value::parse_yaml("Patches: [{PATH: x}]\nresources: [a]");
  CHECK(pointer_as_written(written, "/patches/0/path") == "/Patches/0/PATH");
  CHECK(pointer_as_written(written, "/resources/0") == "/resources/0");
  CHECK(pointer_as_written(written, "/nope/1") == "/nope/1");
}
