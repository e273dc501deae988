#!/usr/bin/env python3
"""Who we are at a registry of charts: `slipway helm registry login`, the files of Helm and Docker, and docker-credential-NAME."""
import base64
import http.server
import json
import os
import shutil
import unittest
import urllib.parse

from helm_charts import Folder

# "u" with the password "p:w@"
HTPASSWD = "u:$2a$10$LaLw/Iy0O6nTwalRU48HmuHEIIyQe8SR/8qa5Ae/JP/QVBqTtcHeC\n"
AUTH = base64.b64encode(b"u:p:w@").decode()
HELPER = """#!/bin/sh
read line
case "$1" in
get) if [ "$line" = "$KNOWN" ]; then echo '{"ServerURL":"x","Username":"u","Secret":"p:w@"}'
     else echo "credentials not found in native keychain"; exit 1; fi;;
*) echo "$1 $line" >> "$HOME/helper.log";;
esac
"""


@unittest.skipUnless(shutil.which("docker-registry"), "no docker-registry: script/setup installs it")
class Passwords(Folder):
    def setUp(self):
        super().setUp()
        self.write("htpasswd", HTPASSWD)
        self.host = self.registry(htpasswd=os.path.join(self.folder, "htpasswd"))
        self.chart("web")
        self.helm("package", "web")
        self.helm("push", "web-1.0.0.tgz", f"oci://{self.host}/charts", "--plain-http", "--username", "u", "--password", "p:w@")

    def pull(self, *words, code=0, **env):
        return self.helm("pull", f"oci://{self.host}/charts/web", "--plain-http", "-d", "out", *words, code=code, **env)

    def config(self, file, **root):
        self.write(file, json.dumps(root))
        return os.path.join(self.folder, file)

    def test_login_and_logout(self):
        self.write("out/.keep", "")
        self.assertIn("basic credential not found", self.pull(code=1))
        self.assertIn("401: unauthorized", self.helm("registry", "login", self.host, "-u", "u", "-p", "no", "--plain-http", code=1))
        self.assertNotIn(".config/helm/registry/config.json", self.files())
        self.helm("registry", "login", f"oci://{self.host}/charts", "-u", "u", "--password-stdin", "--plain-http", stdin="p:w@\n")
        kept = os.path.join(self.folder, ".config/helm/registry/config.json")
        self.assertEqual('{\n\t"auths": {\n\t\t"%s": {\n\t\t\t"auth": "%s"\n\t\t}\n\t}\n}' % (self.host, AUTH), open(kept).read())
        self.assertEqual(0o600, os.stat(kept).st_mode & 0o777)
        self.pull()
        self.helm("push", "web-1.0.0.tgz", f"oci://{self.host}/other", "--plain-http")
        self.chart("app", more=f"dependencies: [{{name: web, version: 1.x, repository: \"oci://{self.host}/charts\"}}]\n")
        self.helm("dependency", "update", "app", "--plain-http")
        self.helm("registry", "logout", self.host)
        self.assertIn("basic credential not found", self.pull(code=1))

    def test_here_without_tls(self):
        """A registry of this machine that speaks no TLS is asked without; the digest names a chart as its tag does."""
        remote, who = f"oci://{self.host}/charts", ["--username", "u", "--password", "p:w@"]
        said = self.helm("pull", remote + "/web", *who, "--compat", "helm4")
        digest = said.split("Digest: ")[1].strip()
        self.helm("push", "web-1.0.0.tgz", remote, *who)
        for name in (f"web@{digest}", f"web:1.0.0@{digest}"):
            self.assertIn("kind: ConfigMap", self.helm("template", f"{remote}/{name}", *who))
        none = "sha256:" + "0" * 64
        for command in (["template", "x"], ["pull"], ["show", "chart"]):
            for tag, why in (("1.0.0", f"chart reference digest mismatch: {digest} is not {none}"), ("^1", 'invalid reference: invalid tag "^1"')):
                self.assertIn(why, self.helm(*command, f"{remote}/web:{tag}@{none}", *who, code=1))
        self.assertIn('invalid tag "^1"', self.helm("pull", f"{remote}/web:^1@{digest}", *who, code=1))
        self.helm("registry", "login", self.host, *who)

    def test_files(self):
        self.write("out/.keep", "")
        auth = {self.host: {"auth": AUTH}}
        for at, entry in enumerate([auth, {self.host: {"username": "u", "password": "p:w@"}}, {f"https://{self.host}/v2/": {"auth": AUTH}}]):
            self.pull("--registry-config", self.config(f"{at}.json", auths=entry))
        self.pull(HELM_REGISTRY_CONFIG=self.config("a.json", auths=auth))
        self.config("docker/config.json", auths=auth)
        self.pull(DOCKER_CONFIG=os.path.join(self.folder, "docker"))
        self.config(".docker/config.json", auths=auth)
        self.pull()
        self.pull("--registry-config", self.config("b.json", auths={}))  # Docker's is read where Helm's says nothing
        self.write("c.json", '{"auths":')
        self.assertIn("failed to decode config file", self.pull("--registry-config", "c.json", code=1))
        wrong = self.pull("--registry-config", self.config("d.json", auths={self.host: {"auth": "c2VjcmV0"}}), code=1)
        self.assertIn("failed to decode auth", wrong)
        self.assertNotIn("secret", wrong)

    def test_helpers(self):
        self.write("out/.keep", "")
        self.write("bin/docker-credential-own", HELPER)
        os.chmod(os.path.join(self.folder, "bin/docker-credential-own"), 0o755)
        env = {"PATH": self.folder + "/bin:" + os.environ["PATH"], "KNOWN": self.host}
        for at, root in enumerate([{"credsStore": "own"}, {"credHelpers": {self.host: "own"}, "credsStore": "none"}]):
            self.pull("--registry-config", self.config(f"{at}.json", **root), **env)
        self.assertIn("basic credential not found", self.pull("--registry-config", "0.json", code=1, **(env | {"KNOWN": "other"})))
        self.assertIn('exec: "docker-credential-own": executable file not found in $PATH', self.pull("--registry-config", "0.json", code=1))
        self.helm("registry", "login", self.host, "-u", "u", "-p", "p:w@", "--plain-http", "--registry-config", "0.json", **env)
        self.helm("registry", "logout", self.host, "--registry-config", "0.json", **env)
        stored, erased = open(os.path.join(self.folder, "helper.log")).read().splitlines()
        self.assertEqual({"ServerURL": self.host, "Username": "u", "Secret": "p:w@"}, json.loads(stored.removeprefix("store ")))
        self.assertEqual(f"erase {self.host}", erased)
        self.assertNotIn(AUTH, open(os.path.join(self.folder, "0.json")).read())


