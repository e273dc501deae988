// Expectations were produced with client-go v0.35 unless the case says otherwise.
#include "lang/jsonpath/jsonpath.h"

#include <doctest/doctest.h>

#include "value/json.h"

using namespace slipway;
using namespace slipway::lang::jsonpath;

namespace {

const Value document = *value::parse_json(R"({"kind":"List","items":[
  {"metadata":{"name":"a","labels":{"app":"x","a.b/c":"d"}},"spec":{"n":3,"f":1.5,"t":true,"z":null,"html":"<a&b>","big":1234567.5},
   "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}]}},
  {"metadata":{"name":"b"},"spec":{"n":5,"e":[],"o":{}},"status":{"conditions":[{"type":"Ready","status":"False"}]}}],
  "empty":[],"nums":[1,2,3,4,5],"mixed":[1,"a",true,null]})");

void check(std::string_view path, std::string_view expected, Missing missing = Missing::allow) {
  auto compiled = compile(path);
  auto text = compiled ? render(*compiled, document, missing) : Result<std::string>(compiled.error());
  CHECK_MESSAGE((text ? *text : "error: " + text.error().str()) == expected, path);
}

}  // namespace

TEST_CASE("fields, with and without what is there") {
  check("{.kind}", "List");
  check("kind", "kind");
  check("{$.kind}{@.kind}", "ListList");
  check("{.items[0].metadata.labels.a\\.b/c}", "d");
  check("{.items[0].metadata.labels['a\\.b/c']}", "d");
  check("{.items[0].metadata.labels['a.b/c']}", "");  // two fields
  check("{.none.x}", "");
  check("{.none.x}", "error: none is not found", Missing::refuse);
  check("{.items[0].spec.z}", "null");
  check("{.items[*].spec.f}", "1.5");
}

TEST_CASE("indices, slices, unions, wildcards") {
  check("{.nums[0]} {.nums[-1]}", "1 5");
  check("{.nums[1:3]}|{.nums[::2]}|{.nums[-2:]}|{.nums[:]}", "2 3|1 3 5|4 5|1 2 3 4 5");
  check("{.nums[0,1:3,-1]}", "1 2 3 5");
  check("{.items[*]['metadata.name', 'spec.n']}", "a b 3 5");
  check("{.items.*.metadata.name}", "a b");
  check("{.nums[9]}", "error: array index out of bounds: index 9, length 5");
  check("{.nums[3:1]}", "error: starting index 3 is greater than ending index 1");
  check("{.nums[0:2:0]}", "error: step must be > 0");
  check("{.kind[0]}", "error: string is not array or slice");
  check("{..name}", "a b");
}

TEST_CASE("filters") {
  check("{.items[*].status.conditions[?(@.type==\"Ready\")].status}", "True False");
  check("{.items[?(@.metadata.name=='b')].spec.n}", "5");
  check("{.items[?(@.spec.n>3)].metadata.name}", "b");
  check("{.items[?(@.spec.n<=3)].metadata.name}", "a");
  check("{.items[?(@.spec.f)].metadata.name}", "a");
  check("{.items[?(@.spec.t==true)].metadata.name}", "a");
  check("{.items[?(@.spec.f>1)].metadata.name}", "error: incompatible types for comparison");
  check("{.items[?(@.spec.t>true)].metadata.name}", "error: invalid type for comparison");
  check("{.nums[?(@=<2)]}", "error: unrecognized filter operator =<");
  check("{.kind[?(@.x)]}", "error: List is not array or slice and cannot be filtered");
}

TEST_CASE("ranges and text") {
  check("{range .items[*]}{.metadata.name}{\"\\t\"}{.spec.n}{\"\\n\"}{end}", "a\t3\nb\t5\n");
  check("{range .items[*]}{.metadata.name}: {range .status.conditions[*]}{.type}={.status} {end}; {end}done",
        "a: Ready=True Other=False ; b: Ready=False ; done");
  check("{range .empty[*]}{.x}{end}after", "after");
  check("{end}", "error: not in range, nothing to end");
  check("text {.kind} more {.nums[0]} end", "text List more 1 end");
  check("{'it\\'s'}{\"\\u00e9\\x41\\101\"}", "it's\u00e9AA");
  check("{1}{-5}{1.5}{true}", "1-51.5true");
}

TEST_CASE("lists and mappings are JSON, floats are Go's") {
  check("{.items[0].metadata.labels}", R"({"a.b/c":"d","app":"x"})");
  check("{.items[0].spec.html}", "<a&b>");
  check("{.items[0].spec}", R"({"big":1234567.5,"f":1.5,"html":"\u003ca\u0026b\u003e","n":3,"t":true,"z":null})");
  check("{.items[0].spec.big}", "1.2345675e+06");
  CHECK(*render_json(*compile("{.nums[0,1]}{.none}"), document) == "[\n    1,\n    2\n]\n[]\n");
}

TEST_CASE("what does not parse") {
  check("{.kind", "error: unclosed action");
  check("{.items[0}", "error: unterminated array");
  check("{.items[a]}", "error: invalid array index a");
  check("{.nums[-]}", "error: array index - is not a number");
  check("{.items[?(@.x}", "error: unterminated filter");
  check("{.items[?(@.x==1)", "error: unclosed array expect ]");
  check("{\"a}", "error: unterminated quoted string");
  check("{'\\\"'}", "error: unquote string '\\\"' error invalid syntax");
  check("{*}", "error: unrecognized character in action: U+002A '*'");
  check("{....name}", "error: invalid multiple recursive descent");
  check("{1.2.3}", "error: cannot parse number 1.2.3");
  check("{foo}", "error: unrecognized identifier foo");
}

TEST_CASE("printer columns and relaxed paths") {
  auto ready = compile_column(".status.conditions[?(@.type==\"Ready\")].status");
  REQUIRE(ready);
  CHECK(find(*ready, document["items"][0]) == std::vector<Value>{"True"});
  CHECK(find(*compile_column(".nums[9]"), document).empty());
  CHECK(find(*compile_column(".none"), document).empty());
  for (std::string_view form : {"metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"})
    CHECK(*relaxed(form) == "{.metadata.name}");
  CHECK(*relaxed("") == "");
  CHECK_FALSE(relaxed("{a}{b}").has_value());
}

TEST_CASE("limits: hostile templates end") {
  Value wide = Value::array(std::vector<Value>(2000, Value::array(std::vector<Value>(100, 1))));
  CHECK(evaluate(*compile("{..[*]}{range ..[*]}{range ..[*]}{@}{end}{end}"), wide).failed_with(ErrorKind::too_large));
  std::string deep, ranges;
  for (int i = 0; i < 200; ++i) deep += "[?(@";
  CHECK_FALSE(compile("{" + deep + "}").has_value());
  for (int i = 0; i < 200; ++i) ranges += "{range @}";
  CHECK(evaluate(*compile(ranges), document).failed_with(ErrorKind::too_large));
  CHECK(compile(std::string(70000, 'x')).failed_with(ErrorKind::too_large));
  Value tower = 1;
  for (int i = 0; i < 100000; ++i) tower = Value::array({std::move(tower)});
  CHECK(evaluate(*compile("{..[0]}"), tower).has_value());
}
