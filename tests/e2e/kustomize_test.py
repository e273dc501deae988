#!/usr/bin/env python3
"""Charts within kustomizations, and bases behind a real git server, on the command line.

  tests/e2e/kustomize_test.py [Class.test...]
  tests/e2e/kustomize_test.py --record KUSTOMIZE HELM    what the real programs print for CHARTS, into kustomize/recorded.json"""
import json, os, shutil, subprocess, sys, tempfile, unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from harness import ROOT, Repository

HERE = Path(__file__).parent / "kustomize"
BINARY = os.environ.get("SLIPWAY", str(ROOT / "build/dev/slipway"))

# Kustomizations of the folder app; what is built is `over`, which has its own lines and app as its resource.
CHARTS = {
    "plain": ("- name: web", ""),
    "release": ("- {name: web, releaseName: shop, namespace: here, skipHooks: true, includeCRDs: true}", ""),
    "tests": ("- {name: web, releaseName: shop, skipTests: true}", ""),
    "values": ("- {name: web, valuesFile: own.yaml, additionalValuesFiles: [more.yaml]}", ""),
    "inline": ("- {name: web, valuesInline: {replicas: 5, list: [d], image: {tag: '9'}, gone: null}}", ""),
    "override": ("- {name: web, valuesFile: own.yaml, valuesMerge: override, valuesInline: {replicas: 5, list: [d], image: {other: 1}}}", ""),
    "merge": ("- {name: web, valuesFile: own.yaml, valuesMerge: merge, valuesInline: {replicas: 5, list: [d], image: {other: 1}}}", ""),
    "replace": ("- {name: web, valuesFile: own.yaml, valuesMerge: replace, valuesInline: {replicas: 5}}", ""),
    "versions": ("- {name: web, apiVersions: [example.org/v1], kubeVersion: '1.31.2'}", ""),
    "template": ("- {name: web, nameTemplate: 'made-{{ \"ABC\" | lower }}'}", ""),
    "namespace": ("- {name: web, releaseName: shop}\nnamespace: mine", ""),
    "chart's namespace": ("- {name: web, releaseName: shop, namespace: here}\nnamespace: mine", ""),
    "namespace around": ("- {name: web, releaseName: shop}", "namespace: around"),
    "changed": ("- {name: web, releaseName: shop}\nnamePrefix: a-\nimages: [{name: nginx, newTag: '7'}]\nreplicas: [{name: shop, count: 4}]",
                "nameSuffix: -z\nlabels: [{pairs: {team: x}, includeSelectors: true}]"),
    "traced": ("- {name: web, releaseName: shop}\nbuildMetadata: [originAnnotations]", "buildMetadata: [originAnnotations]"),
    "two": ("- {name: web, releaseName: one}\n- {name: web, releaseName: two}", ""),
    "twice": ("- {name: web, releaseName: one}\n- {name: web, releaseName: one}", ""),
    "no name": ("- {releaseName: one}", ""),
    "no chart": ("- {name: wbe}", ""),
    "bad merge": ("- {name: web, valuesMerge: mix, valuesInline: {a: 1}}", ""),
    "no values": ("- {name: web, valuesFile: none.yaml}", ""),
    "globals": ("- {name: web, releaseName: shop}\nhelmGlobals: {chartHome: ../other}", ""),
}


def lay_out(case, home):
    chart, over = CHARTS[case]
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(HERE / "app", f"{home}/app")
    if "kubeVersion" not in chart:
        chart = chart.replace("- {", "- {kubeVersion: '1.33', ").replace("- name: web", "- {kubeVersion: '1.33', name: web}")
    Path(f"{home}/app/kustomization.yaml").write_text(f"helmCharts:\n{chart}\n")
    if case == "globals":
        shutil.copytree(f"{home}/app/charts", f"{home}/other")
    Path(f"{home}/over").mkdir()
    Path(f"{home}/over/kustomization.yaml").write_text(f"resources: [../app]\n{over}\n")
    return f"{home}/over"


def run(*command, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, **more)


def record(kustomize, helm):
    with tempfile.TemporaryDirectory() as home:
        answers = {}
        for case in CHARTS:
            done = run(kustomize, "build", "--enable-helm", "--helm-command", helm, lay_out(case, home + "/tree"))
            answers[case] = done.stdout if done.returncode == 0 else None
            print(case, done.returncode, done.stderr[-300:].strip(), file=sys.stderr)
    (HERE / "recorded.json").write_text(json.dumps(answers, indent=1) + "\n")


class Charts(unittest.TestCase):
    def test_as_kustomize_with_helm(self):
        recorded = json.loads((HERE / "recorded.json").read_text())
        self.assertEqual(set(recorded), set(CHARTS))
        for case in CHARTS:
            with self.subTest(case), tempfile.TemporaryDirectory() as home:
                folder = lay_out(case, home + "/tree")
                done = run(BINARY, "kustomize", "build", "--enable-helm", folder)
                if recorded[case] is None:
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertRegex(done.stderr, "app/(kustomization.yaml|charts/web/templates):[23]")
                else:
                    self.assertEqual(done.stdout, recorded[case], done.stderr)

    def test_only_when_asked_and_never_pulled(self):
        with tempfile.TemporaryDirectory() as home:
            folder = lay_out("plain", home + "/tree")
            for words in (("kustomize", "build"), ("render",)):
                done = run(BINARY, *words, folder)
                self.assertEqual((done.returncode != 0, done.stdout), (True, ""))
                self.assertIn("must specify --enable-helm", done.stderr)
            Path(f"{home}/tree/app/kustomization.yaml").write_text(
                "helmCharts: [{name: db, repo: https://charts.invalid, version: 1.0.0}]\n")
            done = run(BINARY, "kustomize", "build", "--enable-helm", folder)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("helm pull --untar --untardir charts/db-1.0.0 --repo https://charts.invalid db --version 1.0.0", done.stderr)


