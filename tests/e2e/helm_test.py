#!/usr/bin/env python3
"""Charts as their users meet them: `slipway helm template` against what the real Helm 3.22 and 4.3 printed on charts of our own
(tests/peers/helm/record.py), charts from repositories and registries on loopback, hostile charts, and `slipway up` on a chart."""
import concurrent.futures
import difflib
import hashlib
import http.server
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "peers", "helm"))
import commands  # noqa: E402
import lint  # noqa: E402
import record  # noqa: E402
from harness import SLIPWAY, Repository, Slipway, wait  # noqa: E402
from helm_charts import Folder  # noqa: E402


WHY = "\nslipway: why:\n"  # what we say beyond Helm's words comes behind this


def unordered(text):
    """Warnings and schema faults come in Go's random map order."""
    return sorted(text.splitlines())


class Golden(unittest.TestCase):
    maxDiff = None

    def check(self, case):
        sections = record.read(os.path.join(record.CASES, case))
        files = [(n, t) for n, t in sections if n and n not in ("args", "helm3", "helm4")]
        words = shlex.split(dict(sections).get("args", ""), posix=False)
        version = [] if "--kube-version" in words else ["--kube-version", "1.35.0"]
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files:
                file = os.path.join(folder, name)
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "w", encoding="utf-8", newline="") as out:
                    out.write(text)
            for compat in ("helm3", "helm4"):
                if compat == "helm4" and case in HELM3_ONLY:
                    continue
                want = dict(sections)[compat]
                code = int(want.split("\n", 1)[0].split()[1])
                rest = want.split("\n", 1)[1]
                out = rest[rest.index("stdout\n") + 7:] if code == 0 else ""
                err = rest.split("stdout\n")[0].removeprefix("stderr\n") if rest.startswith("stderr") else ""
                env = dict(os.environ, HOME=folder, KUBECONFIG="/dev/null")
                done = subprocess.run([SLIPWAY, "helm", "template", "rel", "chart", "--namespace", "ns", *version, *words,
                                       "--compat", compat], cwd=folder, env=env, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=60)
                ours = done.stdout.decode("utf-8")
                errors = done.stderr.decode("utf-8").split(WHY)[0].replace(folder + "/", "")
                diff = "\n".join(difflib.unified_diff(out.splitlines(), ours.splitlines(), compat, "slipway", lineterm=""))
                self.assertEqual(code, done.returncode, errors)
                self.assertEqual(out, ours, "\n" + diff)
                self.assertEqual(unordered(err), unordered(errors))


# Helm 4's own refusals and messages that we tell in Helm 3's words, by name.
HELM3_ONLY = set()


def add(case):
    setattr(Golden, "test_" + case[:-4], lambda self: self.check(case))


for case_file in sorted(os.listdir(record.CASES)):
    if case_file.endswith(".txt"):
        add(case_file)


