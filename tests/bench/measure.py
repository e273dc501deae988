"""What the parts of script/bench share: the table, a client of the API that stays connected, and what the kernel knows of a process."""
import http.client, json, os, statistics, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("SLIPWAY", str(ROOT / "build/release/slipway"))
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests")]

from kubeapi import Server

PEERS = Path(os.environ["SLIPWAY_PEERS"]) / "bin" if os.environ.get("SLIPWAY_PEERS") else None
FORMAT = "{:52} {:>12} {:>9}  {:20} {:>12} {:>7}"


class Table:
    """Goals read like "<= 80" or ">= 3000"; a figure that does not reach its own says by how much. With `times`, ours must also be
    so many times the peer's."""

    def __init__(self):
        self.missing, self.missed = [], []
        print(FORMAT.format("work", "slipway", "goal", "", "peer", "ratio"))

    def row(self, work, ours, unit, goal="", peer=None, times=None):
        """`ratio`: how many times the peer's figure is ours, so that above 1 is better for us, whether more or less is better."""
        shown = lambda n: f"{n:.3g} {unit}" if n < 1000 else f"{n:.0f} {unit}"
        ratio = None if peer is None or not ours else (ours / peer if unit.endswith("/s") and unit != "KB/s" else peer / ours)
        misses = []
        if goal:
            compare, wanted = goal.split()
            wanted = float(wanted)
            if ours > wanted if "<" in compare else ours < wanted:
                misses.append(f"by {abs(ours - wanted) / wanted * 100:.0f} %")
        if times and ratio is not None and ratio < times:
            misses.append(f"{ratio:.1f}x of {times}x")
        if misses:
            self.missed.append(work)
        verdict = ("MISSED " + ", ".join(misses)) if misses else "reached" if goal or times and ratio is not None else ""
        print(FORMAT.format(work, shown(ours), goal, verdict, "" if peer is None else shown(peer), ratio and f"{ratio:.1f}x" or ""), flush=True)

    def skip(self, work, why, failed=False):
        print(f"{work:44} -- {why}", flush=True)
        if failed:
            self.missing.append(work)


class Client:
    """One connection that stays, as a client of the API keeps it."""

    def __init__(self, server):
        self.connection = http.client.HTTPSConnection(server.host, server.port, timeout=30, context=server.context)

    def ask(self, verb, path, body=None, kind="application/json", accept="application/json"):
        headers = {"Accept": accept, "Content-Type": kind, "Accept-Encoding": "identity"}
        self.connection.request(verb, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{verb} {path}: {answer.status} {text[:300]!r}")
        return text

    def get(self, path):
        return json.loads(self.ask("GET", path))


def kube_apiserver(table, home, port, measure, environment=None):
    """What `measure(server, pid)` gives of a real kube-apiserver with etcd; None, and a word in the table, where there is none."""
    what = "kube-apiserver beside us"
    if not PEERS or not (PEERS / "kube-apiserver").exists():
        table.skip(what, "SLIPWAY_PEERS names none (tests/peers/install)")
        return None
    folder = f"{home}/peer-{port}"
    up = subprocess.run([ROOT / "tests/peers/kube-up", folder, str(port)], capture_output=True, text=True, env={**os.environ, **(environment or {})})
    try:
        if up.returncode:
            raise RuntimeError(up.stderr.strip())
        return measure(Server(up.stdout.strip()), int(Path(folder, "kube-apiserver.pid").read_text()))
    except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as problem:
        table.skip(what, str(problem), failed=True)
        return None
    finally:
        subprocess.run([ROOT / "tests/peers/kube-down", folder], capture_output=True)


def timed(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def until(holds, seconds=30):
    """How long it takes until `holds`, asked every millisecond or two."""
    begun = time.perf_counter()
    while not holds():
        if time.perf_counter() - begun > seconds:
            raise RuntimeError(f"not within {seconds} s")
        time.sleep(0.001)
    return time.perf_counter() - begun


def median_of(rounds, action):
    return statistics.median(action(n) for n in range(rounds))


def memory_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1e3


def cpu_seconds(pid):
    """Of all threads, in nanoseconds' resolution: ticks are too coarse for an idle program."""
    return sum(int(t.read_text().split()[0]) for t in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def written_bytes(pid):
    return int(next(line for line in Path(f"/proc/{pid}/io").read_text().splitlines() if line.startswith("write_bytes")).split()[1])
