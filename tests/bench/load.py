"""What many clients of the API see, ours and a kube-apiserver with etcd in the same run, clients on the same cores."""
import os, re, shutil, subprocess, threading, time
from pathlib import Path

from measure import ROOT, Client, cpu_seconds, kube_apiserver, memory_mb
from harness import Slipway, free_port, wait

LOAD = ROOT / "build/release/bench/api_load"
CERTIFICATE = ROOT / "build/release/bench/libclient_certificate.so"
SLOW = ROOT / "build/release/bench/libslow_sync.so"
PODS = 10_000


class Target:
    """A server with a namespace `bench`, and an administrator's certificates in files."""

    def __init__(self, server, home):
        self.server, self.home = server, Path(home)
        self.home.mkdir(exist_ok=True)
        (self.home / "ca.pem").write_text(server.authority)
        (self.home / "own.pem").write_text(server.own)
        client = self.client = Client(server)
        client.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}})
        wait("the namespace has its account", lambda: client.get("/api/v1/namespaces/bench/serviceaccounts/default"))

    def load(self, *words):
        """Figures of api_load by name."""
        done = subprocess.run([LOAD, f"{self.server.host}:{self.server.port}", self.home / "ca.pem", self.home / "own.pem", *map(str, words)],
                              capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f"api_load {words[0]}: {done.stderr.strip()}")
        return {name: float(figure) for name, figure, _ in (line.split("\t") for line in done.stdout.splitlines())}

    def gets(self, count):
        """Reads of one pod per second by `h2load -c32 -m1`, with a client certificate (a token of ours may do nothing yet), while the pod is
        changed ten times a second."""
        stop, changes = threading.Event(), []

        def change():
            client = Client(self.server)
            while not stop.wait(0.1):
                client.ask("PATCH", "/api/v1/namespaces/bench/pods/pod-0", {"metadata": {"annotations": {"n": str(len(changes))}}},
                           "application/merge-patch+json")
                changes.append(1)

        changer = threading.Thread(target=change)
        changer.start()
        try:
            url = f"https://{self.server.host}:{self.server.port}/api/v1/namespaces/bench/pods/pod-0"
            return h2load(url, count, {"LD_PRELOAD": str(CERTIFICATE), "CLIENT_PEM": str(self.home / "own.pem")}, self.home)
        finally:
            stop.set()
            changer.join()


