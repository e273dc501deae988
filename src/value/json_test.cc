#include "value/json.h"

#include <doctest/doctest.h>

#include <limits>

#include "value/json_error.h"
#include "value/json_indent.h"

using namespace slipway;
using namespace slipway::value;

namespace {

// Text in, compact text out; an error's text when it does not parse.
void check(std::string_view text, std::string_view expected) {
  auto v = parse_json(text);
  CHECK((v ? to_json(*v) : v.error().str()) == expected);
}

// What is read from the front, and what is left.
void check_prefix(std::string_view text, std::string_view value, std::string_view left) {
  auto v = parse_json_prefix(text, {.reals = true});
  CHECK((v ? to_json(*v) : "") == value);
  CHECK(text == left);
}

}  // namespace

TEST_CASE("values, sorted keys, no blanks") {
  check(R"( {"b": [1, -2.5, true, null], "a": {"x": "y"}} )", R"({"a":{"x":"y"},"b":[1,-2.5,true,null]})");
  check("[]", "[]");
  check("[[],{},[{}]]", "[[],{},[{}]]");
  check(R"("")", R"("")");
  check(R"({"":1})", R"({"":1})");
  check(R"({"ab":1,"a":2,"b":3,"":4,"abcdefghi":5,"abcdefgh":6})",
        R"({"":4,"a":2,"ab":1,"abcdefgh":6,"abcdefghi":5,"b":3})");
}

TEST_CASE("numbers as encoding/json reads and writes them") {
  check("9223372036854775807", "9223372036854775807");
  check("-9223372036854775808", "-9223372036854775808");
  check("9223372036854775808", "9223372036854776000");  // a real now
  check("12345678901234567890", "12345678901234567000");
  check("-0", "0");
  check("1.0", "1");
  check("1e3", "1000");
  check("1e20", "100000000000000000000");
  check("1e21", "1e+21");
  check("0.000001", "0.000001");
  check("1e-7", "1e-7");
  check("1.5e-300", "1.5e-300");
  check("1e-400", "0");
  check("0.1", "0.1");
  check("-1.5e18", "-1500000000000000000");
  check("9007199254740993.0", "9007199254740992");
  check("-0.0", "-0");
  check("1e400", "line 1 column 1: invalid JSON: expected a number that a double can hold, found '1'");
  CHECK(parse_json("7")->is_int());
  CHECK_FALSE(parse_json("7.0")->is_int());
  CHECK(to_json(Value(std::numeric_limits<double>::infinity())) == "null");
}

TEST_CASE("strings: escapes, surrogates, bad UTF-8") {
  check(R"("a\"\\\/\b\f\n\r\tA\u00e9\u20ac\ud83d\ude00")", "\"a\\\"\\\\/\\b\\f\\n\\r\\tAé€😀\"");
  check(R"("\ud83dx\ude00")", "\"\xef\xbf\xbdx\xef\xbf\xbd\"");
  check("\"a\xff\xc3(\xe2\x82\"", "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\"");
  check("\"\\u0001\\u007f<>&\xe2\x80\xa8\"", "\"\\u0001\x7f<>&\\u2028\"");
  check(R"("a string that is longer than sixteen bytes, é, and \n ends")",
        R"("a string that is longer than sixteen bytes, é, and \n ends")");
}

TEST_CASE("the value at the front, as json.Decoder reads it") {
  check_prefix(" {\"a\":[-0]}, b", "{\"a\":[-0]}", ", b");
  check_prefix("1é", "1", "é");
  check_prefix("01", "0", "1");
  check_prefix("-01e5", "-0", "1e5");
  check_prefix("true1", "true", "1");
  check_prefix("\"a\"\"b\"", "\"a\"", "\"b\"");
  check_prefix("{}{}", "{}", "{}");
  check_prefix("[01]", "", "[01]");
  check_prefix("1.,", "", "1.,");
  check_prefix("\ufeff1", "", "\ufeff1");
  check_prefix("", "", "");
}