class Tags(Folder):
    def test_more_than_a_page(self):
        """Registries tell tags in pages, by the alphabet: the highest version stands on the last."""
        pages = [["0.9.0", "1.10.0"], ["1.9.0"], ["9.0.0", "latest"]]

        class Registry(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                listed = path == "/v2/a/web/tags/list"
                page = int(urllib.parse.parse_qs(query).get("last", ["0"])[0])
                body = json.dumps({"tags": pages[page]} if listed else {}).encode()
                self.send_response(200 if listed else 404)
                if listed and page + 1 < len(pages):
                    self.send_header("link", '</else>; rel="first"')
                    self.send_header("link", f'<{path}?last={page + 1}&n=2>; rel="next"' if page else "<?last=1>; REL=next")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        chart = f"oci://{self.answering(Registry)}/a/web"
        for wanted, found in ((">=0.0.1", "9.0.0"), ("1.x", "1.10.0"), ("<1", "0.9.0")):
            self.assertIn(f"/a/web:{found}: not found", self.helm("pull", chart, "--version", wanted, "--plain-http", code=1))


class Tokens(Folder):
    """A registry whose token server takes an identity token."""

    def test_an_identity_token(self):
        asked = []

        class Registry(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body=b"{}", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.headers["authorization"] == "Bearer given":
                    return self.answer(404)
                here = self.headers["host"]
                self.answer(401, www_authenticate=f'Bearer realm="http://{here}/token",service="s",scope="repository:a/b:pull"')

            def do_POST(self):
                asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self.answer(200, b'{"access_token":"given"}')

        host = self.answering(Registry)
        self.write("config.json", json.dumps({"auths": {host: {"identitytoken": "id+1"}}}))
        said = self.helm("pull", f"oci://{host}/a/b", "--version", "1.0.0", "--plain-http", "--registry-config", "config.json", code=1)
        self.assertIn("a/b:1.0.0: not found", said)
        self.assertEqual(["grant_type=refresh_token&client_id=slipway&service=s&scope=repository%3Aa%2Fb%3Apull&refresh_token=id%2B1"], asked)


if __name__ == "__main__":
    unittest.main()
