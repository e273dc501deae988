#!/usr/bin/env python3
"""Charts within kustomizations, and bases behind a real git server: on the command line and in Applications; what the
commands say of bad input.

  tests/e2e/kustomize_test.py [Class.test...]
  tests/e2e/kustomize_test.py --record KUSTOMIZE HELM    what the real programs print for CHARTS, into kustomize/recorded.json"""
import io, json, os, shutil, subprocess, sys, tarfile, tempfile, unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from helm_charts import Folder
from harness import ROOT, GitServer, Repository, Slipway, make_certificate, wait

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
    "odd values": ("- {name: web, valuesFile: odd.yaml}", ""),
    "odd values, added": ("- {name: web, additionalValuesFiles: [odd.yaml]}", ""),
    "odd values, override": ("- {name: web, valuesFile: odd.yaml, valuesMerge: override, valuesInline: {added: yes, quoted: 6, words: {a: 'no'}, fourth: {v: 3}}}", ""),
    "odd values, merge": ("- {name: web, valuesFile: odd.yaml, valuesMerge: merge, valuesInline: {added: yes, quoted: 6, words: {a: 'no'}, fourth: {v: 3}}}", ""),
    "odd values, replace": ("- {name: web, valuesFile: odd.yaml, valuesMerge: replace, valuesInline: {added: yes, quoted: 6, words: {a: 'no'}, fourth: {v: 3}}}", ""),
    "alias, override": ("- {name: web, valuesFile: odd.yaml, valuesInline: {second: {y: 1}}}", ""),
    "alias, merge": ("- {name: web, valuesFile: odd.yaml, valuesMerge: merge, valuesInline: {second: {y: 1}}}", ""),
    "empty values": ("- {name: web, valuesFile: empty.yaml, valuesInline: {replicas: 5}}", ""),
    "empty values, replace": ("- {name: web, valuesFile: empty.yaml, valuesMerge: replace, valuesInline: {replicas: 5}}", ""),
    "no values, replace": ("- {name: web, valuesFile: none.yaml, valuesMerge: replace, valuesInline: {replicas: 5}}", ""),
    "versions": ("- {name: web, apiVersions: [example.org/v1], kubeVersion: '1.31.2'}", ""),
    "template": ("- {name: web, nameTemplate: 'made-{{ \"ABC\" | lower }}'}", ""),
    "template and release": ("- {name: web, releaseName: shop, nameTemplate: made}", ""),
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

    def test_only_when_asked(self):
        with tempfile.TemporaryDirectory() as home:
            folder = lay_out("plain", home + "/tree")
            built = run(BINARY, "kustomize", "build", "--enable-helm", folder).stdout
            for words in (("kustomize", "build"), ("render",), ("check",)):
                done = run(BINARY, *words, folder)
                self.assertEqual(done.returncode, 1)
                self.assertIn("must specify --enable-helm", done.stdout + done.stderr)
            self.assertEqual(run(BINARY, "render", "--enable-helm", folder).stdout, built)
            self.assertNotIn("does-not-render", run(BINARY, "check", "--enable-helm", folder).stdout)


