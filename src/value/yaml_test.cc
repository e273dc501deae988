// Expectations were produced with sigs.k8s.io/yaml v1.6 unless the case says that we choose otherwise.
#include "value/yaml.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/text.h"
#include "value/json.h"
#include "value/yaml_places.h"

using namespace slipway;
using namespace slipway::value;

namespace {

void check(std::string_view yaml, std::string_view expected, YamlRules rules = YamlRules::sigs) {
  auto v = parse_yaml(yaml, "f.yaml", {.rules = rules});
  CHECK((v ? to_json(*v) : v.error().str()) == expected);
}

// JSON in, YAML out; and the YAML reads back as the same value.
void check_write(std::string_view json, std::string_view yaml) {
  Value v = *parse_json(json);
  CHECK(to_yaml(v) == yaml);
  auto back = parse_yaml(to_yaml(v));
  REQUIRE_MESSAGE(back, back.error().str());
  CHECK(to_json(*back) == to_json(v));
}

}  // namespace

TEST_CASE("scalars, as YAML 1.1 by go-yaml v2") {
  check("[y, Yes, on, TRUE, n, No, OFF, false]", "[true,true,true,true,false,false,false,false]");
  check("[yES, oN, 'on', \"no\", !!str yes]", R"(["yES","oN","on","no","yes"])");
  check("[~, null, Null, !!null '', '']", R"([null,null,null,null,""])");
  check("[0777, 0o17, 0x1f, 0b11, 1_000, -0b11, 0b+1, +1, -0, 08]", "[511,15,31,3,1000,-3,1,1,0,8]");
  check("[1.0, 1e3, 1.50, .5, 1.0e-7, 1., .1_5, 685_230.15]", "[1,1000,1.5,0.5,1e-7,1,0.15,685230.15]");
  check("[1:30, 2020-01-01, 1.2.3, 0o8, _1, 1e400, 0x1p3, '1']",
        R"(["1:30","2020-01-01","1.2.3","0o8","_1","1e400","0x1p3","1"])");
  check("[9223372036854775807, 12345678901234567890]", "[9223372036854775807,12345678901234567000]");
  check("[!!int '0x10', !!float 1, !!bool yes, ! 12, !custom 5, !!binary YQ==]", R"([16,1,true,"12","5","a"])");
  check("a: .inf", "f.yaml:1:4: .inf has no JSON: expected a finite number, or quotes around it");
  check("a: !!int x", "f.yaml:1:4: cannot decode !!str `x` as a !!int");
}

TEST_CASE("scalars, as kustomize reads them") {
  check("[y, Yes, on, true, no]", R"(["y","Yes","on",true,"no"])", YamlRules::kustomize);
  check("[2020-01-01, 2020-1-2 3:4:5.60, 2020-01-01T00:00:00+02:00, 2020-02-30]",
        R"(["2020-01-01T00:00:00Z","2020-01-02T03:04:05.6Z","2020-01-01T00:00:00+02:00","2020-02-30"])",
        YamlRules::kustomize);
  check("1: a", "f.yaml:1:1: a key must be text, found a integer: quote it", YamlRules::kustomize);
  check("[! 5, ! '5', ! ~, ! 2020-01-01]", R"([5,"5",null,"2020-01-01T00:00:00Z"])", YamlRules::kustomize);
  for (const char* key : {"2020-01-01", "! 2020-01-01", "!!timestamp 2020-01-01", "!!timestamp '2020-01-01'"})
    check(fmt::format("{}: a", key), "f.yaml:1:1: a key must be text, found a time: quote it", YamlRules::kustomize);
  check("!!str 2020-01-01: a", R"({"2020-01-01":"a"})", YamlRules::kustomize);
  check("! 1: a", "f.yaml:1:1: a key must be text, found a integer: quote it", YamlRules::kustomize);
}

TEST_CASE("keys become text") {
  check("{on: 1, 1.0: 2, 1e3: 3, 2020-01-01: 4, .inf: 5, 0x10: 6, 1.5: 7}",
        R"({".inf":5,"1":2,"1.5":7,"1000":3,"16":6,"2020-01-01":4,"true":1})");
  check("~: x", "f.yaml:1:1: null cannot be a key: expected text (quote it to mean the word)");
  check("? [a]\n: b", "f.yaml:1:3: a list cannot be a key: expected text");
  check("18446744073709551615: a", "f.yaml:1:1: the number 18446744073709551615 is too large for a key: quote it");
}

