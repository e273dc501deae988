#!/usr/bin/env python3
"""Charts, values and archives that are wrong, hostile or without end: one clear error each, and nothing written."""
import hashlib
import io
import os
import subprocess
import tarfile
import unittest

from harness import SLIPWAY
from helm_charts import Folder

unless_tsan = unittest.skipIf(os.environ.get("SLIPWAY_TSAN"), "the thread sanitizer holds signals back, and memory is not limited under it")


class BadInput(Folder):
    """One clear error each, exit code 1, nothing written."""

    def refused(self, *words, says):
        before = self.files()
        error = self.helm(*words, code=1)
        self.assertTrue(error.startswith("Error: "), error)
        self.assertIn(says, error)
        self.assertEqual(before, self.files())

    def archive(self, files, bomb=0):
        with tarfile.open(os.path.join(self.folder, "c.tgz"), "w:gz") as tar:
            for name, text in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            if bomb:
                info = tarfile.TarInfo("c/templates/big.yaml")
                info.size = bomb
                tar.addfile(info, open("/dev/zero", "rb"))

    def test_a_chart_that_never_ends(self):
        self.chart("c", "{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ range $k := until 100000 }}{{ end }}{{ end }}{{ end }}")
        self.refused("template", "c", "--timeout", "50ms",
                     says="chart c: rendering was given up: it did not end within 0.05 s, and was stopped")

    @unless_tsan
    def test_a_chart_that_counts_or_hashes_endlessly(self):
        self.chart("c", "{{ range 9000000000000000000 }}{{ end }}")
        self.refused("template", "c", "--timeout", "500ms", says="and was stopped, at c/templates/")
        for text, says in (('{{ indent 2000000000 "a" }}', "error calling indent: it would make more than 268435456 bytes at once"),
                           ('{{ fromYamlArray (repeat 30000 "[a,") | toString | trunc 90 | fail }}', "YAML is nested deeper than")):
            self.chart("c", text)
            self.refused("template", "c", says=says)

    @unless_tsan
    def test_how_much_memory_rendering_may_take(self):
        self.chart("c", '{{ $l := list }}{{ range 999999 }}{{ $l = append $l (repeat 8000000 "a") }}{{ end }}')
        self.assertRegex(self.helm("template", "c", "--max-memory", "96Mi", code=1),
                         "it needs more than 96 MB of memory, and was stopped, at repeat at c/templates/|no memory left for it")
        self.refused("template", "c", "--max-memory", "much", says="--max-memory much: expected 64Mi or more")

    @unless_tsan
    def test_a_password_for_which_there_is_no_memory(self):
        """scrypt takes 32 MB."""
        self.chart("c", '{{ $held := repeat 11000000 "abc" }}a: {{ derivePassword 1 "long" "password" "user" "example.com" }}\nb: {{ len $held }}\n')
        self.assertIn("a: ", self.helm("template", "c"))
        self.refused("template", "c", "--max-memory", "64Mi", says="error calling derivePassword: there is no memory left for it")

    def test_signals_that_are_ignored(self):
        """nohup: what a terminal says when it goes away ends nothing."""
        self.chart("c", 'kind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: {{ repeat 3000000 "x" }}\n')
        line = (f"trap '' HUP INT TERM; mkfifo pipe; '{SLIPWAY}' helm template r c > pipe & pid=$!; (sleep 0.5; kill -HUP $pid; kill -INT $pid; kill -TERM $pid; "
                "sleep 0.2; cat) < pipe > all; wait $pid")
        done = subprocess.run(["bash", "-c", line], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertGreater(os.path.getsize(os.path.join(self.folder, "all")), 3000000)

    @unless_tsan
    def test_time_zones_are_files(self):
        """Whether it renders shut in, where no file is read any more, is decided by the names of the functions."""
        date = '{{ %s "15:04 MST" (toDate "2006-01-02T15:04:05Z" "2024-07-01T12:00:00Z") "Europe/Berlin" }}'
        there = "14:00 CEST" if os.path.exists("/usr/share/zoneinfo/Europe/Berlin") else "12:00 UTC"
        for where in ("templates/a.yaml", "c.txt", "values.yaml", "-f", "Chart.yaml", "a key"):
            text = date % ("date_in_zone" if where == "c.txt" else "dateInZone")
            self.chart("c", f"a: {text}\n" if where == "templates/a.yaml" else '{{ tpl (.Files.Get "c.txt") . }}{{ tpl (.Values.b | default "") . }}')
            for other in ("c.txt", "values.yaml"):
                self.write("c/" + other, {"c.txt": f"a: {text}", "values.yaml": f"b: 'a: {text}'"}[other] if where == other else "")
            self.write("more.yaml", f"b: 'a: {text}'")
            if where in ("Chart.yaml", "a key"):
                self.chart("c", "a: {{ tpl %s . }}\n" % (".Chart.Description" if where == "Chart.yaml" else '(keys .Values.m | join "")'),
                           more=f"description: '{text}'\n" if where == "Chart.yaml" else "")
                self.write("c/values.yaml", f"m: {{'{text}': 1}}" if where == "a key" else "")
            self.assertIn(there, self.helm("template", "c", *(["-f", "more.yaml"] if where == "-f" else [])), where)
        self.write("c/values.yaml", "")
        self.chart("c", 'a: {{ tpl (printf "{{ dateIn%s `15:04` now `Europe/Berlin` }}" "Zone") . }}\n')
        self.refused("template", "c", says="chart c: rendering was given up: it asks for the time zone Europe/Berlin by a function whose name "
                                           "stands in no file and no value")

    def test_a_chart_that_eats_memory(self):
        self.chart("c", '{{ $s := "x" }}{{ range $i := until 60 }}{{ $s = print $s $s }}{{ end }}')
        self.refused("template", "c", says="Error: ")

    def test_paths_that_leave_an_archive(self):
        for name, says in (("c/../../x", "chart illegally references parent directory"), ("c//etc/x", "chart illegally contains absolute paths")):
            self.archive({"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", name: "x"})
            self.refused("template", "c.tgz", says=says)

    def test_a_bomb(self):
        self.archive({"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n"}, bomb=150 << 20)
        self.refused("template", "c.tgz", says="larger than the maximum file size 104857600")

    def test_many_files(self):
        """Helm counts none; ours are bounded, and come in any order."""
        chart = {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "c/templates/a.yaml": "a: {{ len .Files }}\n"}
        self.archive(chart | {f"c/f/{n:05}": "" for n in reversed(range(30_000))})
        self.assertIn("a: 30000\n", self.helm("template", "c.tgz", seconds=20))
        self.archive(chart | {f"c/f/{n:05}": "" for n in range(100_000)})
        self.refused("template", "c.tgz", says="chart archive holds more than 100000 files")

    def test_a_large_file(self):
        """Helm 4 bounds only all files together."""
        self.chart("c", "a: 1\n")
        with open(os.path.join(self.folder, "c", "large"), "wb") as file:
            file.write(b"x" * (6 << 20))
        self.refused("template", "c", says='chart file "large" is larger than the maximum file size 5242880')
        for words in (("template", "x", "c"), ("lint", "c"), ("package", "c")):
            self.helm(*words, "--compat", "helm4")

    def test_values_in_utf16(self):
        """The line break that Helm 4 puts behind a text is half a character there."""
        self.chart("c", "a: {{ .Values.x }}\n")
        with open(os.path.join(self.folder, "v.yaml"), "wb") as file:
            file.write("x: 7\n".encode("utf-16"))
        self.assertIn("a: 7", self.helm("template", "c", "-f", "v.yaml"))
        self.refused("template", "c", "-f", "v.yaml", "--compat", "helm4", says="yaml: incomplete UTF-16 character")

    def test_a_link_out_of_the_chart(self):
        """The disk is of who types the command, and links lead where they lead; a repository is never left."""
        self.chart("c", "secret: {{ .Files.Get \"passwd\" | sha256sum }}\n")
        os.symlink("/etc/passwd", os.path.join(self.folder, "c", "passwd"))
        with open("/etc/passwd", "rb") as file:
            self.assertIn("secret: " + hashlib.sha256(file.read()).hexdigest(), self.helm("template", "c"))
        done = subprocess.run([SLIPWAY, "render", "c"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn('leads to "/etc/passwd", out of the repository', done.stderr)

    def test_import_values_without_end(self):
        """What is imported comes to hold itself, since both entries share one table; Helm never ends."""
        self.chart("c", "a: 1\n", more="dependencies: [{name: one, version: 1.x, import-values: [{child: a.b, parent: x}, {child: a, parent: x}]}]\n")
        self.chart("c/charts/one")
        self.write("c/charts/one/Chart.yaml", "apiVersion: v2\nname: one\nversion: 1.0.0\n")
        self.write("c/charts/one/values.yaml", "a: {b: {c: 1}}\n")
        self.refused("template", "c", says="Error: import-values of chart c make a table hold itself, without end")

    def test_dicts_that_hold_themselves(self):
        for function, says in (("toToml", "error calling toToml: toml: the value holds itself"),
                               ("toYamlPretty", "error calling toYamlPretty: yaml: the value holds itself")):
            self.chart("c", "{{ $d := dict }}{{ $_ := set $d \"x\" $d }}{{ %s $d }}\n" % function)
            self.refused("template", "c", says=says)

    def test_a_link_within_the_repository(self):
        self.write("repository/charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
        self.write("repository/charts/c/templates/a.yaml", "shared: {{ include \"common\" . }}\n")
        self.write("repository/common/_common.tpl", "{{ define \"common\" }}text{{ end }}")
        os.symlink("../../../common/_common.tpl", os.path.join(self.folder, "repository/charts/c/templates/_common.tpl"))
        os.mkdir(os.path.join(self.folder, "repository/.git"))
        self.assertIn("shared: text", self.helm("template", "repository/charts/c"))
        done = subprocess.run([SLIPWAY, "render", "repository/charts/c"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertIn("shared: text", done.stdout, done.stderr)

    def test_values_of_500_megabytes(self):
        self.chart("c")
        with open(os.path.join(self.folder, "v.yaml"), "w") as out:
            out.truncate(500 << 20)
        self.refused("template", "c", "-f", "v.yaml", says="v.yaml: a values file may have")

    def test_no_archive_and_no_chart(self):
        self.write("v.yaml", "a: 1\n")
        self.refused("template", "v.yaml", says="seems to be a YAML file, but expected a gzipped archive")
        self.refused("template", "./nope", says="not found")
        self.refused("template", "./nope", "--no-such-flag", says="unknown flag: --no-such-flag")


    def test_templates_that_go_wrong(self):
        for text, says in (
                ("a: {{ .Values.x ", "parse error at (c/templates/a.yaml:1): "),
                ("a: {{ nosuch .Values.x }}", 'parse error at (c/templates/a.yaml:1): function "nosuch" not defined'),
                ("a: {{ trunc 3 }}", "wrong number of args for trunc: want 2 got 1"),
                ("a: {{ .Values.a.b }}", "nil pointer evaluating interface {}.b"),
                ('{{ define "a" }}{{ include "a" . }}{{ end }}a: {{ include "a" . }}', "rendering template has a nested reference name: a: "),
                ('a: {{ tpl .Values.t . }}', "nested"),
        ):
            self.chart("c", text)
            self.write("c/values.yaml", "t: '{{ tpl .Values.t . }}'\n")
            self.refused("template", "c", says=says if says != "nested" else "Error: ")

    def test_yaml_that_a_template_broke(self):
        self.chart("c", "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n{{ include \"c.data\" . | indent 2 }}\n")
        self.write("c/templates/_data.tpl", '{{ define "c.data" }}a: 1\n{{- if true }}\n\nb: {{ .Values.text.body }}\n{{- end }}{{ end }}')
        self.write("c/values.yaml", "text: {title: x}\n")
        self.write("prod.yaml", "text: {body: 'wrong: yaml'}\n")
        self.refused("template", "rel", "c", "-f", "prod.yaml", "--set", "text.body=very: wrong",
                     says="YAML parse error on c/templates/a.yaml: error converting YAML to JSON: yaml: line ")
        said = self.helm("template", "rel", "c", "-f", "prod.yaml", "--set", "text.body=very: wrong", code=1)
        self.assertIn("""
slipway: why:
c/templates/a.yaml renders to this, line 7 is the one:
  4 | data:
  5 |   a: 1
  6 |   
> 7 |   b: very: wrong
  8 | 
  made by c/templates/a.yaml:5: {{ include "c.data" . | indent 2 }}
  through c/templates/_data.tpl:4: b: {{ .Values.text.body }}
  .Values.text.body is set by --values prod.yaml, then --set text.body
""", said)
        # of a Secret nothing is shown
        self.chart("c", "kind: Secret\nmetadata: {name: x}\nstringData:\n  a: {{ .Values.text.body }}\n")
        said = self.helm("template", "c", "--set", "text.body=very: secret", code=1)
        self.assertIn("> 4 |   a: (hidden)", said)
        self.assertNotIn("very", said)

    def test_values_that_are_not_there(self):
        self.chart("c", "a: {{ .Values.web.port.number }}\n")
        self.write("c/values.yaml", "web: {host: x}\n")
        said = self.helm("template", "c", code=1)
        self.assertIn("nil pointer evaluating interface {}.number", said)
        self.assertIn("  .Values.web.port.number is set by nothing, .Values.web by c/values.yaml\n", said)

    def test_values_against_the_schema(self):
        self.chart("c")
        self.write("c/values.schema.json", '{"properties": {"age": {"type": "integer", "minimum": 0}}}')
        self.write("v.yaml", "age: -5\n")
        self.refused("template", "c", "-f", "v.yaml", says="- at '/age': minimum: got -5, want 0")
        self.assertIn("  .Values.age is set by --values v.yaml\n", self.helm("template", "c", "-f", "v.yaml", code=1))

    def test_a_schema_that_is_none(self):
        self.chart("c")
        self.write("c/values.schema.json", '{"properties": {"a": {"type": "strin"}}}')
        self.refused("template", "c", says="is not valid against metaschema: jsonschema validation failed with 'https://json-schema.org/draft/2020-12/schema#'")
        self.write("c/values.schema.json", '{"properties": {"a": {"$ref": "/etc/passwd"}}}')
        self.refused("template", "c", says='failing loading "file:///etc/passwd": open /etc/passwd: no such file or directory')
        self.write("c/values.schema.json", '{"$schema": "http://127.0.0.1:1/x"}')
        self.refused("template", "c", says='HTTP request failed for http://127.0.0.1:1/x: Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused')

    def test_dependencies_that_are_missing(self):
        self.chart("c", more="dependencies: [{name: db, version: 1.x, repository: \"https://127.0.0.1:1/charts\"}]\n")
        self.refused("template", "c", says="found in Chart.yaml, but missing in charts/ directory: db")
        self.refused("dependency", "build", "c", says="dependency db 1.x of https://127.0.0.1:1/charts: ")

    def test_where_values_come_from(self):
        self.chart("c")
        self.write("c/values.yaml", "image: {tag: '1'}\n")
        self.write("v.yaml", "image: {tag: '2'}\n")
        self.assertEqual('image.tag\nc/values.yaml: "1"\n--values v.yaml: "2"\n--set image.tag: "x"\nresult: "x"\n',
                         self.helm("template", "c", "-f", "v.yaml", "--set", "image.tag=x", "--explain-values", "image.tag"))

    def test_a_chart_that_makes_nothing(self):
        self.chart("c", "apiVersion: v1\nkind: List\nitems: []\n")
        done = subprocess.run([SLIPWAY, "render", "c"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((0, "slipway: no objects: this chart's templates make none with these values\n"), (done.returncode, done.stderr))

    def test_helm_4_ends_no_line_with_a_blank(self):
        for text, says in (('""', "range can't iterate over\n"), (r'" a \t\n"', "range can't iterate over  a\n")):
            self.chart("c", f"{{{{ range {text} }}}}{{{{ end }}}}")
            self.assertIn("    " + says, self.helm("template", "c", "--compat", "helm4", code=1))

    def test_which_key_of_a_set_with_several(self):
        self.chart("c", "{{ .Values.a.b.c }}")
        for words, key, says in ((("--set", "a=1,b=2,c.d=3"), "c.d", "--set c.d: 3\n"), (("--set-string", "a=1,b[0].x=2,b[1].x=3"), "b[1].x", '--set-string b[1].x: "3"\n'),
                                 (("--set-json", 'a=1,b={"x":"s"},c=[1]'), "b.x", '--set-json b: "s"\n'), (("--set", "a=1,c.d=3,c.e={4,5},c.e[2]=6"), "c", "--set c.d,c.e,c.e[2]: "),
                                 (("--set", "a=1,c=null"), "c", "--set c: null\n"), (("--set-literal", "c=x,d=y"), "c", '--set-literal c: "x,d=y"\n'),
                                 (("--set", r"z=1,n\.o.p=q\,r=s"), r"n\.o.p", r'--set n\.o.p: "q,r=s"' + "\n")):
            self.assertIn("\n" + says, self.helm("template", "c", *words, "--explain-values", key))
        said = self.helm("template", "c", "--set", "pw=hunter2,a.b=3", code=1)
        self.assertIn(".Values.a.b by --set a.b\n", said)
        self.assertNotIn("hunter2", said)

    def test_what_else_a_set_says_is_not_told(self):
        self.chart("c")
        for words in (("--set", "tag=x,password=hunter2"), ("--set-json", 'tag="x",password="hunter2"')):
            said = self.helm("template", "c", *words, "--explain-values", "tag")
            self.assertIn('result: "x"', said)
            self.assertNotIn("hunter2", said)

    def test_no_time_is_no_limit_of_its_own(self):
        self.chart("c")
        for time in ("0s", "-5s"):
            self.assertIn("kind: ConfigMap", self.helm("template", "c", "--timeout", time))

    def test_several_kubeconfigs_are_one(self):
        self.chart("c", "kind: ConfigMap\nmetadata: {name: x, namespace: '{{ .Release.Namespace }}'}\n")
        context = "- {name: %s, context: {cluster: x, user: x, namespace: %s}}\n"
        self.write("a", "contexts:\n" + context % ("one", "first"))
        self.write("b", "current-context: two\ncontexts:\n" + context % ("one", "never") + context % ("two", "second"))
        self.write("d", "current-context: one\n")
        for files, flags, says in (("none::a:b:d", (), "second"), ("d:a:b", (), "first"), ("a:b", ("--kube-context", "one"), "first"),
                                   ("b:a", ("--kube-context", "one"), "never"), ("none:nor-this", (), "default")):
            self.assertIn(f"namespace: '{says}'", self.helm("template", "c", *flags, KUBECONFIG=files))

    def test_a_readme_is_the_first_there_is(self):
        self.chart("c")
        self.write("c/README.md", "long\n")
        self.assertEqual("long\n\n", self.helm("show", "readme", "c"))
        self.write("c/README", "")
        self.assertEqual("\n", self.helm("show", "readme", "c"))
        self.write("c/README", "short\n")
        self.assertEqual("short\n\n", self.helm("show", "readme", "c"))

    def test_a_missing_dependency_is_told_with_its_repository(self):
        self.chart("c", more="dependencies: [{name: a, version: '*'}, {name: zz, version: 1.x, repository: 'https://charts.example.org'}]\n")
        self.write("c/charts/a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n")
        self.refused("template", "c", says="slipway: why:\n  zz 1.x of https://charts.example.org: looked for in charts/ of c, "
                                           "which holds a 1.0.0; no repository was asked\n")

    def test_layers_that_decide_above_the_key(self):
        self.chart("c", more="dependencies: [{name: sub, version: '*', alias: ali, import-values: [data]}]\n")
        self.write("c/values.yaml", "ali: {p: {q: 1, r: 1}}\nlst: [{x: 1}, {x: 2}]\nt: {u: {v: 1}}\n")
        self.write("c/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
        self.write("c/charts/sub/values.yaml", "p: {q: 0}\nexports: {data: {z: 1}}\n")
        self.write("v.yaml", "ali: {p: null}\nlst: [{x: 3}]\nt: {u: off}\n")
        self.write("w.yaml", "t: {w: 1}\n")
        explain = lambda key: self.helm("template", "c", "-f", "v.yaml", "-f", "w.yaml", "--explain-values", key)  # noqa: E731
        for key, says in (("ali.p.q", "ali.p.q\nc/charts/sub/values.yaml: 0\nc/values.yaml: 1\n--values v.yaml (ali.p): null\nresult: not set\n"),
                          ("lst[1].x", "lst[1].x\nc/values.yaml: 2\n--values v.yaml (lst): [{\"x\":3}]\nresult: not set\n"),
                          ("t.u.v", "t.u.v\nc/values.yaml: 1\n--values v.yaml (t.u): false\nresult: not set\n"),
                          ("z", "z\nc/charts/sub/values.yaml (import-values exports.data): 1\nresult: 1\n")):
            self.assertTrue(explain(key).startswith(says), explain(key))

    def test_where_imported_and_global_values_come_from(self):
        self.chart("c", more="dependencies: [{name: a, version: '*', import-values: [data, {child: nn, parent: mine}]}]\n")
        self.write("c/values.yaml", "global: {a: 1}\na: {global: {a: 2}}\nlist: [{x: 1}]\ntable: {x: 1}\n")
        self.write("c/charts/a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n")
        self.write("c/charts/a/values.yaml", "global: {a: 3, q: 4}\nexports: {data: {z: 1}}\nnn: {b: 2}\n")
        explain = lambda key: self.helm("template", "c", "--explain-values", key)  # noqa: E731
        for key, says in (("z", "z\nc/charts/a/values.yaml (import-values exports.data): 1\nresult: 1\n"),
                          ("mine.b", "mine.b\nc/charts/a/values.yaml (import-values nn as mine): 2\nresult: 2\n"),
                          ("a.global.a", "a.global.a\nc/charts/a/values.yaml: 3\nc/values.yaml: 2\nc/values.yaml (global.a): 1\nresult: 1\n"),
                          ("a.global.q", "a.global.q\nc/charts/a/values.yaml: 4\nresult: 4\n"),
                          (".Values.list[0].x", "list[0].x\nc/values.yaml: 1\nresult: 1\n")):
            self.assertEqual(says, explain(key))
        for key, says in (("table[0]", "--explain-values table[0]: nothing sets it, and no chart has it by default"),
                          ("tabel.x", "did you mean table?"),
                          ("list[1]", "nothing sets it"),
                          ("", '--explain-values "": expected a key as image.tag or list[0].name'),
                          ("a..b", "expected a key"), ("a[x]", "expected a key")):
            self.refused("template", "c", "--explain-values", key, says=says)

    def test_what_is_not_offered_says_so(self):
        self.chart("c")
        self.refused("package", "c", "--sign", "--key", "x", says="--sign is not offered")
        self.refused("install", "c", says='"helm install" is not offered')
        self.refused("pull", "oci://127.0.0.1:1/c", "--prov", says="--prov is not offered")
        self.refused("pull", "oci://127.0.0.1:1/c", "--verify", says="--verify: ")
        self.refused("template", "c", "--verify", says="unpacked charts cannot be verified")
        self.refused("template", "c", "--post-renderer", "cat", "--compat", "helm4", says="post-renderers of Helm 4 are plugins")


if __name__ == "__main__":
    unittest.main()
