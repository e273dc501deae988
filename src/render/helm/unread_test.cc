#include "render/helm/unread.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/unread_memory.h"
#include "render/testing/tree_on_disk.h"

using namespace slipway;
using namespace slipway::render::helm;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<Chart> chart(const Files& files) {
  std::vector<ChartFile> all;
  bool named = false;
  for (const auto& [name, text] : files) {
    all.push_back({name, std::make_shared<const std::string>(text)});
    named = named || name == "Chart.yaml";
  }
  if (!named)
    all.push_back({"Chart.yaml", std::make_shared<const std::string>("apiVersion: v2\nname: c\nversion: 1.0.0\n")});
  auto loaded = load_files(std::move(all));
  REQUIRE_MESSAGE(loaded, loaded.error().str());
  return loaded->chart;
}

std::shared_ptr<Chart> chart_in(const std::filesystem::path& folder) {
  auto loaded = load_directory(*render::testing::tree_on_disk(folder), "");
  REQUIRE_MESSAGE(loaded, loaded.error().str());
  return loaded->chart;
}

std::string told(const std::vector<Unread>& all) {
  std::string out;
  for (const Unread& one : all)
    out += fmt::format("{} {}: {}{}{}\n", one.file, one.pointer, one.message, one.fix.empty() ? "" : " ", one.fix);
  return out;
}

Value yaml(std::string_view text) {
  auto read = read_yaml_mapping(text);
  REQUIRE_MESSAGE(read, std::string(text));
  return *read;
}

// The pointers of what is said and not read.
std::string unread(const Chart& chart, std::string_view said) {
  Value values = yaml(said);
  auto reads = find_reads(chart, {&values});
  CHECK(reads->known);
  std::string out;
  for (const Unread& one : unread_values(*reads, {{"v.yaml", values, "v.yaml"}})) out += one.pointer + " ";
  return std::string(base::trim(out));
}

// In a chart of one template with values.yaml `{a: {b: 1}, l: [{nm: 1}], e: {}}`.
void check(std::string_view templates, std::string_view said, std::string_view expected) {
  CAPTURE(templates);
  CAPTURE(said);
  auto c = chart({{"values.yaml", "{a: {b: 1}, l: [{nm: 1}], e: {}}"},
                  {"templates/a.yaml", std::string(templates)},
                  {"files/f.txt", "{{ .Values.in.file }}"},
                  {"README.md", "{{ .Values.in.readme }}"}});
  CHECK(unread(*c, said) == expected);
}

}  // namespace