class Remote(unittest.TestCase):
    """A repository with a base that a tag and main have in two states, an overlay beside it, and files by http."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="slipway-kustomize-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        os.mkdir(f"{cls.home}/.git")  # where `render` sees the repository begin
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
        server = GitServer(f"{cls.home}/srv")
        cls.addClassCleanup(server.close)
        cls.url = f"{server.url}/repo.git"
        cls.files = Files({"/map.yaml": cls.map("by http").encode(), "/charts/web-1.0.0.tgz": chart_archive(), "/charts/index.yaml":
                           b"apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: [web-1.0.0.tgz]}]}\n"})
        cls.addClassCleanup(cls.files.close)
        cls.file_url = cls.files.url

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

    def test_where_it_comes_from_is_told(self):
        origins = "buildMetadata: [originAnnotations]\n"
        told = self.build(f"{self.url}//base?ref=v1", more=origins).stdout
        self.assertIn(f"    config.kubernetes.io/origin: |\n      path: base/map.yaml\n      repo: {self.url}\n      ref: v1\n", told)
        self.assertNotIn("ref:", self.build(f"{self.url}//base", more=origins).stdout)

    def test_a_root_that_is_remote(self):
        done = run(BINARY, "kustomize", "build", f"{self.url}//side?ref=v1", env={**os.environ, "XDG_CACHE_HOME": f"{self.home}/cache"})
        self.assertEqual(done.stdout, self.map("one").replace("name: remote", "name: side-remote"), done.stderr)

    def test_render_and_check_fetch_too(self):
        self.assertEqual(self.build(f"{self.url}//base?ref=v1", command=("render",)).stdout, self.map("one"))
        done = self.build(f"{self.url}//base?ref=v1", command=("check",))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        done = self.build(f"{self.url}//bsae", command=("check",))
        self.assertEqual(done.returncode, 1)
        self.assertIn("bsae", done.stdout)

    def test_a_chart_that_is_pulled(self):
        chart = f"helmCharts: [{{name: web, repo: '{self.file_url}/charts', version: 1.0.0, valuesInline: {{size: XL}}}}]\n"
        for command in (("kustomize", "build", "--enable-helm"), ("render", "--enable-helm")):
            self.assertIn("size: XL\n", self.build(more=chart, command=command).stdout)
        done = self.build(more=chart.replace("1.0.0", "2.0.0"), command=("kustomize", "build", "--enable-helm"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("kustomization.yaml:2:14: ", done.stderr)
        self.assertIn("2.0.0", done.stderr)

    def test_localize(self):
        over = Path(tempfile.mkdtemp(dir=self.home)) / "over"
        over.mkdir()
        (over / "kustomization.yaml").write_text(f"resources: ['{self.url}//side?ref=v1']\n")
        before = run(BINARY, "kustomize", "build", over).stdout
        done = run(BINARY, "kustomize", "localize", "over", cwd=over.parent)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertIn("VERIFICATION SUCCESS", done.stderr)
        self.assertEqual("resources:\n- localized-files/127.0.0.1/repo/v1/side\n", (over.parent / "localized-over/kustomization.yaml").read_text())
        self.assertEqual(before, run(BINARY, "kustomize", "build", over.parent / "localized-over").stdout)
        again = run(BINARY, "kustomize", "localize", "over", cwd=over.parent)
        self.assertEqual(again.returncode, 1)
        self.assertIn("already exists", again.stderr)


    def test_localize_of_this_machine(self):
        """As kustomize: below file-schemed, and what buildMetadata says of the origin may differ. Warnings are those of both builds."""
        over = Path(tempfile.mkdtemp(dir=self.home)) / "over"
        over.mkdir()
        repo = f"{self.home}/srv/repo.git"
        (over / "kustomization.yaml").write_text(f"resources: ['file://{repo}//base?ref=v1']\nbuildMetadata: [originAnnotations]\ncommonLabels: {{a: b}}\n")
        done = run(BINARY, "kustomize", "localize", "over", cwd=over.parent)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(2, done.stderr.count("'commonLabels' is deprecated"))
        self.assertIn(f"resources:\n- localized-files/file-schemed{repo[:-4]}/v1/base\n", (over.parent / "localized-over/kustomization.yaml").read_text())
        shutil.rmtree(over.parent / "localized-over")
        (over / "kustomization.yaml").write_text(f"resources:\n- 'file://{repo}//base?ref=v1'\n- nope.yaml\n")
        done = run(BINARY, "kustomize", "localize", "over", cwd=over.parent)
        self.assertEqual(done.returncode, 1)
        self.assertIn('over/kustomization.yaml:3:3: "nope.yaml" is not there', done.stderr)
        self.assertEqual(["over"], os.listdir(over.parent))

    def test_as_kustomize_clones(self):
        """The same bases by kustomize itself, where it is: smart HTTP, and a repository of this machine."""
        kustomize = Path(os.environ.get("SLIPWAY_PEERS", os.path.expanduser("~/.cache/slipway/peers"))) / "bin/kustomize"
        if not kustomize.exists():
            self.skipTest("no kustomize to compare with (see tests/peers/install)")
        for url in (self.url, f"file://{self.home}/srv/repo.git"):
            for base in ("//base?ref=v1", "/base", "//side?ref=v1", "//base/../side?ref=main", "//base?ref=v2", "//bsae", "//out"):
                with self.subTest(url + base):
                    folder = Path(tempfile.mkdtemp(dir=self.home))
                    (folder / "kustomization.yaml").write_text(f"resources: ['{url}{base}']\nbuildMetadata: [originAnnotations]\n")
                    theirs, ours = run(kustomize, "build", folder), run(BINARY, "kustomize", "build", folder)
                    self.assertEqual((theirs.returncode, theirs.stdout), (ours.returncode, ours.stdout), theirs.stderr + ours.stderr)


@unittest.skipUnless(shutil.which("docker-registry"), "no docker-registry: script/setup installs it")
class Registry(Folder):
    def test_a_chart_of_a_registry(self):
        """As kustomize prints it, which calls `helm pull oci://...`; also for the newest version, and for one that is not there."""
        host = self.registry(tls=True)
        self.chart("web", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-map}\n"
                          "data: {version: {{ .Chart.Version }}, size: {{ .Values.size }}}\n", "1.2.3")
        self.write("web/values.yaml", "size: L\n")
        self.helm("package", "web")
        self.helm("push", "web-1.2.3.tgz", f"oci://{host}/charts", "--ca-file", "ca.pem")
        self.chart("web", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-map}\n"
                          "data: {version: {{ .Chart.Version }}, size: {{ .Values.size }}}\n", "1.3.0-rc.1")
        self.helm("package", "web")
        self.helm("push", "web-1.3.0-rc.1.tgz", f"oci://{host}/charts", "--ca-file", "ca.pem")
        shutil.rmtree(f"{self.folder}/web")
        peers = Path(os.environ.get("SLIPWAY_PEERS", os.path.expanduser("~/.cache/slipway/peers"))) / "bin"
        environment = dict(os.environ, HOME=self.folder, XDG_CACHE_HOME=f"{self.folder}/cache", SSL_CERT_FILE=f"{self.folder}/ca.pem")
        for version in ("version: 1.2.3, ", "", "devel: true, ", "version: 7.0.0, "):
            with self.subTest(version):
                shutil.rmtree(f"{self.folder}/k", ignore_errors=True)  # where kustomize leaves what it pulled
                self.write("k/kustomization.yaml", f"helmCharts:\n- {{name: web, repo: 'oci://{host}/charts', {version}releaseName: shop, valuesInline: {{size: XL}}}}\nnamePrefix: p-\n")
                done = run(BINARY, "kustomize", "build", "--enable-helm", f"{self.folder}/k", env=environment)
                if "7" in version:
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertRegex(done.stderr, r"kustomization.yaml:2:3: .*charts/web:7\.0\.0: not found")
                    continue
                newest = "1.3.0-rc.1" if "devel" in version else "1.2.3"
                self.assertEqual(done.stdout, f"apiVersion: v1\ndata:\n  size: XL\n  version: {newest}\nkind: ConfigMap\nmetadata:\n  name: p-shop-map\n", done.stderr)
                if (peers / "kustomize").exists():
                    theirs = run(peers / "kustomize", "build", "--enable-helm", "--helm-command", peers / "helm", f"{self.folder}/k", env=environment)
                    self.assertEqual(theirs.stdout, done.stdout, theirs.stderr)


def chart_archive():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "values.yaml": "size: L\n", "templates/map.yaml":
                           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: charted}\ndata: {size: {{ .Values.size }}}\n"}.items():
            info = tarfile.TarInfo("web/" + name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class Files:
    """Some files by http on loopback."""

    def __init__(self, files):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path in files else 404)
                self.end_headers()
                self.wfile.write(files.get(self.path, b""))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Applications(unittest.TestCase):
    """The same in Applications: what is fetched, with whose leave, by whose password. The tests build on each other."""
    APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
    PROJECTS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="slipway-kustomize-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        base = Repository(f"{cls.home}/base")
        base.write("base/kustomization.yaml", "resources: [map.yaml]\n")
        base.write("base/map.yaml", Remote.map("one"))
        base.commit("one")
        for name in ("open", "private"):
            os.makedirs(f"{cls.home}/{name}")
            subprocess.run(["git", "clone", "-q", "--bare", base.path, f"{cls.home}/{name}/repo.git"], check=True)
        make_certificate(cls.home)
        open_server, cls.private = GitServer(f"{cls.home}/open"), GitServer(f"{cls.home}/private", "ann:s3cret", f"{cls.home}/pem")
        cls.addClassCleanup(open_server.close)
        cls.addClassCleanup(cls.private.close)
        cls.git_url = open_server.url
        cls.files = Files({"/map.yaml": Remote.map("by http").replace("remote", "file").encode(), "/charts/web-1.0.0.tgz": chart_archive(),
                           "/charts/index.yaml": b"apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: [web-1.0.0.tgz]}]}\n"})
        cls.addClassCleanup(cls.files.close)
        cls.repo = Repository(f"{cls.home}/repo")
        cls.repo.write("base/kustomization.yaml", f"resources: ['{cls.git_url}/repo.git//base?ref=main', '{cls.files.url}/map.yaml']\n")
        cls.repo.write("chart/kustomization.yaml", f"helmCharts: [{{name: web, repo: '{cls.files.url}/charts', version: 1.0.0}}]\n")
        cls.repo.write("private/kustomization.yaml", f"resources: ['{cls.private.url}/repo.git//base?ref=main']\n")
        cls.repo.write("above/app/kustomization.yaml", "resources: [../map.yaml]\n")
        cls.repo.write("above/map.yaml", Remote.map("above"))
        cls.repo.write("local/kustomization.yaml", f"resources: ['file://{cls.home}/open/repo.git//base']\n")
        cls.repo.commit("all")
        cls.slipway = Slipway(data=f"{cls.home}/data").start()
        cls.addClassCleanup(cls.slipway.close)

    def post(self, path, body):
        status, answer = self.slipway.api.json("post", path, body)
        self.assertEqual(status, 201, answer)

    def application(self, name, path, project="default", **kustomize):
        self.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        source = {"repoURL": str(self.repo.path), "path": path, "targetRevision": "main"}
        if kustomize:
            source["kustomize"] = kustomize
        self.post(self.APPLICATIONS, {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": project, "source": source, "syncPolicy": {"automated": {}},
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": name}}})

    def says(self, name, *words):
        def there():
            text = self.slipway.conditions(name)
            assert all(w in text for w in words), text
            return text
        return wait(f"{name} says {words}", there, 40)

    def has(self, name, **maps):
        for config_map, text in maps.items():
            wait(f"{name} has {config_map}", lambda: self.slipway.get(f"/api/v1/namespaces/{name}/configmaps/{config_map}")["data"] == text, 60)
        wait(f"{name} is synced", lambda: self.slipway.is_app(name, "Synced"), 60)

    def test_1_bases_and_files_are_fetched(self):
        self.application("bases", "base", namePrefix="x-")
        self.has("bases", **{"x-remote": {"text": "one"}, "x-file": {"text": "by http"}})

    def test_2_charts_when_argocd_cm_says_so(self):
        self.application("charts", "chart")
        self.says("charts", "must specify --enable-helm", "argocd-cm", "chart/kustomization.yaml:1")
        self.application("above", "above/app")
        self.says("above", "security; file", "is not in or below")
        self.post("/api/v1/namespaces/argocd/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": {
            "kustomize.buildOptions": "--enable-helm --load-restrictor LoadRestrictionsNone", "kustomize.path.v5.4.3": "/usr/local/bin/kustomize"}})
        self.has("charts", charted={"size": "L"})
        self.has("above", remote={"text": "above"})

    def test_3_versions_and_wrong_options(self):
        self.application("version", "base", version="v5.4.3")
        self.has("version", remote={"text": "one"})
        self.application("no-version", "base", version="v9")
        self.says("no-version", "kustomize version v9 is not registered")
        self.slipway.patch("/api/v1/namespaces/argocd/configmaps/argocd-cm", {"data": {"kustomize.buildOptions": "--enable-hlem"}})
        self.says("charts", "argocd-cm: kustomize.buildOptions", "--enable-hlem", "did you mean --enable-helm")
        self.slipway.patch("/api/v1/namespaces/argocd/configmaps/argocd-cm", {"data": {"kustomize.buildOptions": "--enable-helm"}})
        self.has("charts", charted={"size": "L"})

    def test_4_only_what_the_project_permits(self):
        self.post(self.PROJECTS, {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "narrow", "namespace": "argocd"},
                                  "spec": {"sourceRepos": [str(self.repo.path), f"{self.git_url}/**"],
                                           "destinations": [{"server": "*", "namespace": "*"}]}})
        self.application("narrow", "base", project="narrow")
        self.says("narrow", f"{self.files.url}/map.yaml is not permitted in project 'narrow'")
        self.application("narrow-chart", "chart", project="narrow")
        self.says("narrow-chart", f"{self.files.url}/charts is not permitted in project 'narrow'")
        self.slipway.patch(f"{self.PROJECTS}/narrow", {"spec": {"sourceRepos": ["*"]}})
        self.has("narrow", file={"text": "by http"})
        self.has("narrow-chart", charted={"size": "L"})
        self.application("local", "local")
        self.says("local", "is a repository of this machine")

    def test_5_with_the_password_of_a_repository_secret(self):
        self.application("private", "private")
        self.says("private", "certificate")
        self.post("/api/v1/namespaces/argocd/secrets", {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "private", "labels": {"argocd.argoproj.io/secret-type": "repository"}},
            "stringData": {"url": f"{self.private.url}/repo.git", "username": "ann", "password": "s3cret", "insecure": "true"}})
        self.has("private", remote={"text": "one"})
        self.assertNotIn("s3cret", self.slipway.log.read_text())


class Explain(unittest.TestCase):
    def test_build_and_render(self):
        with tempfile.TemporaryDirectory() as home:
            os.mkdir(f"{home}/.git")
            Path(f"{home}/a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n")
            Path(f"{home}/kustomization.yaml").write_text("resources:\n- a.yaml\nnamePrefix: x-\n")
            for words in (("kustomize", "build"), ("render",)):
                done = run(BINARY, *words, "--explain", "cm/a", home)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, r"^ConfigMap x-a\n")
                self.assertRegex(done.stdout, r"  data.k: v +\S*a.yaml:6:\d+\n")
                self.assertRegex(done.stdout, r"  metadata.name: x-a +\S*kustomization.yaml:3:\d+ namePrefix, before: \S*a.yaml:4:\d+\n")
            self.assertIn("did you mean ConfigMap/a?", run(BINARY, "render", "--explain", "cm/b", home).stderr)
            for word in ("cm", "cm/", "/a"):
                self.assertIn("expected KIND/NAME", run(BINARY, "render", "--explain", word, home).stderr)


class BadInput(unittest.TestCase):
    """One clear error with file and line, exit code 1, nothing on stdout."""
    MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    PATCH = "patches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - op: %s\n      path: /data/b/c\n      value: x\n"
    CASES = {
        "missing file": ({"k": "resources:\n- mpa.yaml\n", "map.yaml": MAP}, "kustomization.yaml:2:3", '"mpa.yaml" is not there', 'did you mean "map.yaml"?'),
        "cycle": ({"k": "resources:\n- ../b\n", "../b/kustomization.yaml": "resources:\n- ../app\n"}, "b/kustomization.yaml:2:3", "cycle detected", "app -> b -> app"),
        "duplicate id": ({"k": "resources: [map.yaml, more.yaml]\n", "map.yaml": MAP, "more.yaml": MAP}, "more.yaml:1",
                         "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]", "map.yaml:1"),
        "patch without target": ({"k": "resources: [map.yaml]\npatches:\n- patch: |-\n    - {op: remove, path: /data}\n", "map.yaml": MAP},
                                 "kustomization.yaml:3:3", "must specify a target for JSON patch"),
        "patch for nobody": ({"k": "resources: [map.yaml]\npatches:\n- path: p.yaml\n", "map.yaml": MAP, "p.yaml": MAP.replace("name: a", "name: aa")},
                             "kustomization.yaml:3:3", "no resource matches strategic merge patch", "no matches for Id ConfigMap.v1.[noGrp]/aa.[noNs]", 'did you mean "a"?'),
        "ambiguous patch": ({"k": "resources: [../b/one, ../b/two]\npatches:\n- path: p.yaml\n", "p.yaml": MAP,
                             "../b/one/kustomization.yaml": "resources: [../m]\nnamePrefix: x-\n", "../b/two/kustomization.yaml": "resources: [../m]\nnamePrefix: y-\n",
                             "../b/m/kustomization.yaml": "resources: [m.yaml]\n", "../b/m/m.yaml": MAP}, "kustomization.yaml:3:3", "multiple matches for Id ConfigMap.v1.[noGrp]/a.[noNs]"),
        "invalid JSON pointer": ({"k": "resources: [map.yaml]\n" + PATCH % "add", "map.yaml": MAP}, "kustomization.yaml:5", "/data/b/c"),
        "pointer without slash": ({"k": "resources: [map.yaml]\n" + (PATCH % "replace").replace("/data/b/c", "data"), "map.yaml": MAP}, "kustomization.yaml:5", "data"),
        "invalid JSON pointer in a file": ({"k": "resources: [map.yaml]\npatches:\n- {path: p.yaml, target: {kind: ConfigMap}}\n", "map.yaml": MAP,
                                            "p.yaml": "- {op: remove, path: /data/k}\n- {op: remove, path: /data/k}\n"},
                                           "kustomization.yaml:3:3", "operation 1", "p.yaml:2:3", "Unable to remove nonexistent key"),
        "unknown field": ({"k": "namePrefix: x-\nresuorces: []\n"}, "kustomization.yaml:2", 'unknown field "resuorces"', 'did you mean "resources"?'),
        "no kustomization": ({"k": "resources: [../b]\n", "../b/kustomizaton.yaml": "resources: []\n"}, "kustomization.yaml:1:13",
                             "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory", 'is "kustomizaton.yaml" misspelt?'),
        "a file outside": ({"k": "resources:\n- ../b/map.yaml\n", "../b/map.yaml": MAP}, "kustomization.yaml:2:3", "security; file", "is not in or below"),
        "a link outside": ({"k": "resources:\n- link.yaml\n", "link.yaml": "->../b/map.yaml", "../b/map.yaml": MAP}, "kustomization.yaml:2:3", "security; file", "is not in or below"),
        "a generator's file outside": ({"k": "configMapGenerator:\n- name: g\n  files:\n  - ../b/secret\n", "../b/secret": "x"}, "kustomization.yaml:2:3", "security; file"),
        "a binary file for a literal": ({"k": "configMapGenerator:\n- name: g\n  literals: [logo.png]\n", "logo.png": b"\x89PNG\0\xff"}, "kustomization.yaml:2:3",
                                        "invalid literal source logo.png, expected key=value"),
        "a binary file of settings": ({"k": "configMapGenerator:\n- name: g\n  envs: [logo.png]\n", "logo.png": b"A=b\nB=\x89PNG\xff\n"}, "logo.png:2", "no UTF-8"),
        "a binary file for a resource": ({"k": "resources: [logo.png]\n", "logo.png": b"\x89PNG\r\n\x1a\n\0\xff"}, "logo.png"),
        "deep YAML": ({"k": "resources: [deep.yaml]\n", "deep.yaml": "a: " + "[" * 100_000}, "deep.yaml:1"),
        "deep path of a replacement": ({"k": "resources: [map.yaml]\nreplacements:\n- sourceValue: x\n  targets:\n  - select: {kind: ConfigMap}\n    options: {create: true}\n"
                                             "    fieldPaths: [" + "a." * 20_000 + "b]\n", "map.yaml": MAP}, "kustomization.yaml:7:17", "a path of more than 1000 names"),
        "deep path of labels": ({"k": "resources: [map.yaml]\nlabels:\n- pairs: {a: b}\n  fields: [{create: true, path: " + "a/" * 20_000 + "b}]\n", "map.yaml": MAP},
                                "kustomization.yaml:4:", "a path of more than 1000 names"),
        "deep JSON schema": ({"k": "openapi: {path: deep.json}\nresources: [map.yaml]\npatches: [{path: map.yaml}]\n", "map.yaml": MAP, "deep.json": '{"a":' * 100_000}, "deep.json:1", "nested deeper"),
        "a base twice": ({"k": "resources:\n- ../b\n- ../b\n", "../b/kustomization.yaml": "resources: [m.yaml]\n", "../b/m.yaml": MAP}, "b/m.yaml:1",
                         "brought by app/kustomization.yaml:3:3, the other one by app/kustomization.yaml:2:3"),
        "a namespace for two": ({"k": "resources: [map.yaml, more.yaml]\nnamespace: x\n", "map.yaml": MAP, "more.yaml": MAP.replace("name: a", "name: a, namespace: y")},
                                "more.yaml:1", "by the namespace in app/kustomization.yaml:2:12"),
        "a broken inline patch": ({"k": "resources: [map.yaml]\npatches:\n- patch: |-\n    kind: ConfigMap\n    data: \"x\n", "map.yaml": MAP}, "kustomization.yaml:5", "begins at line 5"),
        "deep kustomization": ({"k": "x: " + "{a: " * 100_000}, "kustomization.yaml:1"),
    }

    def test_each(self):
        for case, (files, *says) in self.CASES.items():
            with self.subTest(case), tempfile.TemporaryDirectory() as home:
                os.mkdir(f"{home}/.git")  # where `render` sees the repository begin
                for name, text in files.items():
                    path = Path(os.path.normpath(f"{home}/app/{'kustomization.yaml' if name == 'k' else name}"))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(text, str) and text.startswith("->"):
                        path.symlink_to(text[2:])
                    else:
                        path.write_bytes(text if isinstance(text, bytes) else text.encode())
                out = f"{home}/out.yaml"
                done = run(BINARY, "kustomize", "build", "app", "-o", out, cwd=home)
                self.assertEqual((done.returncode, done.stdout, os.path.exists(out)), (1, "", False), done.stderr)
                self.assertTrue(done.stderr.startswith("Error: "), done.stderr)
                self.assertEqual(done.stderr.count("Error"), 1)
                for words in says:
                    self.assertIn(words, done.stderr)
                done = run(BINARY, "render", "app", cwd=home)
                self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)


class WhereToWrite(unittest.TestCase):
    """As `kustomize build > FILE` would: links, pipes and devices stay what they are, files keep their mode."""

    def setUp(self):
        self.home = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.home)
        (self.home / "real").mkdir()
        (self.home / "real/kustomization.yaml").write_text("resources: [map.yaml]\n")
        (self.home / "real/map.yaml").write_text(BadInput.MAP)
        self.text = run(BINARY, "kustomize", "build", self.home / "real").stdout
        self.assertIn("kind: ConfigMap", self.text)

    def build(self, to):
        done = run(BINARY, "kustomize", "build", self.home / "real", "-o", to)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout

    def test_links_devices_and_pipes(self):
        self.assertEqual(self.text, self.build("/dev/stdout"))
        os.symlink("/dev/null", self.home / "nothing")
        self.assertEqual("", self.build(self.home / "nothing"))
        self.assertTrue(Path("/dev/null").is_char_device())
        self.assertEqual(["nothing", "real"], sorted(os.listdir(self.home)))
        os.mkfifo(self.home / "pipe")
        got = []
        reader = Thread(target=lambda: got.append((self.home / "pipe").read_text()))
        reader.start()
        self.build(self.home / "pipe")
        reader.join(10)
        self.assertEqual([self.text], got)
        os.symlink("later.yaml", self.home / "link")
        for _ in range(2):  # once where the link leads nowhere yet
            self.build(self.home / "link")
            self.assertTrue((self.home / "link").is_symlink())
            self.assertEqual(self.text, (self.home / "later.yaml").read_text())

    def test_modes_and_owners(self):
        file = self.home / "out.yaml"
        os.umask(os.umask(0) | 0o022)
        self.build(file)
        self.assertEqual(0o644, file.stat().st_mode & 0o777)
        file.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(file, 12345, 23456)
        before = file.stat()
        self.build(file)
        after = file.stat()
        self.assertEqual((before.st_mode, before.st_uid, before.st_gid), (after.st_mode, after.st_uid, after.st_gid))

    def test_what_may_be_written_and_what_not(self):
        """As somebody who is not root. kustomize's exit codes; and no file that may not be written changes, though its folder may."""
        root, me = os.geteuid() == 0, 65534
        def as_me(*command):
            try:
                return run(BINARY, "kustomize", *command, cwd=self.home / "real", **({"user": me, "group": me, "extra_groups": []} if root else {}))
            except PermissionError:
                self.skipTest("the binary is not for everybody")
        text = self.text
        cases = [("the folder may not", 0o555, 0o644, me, True), ("the file may not", 0o755, 0o444, me, False)]
        if root:
            cases += [("a file of somebody else", 0o755, 0o666, 0, True), ("among others, in a sticky folder", 0o1777, 0o666, 0, True)]
        for case, folder, mode, owner, may in cases:
            with self.subTest(case):
                self.home.chmod(0o755)
                (self.home / "real").chmod(0o755)
                files = [self.home / "real/out.yaml", self.home / "real/kustomization.yaml"]
                for file, before in zip(files, ("before" * 100, "resources: [map.yaml]\n")):
                    file.unlink(missing_ok=True)
                    file.write_text(before)
                    file.chmod(mode)
                    if root:
                        os.chown(file, owner, owner)
                if root:
                    os.chown(self.home / "real", 0 if folder != 0o755 else me, 0)
                (self.home / "real").chmod(folder)
                stats = [(file.stat().st_ino, file.stat().st_mode, file.stat().st_uid) for file in files]
                done = as_me("build", ".", "-o", "out.yaml")
                self.assertEqual((0 if may else 1, text if may else "before" * 100), (done.returncode, files[0].read_text()), done.stderr)
                done = as_me("edit", "set", "nameprefix", "--", "x-")
                self.assertEqual((0 if may else 1, may), (done.returncode, "namePrefix: x-" in files[1].read_text()), done.stderr)
                self.assertEqual(stats, [(file.stat().st_ino, file.stat().st_mode, file.stat().st_uid) for file in files])
                if not may:
                    self.assertIn("ermission denied", done.stderr)
                (self.home / "real").chmod(0o755)

    def test_edit_through_a_link(self):
        (self.home / "linked").mkdir()
        os.symlink("../real/kustomization.yaml", self.home / "linked/kustomization.yaml")
        done = run(BINARY, "kustomize", "edit", "set", "namespace", "here", cwd=self.home / "linked")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertTrue((self.home / "linked/kustomization.yaml").is_symlink())
        self.assertIn("namespace: here", (self.home / "real/kustomization.yaml").read_text())


