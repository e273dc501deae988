"""What end-to-end tests share: a Slipway of their own on a free port and a data directory of its own, and Git repositories.

The binary is SLIPWAY, or build/dev/slipway of this clone."""
import os, shutil, signal, socket, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from kubeapi import Server

SLIPWAY = os.environ.get("SLIPWAY", str(ROOT / "build/dev/slipway"))
PATIENCE = float(os.environ.get("SLIPWAY_PATIENCE", 1))  # of every wait: a binary under sanitizers is that much slower
TESTDATA = Path(os.environ.get("SLIPWAY_TESTDATA", ROOT.parent / "shared/testdata"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(what, holds, seconds=20, pause=0.05):
    """Asks until `holds` gives something true, which is returned; an exception while asking counts as not yet."""
    seconds *= PATIENCE
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if answer := holds():
                return answer
            last = answer
        except Exception as problem:  # what is asked about may not be there yet
            last = problem
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s: {what}; last: {last!r}")


class Repository:
    """A Git repository that a test writes."""

    def __init__(self, path, copy_of=None):
        self.path = Path(path)
        shutil.copytree(copy_of, self.path, dirs_exist_ok=True) if copy_of else self.path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        if copy_of:
            self.commit("start")

    def git(self, *arguments):
        identity = ["-c", "user.name=test", "-c", "user.email=test@slipway.invalid", "-c", "commit.gpgSign=false"]
        done = subprocess.run(["git", "-C", self.path, *identity, *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name, before, after):
        text = (self.path / name).read_text()
        assert before in text, f"{name} has no {before!r}"
        self.write(name, text.replace(before, after))

    def commit(self, message="change"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


class GitServer:
    """The bare repositories below a folder by smart HTTP on loopback; see git_server.py for what it can be told."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen([sys.executable, ROOT / "src/sources/testdata/git_server.py", folder, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = f"http{'s' if len(arguments) > 1 else ''}://127.0.0.1:{int(self.process.stdout.readline())}"

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def make_certificate(home):
    """A key, a certificate for 127.0.0.1, and both in one file: HOME/key, HOME/certificate, HOME/pem. Gives the certificate."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", f"{home}/key", "-out",
                    f"{home}/certificate"], check=True, capture_output=True)
    certificate = Path(f"{home}/certificate").read_text()
    Path(f"{home}/pem").write_text(certificate + Path(f"{home}/key").read_text())
    return certificate


class Slipway:
    """`slipway up` with these arguments; run it again with start() after stop()."""

    def __init__(self, *arguments, data=None, node="simulated"):
        self.own_data = data is None
        self.data = Path(data or tempfile.mkdtemp(prefix="slipway-e2e-"))
        self.arguments, self.node, self.port = list(map(str, arguments)), node, free_port()
        self.kubeconfig = self.data / "kubeconfig"
        self.log = self.data / "up.log"
        self.process = None

    def command(self):
        return [SLIPWAY, "up", *self.arguments, f"--node={self.node}", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}",
                "--kubeconfig", str(self.kubeconfig)]

    def start(self, seconds=30, pause=0.05, **more):
        self.data.mkdir(parents=True, exist_ok=True)
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)

        def ready():
            if self.process.poll() is not None:
                raise SystemExit(f"slipway ended with {self.process.returncode}:\n{self.log.read_text()}")
            self.api = Server(self.kubeconfig)
            return self.api.ask("get", "/readyz")[0] == 200

        wait("the API server is ready", ready, seconds, pause)
        return self

    def stop(self, number=signal.SIGTERM, seconds=30):
        self.process.send_signal(number)
        return self.process.wait(seconds * PATIENCE)

    def close(self):
        if self.process and self.process.poll() is None:
            self.stop()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def cli(self, *arguments, check=True):
        done = subprocess.run([SLIPWAY, *arguments], env={**os.environ, "KUBECONFIG": str(self.kubeconfig)}, capture_output=True,
                              text=True, timeout=60 * PATIENCE)
        if check and done.returncode:
            raise AssertionError(f"slipway {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def get(self, path):
        """An object or a list by its API path; None where there is none."""
        status, answer = self.api.json("get", path)
        return answer if status == 200 else None

    def items(self, path):
        return (self.get(path) or {}).get("items", [])

    def patch(self, path, body, kind="merge-patch"):
        status, answer = self.api.json("patch", path, body, {"Content-Type": f"application/{kind}+json"})
        assert status == 200, answer
        return answer

    def delete(self, path):
        status, answer = self.api.json("delete", path)
        assert status in (200, 202), answer

    def application(self, name):
        return self.get(f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}") or {}

    def is_app(self, name, sync, health=None, revision=None):
        """Whether the Application stands so; for wait()."""
        status = self.application(name).get("status", {})
        there = status.get("sync", {})
        return (there.get("status") == sync and (health is None or status.get("health", {}).get("status") == health)
                and (revision is None or there.get("revision") == revision))

    def conditions(self, name):
        return " ".join(c["message"] for c in self.application(name).get("status", {}).get("conditions", []))

    def events(self, namespace):
        return [f"{e['reason']}: {e['message']}" for e in self.items(f"/api/v1/namespaces/{namespace}/events")]

    def pods(self, namespace):
        return {p["metadata"]["name"]: p["metadata"]["uid"] for p in self.items(f"/api/v1/namespaces/{namespace}/pods")
                if not p["metadata"].get("deletionTimestamp")}
