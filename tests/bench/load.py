"""What many clients of the API see, ours and a kube-apiserver with etcd in the same run, clients on the same cores."""
import os, subprocess, threading, time
from pathlib import Path

from measure import PEERS, ROOT, Client, cpu_seconds, memory_mb
from harness import Slipway, wait
from kubeapi import Server

LOAD = ROOT / "build/release/bench/api_load"
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
        """Reads of one pod per second, 32 connections and one request at a time each, while the pod is changed ten times a second. As
        h2load -c32 -m1 does it, but with a client certificate: that h2load cannot show, and a token of ours may do nothing yet."""
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
            return self.load("get", count)
        finally:
            stop.set()
            changer.join()


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


def peer_figures(rounds, home):
    if not PEERS or not (PEERS / "kube-apiserver").exists():
        return None
    folder = f"{home}/peer-load"
    up = subprocess.run([ROOT / "tests/peers/kube-up", folder, "17653"], capture_output=True, text=True, env={**os.environ, "KUBE_UP_DURABLE": "1"})
    try:
        if up.returncode:
            raise RuntimeError(up.stderr.strip())
        pid = int(Path(folder, "kube-apiserver.pid").read_text())
        return figures(Target(Server(up.stdout.strip()), f"{home}/peer-client"), pid, rounds)
    finally:
        subprocess.run([ROOT / "tests/peers/kube-down", folder], capture_output=True)


def load(table, rounds, home):
    slipway = Slipway(data=f"{home}/load", node="none").start()
    try:
        ours = figures(Target(slipway.api, f"{home}/load-client"), slipway.process.pid, rounds)
    finally:
        slipway.close()
    try:
        peer = peer_figures(rounds, home)
        if not peer:
            table.skip("kube-apiserver beside us", "SLIPWAY_PEERS names none (tests/peers/install)")
    except (RuntimeError, AssertionError) as problem:
        peer = None
        table.skip("kube-apiserver beside us", str(problem), failed=True)
    for name, figure in ours.items():
        unit = next(unit for part, unit in UNITS if part in name)
        goal, times = GOALS.get(name, ("", None))
        table.row(name, figure, unit, goal, peer and peer[name], times)
    slow_disk(table, rounds, home)