class Remote(unittest.TestCase):
    """A repository with a base that a tag and main have in two states, an overlay beside it, and files by http."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="slipway-kustomize-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.work = Repository(f"{cls.home}/work")
        cls.work.write("base/kustomization.yaml", "resources: [map.yaml]\n")
        cls.work.write("side/kustomization.yaml", "resources: [../base]\nnamePrefix: side-\n")
        cls.work.write("wrong/kustomization.yaml", "resources: [map.yml]\n")
        cls.work.write("out/kustomization.yaml", "resources: [../../../etc]\n")
        cls.work.write("base/map.yaml", cls.map("one"))
        cls.work.commit("one")
        cls.work.git("tag", "v1")
        cls.work.write("base/map.yaml", cls.map("two"))
        cls.work.commit("two")
        os.mkdir(f"{cls.home}/srv")
        subprocess.run(["git", "clone", "-q", "--bare", cls.work.path, f"{cls.home}/srv/repo.git"], check=True)
        cls.server = subprocess.Popen([sys.executable, ROOT / "src/sources/testdata/git_server.py", f"{cls.home}/srv"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.stop)
        cls.url = f"http://127.0.0.1:{int(cls.server.stdout.readline())}/repo.git"
        cls.files = ThreadingHTTPServer(("127.0.0.1", 0), Files)
        Thread(target=cls.files.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.files.server_close)
        cls.addClassCleanup(cls.files.shutdown)
        cls.file_url = f"http://127.0.0.1:{cls.files.server_port}"

    @classmethod
    def stop(cls):
        cls.server.stdin.close()
        cls.server.wait(10)
        cls.server.stdout.close()

    @staticmethod
    def map(text):
        return f"apiVersion: v1\ndata:\n  text: {text}\nkind: ConfigMap\nmetadata:\n  name: remote\n"

    def build(self, *resources, command=("kustomize", "build"), more=""):
        folder = Path(tempfile.mkdtemp(dir=self.home))
        (folder / "base").mkdir()
        (folder / "base/map.yaml").write_text(self.map("here").replace("remote", "here"))
        (folder / "base/kustomization.yaml").write_text("resources: [map.yaml]\n")
        (folder / "kustomization.yaml").write_text(f"resources: {json.dumps(resources)}\n{more}")
        return run(BINARY, *command, folder, env={**os.environ, "XDG_CACHE_HOME": f"{self.home}/cache"})

    def refused(self, *resources, says, more=""):
        done = self.build(*resources, more=more)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(says, done.stderr)

    def test_bases_at_a_revision(self):
        self.assertEqual(self.build(f"{self.url}//base?ref=v1").stdout, self.map("one"))
        self.assertEqual(self.build(f"{self.url}/base").stdout, self.map("two"))
        self.assertEqual(self.build(f"file://{self.home}/srv/repo.git//base?ref=v1").stdout, self.map("one"))
        self.assertEqual(self.build(f"{self.url}//side?ref=v1").stdout, self.map("one").replace("name: remote", "name: side-remote"))
        # Files of the same name in two trees are two files.
        both = self.build("base", f"{self.url}//base?ref=v1", f"{self.url}//side?ref=main", more="namePrefix: x-\n").stdout
        for part in ("text: here", "name: x-here", "text: one", "name: x-remote", "text: two", "name: x-side-remote"):
            self.assertIn(part, both)

    def test_a_file_by_http(self):
        self.assertEqual(self.build(f"{self.file_url}/map.yaml").stdout, self.map("by http"))
        self.refused(f"{self.file_url}/none.yaml", says="404")

    def test_what_is_not_there_is_named(self):
        self.refused(f"{self.url}//base?ref=v2", says="unable to resolve 'v2'")
        self.refused(f"{self.url}//bsae?ref=v1", says="bsae")
        self.refused(f"{self.url}//wrong", says='"map.yml" is not there (looked for wrong/map.yml)')
        self.refused(f"{self.url}//out", says="leads out of the repository")
        done = self.build(f"{self.url}//base", command=("render",))
        self.assertEqual((done.returncode != 0, done.stdout), (True, ""))
        self.assertIn("which only slipway kustomize build fetches yet", done.stderr)

    def test_where_it_comes_from_is_told(self):
        origins = "buildMetadata: [originAnnotations]\n"
        told = self.build(f"{self.url}//base?ref=v1", more=origins).stdout
        self.assertIn(f"    config.kubernetes.io/origin: |\n      path: base/map.yaml\n      repo: {self.url}\n      ref: v1\n", told)
        self.assertNotIn("ref:", self.build(f"{self.url}//base", more=origins).stdout)


class Files(BaseHTTPRequestHandler):
    def do_GET(self):
        there = self.path == "/map.yaml"
        self.send_response(200 if there else 404)
        self.end_headers()
        self.wfile.write(Remote.map("by http").encode() if there else b"")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record(*sys.argv[2:])
    else:
        unittest.main()
