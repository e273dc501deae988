#!/usr/bin/env python3
"""Charts as their users meet them: `slipway helm template` against what the real Helm 3.22 and 4.3 printed on charts of our own
(tests/peers/helm/record.py), and `slipway up` on a chart."""
import difflib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
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

    def test_what_becomes_of_the_output(self):
        """The worker that rendered prints; who reads takes any time, and what cannot be written is told."""
        self.chart("c", "kind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: {{ repeat 3000000 \"x\" }}\n")
        line = f"'{SLIPWAY}' helm template r c --timeout 1s"
        for behind, code, said in (("> all", 0, ""), ("| (sleep 2; cat > slow); exit ${PIPESTATUS[0]}", 0, ""),
                                   ("| head -c 1 > one; exit ${PIPESTATUS[0]}", 0, ""), (">> all", 0, ""),
                                   ("> /dev/full", 1, "Error: write stdout: No space left on device\n"),
                                   ("> limited", 1, "Error: write stdout: File too large\n"),
                                   (">&-", 1, "Error: write stdout: Bad file descriptor\n"),
                                   (">&- <&-", 1, "Error: write stdout: Bad file descriptor\n"),
                                   ("-s nope", 1, "Error: could not find template nope in chart\n")):
            limit = "ulimit -f 100; " if "limited" in behind else ""
            done = subprocess.run(["bash", "-c", f"{limit}{line} {behind}"], cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual((code, said, ""), (done.returncode, done.stderr, done.stdout), behind)
        sizes = [os.path.getsize(os.path.join(self.folder, name)) for name in ("slow", "all", "one")]
        self.assertEqual([sizes[0], 2 * sizes[0], 1], sizes)
        self.assertGreater(sizes[0], 3000000)
        done = subprocess.run(["bash", "-c", f"'{SLIPWAY}' version > /dev/full"], capture_output=True, text=True, timeout=60)
        self.assertEqual((1, "slipway: write stdout: No space left on device\n"), (done.returncode, done.stderr))

    def test_ends_that_do_not_wait(self):
        """Whoever starts us may have made its ends of the pipes non-blocking: all goes through, from stdin to stdout and stderr."""
        self.chart("c", "kind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: {{ repeat 3000000 .Values.letter }}\n")
        into, out = os.pipe(), os.pipe()
        for end in (into[0], out[1]):
            os.set_blocking(end, False)
        with subprocess.Popen([SLIPWAY, "helm", "template", "r", "c", "-f", "-"], cwd=self.folder, stdin=into[0], stdout=out[1], stderr=out[1]) as done:
            os.close(into[0])
            os.close(out[1])
            time.sleep(0.3)
            os.write(into[1], b"letter: z\n")
            os.close(into[1])
            time.sleep(0.3)
            with open(out[0], "rb") as printed:
                text = printed.read()
        self.assertEqual(0, done.returncode, text[-300:])
        self.assertEqual(3000000, text.count(b"zzz") * 3)

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