TEST_CASE("structure, anchors and merges") {
  check("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2", R"({"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}})");
  check("<<: [{a: 1}, {a: 2, b: 3}]", R"({"a":1,"b":3})");
  check("<<: {a: 1, b: 1}\na: 2", R"({"a":2,"b":1})");
  check("a: 2\n<<: {a: 1}", R"({"a":2})");  // ours; go-yaml v2 lets what comes later win
  check("\"<<\": {a: 1}", R"({"<<":{"a":1}})");
  check("<<: 5", "f.yaml:1:5: map merge requires map or sequence of maps as the value");
  check("&k a: &v b\n*v : *k", R"({"a":"b","b":"a"})");
  check("a: *b", "f.yaml:1:4: unknown anchor 'b' referenced");
  check("a: &x [*x]", "f.yaml:1:8: anchor 'x' value contains itself");
  check("a: |\n  x\n   y\n\nb: >-\n  c\n  d\n", R"({"a":"x\n y\n","b":"c d"})");
  check("- a\n- - b\n  - c\n", R"(["a",["b","c"]])");
  check("a:\n- b\n", R"({"a":["b"]})");
  check("", "null");
  check("# only a comment\n", "null");
  check("{}", "{}");
}

TEST_CASE("odd texts mean what go-yaml takes them for") {
  check("{a:}", R"({"a:":null})");
  check("{a:,b, c: d}", R"({"a:":null,"b":null,"c":"d"})");
  check("[a:, b:]", R"(["a:","b:"])");
  check(
      "a: 1\n\xef\xbb\xbf"
      "b: 2",
      "{\"a\":1,\"\xef\xbb\xbf"
      "b\":2}");
  check(
      "\xef\xbb\xbf"
      "a: 1",
      R"({"a":1})");
  check("{a?b: c}",
        "f.yaml:1:3: did not find expected ',' or '}' (quote a text with '?' in it) (while parsing a flow mapping that "
        "begins at line 1)");
  check("é: \"a\\/b\"",
        "f.yaml:1:6: found unknown escape character '/' (write / without the backslash) (while parsing a quoted scalar "
        "that begins at line 1)");
  check("[\"it\\'s\", b:]", R"(["it's","b:"])");
  check("a: \"a\\\\/b\"", R"({"a":"a\\/b"})");
  check("%YAML 1.2\n---\na: 1", "f.yaml:1:1: found incompatible YAML document (expected %YAML 1.1)");
  check("[!tag, b]", R"(["b"])");
  check("[1, !!null, 1.50, !!int, 5]", R"([1,"1.50","5"])");
  check("{a: !!null,b: 1}", R"({"a":"1"})");
  check("[!!map, {a: b}, &a !!seq, [c], *a]", R"([{"a":"b"},["c"],["c"]])");
  check("[!a]b, c]", R"(["c"])");
  check("a: !!str,b 5\nc: é", R"({"a":"5","c":"é"})");
  check("[!<tag:yaml.org,2002:str>, b]",
        "f.yaml:1:26: did not find expected whitespace or line break (while scanning a tag that begins at line 1)");
  check("[a,!!null]",
        "f.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence that begins at line 1)");
  check("[!{, 1]",
        "f.yaml:1:3: did not find expected whitespace or line break (while scanning a tag that begins at line 1)");
  check("a: 1\r\nb: 2\r\n", R"({"a":1,"b":2})");
}

// testdata/yaml_errors.jsonl: texts, and what go.yaml.in/yaml v2.4.4 says of the first document of each; "" where it
// reads it.
TEST_CASE("go-yaml's words, its lines, and what it takes for a document") {
  std::ifstream file("testdata/yaml_errors.jsonl");
  size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    Value v = *parse_json(line);
    CHECK_MESSAGE(go_yaml_error(v[0].as_string(), true) == v[1].as_string(), v[0].str());
  }
  CHECK(count > 300);
}

TEST_CASE("a key behind empty brackets comes too late") {
  YamlLimits first{.first_only = true};
  CHECK(to_json(*parse_yaml("{}: a", {}, first)) == "{}");
  CHECK(to_json(parse_yaml("- []: x\n", {}, first).value_or(Value("refused"))) == R"("refused")");
  CHECK(to_json(parse_yaml("{a}: b", {}, first).value_or(Value("refused"))) == R"("refused")");
}

