#include "value/patch.h"

#include <doctest/doctest.h>

#include "value/json.h"

using namespace slipway;
using namespace slipway::value;

namespace {

Value json(std::string_view text) {
  return *parse_json(text);
}

void check(std::string_view target, std::string_view operations, std::string_view expected) {
  auto v = json_patch(json(target), json(operations));
  CHECK((v ? to_json(*v) : v.error().str()) == expected);
}

void check_merge(std::string_view target, std::string_view patch, std::string_view expected) {
  Value merged = merge_patch(json(target), json(patch));
  CHECK(to_json(merged) == expected);
  CHECK(merge_patch(json(target), merge_diff(json(target), merged)) == merged);
}

}  // namespace

TEST_CASE("JSON patch: the operations") {
  check(
      R"({"a":1})",
      R"([{"op":"add","path":"/b","value":[1,3]},{"op":"add","path":"/b/1","value":2},{"op":"add","path":"/b/-","value":4}])",
      R"({"a":1,"b":[1,2,3,4]})");
  check(R"({"a":{"b":1,"c":2}})", R"([{"op":"remove","path":"/a/b"}])", R"({"a":{"c":2}})");
  check(R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/0"},{"op":"replace","path":"/a/-1","value":9}])",
        R"({"a":[2,9]})");
  check(R"({"a":{"x":1},"b":{}})", R"([{"op":"move","from":"/a/x","path":"/b/y"}])", R"({"a":{},"b":{"y":1}})");
  check(R"({"a":{"x":1}})", R"([{"op":"copy","from":"/a","path":"/a/y"}])", R"({"a":{"x":1,"y":{"x":1}}})");
  check(R"({"a/b":{"m~n":1}})",
        R"([{"op":"test","path":"/a~1b/m~0n","value":1.0},{"op":"replace","path":"/a~1b/m~0n","value":2}])",
        R"({"a/b":{"m~n":2}})");
  check(R"({"a":1})", R"([{"op":"replace","path":"","value":[]}])", "[]");
}

TEST_CASE("JSON patch: leniencies of evanphx/json-patch") {
  check(R"({})", R"([{"op":"replace","path":"/new","value":1}])", R"({"new":1})");
  check(R"({})", R"([{"op":"add","path":"/new"}])", R"({"new":null})");
  check(R"({})", R"([{"op":"copy","from":"/none","path":"/new"}])", R"({"new":null})");
  check(R"({"a":1})", R"([{"op":"test","path":"/none","value":null}])", R"({"a":1})");
  check(R"({"a":[1,2]})", R"([{"op":"add","path":"/a/-1","value":3}])", R"({"a":[1,2,3]})");
}

TEST_CASE("JSON patch: errors name operation and path") {
  check(R"({"spec":{}})", R"([{"op":"test","path":"/spec","value":{}},{"op":"remove","path":"/spec/nope"}])",
        "operation 1 (remove /spec/nope): error in remove for path: '/spec/nope': Unable to remove nonexistent key: "
        "nope: missing value");
  check(R"({"spec":{}})", R"([{"op":"add","path":"/spec/a/b","value":1}])",
        "operation 0 (add /spec/a/b): add operation does not apply: doc is missing path: \"/spec/a/b\": missing value");
  check(R"({"spec":{"replicas":1}})", R"([{"op":"test","path":"/spec/replicas","value":2}])",
        "operation 0 (test /spec/replicas): testing value /spec/replicas failed: test failed");
  check("{}", R"([{"op":"foo","path":"/a"}])", "operation 0 (foo /a): Unexpected kind: foo");
  check("{}", R"([{"path":"/a"}])", "operation 0 (unknown /a): Unexpected kind: unknown");
  check(R"({"a":[1]})", R"([{"op":"add","path":"/a/3","value":2}])",
        "operation 0 (add /a/3): Unable to access invalid index: 3: invalid index referenced");
  check(R"({"a":[1]})", R"([{"op":"add","path":"/a/x","value":2}])",
        "operation 0 (add /a/x): strconv.Atoi: parsing \"x\": invalid syntax");
  check("{}", R"([{"op":"add","path":"a","value":2}])",
        "operation 0 (add a): expected a JSON pointer that begins with '/' as \"path\", found \"a\"");
  check("{}", R"({"op":"add"})", "a JSON patch is a list of operations, found object");
  check(R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])",
        "operation 0 (move /a/b): move operation does not apply: /a/b lies inside /a");
}

TEST_CASE("JSON patch: what is looked at must be there to be looked at") {
  auto refused = [&](std::string operation, std::string words) {
    check(R"({"a":[1],"n":null,"s":"x"})", "[" + operation + "]", words);
  };
  refused(R"({"op":"copy","from":"/a/1","path":"/b"})",
          "operation 0 (copy /b): error in copy for from: '/a/1': Unable to access invalid index: 1: invalid index "
          "referenced");
  refused(R"({"op":"copy","from":"/a/-","path":"/b"})",
          "operation 0 (copy /b): error in copy for from: '/a/-': strconv.Atoi: parsing \"-\": invalid syntax");
  refused(R"({"op":"test","path":"/a/1","value":null})",
          "operation 0 (test /a/1): error in test for path: '/a/1': Unable to access invalid index: 1: invalid index "
          "referenced");
  for (std::string below : {"/n/x", "/s/x", "/none/x"}) {
    refused(
        R"({"op":"copy","from":")" + below + R"(","path":"/b"})",
        "operation 0 (copy /b): copy operation does not apply: doc is missing from path: " + below + ": missing value");
    refused(R"({"op":"test","path":")" + below + R"(","value":null})",
            "operation 0 (test " + below + "): test operation does not apply: is missing path: " + below +
                ": missing value");
  }
}

