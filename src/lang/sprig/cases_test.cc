// Templates and what the real text/template, sprig and Helm 3.22 made of them (testdata/*.txt, written by
// tests/peers/templates).
#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

#include "base/text.h"
#include "lang/sprig/families.h"
#include "lang/sprig/go_time.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::lang::sprig {

namespace {

using gotemplate::MissingKey;

std::optional<std::string> file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

gotemplate::Environment environment() {
  gotemplate::Environment e;
  e.now = [] { return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)); };
  e.random = [random = std::make_shared<std::mt19937>(7)](std::span<std::byte> to) {
    for (std::byte& b : to) b = static_cast<std::byte>((*random)());
  };
  e.zoneinfo = [](std::string_view zone) { return file("testdata/zoneinfo/" + std::string(zone)); };
  e.local_zone = "Europe/Berlin";
  return e;
}

const Type& values_type() {
  static const Type t = [] {
    Type v = types::any_map;
    v.name = "chartutil.Values";
    v.underlying = &types::any_map;
    return v;
  }();
  return t;
}
const Type& point_type() {
  static const Type t = [] {
    Type p;
    p.name = "main.Point";
    p.kind = Kind::structure;
    p.fields = {"X", "Y"};
    return p;
  }();
  return t;
}

std::shared_ptr<const Functions> functions() {
  static const auto all = [] {
    auto f = std::make_shared<Functions>();
    add_functions(*f);
    f->add("include", "(string, any) string", [](Call& c) {
      std::string out;
      auto done = c.run().execute(c.set(), c.text(0), c[1], out);
      return done ? Any::of(out) : c.fail(std::move(done.error()));
    });
    return f;
  }();
  return all;
}

struct Answer {
  bool ok;
  std::string text;
};

Answer run(std::string_view text, const Value& values, MissingKey missing, gotemplate::Limits limits = {}) {
  gotemplate::Set set(functions(), missing);
  auto parsed = set.parse("t.yaml", text);
  if (!parsed) return {false, parsed.error().text};
  gotemplate::Run run(std::move(limits), environment());
  Heap& heap = run.heap();
  Any data = heap.map();
  auto put = [&data](std::string_view key, Any v) { data.dict()->set(value::Key(key), std::move(v)); };
  put("Values", heap.map(values_type(), values));
  put("Int", Any::of_int(5));
  put("Int64", Any::of_int64(7));
  put("Uint", Any::number(types::uint64, 9));
  put("Float", Any::of(2.5));
  put("Bytes", gotemplate::bytes_of("hey"));
  put("Strings", heap.strings({"a", "b"}));
  put("Ints", heap.list({Any::of_int(3), Any::of_int(1), Any::of_int(2)}, types::int_list));
  put("Nil", Any());
  Time t;
  t.unix_s = 1'700'000'000;
  t.nanoseconds = 123'456'789;
  put("Time", time_any(t));
  put("Pause", Any::number(types::duration, 90'000'000'000));
  put("Point", heap.structure(point_type(), {{value::Key("X"), Any::of_int(3)}, {value::Key("Y"), Any::of("q")}}));
  put("Texts", heap.map(types::string_map, Value{{"b", "2"}, {"a", "1"}}));
  std::string out;
  auto done = run.execute(set, "t.yaml", data, out);
  return done ? Answer{true, out} : Answer{false, done.error().text};
}

void check_file(const char* name, size_t least) {
  std::ifstream in(std::string("testdata/") + name);
  REQUIRE(in);
  Value values;
  MissingKey missing = MissingKey::zero;
  std::string line, text;
  size_t cases = 0, passed = 0;
  while (std::getline(in, line)) {
    if (line.starts_with("@values ")) {
      value::YamlLimits limits;
      limits.reals = true;
      auto v = value::parse_yaml(line.substr(8), {}, limits);
      REQUIRE_MESSAGE(v.has_value(), line);
      values = *v;
    } else if (line.starts_with("@missing ")) {
      std::string how = line.substr(9);
      missing = how == "error" ? MissingKey::error : how == "zero" ? MissingKey::zero : MissingKey::invalid;
    } else if (line.starts_with("= ") || line.starts_with("! ")) {
      auto expected = value::parse_json(line.substr(2));
      REQUIRE_MESSAGE(expected.has_value(), line);
      Answer got = run(base::replace_all(text, "⏎", "\n"), values, missing);
      // What is no UTF-8 became U+FFFD on the way through JSON.
      std::string shown = value::parse_json(value::to_json(Value(got.text)))->str();
      bool same = got.ok == (line[0] == '=') && shown == expected->as_string();
      ++cases;
      passed += same ? 1 : 0;
      if (!same)
        FAIL_CHECK(text << "\n  expected " << line << "\n  got      " << (got.ok ? "= " : "! ")
                        << value::to_json(Value(shown)));
    } else {
      text = line;
    }
  }
  std::cout << name << ": " << passed << " of " << cases << " cases as the real programs\n";
  CHECK(cases >= least);
}

}  // namespace

TEST_CASE("every function that Helm 3.22 has") {
  std::ifstream in("testdata/names.txt");
  REQUIRE(in);
  for (std::string name; std::getline(in, name);) {
    if (name == "include" || name == "tpl" || name == "required" || name == "lookup") continue;  // the caller's
    CHECK_MESSAGE(functions()->find(name) != nullptr, name);
  }
}

TEST_CASE("what doubles itself ends in an error") {
  auto fails = [](std::string_view text) {
    CAPTURE(text);
    gotemplate::Limits limits;
    limits.memory_bytes_max = 64 << 20;
    CHECK_FALSE(run(text, Value(), MissingKey::zero, limits).ok);
  };
  std::string doubling = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}";
  fails(doubling + "{{ toYaml $x }}");
  fails(doubling + "{{ toJson $x }}");
  fails("{{ $s := \"0123456789abcdef\" }}{{ range until 40 }}{{ $s = print $s $s }}{{ end }}");
  fails("{{ repeat 100000000000 \"x\" }}");
  fails("{{ until 100000000000 }}");
  fails("{{ indent 1000000000000 \"x\" }}");
  fails("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $d }}");
  for (const char* function : {"mustToJson", "toRawJson", "toYamlPretty", "toToml", "deepCopy"})
    fails(fmt::format("{{{{ $d := dict }}}}{{{{ $_ := set $d \"d\" $d }}}}{{{{ {} $d }}}}", function));
  fails("{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}");
}