TEST_CASE("what templates read, by path") {
  // Fields, and what stands beside them.
  check("{{ .Values.a.b }}", "{a: {b: 1, c: 2}, d: 1}", "/a/c /d");
  check("{{ .Values.other.c }}", "{a: {c: 2}, c: 1}", "/a /c");
  check("{{ ((.Values.a).b).c }}", "{a: {b: {c: 1, d: 1}}}", "/a/b/d");
  check("{{ toYaml .Values.a }}", "{a: {c: {d: 1}}}", "");
  check("{{ .Values.a }}", "{a: {c: 1}}", "");
  check("{{/* .Values.d */}} .Values.d # {{ \"d\" }}", "{d: 1}", "/d");
  check("{{ if false }}{{ .Values.a.c }}{{ end }}", "{a: {c: 1}}", "");
  check("{{ define \"never\" }}{{ .Values.d }}{{ end }}", "{d: 1}", "/d");
  // Dots and variables.
  check("{{ with .Values.a }}{{ .b }}{{ else }}{{ .Values.d }}{{ end }}", "{a: {b: 1, c: 1}, d: 1}", "/a/c");
  check("{{ with $x := .Values.a }}{{ $x.b }}{{ $.Values.d }}{{ end }}", "{a: {c: 1}, d: 1}", "/a/c");
  check("{{ $x := .Values.a }}{{ $x = .Values.e }}{{ $x.c }}", "{a: {c: 1, d: 1}, e: {c: 1}}", "/a/d");
  check("{{ range .Values.l }}{{ .nm }}{{ end }}", "{l: [{nm: 1, m: 1}, {m: 1}, {nm: 1, k: 1}]}", "/l/0/m /l/2/k");
  check("{{ range $i, $e := .Values.l }}{{ $e.nm }}{{ end }}", "{l: [{m: 1}]}", "/l/0/m");
  check("{{ range .Values.l }}x{{ end }}", "{l: [{m: 1}]}", "");
  check("{{ range $k, $v := .Values.a }}{{ $k }}{{ $v.x }}{{ end }}", "{a: {new: {x: 1, why: 1}}}", "/a/new/why");
  check("{{ range $k, $v := .Values.a }}{{ toYaml $v }}{{ end }}", "{a: {new: {x: 1}}}", "");
  check("{{ range $k := list \"a\" \"d\" }}{{ (index $.Values $k).b }}{{ end }}", "{a: {c: 1}, d: {b: 1}, f: 1}",
        "/a/c /f");
  check("{{ range $k, $v := dict \"a\" .Values.a }}{{ $v.b }}{{ (index $.Values $k).d }}{{ end }}",
        "{a: {b: 1, c: 1, d: 1}}", "/a/c");
  // Emptiness.
  check("{{ if .Values.a }}x{{ end }}", "{a: {c: 1}}", "/a/c");
  check("{{ if .Values.e }}x{{ end }}", "{e: {c: 1}}", "");
  check("{{ with .Values.e }}{{ .x }}{{ end }}", "{e: {c: 1, x: 1}}", "/e/c");
  // Members by name.
  check("{{ index .Values \"d.ini\" | toYaml }}", "{d.ini: {x: 1}, e.ini: 1}", "/e.ini");
  check("{{ index .Values \"a\" \"c\" }}{{ get .Values.a \"d\" }}", "{a: {c: 1, d: 1, f: 1}}", "/a/f");
  check("{{ index .Values .Values.which }}", "{a: {c: 1}, d: 1}", "");
  check("{{ index .Values (printf \"%s-x\" \"a\") }}", "{a-x: 1, a-y: 1}", "/a-y");
  check("{{ (index .Values.l 0).nm }}", "{l: [{nm: 1, m: 1}]}", "/l/0/m");
  check("{{ (first .Values.l).nm }}", "{l: [{nm: 1, m: 1}]}", "/l/0/m");
  check("{{ dig \"b\" \"c\" 1 .Values.a }}", "{a: {b: {c: 1, d: 1}}}", "/a/b/d");
  check("{{ hasKey .Values \"d\" }}{{ hasKey .Values.a .Values.f }}", "{d: 1, a: {x: 1}, g: 1}", "/g");
  check("{{ pluck \"d\" .Values.a .Values.e | first }}", "{a: {d: 1, f: 1}, e: {d: 1}}", "/a/f");
  check("{{ pick .Values.a \"c\" | toYaml }}", "{a: {c: {x: 1}, d: 1}}", "/a/d");
  check("{{ omit .Values.a \"c\" | toYaml }}{{ keys .Values.e }}", "{a: {d: 1}, e: {x: 1}}", "");
  check("{{ (default .Values.a .Values.e).c }}", "{a: {c: 1, d: 1}, e: {c: 1}}", "/a/d");
  check("{{ (.Values.a | default dict).c }}", "{a: {c: 1, d: 1}}", "/a/d");
  check("{{ (ternary .Values.a .Values.e true).c }}{{ (required \"m\" .Values.d).c }}",
        "{e: {f: 1, c: 1}, d: {e: 1, c: 1}}", "/d/e /e/f");
  // What is put together.
  check("{{ (merge (dict) .Values.a .Values.e).c }}", "{a: {c: 1, d: 1}, e: {c: {x: 1}}}", "/a/d");
  check("{{ $x := dict }}{{ $_ := mergeOverwrite $x .Values.a }}{{ $x.c }}", "{a: {c: 1, d: 1}}", "/a/d");
  check("{{ $x := fromYaml \"{}\" }}{{ $_ := mergeOverwrite $x .Values.a }}{{ $x.c }}", "{a: {d: 1}}", "");
  check("{{ $x := dict }}{{ $_ := set $x \"k\" .Values.a }}{{ $x.k.c }}", "{a: {c: 1, d: 1}}", "/a/d");
  check("{{ $_ := set .Values \"d\" .Values.a }}{{ .Values.d.c }}", "{a: {c: 1, f: 1}}", "/a/f");
  check("{{ range concat .Values.l (list .Values.a) }}{{ .c }}{{ end }}", "{a: {c: 1, d: 1}}", "/a/d");
  check("{{ (index (list .Values.a .Values.e) 0).c }}", "{a: {c: 1, d: 1}}", "/a/d");
}