def h2load(url, count, environment, home):
    log = Path(home) / "h2load.log"
    log.unlink(missing_ok=True)
    done = subprocess.run(["h2load", "-c32", "-m1", f"-n{count}", f"--log-file={log}", url], env={**os.environ, **environment}, capture_output=True,
                          text=True, timeout=300)
    rate, good = re.search(r"finished in .*?, ([0-9.]+) req/s", done.stdout), re.search(r"status codes: (\d+) 2xx", done.stdout)
    if not rate or not good or int(good[1]) < count:
        raise RuntimeError(f"h2load: {done.stdout[-300:]}{done.stderr[-300:]}")
    took = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    return {"get": float(rate[1]), "get, p99": took[len(took) * 99 // 100] / 1e3}


def bare_server(table, home, rounds):
    """What this machine gives at best: the same number of bytes from nghttpd, which does nothing but HTTP/2 and TLS."""
    if not shutil.which("nghttpd"):
        return table.skip("the same bytes from nghttpd, a bare server", "nghttpd is missing (Debian: nghttp2-server)")
    port, www = free_port(), Path(home) / "www"
    www.mkdir()
    (www / "pod").write_text("x" * 3000)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", www / "key.pem", "-out", www / "own.pem"], check=True, capture_output=True)
    server = subprocess.Popen(["nghttpd", "-n1", f"-d{www}", str(port), www / "key.pem", www / "own.pem"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        wait("nghttpd serves", lambda: h2load(f"https://127.0.0.1:{port}/pod", 32, {}, home))
        before = cpu_seconds(server.pid)
        rate = h2load(f"https://127.0.0.1:{port}/pod", 20_000 * rounds, {}, home)["get"]
        table.row("  the same bytes from nghttpd, a bare server", rate, "/s")
        table.row("  nghttpd: CPU of the server each", (cpu_seconds(server.pid) - before) / (20_000 * rounds) * 1e6, "us")
    finally:
        server.kill()
        server.wait()


def figures(target, pid, rounds):
    seen = {}
    counts = 1000 * rounds

    def costs(name, count, work):
        """What `work` gives; and the server's CPU for each of its requests, which a busy machine changes least."""
        before = cpu_seconds(pid)
        result = work()
        seen[f"{name}: CPU of the server each"] = (cpu_seconds(pid) - before) / count * 1e6
        return result

    name = "durable creates, 32 clients"
    created = costs(name, counts, lambda: target.load("create", 0, counts))
    seen[name], seen[f"{name}, p99"] = created["create"], created["create, p99"]
    name = "durable merge patches, 32 clients"
    patched = costs(name, counts, lambda: target.load("patch", counts))
    seen[name], seen[f"{name}, p99"] = patched["patch"], patched["patch, p99"]
    target.gets(2000)
    name = "GET of a changing pod, 32 clients"
    read = costs(name, 20_000 * rounds, lambda: target.gets(20_000 * rounds))
    seen[name], seen[f"{name}, p99"] = read["get"], read["get, p99"]
    target.load("create", counts, PODS - counts)
    lists = 3 * rounds + 2
    for form, accept in (("Table", "application/json;as=Table;v=v1;g=meta.k8s.io"), ("JSON", "application/json")):
        name = f"list 10,000 pods of 3 KB, {form}, after a write"
        seen[name] = costs(name, lists, lambda: target.load("list", accept, lists))["list"]
    seen["resident with 10,000 pods"] = memory_mb(pid)
    name = "watch, 200 watchers"
    watched = costs(name, 200 * 50 * rounds, lambda: target.load("watch", 200, 50 * rounds))
    seen[f"{name}, p50"], seen[f"{name}, p99"] = watched["watch"], watched["watch, p99"]
    return dict(sorted(seen.items(), key=lambda item: item[0].split(":")[0].split(", p")[0]))


UNITS = [("CPU", "us"), ("resident", "MB"), (", p", "ms"), (", 32 clients", "/s"), ("", "ms")]
GOALS = {"durable creates, 32 clients": (">= 3000", 3), "durable merge patches, 32 clients": (">= 3000", 3), "GET of a changing pod, 32 clients": (">= 30000", 10),
         "list 10,000 pods of 3 KB, Table, after a write": ("<= 80", None), "list 10,000 pods of 3 KB, JSON, after a write": ("<= 90", None),
         "resident with 10,000 pods": ("<= 120", None), "watch, 200 watchers, p99": ("<= 4", 1)}


def preloaded(home, delay_us):
    """The environment of a program whose syncs are counted, and what reads the counts: how many, and seconds in all."""
    counts = Path(home) / f"syncs-{delay_us}"
    environment = {**os.environ, "LD_PRELOAD": str(SLOW), "SLOW_SYNC_US": str(delay_us), "SLOW_SYNC_COUNTS": str(counts)}

    def read():
        raw = counts.read_bytes()
        return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little") / 1e9

    return environment, read


def slow_disk(table, rounds, home):
    for delay in (0, 2300):
        environment, syncs = preloaded(home, delay)
        slipway = Slipway(data=f"{home}/slow-{delay}", node="none").start(env=environment)
        try:
            target = Target(slipway.api, f"{home}/slow-{delay}-client")
            for work, words in (("creates", ("create", 0)), ("merge patches", ("patch",))):
                before, spent = syncs()
                rate = target.load(*words, 1000 * rounds)[words[0]]
                after, spent_after = syncs()
                each = (spent_after - spent) / max(1, after - before) * 1e3
                if delay:
                    table.row(f"durable {work}, {delay / 1e3} ms added to each sync", rate, "/s", ">= 3000")
                during = f"  {work}{f', {delay / 1e3} ms added' if delay else ''}"
                table.row(f"{during}: a sync, of {after - before}", each, "ms")
                table.row(f"{during}: one batch, mean", 1000 * rounds / max(1, after - before), "writes")
        finally:
            slipway.close()


def load(table, rounds, home):
    slipway = Slipway(data=f"{home}/load", node="none").start()
    try:
        ours = figures(Target(slipway.api, f"{home}/load-client"), slipway.process.pid, rounds)
    finally:
        slipway.close()
    peer = kube_apiserver(table, home, 17653, lambda server, pid: figures(Target(server, f"{home}/peer-client"), pid, rounds), {"KUBE_UP_DURABLE": "1"})
    for name, figure in ours.items():
        unit = next(unit for part, unit in UNITS if part in name)
        goal, times = GOALS.get(name, ("", None))
        table.row(name, figure, unit, goal, peer and peer[name], times)
    bare_server(table, home, rounds)
    slow_disk(table, rounds, home)