class MayNotBeRead(unittest.TestCase):
    """Why is said in the system's words, with what was asked for and where; kustomize fails too."""
    FILES = {"map.yaml": BadInput.MAP, "base/kustomization.yaml": "resources: []\n", "c/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
             "c/c/values.yaml": "", "c/c/templates/map.yaml": BadInput.MAP}
    CASES = [("resources: [map.yaml]\n", "map.yaml", "kustomization.yaml:1:13: open map.yaml: "),
             ("configMapGenerator: [{name: a, files: [map.yaml]}]\n", "map.yaml", "kustomization.yaml:1:22: open map.yaml: "),
             ("resources: [base]\n", "base", "kustomization.yaml:1:13: open base/kustomization.yaml: "),
             ("resources: [base]\n", "base/kustomization.yaml", "kustomization.yaml:1:13: open base/kustomization.yaml: "),
             ("namePrefix: a-\n", "kustomization.yaml", "open kustomization.yaml: "),
             *[("helmGlobals: {chartHome: c}\nhelmCharts: [{name: c}]\n", f"c/c/{name}", f"kustomization.yaml:2:14: open c/c/{name}: ")
               for name in ("values.yaml", "templates/map.yaml", "templates")]]

    def test_each(self):
        root = os.geteuid() == 0
        for text, locked, says in self.CASES:
            with self.subTest(locked), tempfile.TemporaryDirectory() as home:
                for name, content in {**self.FILES, "kustomization.yaml": text}.items():
                    Path(home, name).parent.mkdir(parents=True, exist_ok=True)
                    Path(home, name).write_text(content)
                os.chmod(home, 0o755)
                os.chmod(f"{home}/{locked}", 0)
                try:
                    done = run(BINARY, "kustomize", "build", "--enable-helm", cwd=home, **({"user": 65534, "group": 65534, "extra_groups": []} if root else {}))
                except PermissionError:
                    self.skipTest("the binary is not for everybody")
                finally:
                    os.chmod(f"{home}/{locked}", 0o755)
                self.assertEqual((1, ""), (done.returncode, done.stdout), done.stderr)
                self.assertIn(says + "Permission denied", done.stderr)