TEST_CASE("what templates read through one another") {
  constexpr const char* x = "{{ define \"x\" }}{{ .Values.a.c }}{{ end }}";
  check(std::string(x) + "{{ include \"x\" . }}{{ template \"x\" $ }}", "{a: {c: 1, d: 1}}", "/a/d");
  check("{{ define \"x\" }}{{ .c }}{{ end }}{{ include \"x\" .Values.a }}", "{a: {c: 1, d: 1}}", "/a/d");
  check("{{ define \"x\" }}{{ toYaml . }}{{ end }}{{ include \"x\" .Values.a }}", "{a: {c: {d: 1}}}", "");
  check(
      "{{ define \"x\" }}{{ .of.c }}{{ .ctx.Values.d }}{{ end }}{{ include \"x\" (dict \"of\" .Values.a \"ctx\" $) }}",
      "{a: {c: 1, d: 1}, d: 1, f: 1}", "/a/d /f");
  check("{{ define \"x\" }}{{ (index . 1).c }}{{ (first .).Values.d }}{{ end }}{{ include \"x\" (list $ .Values.a) }}",
        "{a: {c: 1, d: 1}, d: 1, f: 1}", "/a/d /f");
  check("{{ define \"x.y\" }}{{ .c }}{{ end }}{{ include (printf \"x.%s\" .Values.e) .Values.a }}", "{a: {c: 1, d: 1}}",
        "/a/d");
  check("{{ include (print $.Template.BasePath \"/b.yaml\") . }}", "{a: {d: 1}}", "/a");
  check("{{ include .Values.which .Values.a }}", "{a: {d: 1}}", "");
  // A template that calls itself.
  check(
      "{{ define \"x\" }}{{ .nm }}{{ with .next }}{{ include \"x\" . }}{{ end }}{{ end }}{{ include \"x\" .Values.a }}",
      "{a: {nm: 1, m: 1, next: {nm: 1, next: {m: 1, nm: 1}}}}", "/a/m /a/next/next/m");
  check(
      "{{ define \"x\" }}{{ .d.Values.a.c }}{{ include \"x\" (dict \"d\" .d \"up\" .) }}{{ end }}{{ include \"x\" "
      "(dict "
      "\"d\" .) }}",
      "{a: {c: 1, d: 1}}", "/a/d");
}

TEST_CASE("what texts that tpl runs read") {
  check("{{ tpl .Values.t . }}", "{t: '{{ .Values.d }}', d: 1, f: 1}", "/f");
  check("{{ .Values.t }}", "{t: '{{ .Values.d }}', d: 1}", "/d");
  check("{{ tpl (toYaml .Values.t) . }}", "{t: {k: ['{{ .Values.d }}']}, d: 1, f: 1}", "/f");
  check("{{ tpl \"{{ .Values.d }}\" . }}", "{d: 1, f: 1}", "/f");
  check("{{ tpl (printf \"{{ .Values.%s }}\" .Values.e) . }}", "{d: 1}", "");
  check("{{ tpl (cat \"{{ with .Values.a }}\" .Values.t \"{{ end }}\") . }}", "{t: '{{ .c }}', a: {c: 1, d: 1}}",
        "/a/d");
  check("{{ tpl .Values.t . }}", "{t: ['{{ if .Values.x }}', '{{ end }}'], d: 1}", "");
  check("{{ tpl (.Files.Get \"files/f.txt\") . }}", "{in: {file: 1, readme: 1, x: 1}, d: 1}", "/d /in/x");
  check("{{ (.Files.Glob \"files/*\").AsConfig }}", "{in: {file: 1}}", "/in");
  check("{{ tpl ((.Files.Glob \"files/*\").AsConfig | indent 2) $ }}", "{in: {file: 1, x: 1}}", "/in/x");
  check("{{ range $p, $_ := .Files.Glob \"files/*\" }}{{ tpl ($.Files.Get $p) $ }}{{ end }}", "{in: {file: 1}}", "");
}

