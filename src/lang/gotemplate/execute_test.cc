#include <doctest/doctest.h>

#include "lang/gotemplate/template.h"
#include "value/yaml.h"

namespace slipway::lang::gotemplate {

namespace {

std::string run(std::string_view text, std::string_view data = "{}", MissingKey missing = MissingKey::zero) {
  Set set(std::make_shared<Functions>(), missing);
  auto parsed = set.parse("t", text);
  if (!parsed) return parsed.error().text;
  Run run;
  std::string out;
  auto v = value::parse_yaml(data);
  REQUIRE(v.has_value());
  auto done = run.execute(set, "t", run.heap().of(*v), out);
  return done ? out : done.error().text;
}
void check(std::string_view text, std::string_view data, std::string_view expected) {
  CAPTURE(text);
  CHECK(run(text, data) == expected);
}

}  // namespace

TEST_CASE("the language, in small") {
  check("a{{ .x }}b", "x: 1", "a1b");
  check("{{ range $i, $e := .l }}{{ if $i }}, {{ end }}{{ $e }}{{ else }}none{{ end }}", "l: [a, b, c]", "a, b, c");
  check("{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}", "{b: 2, a: 1}", "a=1;b=2;");
  check("{{ define \"x\" }}<{{ . }}>{{ end }}{{ template \"x\" .a }}", "a: q", "<q>");
  check("{{ .a.b.c }}", "a: {}", "template: t:1:5: executing \"t\" at <.a.b.c>: nil pointer evaluating interface {}.c");
  check("{{ if and .a (eq .b \"x\") }}yes{{ else if .a }}half{{ else }}no{{ end }}", "{a: 1, b: z}", "half");
  check("{{ with .a }}{{ .b }}{{ end }}{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "a: {b: c}", "c2");
  check(
      "{{ range .l }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ if eq . \"d\" }}{{ break }}{{ end }}{{ . }}{{ end "
      "}}!",
      "l: [a, b, c, d, e]", "ac!");
  check("{{ printf \"%d %s %q %v %5.2f|%-4d|\" 3 \"x\" \"y\" (print 1 2 \"a\") 3.14159 7 }}", "{}",
        "3 x \"y\" 1 2a  3.14|7   |");
  check("{{ nosuch }}", "{}", "template: t:1: function \"nosuch\" not defined");
  check("{{ if }}", "{}", "template: t:1: missing value for if");
}

TEST_CASE("templates nest as deep as Go lets them") {
  check("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}", "{}",
        "template: t:1:28: executing \"r\" at <{{template \"r\" .}}>: exceeded maximum template depth (100000)");
}

}  // namespace slipway::lang::gotemplate
