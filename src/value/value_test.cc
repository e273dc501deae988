#include "value/value.h"
#include "value/in_place.h"

#include <doctest/doctest.h>

#include <thread>

#include "value/json.h"

using namespace slipway;
using namespace slipway::value;

namespace {
Value json(std::string_view text) {
  return *parse_json(text);
}
const Value pod = json(R"({"metadata":{"name":"web","labels":{"app":"web","a/b":"c~d"}},
                           "spec":{"containers":[{"name":"a"},{"name":"b"}],"replicas":3}})");
}  // namespace

TEST_CASE("reading: what is absent is null all the way down") {
  CHECK(pod["spec"]["replicas"].as_int() == 3);
  CHECK(pod["spec"]["containers"][1]["name"].as_string() == "b");
  CHECK(pod["nope"]["deeper"][7].is_null());
  CHECK(pod["nope"].as_string("x") == "x");
  CHECK(pod.at("/metadata/labels/a~1b").as_string() == "c~d");
  CHECK(pod.at("/spec/containers/0/name").as_string() == "a");
  CHECK(pod.at("/spec/containers/2/name").is_null());
  CHECK(pod.at("/spec/containers/00").is_null());
  CHECK(pod.at("").size() == 2);
  CHECK(Value(1.0).as_int() == 1);
  CHECK(Value(1.5).as_int(7) == 7);
  CHECK(Value(1e300).as_int(7) == 7);
  CHECK(Value(uint64_t{1} << 63).type() == Type::real);
}

TEST_CASE("strings of every length, inline and not") {
  for (size_t n = 0; n < 40; ++n) {
    std::string s(n, 'x');
    Value v(s), copy = v, moved = std::move(v);
    CHECK(copy.as_string() == s);
    CHECK(moved == copy);
    CHECK(copy.type() == Type::string);
  }
}

TEST_CASE("changing copies shares the rest and leaves the old one alone") {
  auto check = [](std::string_view path, Value v, std::string_view expected) {
    CHECK(to_json(json(R"({"a":{"b":[1,2]},"s":"x"})").with(path, std::move(v))) == expected);
  };
  check("/a/b/0", 9, R"({"a":{"b":[9,2]},"s":"x"})");
  check("/a/b/-", 9, R"({"a":{"b":[1,2,9]},"s":"x"})");
  check("/a/b/2", 9, R"({"a":{"b":[1,2,9]},"s":"x"})");
  check("/a/b/3", 9, R"({"a":{"b":[1,2]},"s":"x"})");
  check("/n/e/w", 9, R"({"a":{"b":[1,2]},"n":{"e":{"w":9}},"s":"x"})");
  check("/s/x", 9, R"({"a":{"b":[1,2]},"s":"x"})");
  check("", 9, "9");
  Value scaled = pod.with("/spec/replicas", 5);
  CHECK(pod["spec"]["replicas"].as_int() == 3);
  CHECK(scaled["metadata"].same_node(pod["metadata"]));
  CHECK(to_json(pod.without("/spec").without("/metadata/labels/app")) ==
        R"({"metadata":{"labels":{"a/b":"c~d"},"name":"web"}})");
  CHECK(to_json(json("[1,2,3]").without("/1")) == "[1,3]");
  CHECK(json("[1,2,3]").without("/7") == json("[1,2,3]"));
  CHECK(to_json(json("{}").with_member("a/b", 1).with_member("a", 2).with_member("a/b", 3)) == R"({"a":2,"a/b":3})");
  CHECK(to_json(json("[]").appended(1).appended(2).with_item(0, 3).with_item(9, 9)) == "[3,2]");
  CHECK(to_json(json(R"({"a":1})").without_member("a")) == "{}");
}

TEST_CASE("building") {
  Value v{{"b", 1}, {"a", Value::array({1, "two", nullptr})}, {"b", 2}};
  CHECK(to_json(v) == R"({"a":[1,"two",null],"b":2})");
  CHECK(to_json(ObjectBuilder()
                    .set("x", 1)
                    .set_unless_empty("y", "")
                    .set_unless_empty("z", 0)
                    .set_unless_empty("w", false)
                    .set_unless_empty("o", Value::object())
                    .set_unless_empty("n", nullptr)
                    .build()) == R"({"x":1})");
  CHECK(to_json(ArrayBuilder().push(1).push(v).build()) == R"([1,{"a":[1,"two",null],"b":2}])");
}

TEST_CASE("equality and hashes are deep; 1 is 1.0") {
  auto same = [](std::string_view a, std::string_view b) {
    CHECK(json(a) == json(b));
    CHECK(json(a).hash() == json(b).hash());
  };
  auto differ = [](std::string_view a, std::string_view b) { CHECK_FALSE(json(a) == json(b)); };
  same("1", "1.0");
  same(R"({"a":1,"b":[1,2]})", R"({"b":[1.0,2],"a":1})");
  same(R"("a long string, not inline")", R"("a long string, not inline")");
  differ("1", "1.5");
  differ("9007199254740993", "9007199254740992.0");
  differ("[]", "{}");
  differ("null", "false");
  differ("[1,2]", "[2,1]");
  differ(R"({"a":1})", R"({"b":1})");
  differ(R"("1")", "1");
}

