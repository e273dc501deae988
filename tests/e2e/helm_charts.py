"""What the tests of charts share: a temporary folder with charts in it, and `slipway helm` run there."""
import functools
import http.server
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import SLIPWAY, free_port, wait


class Folder(unittest.TestCase):
    """A temporary folder with charts in it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="slipway-helm-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        file = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)

    def chart(self, name, template="kind: ConfigMap\nmetadata: {name: x}\n", version="1.0.0", more=""):
        self.write(f"{name}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}")
        self.write(f"{name}/templates/a.yaml", template)

    def helm(self, *words, code=0, seconds=120, stdin=None, **env):
        env = dict(os.environ, HOME=self.folder, KUBECONFIG="/dev/null", SSL_CERT_FILE="") | env
        env = {name: value for name, value in env.items() if value is not None}
        done = subprocess.run([SLIPWAY, "helm", *words], cwd=self.folder, env=env, input=stdin, capture_output=True, text=True, timeout=seconds)
        self.assertEqual(code, done.returncode, done.stdout[-2000:] + done.stderr[-2000:])
        return done.stdout if code == 0 else done.stderr

    def files(self):
        return sorted(os.path.relpath(os.path.join(at, f), self.folder) for at, _, names in os.walk(self.folder) for f in names)

    def serve(self, folder, asks=False, handler=None):
        """The folder over https, or what `handler` answers; its certificate is ca.pem. `asks`: clients must show that one. Gives the URL."""
        key, cert = self.certificate()

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler or functools.partial(Quiet, directory=folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        if asks:
            context.load_verify_locations(cert)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        return f"https://127.0.0.1:{server.server_port}"

    def answering(self, handler, **how):
        """An http server until the test ends. Gives HOST:PORT."""
        quiet = type("Quiet", (handler,), {"log_message": lambda *arguments: None})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, **how))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"127.0.0.1:{server.server_port}"

    def certificate(self):
        """Of 127.0.0.1: key.pem and ca.pem in the folder."""
        key, cert = os.path.join(self.folder, "key.pem"), os.path.join(self.folder, "ca.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        return key, cert

    def registry(self, tls=False, htpasswd=""):
        """Debian's docker-registry; `tls`: its certificate is ca.pem; `htpasswd`: who may use it. Gives HOST:PORT."""
        port = free_port()
        key, cert = self.certificate() if tls else ("", "")
        secret = f", tls: {{certificate: \"{cert}\", key: \"{key}\"}}" if tls else ""
        self.write("registry.yml", f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {self.folder}/registry}}}}\n"
                                   f"http: {{addr: \"127.0.0.1:{port}\"{secret}}}\n"
                                   + (f"auth: {{htpasswd: {{realm: r, path: {htpasswd}}}}}\n" if htpasswd else ""))
        registry = subprocess.Popen(["docker-registry", "serve", os.path.join(self.folder, "registry.yml")],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (registry.kill(), registry.wait()))
        wait("the registry listens", lambda: __import__("socket").create_connection(("127.0.0.1", port), 1), 60)
        return f"127.0.0.1:{port}"