TEST_CASE("what takes too much is refused, where it stands") {
  constexpr std::string_view work = "templates take more than 600000 steps";
  constexpr std::string_view size = "it would make more than 2097152 bytes at once";
  constexpr std::string_view sum = "templates make more than 8388608 bytes altogether";
  const struct {
    std::string_view text, node, says;
  } table[] = {
      {"{{ range 9000000000000000000 }}{{ end }}", "<9000000000000000000>", work},
      {"\n{{ range 9 }}{{ range 99999 }}{{ range 99999 }}{{ end }}{{ end }}{{ end }}", "t.yaml:2:", work},
      {"{{ define \"r\" }}{{ template \"s\" }}{{ template \"s\" }}{{ end }}{{ define \"s\" }}{{ range 999999 }}x{{ end "
       "}}{{ end }}{{ range 99 }}{{ template \"r\" }}{{ end }}",
       "executing \"s\"", work},
      {"{{ range 100000 }}{{ bcrypt \"x\" }}{{ end }}", "error calling bcrypt", work},
      {"{{ range 100000 }}{{ htpasswd \"a\" \"x\" }}{{ end }}", "error calling htpasswd", work},
      {"{{ range 100000 }}{{ derivePassword 1 \"long\" \"p\" \"u\" \"s\" }}{{ end }}", "derivePassword", work},
      {"{{ range 1000 }}{{ genPrivateKey \"rsa\" }}{{ end }}", "error calling genPrivateKey", work},
      {"{{ genPrivateKey \"dsa\" }}", "error calling genPrivateKey", work},
      {"{{ range 1000 }}{{ genCA \"a\" 1 }}{{ end }}", "error calling genCA", work},
      {"{{ range 1000 }}{{ genSelfSignedCert \"a\" nil nil 1 }}{{ end }}", "genSelfSignedCert", work},
      {"{{ $s := repeat 100000 \"a\" }}{{ range 9999999 }}{{ $_ := sha256sum $s }}{{ end }}", "t.yaml:1:", work},
      {"{{ $s := repeat 100000 \"a\" }}{{ range 9999999 }}{{ $_ := contains \"b\" $s }}{{ end }}", "t.yaml:1:", work},
      {"{{ $s := repeat 100000 \"a\" }}{{ range 9999 }}{{ $_ := regexReplaceAll \"\" $s \"\" }}{{ end }}", "regex",
       work},
      {"{{ $l := until 10000 }}{{ range 9999 }}{{ $_ := has -1 $l }}{{ end }}", "t.yaml:1:", sum},
      {"{{ indent 2000000000 \"a\" }}", "error calling indent", size},
      {"{{ nindent 2000000000 \"a\" }}", "error calling nindent", size},
      {"{{ indent 2000 (repeat 2000 \"\\n\") }}", "error calling indent", size},
      {"{{ indent 9223372036854775807 \"a\" }}", "error calling indent", size},
      {"{{ repeat 2000000000 \"a\" }}", "error calling repeat", size},
      {"{{ until 2000000000 }}", "error calling until", size},
      {"{{ untilStep 0 2000000000 2 }}", "error calling untilStep", size},
      {"{{ seq 2000000000 }}", "error calling seq", size},
      {"{{ randAlphaNum 2000000000 }}", "error calling randAlphaNum", size},
      {"{{ randBytes 1000000000 }}", "error calling randBytes", size},
      {"{{ $s := repeat 100000 \"a\" }}{{ replace \"a\" $s $s }}", "error calling replace", size},
      {"{{ $s := repeat 100000 \"a\" }}{{ regexReplaceAll \"a\" $s $s }}", "error calling regexReplaceAll", size},
      {"{{ $s := repeat 100000 \"a\" }}{{ regexReplaceAllLiteral \"a\" $s $s }}", "regexReplaceAllLiteral", size},
      {"{{ $s := repeat 100000 \"a\" }}{{ wrapWith 1 $s $s }}", "error calling wrapWith", size},
      {"{{ $s := repeat 100000 \"a\" }}{{ join $s (until 9999) }}", "error calling join", size},
      {"{{ $s := \"aaaaaaaaaaaaaaaa\" }}{{ range 99 }}{{ $s = cat $s $s }}{{ end }}", "error calling cat", size},
      {"{{ $s := \"aaaaaaaaaaaaaaaa\" }}{{ range 99 }}{{ $s = print $s $s }}{{ end }}", "error calling print", size},
      {"{{ $s := \"aaaaaaaaaaaaaaaa\" }}{{ range 99 }}{{ $s = b64enc $s }}{{ end }}", "error calling b64enc", size},
      {"{{ $l := list 1 2 }}{{ range 99 }}{{ $l = concat $l $l }}{{ end }}", "error calling concat", sum},
      {"{{ $l := list 1 }}{{ range 99999 }}{{ $l = append $l 1 }}{{ end }}", "error calling append", sum},
      {"{{ $l := list 1 }}{{ range 99999 }}{{ $l = prepend $l 1 }}{{ end }}", "error calling prepend", sum},
      {"{{ $s := repeat 100000 \"a\" }}{{ range 99 }}{{ $_ := upper $s }}{{ end }}", "error calling upper", sum},
  };
  for (const auto& [text, node, says] : table) {
    CAPTURE(text);
    gotemplate::Limits limits;
    limits.steps_max = 600'000;
    limits.value_bytes_max = 2 << 20;
    limits.memory_bytes_max = 8 << 20;
    Answer a = run(text, Value(), MissingKey::zero, limits);
    CHECK_FALSE(a.ok);
    CHECK_MESSAGE(a.text.starts_with("template: t.yaml:"), a.text);
    CHECK_MESSAGE(a.text.find(node) != std::string::npos, a.text);
    CHECK_MESSAGE(a.text.ends_with(says), a.text);
  }
}

