#include <doctest/doctest.h>

#include "base/text.h"
#include "kinds/object.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::kinds;

namespace {
Value json(std::string_view text) {
  return *value::parse_json(text);
}
}  // namespace

TEST_CASE("label selectors are read and matched") {
  auto check = [](std::string_view text, std::string_view labels, bool expected, std::string_view printed) {
    auto selector = Selector::parse(text);
    REQUIRE_MESSAGE(selector.has_value(), text);
    CHECK(selector->matches(json(labels)) == expected);
    CHECK(selector->str() == printed);
  };
  check("", "{}", true, "");
  check("a=b", R"({"a":"b"})", true, "a=b");
  check("a==b,c!=d", R"({"a":"b"})", true, "a=b,c!=d");
  check("a in (x, y)", R"({"a":"y"})", true, "a in (x,y)");
  check("a notin (x,y)", R"({"a":"y"})", false, "a notin (x,y)");
  check("a notin (x,y)", "{}", true, "a notin (x,y)");
  check("a,!b", R"({"a":""})", true, "a,!b");
  check("!a", R"({"a":""})", false, "!a");
  check("a>1", R"({"a":"2"})", true, "a>1");
  check("a<1", R"({"a":"x"})", false, "a<1");
  check("a in ()", R"({"a":""})", true, "a=");
  check("a in (,x)", R"({"a":"x"})", true, "a in (,x)");
  check("in=x", R"({"in":"x"})", true, "in=x");
}

TEST_CASE("a selector with many requirements is written as it reads, however often") {
  std::string text = "b<0";
  for (int i = 1; i < 40; ++i) text += fmt::format(",{}<{}", i % 3 ? "b" : "a", i * 7 % 40);
  std::string once = Selector::parse(text).value().str();
  CHECK(Selector::parse(once).value().str() == once);
}

TEST_CASE("label selectors are refused in Kubernetes' words") {
  auto check = [](std::string_view text, std::string_view message) {
    auto selector = Selector::parse(text);
    REQUIRE_FALSE(selector.has_value());
    CHECK(selector.error().message() == message);
    CHECK(selector.error().is(ErrorKind::bad_request));
  };
  check("a in b", "unable to parse requirement: found 'b' expected: '('");
  check("a=!b", "unable to parse requirement: found '!', expected: identifier");
  check("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  check("a=b,", "found '', expected: identifier after ','");
  check(",", "found ',', expected: !, identifier, or 'end of string'");
  check("a=b c", "found 'c', expected: ',' or 'end of string'");
}

TEST_CASE("selectors of objects") {
  CHECK(Selector::from_label_selector(json("{}"))->matches_everything());
  CHECK_FALSE(Selector::from_label_selector(Value())->matches(json("{}")));
  auto selector = Selector::from_label_selector(
      json(R"({"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"Exists"}]})"));
  CHECK(selector->str() == "a=b,c");
  CHECK(selector->matches(json(R"({"a":"b","c":""})")));
  CHECK_FALSE(selector->matches(json(R"({"a":"b"})")));
  CHECK_FALSE(Selector::from_label_selector(json(R"({"matchExpressions":[{"key":"c","operator":"Is"}]})")).has_value());
  CHECK(Selector::from_map(json(R"({"a":"b"})")).matches(json(R"({"a":"b"})")));
}

TEST_CASE("field selectors") {
  const Kind& pod = *builtin_catalog().find_word("pod");
  const Kind& map = *builtin_catalog().find_word("cm");
  auto check = [](const Kind& kind, std::string_view text, std::string_view object, bool expected) {
    auto selector = FieldSelector::parse(kind, text);
    REQUIRE_MESSAGE(selector.has_value(), text);
    CHECK(selector->matches(json(object)) == expected);
  };
  check(pod, "metadata.name=x,status.phase!=Running", R"({"metadata":{"name":"x"},"status":{"phase":"Pending"}})",
        true);
  check(pod, "spec.nodeName=", R"({"spec":{}})", true);
  check(pod, "spec.hostNetwork=false", R"({"spec":{}})", true);
  check(map, "metadata.name==a\\,b", R"({"metadata":{"name":"a,b"}})", true);
  CHECK(FieldSelector::parse(pod, "metadata.name=x")->exact("metadata.name") == "x");
  auto refused = [](const Kind& kind, std::string_view text, std::string_view message) {
    auto selector = FieldSelector::parse(kind, text);
    REQUIRE_FALSE(selector.has_value());
    CHECK(selector.error().message() == message);
  };
  refused(pod, "spec.bogus=1", "field label not supported: spec.bogus");
  refused(map, "data.a=1", "\"data.a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
  refused(map, "metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'");
}
