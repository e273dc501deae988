#!/usr/bin/env python3
"""Charts that ask a cluster (`lookup`, --validate), and Applications whose charts come from repositories and registries: a Slipway on the
simulated node, a repository over https and Debian's docker-registry, all on loopback."""
import base64
import http.server
import os
import shutil
import unittest

from harness import Repository, Slipway, wait
from helm_charts import Folder

ARGOCD = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
CONFIG = """kind: ConfigMap
apiVersion: v1
metadata: {{name: {name}, namespace: {{{{ .Release.Namespace }}}}}}
data: {{version: "{{{{ .Chart.Version }}}}", text: {{{{ .Values.text | default "none" | quote }}}}}}
"""


class WithSlipway(Folder):
    @classmethod
    def setUpClass(cls):
        cls.slipway = Slipway().start()
        cls.addClassCleanup(cls.slipway.close)

    def make(self, path, body):
        status, answer = self.slipway.api.json("post", path, body)
        self.assertIn(status, (200, 201), answer)
        return answer


class Variables(Folder):
    """What Helm's variables say counts where the command line is silent, as in Helm 3.22 and 4.3."""

    def setUp(self):
        super().setUp()
        self.chart("c", "kind: X\nns: {{ .Release.Namespace }}\n")
        self.chart("broken", "x: {{ .Values.x.y }}\n")
        self.write("kube", """current-context: a
contexts: [{name: a, context: {cluster: c, user: u, namespace: n-a}}, {name: b, context: {cluster: c, user: u, namespace: n-b}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: of-the-file}}]
""")

    def ask(self, *words, code=0, **env):
        return self.helm("template", *words, code=code, KUBECONFIG=os.path.join(self.folder, "kube"), **env)

    def test_context_and_namespace(self):
        for words, env, ns in (((), {}, "n-a"), ((), {"HELM_KUBECONTEXT": "b"}, "n-b"), ((), {"HELM_KUBECONTEXT": ""}, "n-a"),
                               (("--kube-context", "a"), {"HELM_KUBECONTEXT": "b"}, "n-a"), (("--kube-context="), {"HELM_KUBECONTEXT": "b"}, "n-a"),
                               ((), {"HELM_NAMESPACE": "n"}, "n"), (("-n", "m"), {"HELM_NAMESPACE": "n"}, "m"), (("-n", ""), {"HELM_NAMESPACE": "n"}, "n-a")):
            words = (words,) if isinstance(words, str) else words
            for compat in ("helm3", "helm4"):
                self.assertIn(f"ns: {ns}\n", self.ask("c", *words, "--compat", compat, **env), (words, env))

    def test_debug(self):
        for compat, line in (("helm3", "[debug] "), ("helm4", "level=DEBUG ")):
            for words, value, on in (((), "1", True), ((), "true", True), ((), "yes", False), ((), "", False), (("--debug=false",), "1", False),
                                     (("--debug",), "0", True)):
                said = self.ask("broken", "--compat", compat, *words, code=1, HELM_DEBUG=value)
                self.assertEqual(on, line in said, (compat, words, value, said))

    def test_the_server_and_who_asks(self):
        heard = []

        class Deaf(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                heard.append((self.headers["Authorization"], self.headers["Impersonate-User"], self.headers.get_all("Impersonate-Group")))
                self.send_error(404)

            def log_message(self, *arguments):
                pass

        url, secure = "http://" + self.answering(Deaf), self.serve(self.folder, handler=Deaf)
        self.ask("c", "--validate", code=1, HELM_KUBEAPISERVER=url[len("http://"):], HELM_KUBETOKEN="t", HELM_KUBEASUSER="jane")
        self.assertEqual((None, "jane", None), heard.pop())  # no token in the open
        trusting = {"code": 1, "HELM_KUBECAFILE": os.path.join(self.folder, "ca.pem"), "HELM_KUBEAPISERVER": secure}
        self.ask("c", "--validate", **trusting)
        self.assertEqual(("Bearer of-the-file", None, None), heard.pop())
        trusting |= {"HELM_KUBETOKEN": "t", "HELM_KUBEASUSER": "jane", "HELM_KUBEASGROUPS": ", a,b, "}
        self.ask("c", "--validate", **trusting)
        self.assertEqual(("Bearer t", "jane", ["a", "b"]), heard.pop())
        self.ask("c", "--validate", "--kube-token", "", "--kube-as-group", "z", **trusting)
        self.assertEqual(("Bearer of-the-file", "jane", ["z"]), heard.pop())
        heard.clear()
        self.assertIn("127.0.0.1:1: ", self.ask("c", "--validate", "--kube-apiserver=", code=1, HELM_KUBEAPISERVER=url))
        self.assertFalse(heard)

    def test_certificates(self):
        url = self.serve(self.folder)
        certificate = os.path.join(self.folder, "ca.pem")
        for env, is_right in (({}, False), ({"HELM_KUBECAFILE": certificate}, True), ({"HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "true"}, True),
                              ({"HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "so"}, False),
                              ({"HELM_KUBECAFILE": certificate, "HELM_KUBETLS_SERVER_NAME": "other.example"}, False)):
            said = self.ask("c", "--validate", code=1, HELM_KUBEAPISERVER=url, **env)
            self.assertEqual(is_right, "certificate" not in said, (env, said))
        self.assertIn("invalid configuration: unable to read certificate-authority /none", self.ask("c", "--validate", code=1, HELM_KUBECAFILE="/none"))


class Cluster(WithSlipway):
    """`slipway helm template` beside a cluster: in Helm 3.22's words."""

    def ask(self, *words, code=0):
        return self.helm(*words, code=code, KUBECONFIG=str(self.slipway.kubeconfig))

    def test_lookup(self):
        for name in ("one", "two"):
            self.make("/api/v1/namespaces/default/configmaps", {"metadata": {"name": name, "labels": {"n": name}}, "data": {"k": name}})
        self.chart("c", """kind: Found
one: {{ (lookup "v1" "ConfigMap" "default" "one").data.k }}
none: {{ lookup "v1" "ConfigMap" "default" "three" | toJson | quote }}
kind_of_list: {{ (lookup "v1" "ConfigMap" "default" "").kind }}
names: [{{ range (lookup "v1" "ConfigMap" "default" "").items }}{{ .metadata.name }}, {{ end }}]
of_each: {{ range (lookup "v1" "ConfigMap" "" "").items }}{{ if eq .metadata.name "two" }}{{ .kind }}.{{ .apiVersion }}{{ end }}{{ end }}
namespace: {{ (lookup "v1" "Namespace" "" "default").metadata.name }}
again: {{ tpl "{{ (lookup \\"v1\\" \\"ConfigMap\\" \\"default\\" \\"two\\").data.k }}" . }}
""")
        out = self.ask("template", "c", "--dry-run=server")
        for line in ("one: one", "none: \"{}\"", "kind_of_list: ConfigMapList", "names: [", "of_each: ConfigMap.v1", "namespace: default",
                     "again: two"):
            self.assertIn(line, out)
        self.assertRegex(out, r"names: \[.*one, .*two, ")
        self.chart("d", 'kind: {{ lookup "example.org/v1" "Widget" "" "x" }}\n')
        said = self.ask("template", "d", "--dry-run=server", code=1)
        self.assertIn("error calling lookup: unable to get apiresource from unstructured: example.org/v1, Kind=Widget: "
                      "the server could not find the requested resource", said)
        said = self.helm("template", "d", "--dry-run=server", code=1, KUBECONFIG=os.path.join(self.folder, "none"))
        self.assertIn("error calling lookup: ", said)
        self.assertIn('Get "http://localhost:8080/', said)  # without a kubeconfig: as Helm

    def test_validate(self):
        self.chart("c", """apiVersion: v1
kind: ConfigMap
metadata: {name: theirs, namespace: default}
data: {apps: "{{ .Capabilities.APIVersions.Has "argoproj.io/v1alpha1/Application" }}", kube: {{ .Capabilities.KubeVersion.Version }}}
""")
        out = self.ask("template", "c", "--validate")
        self.assertIn('apps: "true", kube: v1.35', out)
        self.assertIn('apps: "false"', self.helm("template", "c"))
        self.make("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "theirs"}})
        said = self.ask("template", "rel", "c", "--validate", "--namespace", "default", code=1)
        self.assertEqual('Error: Unable to continue with install: ConfigMap "theirs" in namespace "default" exists and cannot be imported into '
                         'the current release: invalid ownership metadata; label validation error: missing key '
                         '"app.kubernetes.io/managed-by": must be set to "Helm"; annotation validation error: missing key '
                         '"meta.helm.sh/release-name": must be set to "rel"; annotation validation error: missing key '
                         '"meta.helm.sh/release-namespace": must be set to "default"', said.strip())
        self.ask("template", "rel", "c", "--validate", "--is-upgrade")
        self.chart("d", "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\n")
        self.assertEqual('Error: unable to build kubernetes objects from release manifest: resource mapping not found for name: "w" '
                         'namespace: "" from "": no matches for kind "Widget" in version "example.org/v1"\nensure CRDs are installed first',
                         self.ask("template", "d", "--validate", code=1).strip())
        built = "Error: unable to build kubernetes objects from release manifest: "
        invalid = built + 'error validating "": error validating data: '
        named = "kind: ConfigMap\nmetadata: {name: x}\n"
        for manifest, words in ((named, invalid + "apiVersion not set"),
                                ("a: b\n", invalid + "[apiVersion not set, kind not set]"),
                                ("apiVersion: a/b/c\n" + named, invalid + "unexpected GroupVersion string: a/b/c"),
                                (named + "---\nkind: Foo\n", invalid + "apiVersion not set"),
                                ("apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n", invalid + "apiVersion not set"),
                                ("apiVersion: v1\nmetadata: {name: x, a: 1}\nkind: ''\n",
                                 built + """unable to decode "": Object 'Kind' is missing in '{"apiVersion":"v1","kind":"","metadata":{"a":1,"name":"x"}}'"""),
                                ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: 5}\n",
                                 built + 'unable to decode "": json: cannot unmarshal number into Go struct field ObjectMeta.metadata.namespace of type string'),
                                ("apiVersion: v1\nkind: ConfigMapList\nitems:\n- {apiVersion: e/v1, kind: Foo}\n",
                                 built + 'unable to recognize no matches for kind "Foo" in version "e/v1"'),
                                ("apiVersion: v1\nkind: ConfigMap\n",
                                 'Error: Unable to continue with install: could not get information about the resource ConfigMap "" in namespace '
                                 '"default": resource name may not be empty')):
            self.chart("e", manifest)
            self.assertEqual(words, self.ask("template", "e", "--validate", code=1).strip())
        for manifest in ("apiVersion: ''\n" + named, "apiVersion: v1\nkind: List\nitems: []\n"):
            self.chart("f", manifest)
            self.assertIn(manifest, self.ask("template", "f", "--validate"))
        self.assertIn("Kubernetes cluster unreachable: ",
                      self.helm("template", "d", "--validate", code=1, KUBECONFIG=os.path.join(self.folder, "none")))

    def test_validate_looks_at_the_chart_first(self):
        none = {"code": 1, "KUBECONFIG": os.path.join(self.folder, "none")}
        self.chart("lib", more="type: library\n")
        self.chart("old", more="deprecated: true\n")
        refused = "kubernetes cluster unreachable: Get \"http://localhost:8080/version\": dial tcp "
        self.assertEqual("Error: library charts are not installable\n", self.helm("template", "lib", "--validate", **none))
        said = self.helm("template", "Wrong_", "old", "--validate", **none)
        self.assertTrue(said.startswith("WARNING: This chart is deprecated\nError: K" + refused[1:]), said)
        said = self.helm("template", "Wrong_", "old", "--dry-run=server", "--compat", "helm4", **none).splitlines()
        self.assertTrue(said[0].startswith('level=WARN msg="this chart is deprecated"'), said)
        self.assertTrue(said[1].startswith("level=ERROR msg=\"cluster reachability check failed: kubernetes cluster unreachable: "), said)
        self.assertTrue(said[2].startswith("Error: cluster reachability check failed: " + refused), said)

    def test_debug_log(self):
        """Helm 4 tells of the schemas it reads, and repeats no error."""
        self.chart("c", "x: {{ .Values.x.y }}\n")
        with open(os.path.join(self.folder, "c", "values.schema.json"), "w") as file:
            file.write('{"type": "object"}')
        said = self.helm("template", "c", "--compat", "helm4", "--debug", code=1)
        for line in ('level=DEBUG msg="Original chart version" version=""', 'level=DEBUG msg="Chart path" path=',
                     'level=DEBUG msg="chart name" chart-name=c', 'level=DEBUG msg="unmarshalled JSON schema" schema="{\\"type\\": \\"object\\"}"',
                     'level=DEBUG msg="number of dependencies in the chart" chart=c dependencies=0'):
            self.assertIn(line, said)
        self.assertNotIn("[debug]", said)

    def test_names_of_hosts(self):
        self.chart("c", 'kind: {{ getHostByName "localhost" | quote }}\n')
        self.assertIn('kind: ""', self.helm("template", "c"))
        self.assertRegex(self.helm("template", "c", "--enable-dns"), r'kind: "(127\.0\.0\.1|::1)"')


class Applications(WithSlipway):
    def application(self, name, source, **more):
        spec = {"project": "default", "source": source, "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
                "syncPolicy": {"automated": {}}} | more
        self.make(ARGOCD, {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
                           "spec": spec})

    def secret(self, name, **data):
        encoded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
        self.make("/api/v1/namespaces/argocd/secrets", {"metadata": {"name": name, "labels": {"argocd.argoproj.io/secret-type": "repository"}},
                                                        "data": encoded})

    def is_synced(self, name, seconds=60):
        try:
            wait(f"{name} is synced", lambda: self.slipway.is_app(name, "Synced", "Healthy"), seconds)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.slipway.conditions(name)}")

    def data_of(self, name):
        return self.slipway.get(f"/api/v1/namespaces/default/configmaps/{name}")["data"]

    def published(self):
        """A repository over https that holds web 1.0.0, 1.2.0 and 2.0.0; its certificate is known to the cluster."""
        for version in ("1.0.0", "1.2.0", "2.0.0"):
            self.chart("web", CONFIG.format(name="{{ .Release.Name }}-web"), version)
            self.helm("package", "web", "-d", "repo")
        self.helm("repo", "index", "repo")
        url = self.serve(os.path.join(self.folder, "repo"))
        with open(os.path.join(self.folder, "ca.pem"), encoding="utf-8") as file:
            pem = file.read()
        path = "/api/v1/namespaces/argocd/configmaps"
        self.slipway.api.json("delete", f"{path}/argocd-tls-certs-cm")
        self.make(path, {"metadata": {"name": "argocd-tls-certs-cm"}, "data": {"127.0.0.1": pem}})
        return url

    def test_a_chart_of_a_repository_and_one_that_depends_on_it(self):
        url = self.published()
        self.application("shop", {"repoURL": url, "chart": "web", "targetRevision": "1.x",
                                  "helm": {"valuesObject": {"text": "hello"}, "releaseName": "front"}})
        self.is_synced("shop")
        self.assertEqual({"version": "1.2.0", "text": "hello"}, self.data_of("front-web"))
        self.assertEqual("1.2.0", self.slipway.application("shop")["status"]["sync"]["revision"])
        # a chart in Git whose dependency is not vendored, values by pattern, a file as a value
        repo = Repository(os.path.join(self.folder, "git"))
        repo.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\n"
                   f"dependencies: [{{name: web, version: \">=1 <2\", repository: \"{url}\"}}]\n")
        repo.write("app/values.yaml", "text: own\n")
        repo.write("app/values/1.yaml", "web: {text: first}\n")
        repo.write("app/values/deep/2.yaml", "web: {text: second}\n")
        repo.write("app/motd", "from a file")
        repo.write("app/templates/a.yaml", CONFIG.format(name="app-{{ .Release.Name }}"))
        repo.commit()
        self.application("app", {"repoURL": str(repo.path), "path": "app", "helm": {
            "valueFiles": ["values/**/*.yaml", "none.yaml"], "ignoreMissingValueFiles": True,
            "fileParameters": [{"name": "text", "path": "motd"}]}})
        self.is_synced("app")
        self.assertEqual({"version": "1.2.0", "text": "second"}, self.data_of("app-web"))
        self.assertEqual({"version": "0.1.0", "text": "from a file"}, self.data_of("app-app"))
        # a lock decides; one that does not fit is refused
        self.chart("app", more=f"dependencies: [{{name: web, version: 1.x, repository: \"{url}\"}}]\n")
        self.helm("dependency", "update", "app", "--ca-file", "ca.pem")
        with open(os.path.join(self.folder, "app/Chart.lock"), encoding="utf-8") as file:
            lock = file.read()
        repo.write("app/Chart.lock", lock)
        revision = repo.commit("a lock of another Chart.yaml")
        wait("the lock is refused", lambda: "Chart.lock) is out of sync" in self.slipway.conditions("app"), 60)
        repo.edit("app/Chart.yaml", ">=1 <2", "1.x")
        revision = repo.commit("the Chart.yaml of the lock")
        wait("the lock is taken", lambda: self.slipway.is_app("app", "Synced", "Healthy", revision), 60)
        # what is not there is named
        repo.edit("app/Chart.yaml", 'name: web, version: "1.x"', 'name: wbe, version: "1.x"')
        (repo.path / "app/Chart.lock").unlink()
        repo.commit("a dependency that is not there")
        wait("the dependency is missed", lambda: "wbe" in self.slipway.conditions("app") and url in self.slipway.conditions("app"), 60)

    def test_a_project_says_where_dependencies_may_come_from(self):
        url = self.published()
        repo = Repository(os.path.join(self.folder, "git"))
        repo.write("app/Chart.yaml", f"apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies: [{{name: web, version: 1.x, repository: \"{url}\"}}]\n")
        repo.commit()
        projects = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
        self.make(projects, {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "narrow", "namespace": "argocd"},
                             "spec": {"sourceRepos": [str(repo.path)], "destinations": [{"server": "*", "namespace": "*"}]}})
        self.application("narrow", {"repoURL": str(repo.path), "path": "app"}, project="narrow")
        says = f"helm repos {url} are not permitted in project 'narrow'"
        wait("the dependency is refused", lambda: says in self.slipway.conditions("narrow"), 60)
        self.slipway.patch(f"{projects}/narrow", {"spec": {"sourceRepos": [str(repo.path), url]}})
        self.is_synced("narrow")
        self.assertEqual("1.2.0", self.data_of("narrow-web")["version"])

    @unittest.skipUnless(shutil.which("docker-registry"), "no docker-registry: script/setup installs it")
    def test_a_chart_of_a_registry(self):
        host = self.registry()
        for version in ("1.0.0", "1.1.0+b"):
            self.chart("oci", CONFIG.format(name="oci-{{ .Release.Name }}"), version)
            self.helm("package", "oci")
            self.helm("push", f"oci-{version}.tgz", f"oci://{host}/charts", "--plain-http")
        self.secret("charts", url=f"{host}/charts", type="helm", enableOCI="true", insecureOCIForceHttp="true")
        self.application("reg", {"repoURL": f"{host}/charts", "chart": "oci", "targetRevision": "^1"})
        self.is_synced("reg")
        self.assertEqual("1.1.0+b", self.data_of("oci-reg")["version"])

    def test_a_chart_that_never_ends_costs_nobody_else(self):
        repo = Repository(os.path.join(self.folder, "git"))
        count, hash = "{{ range 9000000000000000000 }}{{ end }}", '{{ range 9000000000000000000 }}{{ $_ := bcrypt "x" }}{{ end }}'
        deep = '{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'
        texts = {"endless-1": hash, "endless-2": hash, "endless-3": hash, "endless-4": hash, "count": count, "deep": deep,
                 "good": CONFIG.format(name="good")}
        for name, text in texts.items():
            repo.write(f"{name}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
            repo.write(f"{name}/templates/a.yaml", text)
        repo.commit()
        for name in texts:
            self.application(name, {"repoURL": str(repo.path), "path": name})
        self.is_synced("good")
        wait("the deep one is refused", lambda: "nested reference name" in self.slipway.conditions("deep"), 60)
        repo.edit("good/Chart.yaml", "1.0.0", "1.0.1")
        revision = repo.commit("more")
        wait("the good one goes on", lambda: self.slipway.is_app("good", "Synced", "Healthy", revision), 60)
        # the endless ones are still at it, or were given up; stopping does not wait for them (tearDownClass)
        self.assertIsNone(self.slipway.process.poll())


if __name__ == "__main__":
    unittest.main()
