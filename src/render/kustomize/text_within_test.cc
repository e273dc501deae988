// Expectations are kustomize 5.8.2's.
#include "render/kustomize/text_within.h"

#include <doctest/doctest.h>

#include "render/kustomize/replacement.h"
#include "value/note.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

constexpr const char* config =
    "# The server's settings\n\nserver:\n    port: 80 # inline\n    host: 'a.b'\n\n\n    tags: [x,   y]\nlist:\n    - "
    "name: one "
    "# first\n      v: \"1\"\n    - name: two\n      v: |\n        text\nbase: &b {k: v}\nother: *b\n# end\n";

std::string written(const std::string& text, std::string_view path, const Value& value, FieldOptions options = {}) {
  return written_within(text, split_field_path(path), value, options).value_or("-");
}
Value untagged(const char* text) {
  return value::noted(Value(text), value::Note::untagged);
}

}  // namespace

TEST_CASE("a YAML text keeps its comments, order, quotes and braces") {
  CHECK(written(config, "server.port", Value(9)) ==
        "# The server's settings\n\nserver:\n  port: 9 # inline\n  host: 'a.b'\n  tags: [x, y]\nlist:\n- name: one # "
        "first\n  v: \"1\"\n- name: two\n  v: |\n    text\nbase: &b {k: v}\nother: *b\n# end");
  CHECK(written("b: 'x'\na: 1\n", "b", Value("y")) == "b: 'y'\na: 1");
  CHECK(written("b: x\na: 1\n", "a", Value("y")) == "b: x\na: !!int y");
  CHECK(written("b: x\na: 1\n", "b", Value("7")) == "b: \"7\"\na: 1");
}

TEST_CASE("paths within a text") {
  CHECK(written("l:\n- name: a\n  v: 1\n- name: b\n  v: 2 # two\n", "l.[name=b].v", Value(3)) ==
        "l:\n- name: a\n  v: 1\n- name: b\n  v: 3 # two");
  CHECK(written("l: [a, b]\n", "l.1", Value("c")) == "l: [a, c]");
  CHECK(written("l: [a, b]\n", "l.[=a]", Value("c")) == "l: [c, b]");
  CHECK(written("l:\n- {v: 1}\n- {v: 2}\n", "l.*.v", Value(5)) == "l:\n- {v: 5}\n- {v: 5}");
  CHECK(written("b: 1\n", "a.c", Value("x"), {.create = true}) == "b: 1\na:\n  c: x");
  CHECK(written("b: 1\n", "l.[name=x].v", Value(2), {.create = true}) == "b: 1\nl:\n- name: x\n  v: 2");
  CHECK(written("u: http://h:80/p\n", "u", untagged("81"), {.delimiter = ":", .index = 2}) == "u: http://h:81");
  CHECK(written("b: 1\n", "a.c", Value("x")) == "-");
  CHECK(written("b: [1]\n", "b.x", Value("x")) == "-");
  CHECK(written("# nothing\n", "b", Value("x"), {.create = true}) == "-");
  CHECK(written("a: &x {b: 1}\nc: *x\n", "c.b", Value(2)) == "-");
}

TEST_CASE("a JSON text is written as Go writes JSON") {
  CHECK(written(R"({"b": "<", "a": {"c": 1}})", "a.c", Value(2)) == R"({"a":{"c":2},"b":"\u003c"})");
  CHECK(written("{\n  \"a\": 1\n}\n", "a", Value(2)) == "{\n  \"a\": 2\n}");
  CHECK(written(R"({"a": 1})", "a", Value("x")) == "-");
}
