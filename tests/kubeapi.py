"""A plain client of a Kubernetes API server, for tests: python3 and nothing else."""
import base64, http.client, json, re, ssl, sys, tempfile, urllib.parse
from pathlib import Path


class Server:
    """A TLS client of the server and with the certificates that a KUBECONFIG names (files or inline data)."""

    def __init__(self, kubeconfig):
        text = Path(kubeconfig).read_text()

        def field(name):
            found = re.search(r'\b%s:\s*"?([^"\s,}]+)' % name, text)
            return found and found.group(1)

        def pem(name):
            if path := field(name):
                return (Path(kubeconfig).parent / path).read_text()
            data = field(name + "-data") or sys.exit(f"{kubeconfig}: no {name} and no {name}-data; client certificates are needed")
            return base64.b64decode(data).decode()

        url = urllib.parse.urlsplit(field("server") or sys.exit(f"{kubeconfig}: no server"))
        self.host, self.port = url.hostname, url.port or 443
        self.authority, self.own = pem("certificate-authority"), pem("client-certificate") + "\n" + pem("client-key")
        self.context = ssl.create_default_context(cadata=self.authority)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:
            both.write(self.own)
            both.flush()
            self.context.load_cert_chain(both.name)

    def ask(self, verb, path, headers=None, body=None, timeout=30):
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.context)
        try:
            connection.request(verb.upper(), path, body, {"User-Agent": "conformance", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, verb, path, body=None, headers=None):
        status, _, text = self.ask(verb, path, {"Content-Type": "application/json", **(headers or {})}, body and json.dumps(body))
        return status, json.loads(text or b"null")