TEST_CASE("errors: place, and what was expected") {
  check("a: b: c", "f.yaml:1:5: mapping values are not allowed in this context");
  check("a:\n  b: 1\n c: 2",
        "f.yaml:3:2: did not find expected key (while parsing a block mapping that begins at line 1)");
  check("a:\n\t- b",
        "f.yaml:2:1: found character that cannot start any token (a tab: YAML is indented with blanks) (while scanning "
        "for the next token that begins at line 2)");
  check("a: @b",
        "f.yaml:1:4: found character that cannot start any token ('@': quote the text) (while scanning for the next "
        "token that begins at line 1)");
  check("a: [b", "f.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence that begins at line 1)");
  check("a: 1\nb: \x01", "f.yaml:2:4: control characters are not allowed (0x01)");
  check("a: \xff", "f.yaml:1:4: invalid leading UTF-8 octet (0xff)");
  check("a: 1\nb:\n  x: 1\n  y: 2\n  x: 3", "f.yaml:5:3: mapping key \"x\" already defined at line 3");
  check("- {on: 1, true: 2}", "f.yaml:1:11: mapping key \"true\" already defined at line 1");
  check("a: 1\n---\nb: 2", "f.yaml:3:1: expected one YAML document, found 2");
}

TEST_CASE("streams of documents") {
  auto all = parse_yaml_documents("# c\n---\na: 1\n---\n# nothing\n---\n\nb: 2\n...\n---\nnull\n");
  REQUIRE(all);
  REQUIRE(all->size() == 3);
  CHECK((*all)[0].line == 3);
  CHECK((*all)[1].line == 8);
  CHECK(to_json((*all)[1].value) == R"({"b":2})");
  CHECK((*all)[2].value.is_null());
  auto twice = parse_yaml_documents("a: 1\na: 2\n<<: {a: 3}", {}, {}, DuplicateKeys::last_wins);
  CHECK(to_json((*twice)[0].value) == R"({"a":3})");
}

TEST_CASE("limits") {
  auto kind = [](std::string text, YamlLimits limits) {
    auto v = parse_yaml(text, {}, limits);
    return v ? ErrorKind::internal : v.error().kind();
  };
  CHECK(kind("[[[1]]]", {.depth_max = 2}) == ErrorKind::too_large);
  CHECK(kind("[1, 2, 3]", {.bytes_max = 5}) == ErrorKind::too_large);
  CHECK(kind("[1, 2, 3]", {.nodes_max = 3}) == ErrorKind::too_large);
  CHECK(kind("[abc, def]", {.expanded_bytes_max = 5}) == ErrorKind::too_large);
  CHECK(kind(std::string(100000, '['), {}) == ErrorKind::too_large);
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string n = std::to_string(i), below = "*a" + std::to_string(i - 1);
    laughs += "a" + n + ": &a" + n + " [" + below;
    for (int j = 0; j < 8; ++j) laughs += ", " + below;
    laughs += "]\n";
  }
  CHECK(kind(laughs, {}) == ErrorKind::too_large);
  std::string merges = "base: &b {";
  for (int i = 0; i < 1000; ++i) merges += "k" + std::to_string(i) + ": 1, ";
  merges += "}\nall:\n";
  for (int i = 0; i < 10000; ++i) merges += "- <<: *b\n";
  CHECK(kind(merges, {}) == ErrorKind::too_large);
}

TEST_CASE("writing: structure") {
  check_write(R"({"b":[1,{"c":{},"d":[]}],"a":{"x":null}})", "a:\n  x: null\nb:\n- 1\n- c: {}\n  d: []\n");
  check_write("[[1,2],[[3]],{\"a\":[[4]]}]", "- - 1\n  - 2\n- - - 3\n- a:\n  - - 4\n");
  check_write("{}", "{}\n");
  check_write("[]", "[]\n");
  check_write("null", "null\n");
  check_write(R"("text")", "text\n");
  check_write(R"({"-":1,"_":1,"9":1,"10":1,"A":1,"B":1,"a-1":1,"a_1":1,"a2":1,"a10":1,"b":1,"é":1})",
              "'-': 1\n_: 1\n\"9\": 1\n\"10\": 1\nA: 1\nB: 1\na-1: 1\na_1: 1\na2: 1\na10: 1\nb: 1\né: 1\n");
  std::string key(129, 'x');
  check_write("{\"" + key + "\":[1]}", "? " + key + "\n: - 1\n");
  check_write(R"({"a\nb":{"c":1}})", "? |-\n  a\n  b\n: c: 1\n");
}

