#!/usr/bin/env python3
"""Charts from elsewhere: repositories and registries on loopback, their certificates and passwords, and dependencies."""
import concurrent.futures
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import unittest

from harness import SLIPWAY
from helm_charts import Folder


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

    @unittest.skipUnless(os.geteuid() == 0, "needs root: files of the machine are hidden from it")
    def test_where_machines_keep_their_authorities(self):
        self.chart("dep", "kind: ConfigMap\nmetadata: {name: dep}\n")
        self.helm("package", "dep", "-d", "repo")
        self.helm("repo", "index", "repo")
        url = self.serve(os.path.join(self.folder, "repo"))
        shutil.rmtree(os.path.join(self.folder, "dep"))
        for name in ("nothing", "certs"):
            os.mkdir(os.path.join(self.folder, name))
        shutil.copy(os.path.join(self.folder, "ca.pem"), os.path.join(self.folder, "certs/ca-certificates.crt"))
        template = f"exec '{SLIPWAY}' helm template r dep --repo {url}"
        elsewhere = "mount --bind nothing /usr/lib/ssl && mount --bind certs /etc/ssl/certs && "
        env = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT")} | {"HOME": self.folder}
        for before, code, says in ((elsewhere, 0, "name: dep"), ("", 1, "certificate signed by unknown authority"),
                                   (elsewhere + "export SSL_CERT_DIR=$PWD/nothing && ", 1, "certificate signed by unknown authority")):
            done = subprocess.run(["unshare", "-m", "sh", "-c", before + template], cwd=self.folder, env=env, capture_output=True, text=True, timeout=60)
            self.assertEqual((code, True), (done.returncode, says in done.stdout + done.stderr), done.stdout + done.stderr)

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
            def do_GET(self):
                asked.append((self.path, self.headers["authorization"]))
                body = b"apiVersion: v1\nentries: {q: [{apiVersion: v2, name: q, version: 1.0.0, urls: [q.tgz]}]}\n"
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        url = f"http://{self.answering(Server)}/charts/?token=1"
        self.helm("repo", "add", "mine", url, "--username", "u", "--password-stdin", stdin="p:w \n")
        self.helm("pull", "mine/q")
        basic = "Basic dTpwOncg"  # the blank is the password's
        self.assertEqual([("/charts/index.yaml?token=1", basic), ("/charts/index.yaml?token=1", basic), ("/charts/q.tgz?token=1", basic)], asked)

    def test_names_as_helm_4_lists_them(self):
        said = lambda *words: self.helm("repo", "list", "--compat", "helm4", "--repository-config", *words)  # noqa: E731
        self.assertEqual("", said("none.yaml"))
        self.write("r.yaml", "repositories: [{name: one, url: 'https://e.org'}, {name: x, url: 'https://e.org/x'}]\n")
        self.assertEqual("one\thttps://e.org  \nx  \thttps://e.org/x\n", said("r.yaml", "--no-headers"))
        self.assertEqual("NAME\tURL            \none \thttps://e.org  \nx   \thttps://e.org/x\n", said("r.yaml"))

    def test_another_password_is_another_configuration(self):
        url = self.plain({"index.yaml": "apiVersion: v1\nentries: {}\n"})
        add = ("repo", "add", "mine", url, "--username", "u", "--password")
        self.helm(*add, "old")
        self.assertIn("already exists with the same configuration, skipping", self.helm(*add, "old"))
        for more in (("new",), ("old", "--pass-credentials")):
            self.assertIn("repository name (mine) already exists, please specify a different name", self.helm(*add, *more, code=1))
        self.helm(*add, "new", "--force-update")
        with open(os.path.join(self.folder, ".config/helm/repositories.yaml"), encoding="utf-8") as file:
            self.assertIn("password: new", file.read())

    def test_no_password_of_a_url_is_told(self):
        entries = "".join(f"  {name}: [{{name: {name}, version: 1.0.0, urls: [{name}.tgz]{more}}}]\n"
                          for name, more in (("c", ", digest: abc"), ("gone", ""), ("bad", "")))
        url = self.plain({"index.yaml": f"apiVersion: v1\nentries:\n{entries}", "c.tgz": "x", "bad.tgz": "\x1f"}).replace("//", "//u:hunter2@")
        nobody = "http://u:hunter2@127.0.0.1:1"
        self.chart("local")
        dependency = f'dependencies: [{{name: zz, version: 1.0.0, repository: "{url}"}}]\n'
        self.chart("dep", more=dependency)
        self.chart("lost", more=dependency.replace(url, nobody))
        for words in (*(("template", "r", name, "--repo", url) for name in ("c", "gone", "bad", "zz")), ("template", "r", "c", "--repo", nobody),
                      *(("template", "r", f"{url}/{name}.tgz") for name in ("c", "gone", "bad")),
                      ("template", "r", "local", "-f", f"{url}/gone.yaml"), ("pull", "zz", "--repo", url), ("repo", "add", "n", nobody),
                      *((*verb, name) for verb in (("template",), ("dependency", "update"), ("package", "-u")) for name in ("dep", "lost"))):
            error = self.helm(*words, code=1)
            self.assertNotIn("hunter2", error, words)
        for verb in ("render", "check"):
            for name in ("dep", "lost"):
                done = subprocess.run([SLIPWAY, verb, name], cwd=self.folder, capture_output=True, text=True, timeout=120)
                self.assertNotEqual(0, done.returncode)
                self.assertNotIn("hunter2", done.stdout + done.stderr)

    def plain(self, files):
        """These files over http. Gives the URL."""
        for name, text in files.items():
            self.write("plain/" + name, text)

        return "http://" + self.answering(http.server.SimpleHTTPRequestHandler, directory=os.path.join(self.folder, "plain"))

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


if __name__ == "__main__":
    unittest.main()
