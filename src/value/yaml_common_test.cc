// The two readers of YAML agree on whatever the quick one takes; and it takes what manifests are made of.
#include "value/yaml_common.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "value/json.h"
#include "value/note.h"

using namespace slipway;
using namespace slipway::value;

namespace {

std::string notes_of(const Value& v) {
  std::string text = std::to_string(static_cast<int>(note_of(v)));
  for (const Value& item : v.items()) text += notes_of(item);
  for (const Member& m : v.members()) text += notes_of(m.value);
  return text;
}

std::string shown(const std::vector<Document>& all, bool notes) {
  std::string text;
  for (const Document& d : all)
    text += fmt::format("{}: {} {}\n", d.line, to_json(d.value), notes ? notes_of(d.value) : "");
  return text;
}

void check(std::string_view text, bool is_common) {
  CAPTURE(text);
  for (bool notes : {false, true}) {
    YamlLimits limits{.rules = notes ? YamlRules::kustomize : YamlRules::sigs};
    for (auto duplicates : {DuplicateKeys::refuse, DuplicateKeys::last_wins}) {
      auto common = read_common_yaml(text, limits, duplicates, notes);
      CHECK(common.has_value() == is_common);
      if (!common) continue;
      auto any = read_any_yaml(text, "f.yaml", limits, duplicates, notes);
      REQUIRE_MESSAGE(any, any.error().str());
      CHECK(shown(*common, notes) == shown(*any, notes));
    }
  }
}

}  // namespace

TEST_CASE("what manifests are made of is read at once") {
  for (std::string_view text : {"a: 1\n",
                                "a: b",
                                "",
                                "\n# nothing\n",
                                "---\n---\na: 1\n---\n",
                                "# c\n---\n# d\na: 1 # e\n\n---\nb: 2\n",
                                "a:\n  b: c\n  d:\n    e: f\ng: h\n",
                                "a:\n- b\n- c: d\n  e: f\n-\n- - x\n  - y\nz: null\n",
                                "a:\n  - b\n  -   c: d\n      e: f\n",
                                "- a: 1\n  b:\n  - x\n- c:\n- d\n",
                                "a:\nb: ~\nc: Null\nd: NULL\ne: null\n",
                                "a: yes\nb: on\nc: 'on'\nd: \"1\"\ne: 0x1f\nf: -12\ng: 08\nh: 1_000\ni: 1.5\nj: 1e3\n",
                                "a:\n  {}\nb:\n    [c, {d: e}] # f\ng: 1\n",
                                "a: |\n\nb: |-\n# c\nd:\n  e: |\n  f: |\ng: 1\n",
                                "a: 'it''s'\nb: \"x \\\"y\\\" \\n\\t\\\\\"\n",
                                "\"a b\": c\n'd': e\n\"f\" : g\nh : i\n",
                                "a: |\n  x\n   y\n\n  z\n\n\nb: |-\n    w\n",
                                "a: |\n\n\n  x\n     \n  y\nb: c\n",
                                "- |\n x\n- |-\n  y # no comment\n  \tz\n",
                                "a: |  # why\n  x\n# c\nb: 1\n",
                                "a: [b, 'c', \"d e\", 1, [x], {q: z}]\nb: {}\nc: []\n",
                                "a: { b: 1, c: [ ] }\n",
                                "a: --flag=x\nb: -x\nc: http://x/y#z\nd: a, b [c] {d}\ne: 25%\nf: ${X}\ng: a:b\n",
                                "a.b/c-d_e: x\n/f: y\n_g: z\n",
                                "a: \xc3\xa9\xe2\x80\x93\nb: '\xf0\x9f\x98\x80'\n",
                                "  a: 1\n  b: 2\n",
                                "a: x  # y\nb: x#y\n"}) {
    check(text, true);
  }
}

TEST_CASE("the rest is left to the one that knows") {
  for (std::string_view text : {"a",
                                "a: b\n c",
                                "a: &x b\nc: *x\n",
                                "a: !!str 1\n",
                                "? a\n: b\n",
                                "<<: {}\n",
                                "a: >\n  x\n",
                                "a: |+\n  x\n\n",
                                "a: |2\n   x\n",
                                "a:\tb\n",
                                "a: b\t\n",
                                "\ta: b\n",
                                "a: b: c\n",
                                "a: b:\n",
                                "a: - b\n",
                                "a: 'b\n  c'\n",
                                "a: \"\\u00e9\"\n",
                                "a: [b,\n c]\n",
                                "a: [b, ]\n",
                                "a: [b c]\n",
                                "a: [b: c]\n",
                                "a: {b}\n",
                                "a: {\"b\": c}\n",
                                "a: .inf\n",
                                "1: a\non: b\n",
                                "a: b\n...\n",
                                "%YAML 1.1\n---\na: b\n",
                                "--- a\n",
                                "a: b\r\n",
                                "\xef\xbb\xbf"
                                "a: b\n",
                                "a: \xc2\x85\n",
                                "a: @b\n",
                                "a: `b\n",
                                "a: 12345678901234567890\n",
                                "a: |\n  x",
                                "a: |\n   x\n  y\n",
                                "a: \"b\" c\n",
                                "a:\n  b: c\n d: e\n",
                                "a: [b] c\n",
                                "- a\nb: c\n",
                                "a: b\n- c\n"}) {
    check(text, false);
  }
  check("a: 1\nb: {c: 1}\n", true);
  YamlLimits few{.nodes_max = 4};
  CHECK_FALSE(read_common_yaml("a: 1\nb: 2\n", few, DuplicateKeys::refuse, false));
  CHECK_FALSE(read_common_yaml("a: 1\na: 2\n", {}, DuplicateKeys::refuse, false));
  CHECK(to_json((*read_common_yaml("a: 1\na: 2\n", {}, DuplicateKeys::last_wins, false))[0].value) == R"({"a":2})");
  std::string deep, deeper;
  for (int i = 0; i < 150; ++i) deep += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  CHECK(read_common_yaml(deep, {}, DuplicateKeys::refuse, false));
  for (int i = 0; i < 250; ++i) deeper += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  CHECK_FALSE(read_common_yaml(deeper, {.depth_max = 1000}, DuplicateKeys::refuse, false));
  CHECK_FALSE(read_common_yaml("---\n---\na: 1\n", {.first_only = true}, DuplicateKeys::refuse, false));
  CHECK((*read_common_yaml("a: 1\n---\n}", {.reals = true, .first_only = true}, DuplicateKeys::refuse, false))[0]
            .value["a"]
            .type() == Type::real);
}