TEST_CASE("what is wrong with the value at the front, as json.Decoder says it") {
  auto check_fault = [](std::string_view text, std::string_view words, size_t offset) {
    auto fault = go_json_prefix_error(text);
    CHECK((fault ? fault->words : "fine") == words);
    CHECK((fault ? fault->offset : 0) == offset);
    CHECK((fault && fault->cut) == (words == "unexpected EOF"));
  };
  check_fault("{}x", "fine", 0);
  check_fault("{} ", "fine", 0);
  check_fault("x", "invalid character 'x' looking for beginning of value", 1);
  check_fault("{\"a\":01}", "invalid character '1' after object key:value pair", 7);
  check_fault("{\"a\":tru", "unexpected EOF", 8);
  check_fault("[1", "unexpected EOF", 2);
}

TEST_CASE("errors tell line, column and what was expected") {
  check("", "line 1 column 1: JSON ends too early: expected a value");
  check("{\n  \"a\": 1\n  \"b\": 2\n}", "line 3 column 3: invalid JSON: expected ',' or '}', found '\"'");
  check("[1,]", "line 1 column 4: invalid JSON: expected a value, found ']'");
  check("{\"a\":1,}", "line 1 column 8: invalid JSON: expected a string as member name, found '}'");
  check("{a:1}", "line 1 column 2: invalid JSON: expected '}' or a string as member name, found 'a'");
  check("\"é\" x", "line 1 column 5: invalid JSON: expected the end of the text after the first value, found 'x'");
  check("[01]", "line 1 column 3: invalid JSON: expected no digit after a leading 0, found '1'");
  check("[1", "line 1 column 3: JSON ends too early: expected ',' or ']'");
  check("\"abc", "line 1 column 1: invalid JSON: expected a string that ends with '\"', found '\"'");
  check("\"a\nb\"",
        "line 1 column 3: invalid JSON: expected control characters in a string to be escaped, found byte 0x0a");
  check("tru", "line 1 column 1: invalid JSON: expected a value, found 't'");
  check(R"("\x")",
        R"(line 1 column 2: invalid JSON: expected an escape: one of \" \\ \/ \b \f \n \r \t \uXXXX, found '\')");
}

TEST_CASE("the last of duplicate members wins, and each is told") {
  std::vector<std::string> duplicates;
  auto v =
      parse_json(R"({"a":[{"k":{}},[7],{"x":{"b/c":1,"q":{"d":1,"d":2},"b/c":3}}],"a2":1,"a2":2})", {}, &duplicates);
  REQUIRE(v);
  CHECK(to_json(*v) == R"({"a":[{"k":{}},[7],{"x":{"b/c":3,"q":{"d":2}}}],"a2":2})");
  CHECK(duplicates == std::vector<std::string>{"/a/2/x/q/d", "/a/2/x/b~1c", "/a2"});
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  CHECK(parse_json(many)->size() == 50);
  CHECK((*parse_json(many))["k7"].as_int() == 57);
}

TEST_CASE("limits") {
  CHECK(parse_json("[[1]]", {.depth_max = 2}).has_value());
  CHECK(parse_json("[[[1]]]", {.depth_max = 2}).failed_with(ErrorKind::too_large));
  CHECK(parse_json("[1,2,3]", {.bytes_max = 6}).failed_with(ErrorKind::too_large));
  CHECK(parse_json(std::string(100000, '[')).failed_with(ErrorKind::too_large));
}

TEST_CASE("pretty form, as kubectl prints it") {
  CHECK(to_json_pretty(*parse_json(R"({"b":[1,{"c":{}}],"a":[]})"), 4) ==
        "{\n    \"a\": [],\n    \"b\": [\n        1,\n        {\n            \"c\": {}\n        }\n    ]\n}");
}

TEST_CASE("text that comes in pieces is indented as a whole Value is") {
  for (std::string_view text : {R"({"a":[],"b":[1,{"c":{}},[[]],"x"],"d":{" f":null,"e":"{\"[,:\\"}})", "[]", "{}", "7",
                                R"("a b")", R"([ 1 , true ] )"}) {
    std::string pretty = to_json_pretty(*parse_json(text));
    for (size_t cut = 1; cut <= text.size(); ++cut) {
      JsonIndenter indenter;
      std::string out;
      for (size_t at = 0; at < text.size(); at += cut) out += indenter.next(text.substr(at, cut));
      CHECK(out == pretty);
    }
  }
}