class Words(Folder):
    """What Helm 3.22 prints for commands that are no rendering."""

    def test_show(self):
        self.chart("c")
        self.write("c/values.yaml", "b: {c: x}\n")
        self.write("c/crds/x.yaml", "kind: X\n")
        self.write("c/crds/y.yaml", "kind: Y\n")
        self.assertEqual("kind: X\n\nkind: Y\n\n", self.helm("show", "crds", "c"))
        self.assertTrue(self.helm("show", "all", "c").endswith("---\nkind: X\n\nkind: Y\n\n"))
        self.assertEqual("---\nkind: X\n\n---\nkind: Y\n\n", self.helm("show", "crds", "c", "--compat", "helm4"))
        self.assertEqual("x", self.helm("show", "values", "c", "--jsonpath", "{.b.c}").strip())
        self.assertEqual("Error: error parsing jsonpath {: unclosed action\n", self.helm("show", "values", "c", "--jsonpath", "{", code=1))
        self.assertEqual('Error: "helm show chart" requires 1 argument\n\nUsage:  helm show chart [CHART] [flags]\n', self.helm("show", "chart", code=1))

    def test_dependencies_packages_and_names(self):
        self.chart("c")
        self.assertEqual("WARNING: no dependencies at c/charts\n", self.helm("dep", "list", "c"))
        self.assertEqual("Error: stat nope: no such file or directory\n", self.helm("dependency", "list", "nope", code=1))
        self.assertEqual("Successfully packaged chart and saved it to: out/c-1.0.0.tgz\n", self.helm("package", "c", "-d", "out"))
        self.assertEqual("Error: invalid semantic version\n", self.helm("package", "c", "--version", "x", code=1))
        self.assertEqual("Error: cannot push directory, must provide chart archive (.tgz)\n", self.helm("push", "c", "oci://localhost:1", code=1))
        self.assertEqual("[]\n", self.helm("repo", "list", "-o", "json"))
        self.assertEqual("Error: no repositories configured\n", self.helm("repo", "remove", "x", code=1))
        self.assertIn("requires 1 argument", self.helm("repo", "index", code=1))
        self.assertEqual("Error: non-absolute URLs should be in form of repo_name/path_to_chart, got: nope\n", self.helm("template", "r", "nope", code=1))

    def test_groups_say_what_there_is(self):
        for words, lists in ((["repo"], "add"), (["repo", "nope"], "index"), (["dependency"], "build"), (["dependencies"], "list"), (["show", "nope"], "crds"), (["inspect"], "values")):
            said = self.helm(*words)
            self.assertIn("\nUsage:\n  helm ", said)
            self.assertRegex(said, f"\n  {lists} ")
        self.chart("c")
        self.assertEqual(self.helm("show", "chart", "c"), self.helm("inspect", "chart", "c"))

    def test_debug(self):
        self.chart("c", "a: {{ .Values.x.y }}\n")
        said = self.helm("template", "c", "--debug", code=1)
        self.assertIn('install.go:225: [debug] Original chart version: ""\n', said)
        self.assertIn("install.go:242: [debug] CHART PATH: ", said)
        self.assertIn("\nhelm.go:92: [debug] template: c/templates/a.yaml:1:13: ", said)
        self.assertNotIn("Use --debug", said)

    def test_debug_of_broken_yaml_prints_the_files_and_the_hooks_before_it(self):
        self.chart("c", "\n\na: [\n{{ if true }}\n{{ end }}\n\n")
        self.write("c/templates/0.yaml", "\nkind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n")
        self.write("c/templates/z.yaml", "kind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n")
        hook = "kind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n"
        files = (f"---\n# Source: c/templates/0.yaml\n\n{hook}\n---\n# Source: c/templates/a.yaml\n\n\na: [\n\n\n\n\n"
                 f"---\n# Source: c/templates/z.yaml\n{hook}")
        hooks = f"---\n# Source: c/templates/0.yaml\n{hook}"
        for words, want in (((), files + hooks), (("--no-hooks",), files), (("--skip-tests",), files), (("-s", "nope"), "")):
            done = subprocess.run([SLIPWAY, "helm", "template", "x", "c", "--debug", *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual((1, want), (done.returncode, done.stdout))
        self.assertIn("Error: could not find template nope in chart\n", done.stderr)

    def test_lint_tells_what_it_skips_as_often_as_helm(self):
        self.chart("c", "a: x\n")
        self.write("c/values.yaml", "a: 1\n")
        done = subprocess.run([SLIPWAY, "helm", "lint", "c", "--set", "a.b=1"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        skipped = "coalesce.go:237: warning: skipped value for c.a: Not a table.\n"
        self.assertEqual("coalesce.go:319: warning: destination for a is a table. Ignoring non-table value (1)\n" + skipped * 2, done.stderr.split("Error")[0])

    def test_characters_that_are_not_ascii(self):
        self.chart("c", "a: b\n# {{ quote .Values.x }} {{ upper .Values.x | quote }} {{ printf \"%q %+q\" .Values.x .Values.x }}\n")
        self.assertIn('\n# "äß€Ж" "Äß€Ж" "äß€Ж" "\\u00e4\\u00df\\u20ac\\u0416"\n', self.helm("template", "c", "--set", "x=äß€Ж"))

    def test_numbers_that_json_lacks(self):
        self.chart("c")
        for word, told in ((".nan", "NaN"), (".inf", "+Inf"), ("-.Inf", "-Inf")):
            self.write("v.yaml", f"a: [1, {word}]\n")
            self.assertEqual(f"Error: failed to parse v.yaml: error converting YAML to JSON: json: unsupported value: {told}\n", self.helm("template", "c", "-f", "v.yaml", code=1))

    def test_version(self):
        self.assertEqual("v3.22\n", self.helm("version", "--short"))
        self.assertEqual('version.BuildInfo{Version:"v3.22", GitCommit:"", GitTreeState:"", GoVersion:"go1.26.8"}\n', self.helm("version"))
        self.assertEqual("v3.22", self.helm("version", "--template", "{{.Version}}"))


class WrittenFiles(Folder):
    def test_others_may_read_them(self):
        os.umask(os.umask(0) | 0o022)
        self.chart("c", "a: b\n")
        self.helm("template", "c", "--output-dir", "out")
        [file] = [path for path in self.files() if path.startswith("out/")]
        self.assertEqual(0o644, os.stat(os.path.join(self.folder, file)).st_mode & 0o777)


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
        self.assertEqual('image.tag\nc/values.yaml: "1"\n--values v.yaml: "2"\n--set image.tag=x: "x"\nresult: "x"\n',
                         self.helm("template", "c", "-f", "v.yaml", "--set", "image.tag=x", "--explain-values", "image.tag"))

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


class Lint(unittest.TestCase):
    maxDiff = None

    def test_what_helm_finds(self):
        self.assertEqual([], lint.differences(SLIPWAY))


class LintCrds(Folder):
    """Helm 4's rule, which Helm 3 has not: as Helm 4.3 says it."""

    def check(self, files, says, more=""):
        self.chart("c", "", more="icon: https://e.org/i.png\n" + more)
        self.write("c/values.yaml", "")
        for name, text in files.items():
            self.write("c/" + name, text)
        self.helm("lint", "c", "--compat", "helm4", code=1 if says else 0)
        done = subprocess.run([SLIPWAY, "helm", "lint", "c", "--compat", "helm4"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(says, [line for line in done.stdout.splitlines() if " crds/" in line])
        self.assertNotIn("crds/", self.helm("lint", "c") if "Chart.yaml" not in files else "")
        shutil.rmtree(os.path.join(self.folder, "c"))

    def test_crds(self):
        good = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        kind, version = "object kind is not 'CustomResourceDefinition'", "apiVersion is not in 'apiextensions.k8s.io'"
        self.check({"crds/a.yaml": good + "---\n# nothing\n---\n" + good, "crds/b.yaml": "", "crds/c.txt": "text"}, [])
        self.check({"crds/a.yaml": good + "---\napiVersion: v1\nkind: ConfigMap\n", "crds/sub/b.yml": "apiVersion: apiextensions.k8s.io/v1\nkind: Foo\n"},
                   [f"[ERROR] crds/a.yaml: {version}", f"[ERROR] crds/a.yaml: {kind}", f"[ERROR] crds/sub/b.yml: {kind}"])
        self.check({"crds/b.json": "[a]", "crds/c.yaml": "a: 1"},
                   ["[ERROR] crds/b.json: unable to parse YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value "
                    "of type rules.k8sYamlStruct"])
        self.check({"crds/a.yaml": "apiVersion: 1\nkind: [a]\n"},
                   ["[ERROR] crds/a.yaml: unable to parse YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct "
                    "field k8sYamlStruct.Kind of type string"])
        self.check({"crds": "x"}, ["[ERROR] crds/: not a directory"])
        self.check({"crds/a.yaml": good, "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 0.1.0\n", "charts/s/crds/x.yaml": "kind: CustomResourceDefinition\n"},
                   [f"[ERROR] crds/x.yaml: {version}"], "dependencies: [{name: s, version: 0.1.0, repository: \"\"}]\n")


class Commands(unittest.TestCase):
    maxDiff = None

    def test_command_lines(self):
        """One in eight, and those that unpack; peers/helm_commands runs all."""
        chosen = [line for i, line in enumerate(commands.COMMANDS) if i % 8 == 0 or "--untar " in line]
        self.assertEqual([], commands.differences(SLIPWAY, chosen))


class Check(Folder):
    """`slipway check` on values that no template reads."""

    def test_values_that_nothing_reads(self):
        self.chart("c", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\ndata: {p: '{{ .Values.ports.web.port }}', t: '{{ .Values.image.tag }}'}\n")
        self.write("c/values.yaml", "ports:\n  web:\n    port: 80\n    redirect: true\nimage: {tag: x}\n")
        self.write("c/values-prod.yaml", "image: {tag: y}\n\nimgae: {tag: z}\n")
        done = subprocess.run([SLIPWAY, "check", "c"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertIn('values-prod.yaml:3', done.stdout)
        self.assertIn('no template of chart c reads "imgae": it has no effect', done.stdout)
        self.assertIn('did you mean "image"?', done.stdout)
        self.assertIn('values.yaml:4', done.stdout)
        self.assertIn('no template of chart c reads "ports.web.redirect"', done.stdout)
        self.write("ci/values.yaml", "image: {tag: y}\nimgea: {tag: z}\n")
        done = subprocess.run([SLIPWAY, "check", "c", "-f", "ci/values.yaml"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertIn('ci/values.yaml:2:8: warning: no template of chart c reads "imgea": it has no effect', done.stdout)
        done = subprocess.run([SLIPWAY, "check", "c", "-f", "ci/none.yaml"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(1, done.returncode)
        self.assertIn("--values ci/none.yaml: there is no such file below ", done.stderr)


class Elsewhere(Folder):
    """Repositories over https and registries, on loopback."""

    def test_a_repository(self):
        for version in ("1.0.0", "1.2.0", "2.0.0"):
            self.chart("dep", "kind: ConfigMap\nmetadata: {name: dep-{{ .Chart.Version }}}\n", version)
            self.helm("package", "dep", "-d", "repo")
        self.write("old.yaml", "apiVersion: v1\nentries:\n  gone:\n  - {apiVersion: v2, name: gone, version: 0.1.0, urls: [gone.tgz]}\n")
        self.helm("repo", "index", "repo", "--merge", "old.yaml")
        self.assertIn("gone.tgz", open(os.path.join(self.folder, "repo/index.yaml")).read())
        url = self.serve(os.path.join(self.folder, "repo"))
        trust = ["--ca-file", "ca.pem"]
        self.assertIn("dep-1.2.0", self.helm("template", "r", "dep", "--repo", url, "--version", "^1.0.0", *trust)
                      if not shutil.rmtree(os.path.join(self.folder, "dep")) else "")
        self.chart("web", "kind: Web\n", more=f"dependencies: [{{name: dep, version: 1.x, repository: \"{url}\"}}]\n")
        self.assertIn("missing in charts/ directory: dep", self.helm("template", "web", code=1))
        self.assertIn("dep \t1.x", self.helm("dependency", "list", "web").replace("dep\t", "dep \t"))
        self.helm("dependency", "update", "web", *trust)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "web/charts/dep-1.2.0.tgz")))
        self.assertIn("dep-1.2.0", self.helm("template", "web"))
        shutil.rmtree(os.path.join(self.folder, "web/charts"))
        self.helm("dependency", "build", "web", *trust)
        self.assertIn("dep-1.2.0", self.helm("template", "web"))
        self.helm("repo", "add", "mine", url, *trust)
        self.assertIn("mine", self.helm("repo", "list"))
        self.helm("pull", "mine/dep", "--version", "2.0.0", "--untar")  # whom to trust is kept with the name
        self.assertTrue(os.path.exists(os.path.join(self.folder, "dep/Chart.yaml")))
        self.assertIn("version: 2.0.0", self.helm("show", "chart", "dep"))
        # an index whose digest is another
        index = os.path.join(self.folder, "repo/index.yaml")
        text = open(index).read()
        digest = hashlib.sha256(open(os.path.join(self.folder, "repo/dep-1.2.0.tgz"), "rb").read()).hexdigest()
        open(index, "w").write(text.replace(digest, "0" * 64))
        shutil.rmtree(os.path.join(self.folder, "web/charts"))
        before = self.files()
        error = self.helm("dependency", "build", "web", *trust, code=1)
        self.assertIn("the archive's digest is sha256:" + digest, error)
        self.assertEqual(before, self.files())
        self.assertIn("nope", self.helm("pull", "mine/nope", *trust, code=1))
        self.assertIn("not a valid chart repository", self.helm("repo", "add", "other", url + "/nothing", *trust, code=1))

    def test_an_index(self):
        """Archives in the folder and in those one below it, as JSON in the order of Helm's types."""
        self.chart("web", more="description: a<b\n")
        for below in ("", "/a", "/a/deeper"):
            self.helm("package", "web", "-d", "repo" + below)
        url = "https://charts.example.org/x/../stable?token=1"
        self.helm("repo", "index", "repo", "--url", url, "--json")
        with open(os.path.join(self.folder, "repo/index.yaml"), encoding="utf-8") as file:
            text = file.read()
        self.assertTrue(text.startswith('{\n  "apiVersion": "v1",\n  "generated": "'), text)
        entries = json.loads(text)["entries"]["web"]
        self.assertEqual([["https://charts.example.org/stable/web-1.0.0.tgz?token=1"], ["https://charts.example.org/stable/a/web-1.0.0.tgz?token=1"]],
                         [one["urls"] for one in entries])
        self.assertEqual(["name", "version", "description", "apiVersion", "urls", "created", "digest"], list(entries[0]))
        self.assertIn('"a\\u003cb"', text)
        self.write("old.yaml", "apiVersion: v1\nentries:\n  gone:\n  - {apiVersion: v2, name: gone, version: 0.1.0, urls: [gone.tgz]}\n")
        self.write("other/.keep", "")
        self.helm("repo", "index", "other", "--merge", "old.yaml")
        with open(os.path.join(self.folder, "other/index.yaml"), encoding="utf-8") as file:
            self.assertIn('created: "0001-01-01T00:00:00Z"', file.read())

    def test_names_are_added_at_once(self):
        self.chart("web")
        self.helm("package", "web", "-d", "repo")
        self.helm("repo", "index", "repo")
        url, asked = self.serve(os.path.join(self.folder, "repo")), []
        with concurrent.futures.ThreadPoolExecutor(15) as pool:
            for number in range(15):
                asked.append(pool.submit(self.helm, "repo", "add", f"r{number}", url, "--ca-file", "ca.pem"))
            for one in asked:
                one.result()
        names = {line.split("\t")[0].strip() for line in self.helm("repo", "list").splitlines()[1:]}
        self.assertEqual({f"r{number}" for number in range(15)}, names)

    def test_a_query_and_a_password_from_stdin(self):
        asked = []

        class Server(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                asked.append((self.path, self.headers["authorization"]))
                body = b"apiVersion: v1\nentries: {q: [{apiVersion: v2, name: q, version: 1.0.0, urls: [q.tgz]}]}\n"
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}/charts/?token=1"
        self.helm("repo", "add", "mine", url, "--username", "u", "--password-stdin", stdin="p:w \n")
        self.helm("pull", "mine/q")
        basic = "Basic dTpwOncg"  # the blank is the password's
        self.assertEqual([("/charts/index.yaml?token=1", basic), ("/charts/index.yaml?token=1", basic), ("/charts/q.tgz?token=1", basic)], asked)

    def test_certificates_that_are_not_believed(self):
        self.write("repo/index.yaml", "apiVersion: v1\nentries: {}\n")
        url = self.serve(os.path.join(self.folder, "repo"), asks=True)
        trust, named = ["--ca-file", "ca.pem"], url.replace("127.0.0.1", "localhost")
        for words, says in (([url], "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
                            ([named, *trust], "tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match localhost"),
                            ([url, *trust], "remote error: tls: certificate required")):
            self.assertTrue(self.helm("repo", "add", "r", *words, code=1).endswith(f"/index.yaml\": {says}\n"), says)
        self.helm("repo", "add", "r", url, "--ca-file", "ca.pem", "--cert-file", "ca.pem", "--key-file", "key.pem")

    def test_no_folder_is_named(self):
        """An empty --destination is here, and so is what would stand in the home of somebody without one."""
        self.chart("dep")
        self.helm("package", "dep", "-d", "repo")
        self.helm("repo", "index", "repo")
        shutil.rmtree(os.path.join(self.folder, "dep"))
        url = self.serve(os.path.join(self.folder, "repo"))
        trust = ["--ca-file", "ca.pem"]
        for home in ("", None):
            self.helm("repo", "add", "mine", url, *trust, HOME=home)
            self.assertIn(".config/helm/repositories.yaml", self.files())
            shutil.rmtree(os.path.join(self.folder, ".config"))
        self.assertEqual(["ca.pem", "key.pem", "repo"], sorted(os.listdir(self.folder)))
        for words in (["dep", "--repo", url], [url + "/dep-1.0.0.tgz"]):
            self.helm("pull", *words, *trust, "-d", "")
            os.remove(os.path.join(self.folder, "dep-1.0.0.tgz"))
            self.helm("pull", *words, *trust, "-d", "", "--untar", "--untardir", "")
            shutil.rmtree(os.path.join(self.folder, "dep"))

    def test_what_a_chart_holds_and_does_not_name(self):
        self.chart("dep")
        self.helm("package", "dep", "-d", "repo")
        self.helm("repo", "index", "repo")
        url = self.serve(os.path.join(self.folder, "repo"))
        both = f"dependencies:\n- {{name: dep, version: 1.x, repository: '{url}'}}\n- {{name: dep, alias: other, version: 1.x, repository: '{url}'}}\n"
        self.chart("web", more=both)
        said = self.helm("dependency", "update", "web", "--ca-file", "ca.pem")
        self.assertEqual(1, said.count("Successfully got an update"), said)
        for name in ("_off", "more"):
            self.chart(f"web/charts/{name}", "")
            self.write(f"web/charts/{name}/Chart.yaml", "apiVersion: v2\nname: more\nversion: 1.0.0\n")
        self.helm("package", "web/charts/more", "-d", "web/charts")
        self.write("web/charts/_none/README", "")
        warnings = [line for line in self.helm("dependency", "list", "web").splitlines() if line.startswith("WARNING")]
        self.assertEqual(['WARNING: "web/charts/_none" is not a chart.'] +
                         [f'WARNING: "web/charts/{name}" is not in Chart.yaml.' for name in ("_off", "more", "more-1.0.0.tgz")], warnings)

    def test_file_dependencies(self):
        self.chart("dep", "kind: Dep\n")
        self.chart("web", "kind: Web\n", more="dependencies: [{name: dep, version: 1.0.0, repository: \"file://../dep\"}]\n")
        self.helm("dependency", "build", "web")
        self.assertIn("kind: Dep", self.helm("template", "web"))
        self.chart("bad", "kind: Web\n", more="dependencies: [{name: dep, version: 9.9.9, repository: \"file://../dep\"}]\n")
        before = self.files()
        self.assertIn('can\'t get a valid version for 1 subchart(s): "dep"', self.helm("dependency", "update", "bad", code=1))
        self.assertEqual(before, self.files())

    @unittest.skipUnless(shutil.which("docker-registry"), "no docker-registry: script/setup installs it")
    def test_a_registry(self):
        host = self.registry()
        self.chart("web", "kind: Web\nversion: {{ .Chart.Version }}\n", "1.2.3+a")
        self.helm("package", "web")
        remote = f"oci://{host}/charts"
        self.helm("push", "web-1.2.3+a.tgz", remote, "--plain-http")
        self.assertIn("version: 1.2.3+a", self.helm("template", remote + "/web", "--version", "^1.0.0", "--plain-http"))
        self.helm("pull", remote + "/web", "--version", "1.2.3+a", "--plain-http", "-d", "registry")
        self.assertIn("Could not locate a version matching provided version string ^7", self.helm("pull", remote + "/web", "--version", "^7", "--plain-http", code=1))
        self.assertIn("not found", self.helm("pull", remote + "/nope", "--version", "1.2.3", "--plain-http", code=1))


class Up(unittest.TestCase):
    """A repository with a chart: `slipway up` delivers it, hooks first, and follows its values."""

    def test_a_chart_is_delivered(self):
        with tempfile.TemporaryDirectory(prefix="slipway-e2e-") as home:
            repo = Repository(f"{home}/shop")
            repo.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"
                       "dependencies: [{name: common, version: 1.x, repository: \"file://../common\"}]\n")
            repo.write("charts/web/values.yaml", "replicas: 1\ntext: one\n")
            repo.write("charts/web/templates/web.yaml", """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ include "common.name" . }}, namespace: {{ .Release.Namespace }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.org/web:1"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: {{ .Release.Namespace }}}
data: {text: {{ .Values.text | quote }}, kube: {{ .Capabilities.KubeVersion.Minor | quote }}, jobs: "{{ .Capabilities.APIVersions.Has "batch/v1/Job" }}"}
""")
            repo.write("charts/web/templates/migrate.yaml", """apiVersion: v1
kind: ConfigMap
metadata:
  name: migrated
  namespace: {{ .Release.Namespace }}
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}
data: {text: {{ .Values.text | quote }}}
""")
            repo.write("charts/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n")
            repo.write("charts/common/templates/_names.tpl", '{{ define "common.name" }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}')
            repo.commit("a chart")
            slipway = Slipway(repo.path, "--path", "charts/web", data=f"{home}/data").start()
            try:
                app = json.loads(slipway.cli("app", "list", "--json").stdout)
                name = wait("the application", lambda: json.loads(slipway.cli("app", "list", "--json").stdout)["items"][0]["metadata"]["name"])
                wait("healthy", lambda: slipway.is_app(name, "Synced", "Healthy"), 60)
                ns = wait("its namespace", lambda: json.loads(slipway.cli("app", "get", name, "--json").stdout)["spec"]["destination"]["namespace"])
                self.assertEqual(1, slipway.get(f"/apis/apps/v1/namespaces/{ns}/deployments/{name}-web")["spec"]["replicas"])
                data = slipway.get(f"/api/v1/namespaces/{ns}/configmaps/settings")["data"]
                self.assertEqual({"text": "one", "kube": "35", "jobs": "true"}, data)
                self.assertEqual("one", slipway.get(f"/api/v1/namespaces/{ns}/configmaps/migrated")["data"]["text"])
                self.assertEqual("Helm", json.loads(slipway.cli("app", "get", name, "--json").stdout)["status"]["sourceType"])
                repo.write("charts/web/values.yaml", "replicas: 2\ntext: two\n")
                revision = repo.commit("two")
                wait("the second revision", lambda: slipway.is_app(name, "Synced", "Healthy", revision), 60)
                self.assertEqual("two", slipway.get(f"/api/v1/namespaces/{ns}/configmaps/settings")["data"]["text"])
                self.assertEqual("two", slipway.get(f"/api/v1/namespaces/{ns}/configmaps/migrated")["data"]["text"])
            finally:
                slipway.close()


if __name__ == "__main__":
    unittest.main()