TEST_CASE("a chart that takes everything reads every key") {
  for (const char* text :
       {"{{ .Values | toJson }}", "{{ toYaml $.Values }}", "{{ range $k, $v := .Values }}{{ $k }}{{ end }}",
        "{{ with .Values }}{{ toYaml . }}{{ end }}", "{{ . | toYaml }}", "{{ $ }}", "{{ .Values.AsMap }}",
        "{{ define \"x\" }}{{ . }}{{ end }}{{ include \"x\" .Values }}", "{{ $v := .Values }}{{ $v | toYaml }}"})
    check(text, "{d: 1}", "");
  for (const char* text : {"{{ .Values.other }}", "{{ if .Values }}{{ end }}", "{{/* toYaml .Values */}}",
                           "{{ index .Values \"a\" }}", "{{ with .Values }}{{ .other }}{{ end }}", "see .Values",
                           "{{ dict \"Values\" 1 }}", "{{ dig \"a\" \"b\" 1 .Values }}", "{{ $v := .Values }}"})
    check(text, "{d: 1}", "/d");
}

TEST_CASE("what charts and sub-charts read of one another") {
  auto c = chart(
      {{"Chart.yaml",
        "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1.0.0, alias: ali, condition: "
        "ali.enabled, tags: [t], import-values: [data]}\n- {name: sub, version: 1.0.0, condition: "
        "'cond.sub,sub.cond'}\n"},
       {"values.yaml", "{ali: {q: 1, unread: 1}, global: {zone: a}}"},
       {"templates/a.yaml", "{{ .Values.ali.fromAbove }}{{ .Subcharts.sub.Values.w }}"},
       {"charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"},
       {"charts/sub/values.yaml", "{q: 0, exports: {data: {}}}"},
       {"charts/sub/templates/b.yaml", "{{ .Values.q }}{{ .Values.global.zone.name }}"}});
  CHECK(unread(*c,
               "{ali: {q: 1, r: 1, fromAbove: 1, enabled: true, w: 1, exports: {data: {x: 1}, other: 1}}, sub: {q: 1, "
               "fromAbove: 1, cond: true, w: 1}, cond: {sub: true, x: 1}}") ==
        "/ali/exports/other /ali/r /ali/w /cond/x /sub/fromAbove");
  CHECK(unread(*c, "{global: {zone: {name: 1, x: 1}, why: 1}, ali: {global: {z: 1}}, tags: {t: true, u: true}}") ==
        "/ali/global/z /global/why /global/zone/x /tags/u");
  auto reads = find_reads(*c, {});
  CHECK(told(unread_by_parents(*reads)) ==
        " /unread: no template of chart sub reads \"ali.unread\" (set in the values.yaml of chart c): it has no "
        "effect\n");
  CHECK(unread(*chart({{"Chart.yaml",
                        "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: gone, "
                        "version: 1.0.0}\n"},
                       {"templates/a.yaml", "x: 1"}}),
               "{gone: {x: 1}, global: {x: 1}, d: 1}") == "/d");
}