TEST_CASE("certificates are what they say") {
  auto yes = [](std::string_view text) {
    CAPTURE(text);
    Answer a = run(text, Value(), MissingKey::zero);
    CHECK(a.text == "true");
  };
  yes("{{ $ca := genCAWithKey \"ca\" 10 (genPrivateKey \"ecdsa\") }}{{ $c := genSignedCertWithKey \"cn\" (list "
      "\"10.0.0.1\") "
      "(list \"a.b\") 5 $ca (genPrivateKey \"ecdsa\") }}{{ $b := buildCustomCert (b64enc $c.Cert) (b64enc $c.Key) }}{{ "
      "and (eq "
      "$b.Cert $c.Cert) (ne $c.Key $ca.Key) }}");
  yes("{{ $c := genSelfSignedCertWithKey \"cn\" nil nil 5 (genPrivateKey \"ed25519\") }}{{ hasPrefix \"-----BEGIN "
      "CERT\" $c.Cert }}");
  yes("{{ hasSuffix \"s\" (ago (toDate \"2006-01-02\" \"2020-01-01\")) }}");
}

TEST_CASE("the language as text/template") {
  check_file("language.txt", 300);
}
TEST_CASE("the functions as sprig and Helm") {
  check_file("functions.txt", 420);
}
TEST_CASE("YAML as go-yaml writes it") {
  check_file("yaml.txt", 120);
}

}  // namespace slipway::lang::sprig