class Words(unittest.TestCase):
    """What tools and people say to kustomize besides."""

    def test_each(self):
        with tempfile.TemporaryDirectory() as home:
            def say(*words):
                return run(BINARY, "kustomize", *words, cwd=home)

            self.assertEqual("v5.8.2\n", say("version").stdout)
            self.assertEqual({"version": "v5.8.2"}, json.loads(say("version", "-o", "json").stdout))
            for words in (("edit",), ("edit", "set")):
                done = say(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("slipway kustomize edit set|add|remove|fix", done.stdout)
            self.assertEqual(0, say("init", "--namespace", "x").returncode)
            self.assertIn("namespace: x\n", Path(f"{home}/kustomization.yaml").read_text())
            done = say("edit", "fix")
            self.assertIn("To convert vars -> replacements, run the command `kustomize edit fix --vars`", done.stdout)
            Path(f"{home}/kustomization.yaml").write_text("commonLabels: {a: b}\nconfigMapGenerator: [{name: g}]\n")
            done = say("build", "--reorder", "none", "--enable-managedby-label")
            self.assertEqual(0, done.returncode)
            for words in ("Flag --reorder has been deprecated", "Flag --enable-managedby-label has been deprecated"):
                self.assertEqual(1, done.stderr.count(words), done.stderr)
            self.assertEqual(1, say("edit", "fix").stderr.count("'commonLabels' is deprecated"))  # before, not after
            done = say("build", "-o", "nodir/out.yaml")
            self.assertEqual((1, True), (done.returncode, "open nodir/out.yaml: there is no folder" in done.stderr), done.stderr)
            done = say("build", "")  # an unset variable, not this folder
            self.assertEqual((1, ""), (done.returncode, done.stdout))
            self.assertIn("must build at directory: directory path cannot be empty", done.stderr)
            for folder in ("nodir/", "kustomization.yaml/"):
                before = Path(f"{home}/kustomization.yaml").read_text()
                done = say("build", "-o", folder)
                self.assertEqual((1, True), (done.returncode, f"open {folder}: there is no folder" in done.stderr), done.stderr)
                self.assertEqual((["kustomization.yaml"], before), (os.listdir(home), Path(f"{home}/kustomization.yaml").read_text()))
            os.mkdir(f"{home}/pipe")
            Path(f"{home}/pipe/kustomization.yaml").write_text("resources: [m.yaml]\n")
            os.mkfifo(f"{home}/pipe/m.yaml")
            self.assertIn("it is a pipe, a socket or a device", say("build", "pipe").stderr)
            os.mkdir(f"{home}/app")
            done = say("build", "ap")
            self.assertIn(f'must build at directory: "{home}/ap" is not there', done.stderr)
            self.assertIn(f'did you mean "{home}/app"?', done.stderr)

    def test_vars_that_cannot_be_fixed_leave_all_as_it_was(self):
        """The second of two stands undelimited in a file: nothing is written, not even for the first."""
        with tempfile.TemporaryDirectory() as home:
            files = {"kustomization.yaml": "resources: [a.yaml]\nvars:\n- {name: A, objref: {apiVersion: v1, kind: ConfigMap, name: a}}\n"
                                           "- {name: B, objref: {apiVersion: v1, kind: ConfigMap, name: a}}\n",
                     "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: $(A), y: 'x-$(B)/y'}\n"}
            for name, text in files.items():
                Path(f"{home}/{name}").write_text(text)
            done = run(BINARY, "kustomize", "edit", "fix", "--vars", cwd=home)
            self.assertEqual(1, done.returncode)
            self.assertIn("cannot convert all vars to replacements; $(B) is not delimited", done.stderr)
            self.assertEqual(files, {name: Path(f"{home}/{name}").read_text() for name in os.listdir(home)})


class OutsideOfARepository(unittest.TestCase):
    """`render` and `check` of a folder that no repository holds: bases beside it and beside its parent are found."""

    def lay_out(self, home, base, overlay):
        for folder, text in ((base, "resources: [map.yaml]\n"), (overlay, f"resources: [{os.path.relpath(base, overlay)}]\nnamePrefix: p-\n")):
            os.makedirs(f"{home}/{folder}")
            Path(f"{home}/{folder}/kustomization.yaml").write_text(text)
        Path(f"{home}/{base}/map.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n")

    def test_bases_above(self):
        for base, overlay in (("app/base", "app/prod"), ("app/base", "app/overlays/prod"), ("base", "app/base2/prod")):
            with self.subTest(overlay=overlay), tempfile.TemporaryDirectory() as home:
                self.lay_out(home, base, overlay)
                done = run(BINARY, "render", overlay, cwd=home)
                checked = run(BINARY, "check", overlay, cwd=home)
                if os.path.relpath(base, overlay).count("..") > 2:  # as far up nobody reads a disk unasked
                    for refused in (done, checked):
                        self.assertEqual(refused.returncode, 1)
                        self.assertIn("leads out of the repository", refused.stdout + refused.stderr)
                    done = run(BINARY, "kustomize", "build", overlay, cwd=home)
                else:
                    self.assertEqual(checked.returncode, 0, checked.stdout)
                self.assertIn("name: p-a", done.stdout, done.stderr)

    def test_warnings_name_the_line(self):
        with tempfile.TemporaryDirectory() as home:
            self.lay_out(home, "app/base", "app/overlays/prod")
            with open(f"{home}/app/overlays/prod/kustomization.yaml", "a") as f:
                f.write("images: [{name: nothing, newTag: '2'}]\n")
            done = run(BINARY, "check", "app/overlays/prod", cwd=home)
            self.assertIn("overlays/prod/kustomization.yaml:3:10: warning: no container here has the image", done.stdout)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record(*sys.argv[2:])
    else:
        unittest.main()