TEST_CASE("a very deep tree is compared, written, hashed and destroyed without overflowing the stack") {
  auto deep = [] {
    Value v = 1;
    for (int i = 0; i < 300000; ++i) v = i % 2 ? Value{{"k", std::move(v)}} : Value::array({std::move(v)});
    return v;
  };
  Value a = deep(), b = deep();
  CHECK(a == b);
  CHECK(a.hash() == b.hash());
  CHECK(to_json(a).size() > 1000000);
  CHECK(a.memory_bytes() == b.memory_bytes());
}

TEST_CASE("keys: shared within bounds, right beyond them") {
  Key a("metadata"), b(std::string("metadata"));
  CHECK(a == b);
  CHECK(a.own_bytes() == 0);
  CHECK(Key(std::string(100, 'k')).own_bytes() > 0);
  std::vector<Key> many;
  for (int i = 0; i < 60000; ++i) many.emplace_back("hostile-" + std::to_string(i));
  size_t own = 0;
  for (int i = 0; i < 60000; ++i) {
    REQUIRE(many[static_cast<size_t>(i)].view() == "hostile-" + std::to_string(i));
    own += many[static_cast<size_t>(i)].own_bytes() > 0;
  }
  CHECK(own > 40000);  // the table stopped taking them
  CHECK(Key("metadata").own_bytes() == 0);
  Key moved = std::move(many[0]);
  CHECK(moved.view() == "hostile-0");
  CHECK(many[0].view() == "");
  CHECK(Key("").view().data() != nullptr);  // who copies its bytes may pass the pointer on
}

TEST_CASE("threads read, copy and intern at once") {
  Value shared = pod;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&shared, t] {
      for (int i = 0; i < 2000; ++i) {
        Value mine = shared["spec"];
        mine = mine.with("/key-" + std::to_string(i % 100), t);
        if (mine["replicas"].as_int() != 3) std::abort();
      }
    });
  for (auto& t : threads) t.join();
  CHECK(shared == pod);
}

TEST_CASE("a member is found by its whole name, in small objects and in large ones") {
  auto check = [](size_t count) {
    std::vector<std::string> names = {
        "", std::string(1, '\0'), std::string(10, '\0'), "a", std::string("a\0", 2), "ab", "abc"};
    for (size_t length = 4; names.size() < count; ++length)
      for (std::string_view end : {"x", "y", "\xff"}) names.push_back(std::string(length, 'n') + std::string(end));
    names.resize(count);
    std::vector<Member> members;
    for (size_t i = 0; i < count; ++i) members.push_back({Key(names[i]), Value(static_cast<int64_t>(i))});
    Value object = Value::object(members);
    REQUIRE(object.size() == count);
    for (size_t i = 0; i < count; ++i) {
      CHECK(object[names[i]].as_int(-1) == static_cast<int64_t>(i));
      CHECK(!object.has(names[i] + "z"));
      CHECK(!object.has(names[i] + std::string(8, '\0')));
    }
    CHECK(!object.has("nnnnnnnnnnn"));
  };
  for (size_t count : {1, 2, 7, 12, 13, 14, 60, 200}) check(count);
  CHECK(!Value().has(""));
  CHECK(!Value::object().has(""));
}

TEST_CASE("a change in place is seen by who holds the value alone, and by nobody else") {
  Value v{{"a", Value{{"b", Value::array({1, Value{{"c", "d"}}})}}}, {"z", Value{{"y", 1}}}};
  Value before = v;
  auto at = [&](std::initializer_list<const char*> keys) {
    Value* here = &v;
    for (const char* key : keys) here = here ? value::own_child(*here, key) : nullptr;
    return here;
  };
  *at({"a", "b", "1", "c"}) = "new";
  CHECK(before["a"]["b"][1]["c"] == Value("d"));
  CHECK(v["a"]["b"][1]["c"] == Value("new"));
  CHECK(v["z"].same_node(before["z"]));
  const Value* list = v["a"]["b"].items().data();
  *at({"a", "b", "0"}) = 2;
  CHECK(v["a"]["b"].items().data() == list);  // nothing is copied the second time
  Value later = v["a"]["b"];
  *at({"a", "b", "0"}) = 3;
  CHECK(later[0] == Value(2));
  CHECK(v["a"]["b"][0] == Value(3));
  CHECK(at({"a", "none"}) == nullptr);
  CHECK(at({"a", "b", "2"}) == nullptr);
  CHECK(at({"a", "b", "-"}) == nullptr);
  CHECK(at({"z", "y", "x"}) == nullptr);
}