TEST_CASE("writing: numbers") {
  auto check_number = [](double d, std::string_view expected) { CHECK(to_yaml(d) == std::string(expected) + "\n"); };
  check_number(1000000, "1000000");
  check_number(1234567.5, "1.2345675e+06");
  check_number(1e20, "1e+20");
  check_number(1e21, "1e+21");
  check_number(12345678901234567890.0, "12345678901234567000");
  check_number(1e-7, "1e-07");
  check_number(0.1, "0.1");
  check_number(-0.0, "0");
  CHECK(to_yaml(-5) == "-5\n");
}

TEST_CASE("writing: what is quoted, and how") {
  auto same = [](std::initializer_list<const char*> texts, std::string before, std::string after) {
    for (std::string text : texts) {
      CHECK(to_yaml(text) == before + text + after + "\n");
      CHECK(parse_yaml(to_yaml(text))->as_string() == text);
    }
  };
  same({"a:b",   "--",  "=",    "<<",    "NaN",    "nUll",   "1e", "0x",   "x]",  "x,y",
        "a - b", "é",   "1:60", "1.2.3", "0b2",    "0b",     "_1", ".1.2", "yES", "1e400",
        "1,000", "-1-", "a,",   "~a",    "\u200b", "\u00a0", "?a", "-a",   ":a",  "a#b"},
       "", "");
  same({"true",
        "True",
        "y",
        "N",
        "off",
        "null",
        "~",
        "123",
        "08",
        "0.10",
        "1.",
        ".5",
        "+1",
        "-0",
        "1_000",
        "0b1",
        "0o7",
        "0x1F",
        "1e3",
        ".nan",
        ".inf",
        "1:30",
        "2001-01-01",
        "+.inf",
        "00",
        "1_",
        "0_",
        "1:3",
        "12:30:45:1",
        "2001-1-1",
        "685_230.15",
        "+0b1",
        "-0x1",
        "0.",
        "99999999999999999999",
        "",
        "2001-01-01T1:2:3.5+01:00"},
       "\"", "\"");
  same({"#a",  "a #b", "a:", "!x", "&x",  "*x",    "%x", "@x", "? x", "::", "?",          "-", "- ",
        "---", "...",  "[x", "{x", ", x", "\"x\"", "|",  ">",  " x",  "x ", "key: value", "`"},
       "'", "'");
  check_write(R"("it's: x")", "'it''s: x'\n");
  check_write(R"("a\tb")", "\"a\\tb\"\n");
  check_write(R"("\u0001\u001b\ufeff😀")", "\"\\x01\\e\\uFEFF\\U0001F600\"\n");
  CHECK(to_yaml("\u0085") == "' '\n");
  CHECK(to_yaml("a\xff") == "a\xef\xbf\xbd\n");
}

TEST_CASE("writing: several lines and long ones") {
  check_write(R"({"k":"a\nb"})", "k: |-\n  a\n  b\n");
  check_write(R"({"k":"a\n\n  b\n"})", "k: |\n  a\n\n    b\n");
  check_write(R"(["a\n\n"])", "- |+\n  a\n\n");
  check_write(R"({"k":" a\nb"})", "k: |2-\n   a\n  b\n");
  check_write(R"(["\n"])", "- |2+\n\n");
  check_write(R"("a \nb")", "\"a \\nb\"\n");
  check_write(R"("a\n\tb")", "\"a\\n\\tb\"\n");
  std::string words;
  for (int i = 0; i < 20; ++i) words += "word ";
  words += "end";
  check_write("{\"k\":\"" + words + "\"}",
              "k: word word word word word word word word word word word word word word word word\n"
              "  word word word word end\n");
  check_write("{\"k\":\"# " + words + "\"}",
              "k: '# word word word word word word word word word word word word word word word word\n"
              "  word word word word end'\n");
  check_write("{\"k\":\"\\t" + words + "\"}",
              "k: \"\\tword word word word word word word word word word word word word word word word\n"
              "  word word word word end\"\n");
}

TEST_CASE("writing a very deep tree does not overflow the stack") {
  Value v = "end";
  for (int i = 0; i < 100000; ++i) v = Value{{"k", std::move(v)}};
  CHECK(to_yaml(v).size() > 100000);
}

TEST_CASE("places") {
  constexpr std::string_view text =
      "# first\na: 1\n---\nmetadata:\n  name: web\n  labels: &l\n    app: x\nspec:\n- on: [1, 2]\n  other: *l\n- <<: "
      "*l\n";
  auto place = [&](size_t document, std::string_view pointer) {
    return locate_yaml(text, "f.yaml", document, pointer).str();
  };
  CHECK(place(0, "/a") == "f.yaml:2:4");
  CHECK(place(1, "/metadata/name") == "f.yaml:5:9");
  CHECK(place(1, "/metadata/labels") == "f.yaml:6:11");
  CHECK(place(1, "/metadata") == "f.yaml:4:1");
  CHECK(place(1, "/spec/0/true/1") == "f.yaml:9:11");
  CHECK(place(1, "/spec/0/other/app") == "f.yaml:10:10");
  CHECK(place(1, "/spec/1/app") == "f.yaml:11:3");
  CHECK(place(1, "/spec/7") == "");
  CHECK(place(2, "/a") == "");
  CHECK(place(1, "") == "f.yaml:4:1");
}

TEST_CASE("tabs between comments: go-yaml v3 passes over them, v2 does not") {
  auto is_read = [](const std::string& text, YamlRules rules = YamlRules::kustomize) {
    YamlLimits limits;
    limits.rules = rules;
    return parse_yaml(text, "f.yaml", limits).has_value();
  };
  for (const char* between :
       {"# c\n\t\n# d\n", "# c\n\t# d\n", "# c\r\n \t \r\n# d\r\n", "# c\n\t\n\n\t\n# d\n\t\n# e\n"}) {
    INFO(between);
    CHECK(is_read(std::string(between) + "a: b\n"));
    CHECK(is_read(std::string("x: |\n  a\n") + between + "a: b\n"));
    CHECK_FALSE(is_read(std::string(between) + "a: b\n", YamlRules::sigs));
    CHECK_FALSE(is_read(std::string(between) + "\t\na: b\n"));
  }
  CHECK_FALSE(is_read("a: b # c\n\t\n# d\nc: d\n"));
  CHECK_FALSE(is_read("\t\n# c\na: b\n"));
  CHECK(is_read("# c\n" + std::string(505, '\t') + "\n# d\na: b\n"));
  CHECK_FALSE(is_read("# c\n" + std::string(520, '\t') + "\n# d\na: b\n"));
  std::string many;
  for (int i = 0; i < 60; ++i) many += fmt::format("k{}: v\n# c\n\t\n# d\n", i);
  CHECK(is_read(many));
}

TEST_CASE("a time is no key for kustomize, quoted it is one") {
  YamlLimits limits;
  limits.rules = YamlRules::kustomize;
  CHECK_FALSE(parse_yaml("2001-12-14T21:59:43Z: a\n", {}, limits).has_value());
  CHECK_FALSE(parse_yaml("{2001-01-01: a}\n", {}, limits).has_value());
  CHECK(parse_yaml("'2001-01-01': a\n", {}, limits)->members()[0].key.view() == "2001-01-01");
  CHECK(parse_yaml("2001-01-01: a\n")->members()[0].key.view() == "2001-01-01");
}

TEST_CASE("places by one reading") {
  YamlPlaces places(std::make_shared<const std::string>("? {x: [y]}\n: z\na: {b: [1, {c: d}]}\n---\ne: f\n"), "f.yaml");
  CHECK(places.find(0, "/a/b/1/c").str() == "f.yaml:3:16");
  CHECK(places.find(0, "/a/b").str() == "f.yaml:3:8");
  CHECK(places.find(0, "/x").str() == "");
  CHECK(places.find(1, "/e").str() == "f.yaml:5:4");
  CHECK(locate_yaml("# c\n\t\n# d\na:\n  b: c\n", "f.yaml", 0, "/a/b").str() == "f.yaml:5:6");
}

TEST_CASE("as Go's interface{} sees it: reals, and the first document alone") {
  YamlLimits limits;
  limits.reals = true;
  limits.first_only = true;
  auto all = parse_yaml_documents("{a: 1, b: 0x10, c: 18446744073709551615, 2: x}\n---\n}broken", "f.yaml", limits);
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  const Value& v = (*all)[0].value;
  CHECK(v["a"].type() == Type::real);
  CHECK(v["b"].as_double() == 16);
  CHECK(v["c"].as_double() == 18446744073709551616.0);
  CHECK(v["2"].as_string() == "x");
}