TEST_CASE("a text of any length is written whole, wherever what must be escaped stands in it") {
  struct {
    std::string_view raw, written;
  } special[] = {{"\"", "\\\""}, {"\\", "\\\\"},   {"\n", "\\n"},      {"\x01", "\\u0001"},
                 {"é", "é"},     {"\x7f", "\x7f"}, {"\xff", "\\ufffd"}};
  for (size_t length = 0; length < 40; ++length) {
    std::string text;
    for (size_t i = 0; i < length; ++i) text += static_cast<char>('a' + i % 26);
    CHECK(to_json(Value(text)) == "\"" + text + "\"");
    CHECK(to_json(Value{{text, 1}}) == "{\"" + text + "\":1}");
    for (size_t at = 0; at <= length; ++at)
      for (auto [raw, written] : special) {
        std::string before = text.substr(0, at), behind = text.substr(at);
        CHECK(to_json(Value(before + std::string(raw) + behind)) ==
              "\"" + before + std::string(written) + behind + "\"");
      }
  }
}

TEST_CASE("long arrays, whose size is guessed from their first items") {
  auto check = [](size_t first, size_t rest) {
    std::vector<Value> items(200, Value(std::string(rest, 'r')));
    for (size_t i = 0; i < 20; ++i) items[i] = Value(std::string(first, 'f'));
    std::string expected = "[[";
    for (const Value& item : items) expected += "\"" + item.str() + "\",";
    expected.back() = ']';
    expected += ",1]";
    CHECK(to_json(Value::array({Value::array(items), 1})) == expected);
  };
  check(0, 1000);
  check(1000, 0);
  check(100, 100);
}

// Each answer is that of kube-apiserver 1.35.4.
TEST_CASE("a text that is no JSON is refused in Go's words") {
  auto check = [](std::string_view text, std::string_view expected) {
    CAPTURE(text);
    CHECK(go_json_error(text).value_or("fine") == expected);
  };
  check("", "unexpected end of JSON input");
  check(R"({"a":)", "unexpected end of JSON input");
  check(R"({"metadata":{"name":"zz"},"data":{"a":"b")", "unexpected end of JSON input");
  check("nul", "invalid character ' ' in literal null (expecting 'l')");
  check("hello", "invalid character 'h' looking for beginning of value");
  check("{a:1}", "invalid character 'a' looking for beginning of object key string");
  check("{'a':1}", R"(invalid character '\'' looking for beginning of object key string)");
  check("{,}", "invalid character ',' looking for beginning of object key string");
  check(R"({"a" 1})", "invalid character '1' after object key");
  check(R"({"a":1,})", "invalid character '}' looking for beginning of object key string");
  check(R"({"a":1 "b"})", R"(invalid character '"' after object key:value pair)");
  check("[1 2]", "invalid character '2' after array element");
  check(R"({"a":tru})", "invalid character '}' in literal true (expecting 'e')");
  check(R"({"a":"\q"})", "invalid character 'q' in string escape code");
  check("{\"a\":\"\x01\"}", R"(invalid character '\x01' in string literal)");
  check(R"({"a":01})", "invalid character '1' after object key:value pair");
  check(R"({"a":1e})", "invalid character '}' in exponent of numeric literal");
  check(R"({"a":-})", "invalid character '}' in numeric literal");
  check("{} x", "invalid character 'x' after top-level value");
  check("{\"a\":\"\x07\"}", R"(invalid character '\a' in string literal)");
  check(std::string(10'001, '['), "invalid character '[' exceeded max depth");
  for (std::string_view good : {"{}", " [ ] ", "null", "-0.5e+3", R"({"a":[1,{"b":"\u00e9\n"},true],"c":{}})"})
    check(good, "fine");
}