TEST_CASE("JSON patch: copies cannot grow a document without bound") {
  std::string ops = "[";
  for (int i = 0; i < 60; ++i) ops += R"({"op":"copy","from":"/a","path":"/a/c)" + std::to_string(i) + R"("},)";
  ops.back() = ']';
  CHECK(json_patch(json(R"({"a":{"x":"some text here"}})"), json(ops)).failed_with(ErrorKind::too_large));
  Value many = Value::array(std::vector<Value>(10001, json(R"({"op":"test","path":"","value":{}})")));
  CHECK(json_patch(json("{}"), many).failed_with(ErrorKind::too_large));
  // Nor take long: looking at the whole document after each change writes it anew each time.
  ArrayBuilder items, adds;
  for (int i = 0; i < 20'000; ++i) items.push(i);
  for (int i = 0; i < 2'000; ++i) {
    adds.push(json(R"({"op":"add","path":"/a/-","value":1})"));
    adds.push(json(R"({"op":"copy","from":"/a","path":"/b"})"));
  }
  Value wide = Value::object({{"a", items.build()}}), ops_wide = adds.build();
  CHECK(json_patch(wide, ops_wide).failed_with(ErrorKind::too_large));
  CHECK(json_patch(wide, json(R"([{"op":"add","path":"/a/-","value":1}])"))->at("/a").size() == 20'001);
  std::string deep;
  for (int i = 0; i < 1002; ++i) deep += "/a";
  CHECK(json_patch(json("{}"), Value::array({Value{{"op", "add"}, {"path", deep}, {"value", 1}}}))
            .failed_with(ErrorKind::too_large));
}

// What stands beside the places that change costs once, not once for each operation.
TEST_CASE("JSON patch: ten thousand operations on a wide object and a long list") {
  std::vector<Member> members;
  for (int i = 0; i < 50'000; ++i) members.push_back({fmt::format("k{}", i), i});
  ArrayBuilder items, operations;
  for (int i = 0; i < 20'000; ++i) items.push(i);
  Value wide = Value::object({{"data", Value::object(members)}, {"list", items.build()}});
  for (int i = 0; i < 2'500; ++i) {
    operations.push(Value{{"op", "add"}, {"path", fmt::format("/data/n{}", i)}, {"value", i}});
    operations.push(Value{{"op", "remove"}, {"path", fmt::format("/data/k{}", i)}});
    operations.push(Value{{"op", "remove"}, {"path", "/list/0"}});
    operations.push(Value{{"op", "add"}, {"path", "/list/-"}, {"value", -i}});
  }
  auto patched = json_patch(wide, operations.build());
  REQUIRE(patched);
  CHECK((*patched)["data"].size() == 50'000);
  CHECK((*patched)["data"]["n2499"] == Value(2499));
  CHECK(!(*patched)["data"].has("k2499"));
  CHECK((*patched)["list"].size() == 20'000);
  CHECK((*patched)["list"][0] == Value(2500));
  CHECK((*patched)["list"][19'999] == Value(-2499));
}

TEST_CASE("JSON patch: what an operation opened is seen by the next") {
  check(
      R"({"a":{"x":[1]},"b":2})",
      R"([{"op":"add","path":"/a/x/-","value":2},{"op":"test","path":"/a","value":{"x":[1,2]}},)"
      R"({"op":"copy","from":"/a","path":"/c"},{"op":"add","path":"/a/x/0","value":0},{"op":"move","from":"/a/x","path":"/b"},)"
      R"({"op":"remove","path":"/b/1"},{"op":"replace","path":"/c/x/-1","value":"z"}])",
      R"({"a":{},"b":[0,2],"c":{"x":[1,"z"]}})");
  check("1", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})");
  check("1", R"([{"op":"remove","path":"/a"}])",
        "operation 0 (remove /a): error in remove for path: '/a': Unable to remove nonexistent key: a: missing value");
}

TEST_CASE("merge patch: the examples of RFC 7386") {
  check_merge(R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})");
  check_merge(R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})");
  check_merge(R"({"a":"b"})", R"({"a":null})", R"({})");
  check_merge(R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})");
  check_merge(R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})");
  check_merge(R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})");
  check_merge(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})");
  check_merge(R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})");
  check_merge(R"(["a","b"])", R"(["c","d"])", R"(["c","d"])");
  check_merge(R"({"a":"foo"})", "null", "null");
  check_merge(R"({"a":"foo"})", R"("bar")", R"("bar")");
  check_merge(R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})");
  check_merge(R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})");
  check_merge(R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})");
}

TEST_CASE("merge_diff is small and goes there") {
  CHECK(to_json(merge_diff(json(R"({"a":{"x":1,"y":[1,2]},"b":2,"c":3})"),
                           json(R"({"a":{"x":1,"y":[1]},"b":2,"d":4})"))) == R"({"a":{"y":[1]},"c":null,"d":4})");
  CHECK(to_json(merge_diff(json(R"({"a":1})"), json(R"({"a":1.0})"))) == "{}");
}

TEST_CASE("differences, outermost first") {
  auto places = differences(json(R"({"a":{"deep":{"x":1}},"b":1,"l":[1,2]})"),
                            json(R"({"a":{"deep":{"x":2}},"b":2,"l":[1,2,3],"n/o":1})"));
  CHECK(places == std::vector<std::string>{"/b", "/n~1o", "/l/2", "/a/deep/x"});
  CHECK(differences(json("[1,2,3]"), json("[4,5,6]"), 2).size() == 2);
  CHECK(differences(json("{}"), json("{}")).empty());
  CHECK(differences(json("{}"), json("[]")) == std::vector<std::string>{""});
}