TEST_CASE("values that no template reads, as they are told") {
  auto c = chart(
      {{"values.yaml", "ports: {web: {port: 80, expose: {}}}\nlabels: {}\nimage: {tag: x}\n"},
       {"templates/a.yaml", "{{ .Values.ports.web.port }} {{ .Values.image.tag }} {{ index .Values \"by-name\" }}"}});
  Value said = yaml("ports: {web: {port: 1, redirectTo: x}}\nlabels: {a: b}\nby-name: 2\nimgae: {tag: y}\nby: 1\n");
  auto reads = find_reads(*c, {&said});
  CHECK(told(unread_values(*reads, {{"prod.yaml", said, "c/prod.yaml"}})) ==
        "c/prod.yaml /by: no template of chart c reads \"by\": it has no effect\n"
        "c/prod.yaml /imgae: no template of chart c reads \"imgae\": it has no effect did you mean \"image\"?\n"
        "c/prod.yaml /labels: no template of chart c reads \"labels\": it has no effect\n"
        "c/prod.yaml /ports/web/redirectTo: no template of chart c reads \"ports.web.redirectTo\": it has no effect\n");
  CHECK(told(unread_values(*reads, {{"parameter imgae.tag", yaml("imgae: 1"), ""}})) ==
        " /imgae: no template of chart c reads \"imgae\" (set by parameter imgae.tag): it has no effect did you mean "
        "\"image\"?\n");
  CHECK(told(unread_defaults(*reads, "c")) ==
        "c/values.yaml /labels: no template of chart c reads \"labels\": it has no effect\n"
        "c/values.yaml /ports/web/expose: no template of chart c reads \"ports.web.expose\": it has no effect\n");
  // An empty default may be there for what users have tpl run.
  auto texts = chart({{"values.yaml", "{t: x, forTexts: {}, old: 1}"}, {"templates/a.yaml", "{{ tpl .Values.t . }}"}});
  CHECK(told(unread_defaults(*find_reads(*texts, {}), "")) ==
        "values.yaml /old: no template of chart c reads \"old\": it has no effect\n");
  auto broken = chart({{"templates/a.yaml", "{{ if }}"}});
  CHECK(unread_values(*find_reads(*broken, {}), {{"v", yaml("d: 1"), ""}}).empty());
}

TEST_CASE("charts of others: keys that moved, misspelt ones, and their own values") {
  auto folder = kinds::testing::testdata("charts");
  if (!folder) return;
  auto argo = chart_in(*folder / "argo-cd");
  CHECK(unread(*argo,
               "{replicas: 3, resources: {limits: {}}, securityContext: {runAsNonRoot: true}, networkPolicy: {create: "
               "true}, server: {tls: {enabled: true}, replicaz: 2, replicas: 2}, nodeSelector: {a: b}, controller: "
               "{metrics: {enabledd: true}}, configs: {secret: {creatSecret: true}}, global: {nope: 1}}") ==
        "/configs/secret/creatSecret /controller/metrics/enabledd /global/nope /networkPolicy /nodeSelector /replicas "
        "/resources /securityContext /server/replicaz /server/tls");
  auto keda = chart_in(*folder / "keda");
  CHECK(unread(*keda,
               "{operator: {replicaCountt: 1, replicaCount: 1}, image: {keda: {tagg: x}}, metricsServer: {dnsPolicyy: "
               "x}}") == "/image/keda/tagg /metricsServer/dnsPolicyy /operator/replicaCountt");
  auto grafana = chart_in(*folder / "grafana");
  CHECK(unread(*grafana,
               "{grafana.ini: {server: {root_url: x}}, ldap: {config: x}, dashboards: {default: {x: {gnetId: 1}}}}") ==
        "");
}

TEST_CASE("what was looked for lately is not looked for again") {
  UnreadMemory memory;
  int searches = 0;
  auto ask = [&](const std::string& text, const std::string& of_child, const char* value, const char* file) {
    auto c = chart({{"templates/a.yaml", text},
                    {"charts/d/Chart.yaml", "apiVersion: v2\nname: d\nversion: 1.0.0\n"},
                    {"charts/d/templates/a.yaml", of_child}});
    std::vector<Layer> layers = {{"said", Value{{"a", value}}, file}};
    return memory.find(*c, layers, [&] { return std::vector<Unread>{{file, "/a", std::to_string(++searches), ""}}; })[0]
        .message;
  };
  CHECK(ask("x", "y", "1", "v.yaml") == "1");
  CHECK(ask("x", "y", "1", "v.yaml") == "1");
  CHECK(ask("y", "x", "1", "v.yaml") == "2");
  CHECK(ask("x", "z", "1", "v.yaml") == "3");
  CHECK(ask("x", "y", "2", "v.yaml") == "4");
  CHECK(ask("x", "y", "1", "w.yaml") == "5");
  for (int i = 0; i < 600; ++i) ask("x", "y", std::to_string(1000 + i).c_str(), "v.yaml");
  CHECK(ask("x", "y", "1599", "v.yaml") == "605");
  CHECK(ask("x", "y", "1", "v.yaml") == "606");  // too long ago
}
