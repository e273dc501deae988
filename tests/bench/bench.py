#!/usr/bin/env python3
"""What script/bench prints: figures of the release build on this machine, beside a goal, and beside a peer where SLIPWAY_PEERS has it.

Each figure is the median of its rounds; figures move from machine to machine, ratios of one run hardly. Nothing here fails on a slow
machine: what could not be measured says why, and the exit code tells that alone."""
import argparse, http.client, json, os, re, shutil, statistics, subprocess, sys, tempfile, threading, time
from pathlib import Path

from applications import applications
from building import build
from containers import containers
from load import load
from measure import PEERS, ROOT, Client, Table, cpu_seconds, kube_apiserver, median_of, memory_mb, timed, until, written_bytes
from overlays import overlays
from harness import SLIPWAY, Repository, Slipway, wait


# ---- parsing, the store ----


def programs(table, rounds, home):
    goals = {"YAML -> Value": ">= 45", "JSON -> Value": ">= 350", "Value -> JSON": ">= 450", "memory": "<= 3"}
    seen = {}
    for _ in range(rounds):
        out = subprocess.run([ROOT / "build/release/bench/value_bench"], check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            name, words = line[:28].strip(), line[28:].split()
            figure, unit = (words[2], words[3]) if len(words) >= 4 and words[1] == "MB" else (words[0], words[1] if words[1] != "x" else "x text")
            seen.setdefault((name, unit), []).append(float(figure))
    for (name, unit), figures in seen.items():
        table.row(name, statistics.median(figures), unit, goals.get(name, ""))
    seen = {}
    for _ in range(rounds):
        out = subprocess.run([ROOT / "build/release/bench/store_bench", home], check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            name, figure, unit = line.split("\t")
            seen.setdefault((name, unit), []).append(float(figure))
    for (name, unit), figures in seen.items():
        table.row(name, statistics.median(figures), unit, ">= 3000" if "commits" in name else "")


# ---- the program alone, and what it renders ----


def installed(program, home):
    """A copy: the pages of a file that a linker has just written lie so that programs start a tenth later."""
    return shutil.copy(program, f"{home}/{Path(program).name}-copy")


def program(table, rounds, home):
    table.row("release binary", os.path.getsize(SLIPWAY) / 1e6, "MB", "<= 20")
    slipway = installed(SLIPWAY, home)
    table.row("slipway version, whole process", median_of(20 * rounds, lambda _: timed(lambda: spawn(slipway, "version")) * 1e3), "ms", "< 5")


# Charts of the test data, whole processes, beside Helm 3 with the same flags.
CHARTS = ["argo-cd", "kube-state-metrics", "keda", "kyverno", "traefik", "grafana", "prometheus"]


def charts(table, rounds, home):
    folder = ROOT.parent / "shared/testdata/charts"
    if not folder.exists():
        return table.skip("charts", f"no {folder}")
    slipway = installed(SLIPWAY, home)
    helm = installed(PEERS / "helm", home) if PEERS and (PEERS / "helm").exists() else None
    for name in CHARTS:
        words = ["template", "rel", str(folder / name), "--namespace", "ns", "--kube-version", "1.35.0"]
        # the two in turn, so that what else the machine does hits both
        seen = [(process(slipway, "helm", *words), process(helm, *words) if helm else None) for _ in range(3 * rounds)]
        middle = lambda of: statistics.median(pair[of] for pair in seen)
        table.row(f"helm template {name}", middle(0), "ms", "< 30", middle(1) if helm else None, times=15)
        table.row(f"helm template {name}, peak", peak(slipway, "helm", *words), "MB", "", peak(helm, *words) if helm else None, times=4)
    bench = ROOT / "build/release/bench/chart_bench"
    figures = [float(subprocess.run([bench], check=True, capture_output=True, text=True).stdout.split("\t")[1]) for _ in range(rounds)]
    table.row("renders of a chart of ten templates", statistics.median(figures), "/s", ">= 2000")


def process(*command):
    """Milliseconds of a program, its output thrown away."""
    return timed(lambda: spawn(*map(str, command))) * 1e3


def peak(*command):
    """Peak megabytes of the largest process of a program: a worker, forked, shares what was there before. Asked of a small process: a
    child's figure begins with its parent's; and whatever the program leaves behind comes to it."""
    ask = ("import ctypes, os, sys; words = sys.argv[1:]; quiet = [(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)]\n"
           "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER\n"
           "main, most = os.posix_spawn(words[0], words, os.environ, file_actions=quiet), 0\n"
           "while True:\n"
           "    try: pid, status, used = os.wait4(-1, 0)\n"
           "    except ChildProcessError: break\n"
           "    most = max(most, used.ru_maxrss)\n"
           "    if pid == main and status: sys.exit(1)\n"
           "print(most)")
    asked = subprocess.run([sys.executable, "-I", "-S", "-c", ask, *map(str, command)], check=True, capture_output=True, text=True)
    return int(asked.stdout) / 1024


def spawn(*command):
    """Runs a program without what subprocess adds to it."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    _, status = os.waitpid(os.posix_spawn(command[0], command, os.environ, file_actions=quiet), 0)
    if status:
        raise RuntimeError(f"{' '.join(command)}: ended with {status}")


# ---- the API, ours and the peer's in one run ----


def config_map(name, size=1000):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": "x" * size}}


def api_figures(server, rounds):
    """Of any Kubernetes API: one client that keeps its connection."""
    client, maps = Client(server), "/api/v1/namespaces/bench/configmaps"
    client.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}})
    each = lambda count, action: statistics.median(timed(lambda: action(i)) for i in range(count)) * 1e3
    figures = {}
    figures["create, one client"] = each(100 * rounds, lambda i: client.ask("POST", maps, config_map(f"c{i}")))
    patch = lambda i: client.ask("PATCH", f"{maps}/c0", {"data": {"n": str(i)}}, "application/merge-patch+json")
    figures["merge patch, one client"] = each(100 * rounds, patch)
    figures["get, one client"] = each(200 * rounds, lambda i: client.ask("GET", f"{maps}/c{i % 50}"))
    for i in range(100 * rounds, 2000):
        client.ask("POST", maps, config_map(f"c{i}"))
    figures["list 2,000 of 1 KB, JSON"] = each(3 * rounds, lambda i: (patch(i), client.ask("GET", maps))[1])
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    figures["list 2,000 of 1 KB, Table"] = each(3 * rounds, lambda i: (patch(i), client.ask("GET", maps, accept=table))[1])
    figures["watch, from a patch sent to its event"] = watch_delay(server, client, maps, 30 * rounds)
    return figures


def watch_delay(server, client, maps, count):
    came, ready = {}, threading.Event()

    def follow():
        revision = json.loads(Client(server).ask("GET", maps + "?limit=1"))["metadata"]["resourceVersion"]
        connection = http.client.HTTPSConnection(server.host, server.port, timeout=60, context=server.context)
        connection.request("GET", f"{maps}?watch=true&resourceVersion={revision}", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        ready.set()
        while len(came) < count:
            line = answer.readline()
            now = time.perf_counter()
            if not line:
                return
            came[json.loads(line)["object"]["metadata"]["resourceVersion"]] = now
        connection.close()

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    ready.wait(10)
    told = {}
    for i in range(count):
        begun = time.perf_counter()
        written = json.loads(client.ask("PATCH", f"{maps}/c1", {"data": {"w": str(i)}}, "application/merge-patch+json"))
        told[written["metadata"]["resourceVersion"]] = begun
        time.sleep(0.005)
    follower.join(10)
    delays = [(came[r] - told[r]) * 1e3 for r in told if r in came]
    if len(delays) < count // 2:
        raise RuntimeError(f"only {len(delays)} of {count} events came")
    return statistics.median(delays)


def start_seconds(slipway):
    """From exec to a 200 of /readyz; its certificates and kubeconfig are there from an earlier life."""
    begun = time.perf_counter()
    with open(slipway.log, "a") as log:
        slipway.process = subprocess.Popen(slipway.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ready():
        try:
            return slipway.api.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False

    until(ready)
    return time.perf_counter() - begun


def cluster(table, rounds, home):
    repository = Repository(f"{home}/saas", copy_of=ROOT / "examples/saas")
    overlay = "apps/hoist/overlays/prod"
    slipway = Slipway(repository.path, "--path", overlay, data=f"{home}/data").start()
    try:
        wait("the example is healthy", lambda: slipway.is_app("saas", "Synced", "Healthy"), 60)
        client = Client(slipway.api)
        app = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/saas"

        kustomization = repository.path / overlay / "kustomization.yaml"
        worker = "/apis/apps/v1/namespaces/hoist/deployments/hoist-worker"

        def commit(n):
            """A new digest for one Deployment: git's own part first, then ours."""
            digest = f"sha256:{n + 1:064x}"
            before, _, after = kustomization.read_text().partition("hoist/worker\n")
            kustomization.write_text(before + "hoist/worker\n" + re.sub("sha256:[0-9a-f]{64}", digest, after, count=1))
            begun = time.perf_counter()
            revision = repository.commit(f"change {n}")
            git.append(time.perf_counter() - begun)

            def synced():
                status = client.get(app)["status"]
                return (status["sync"]["status"] == "Synced" and status["sync"].get("revision") == revision
                        and digest in client.ask("GET", worker).decode())

            until(synced)
            return time.perf_counter() - begun

        git = []
        delivered = median_of(4 * rounds, commit) * 1e3
        table.row("git add, commit and rev-parse alone", statistics.median(git) * 1e3, "ms")
        table.row("the same, and applied and Synced", delivered, "ms", "< 300")
        web = "/apis/apps/v1/namespaces/hoist/deployments/hoist-api"

        def undone(n):
            commit(1000 + n)  # the same undone again and again is undone later each time; a new commit begins anew
            client.ask("PATCH", web, {"spec": {"replicas": 2 + n % 3}}, "application/merge-patch+json")
            return until(lambda: client.get(web)["spec"]["replicas"] == 1)

        try:
            table.row("a manual change undone", median_of(4 * rounds, undone) * 1e3, "ms", "< 100")
        except RuntimeError as problem:
            table.skip("a manual change undone", str(problem), failed=True)

        def restarted(_):
            slipway.stop()
            return start_seconds(slipway)

        starts = median_of(2 * rounds, restarted) * 1e3
        client = Client(slipway.api)
        client.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "idle"}})
        many = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                "spec": {"replicas": 20, "selector": {"matchLabels": {"a": "b"}}, "template": {
                    "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "web", "image": "registry.invalid/web:1"}]}}}}
        client.ask("POST", "/apis/apps/v1/namespaces/idle/deployments", many)
        wait("20 pods run", lambda: client.get("/apis/apps/v1/namespaces/idle/deployments/web")["status"].get("readyReplicas") == 20, 60)
        time.sleep(40)  # Events are stored late and together: those of the start belong to it
        pid = slipway.process.pid
        cpu, disk, seconds = cpu_seconds(pid), written_bytes(pid), 60
        time.sleep(seconds)
        idle = (cpu_seconds(pid) - cpu) / seconds * 100, (written_bytes(pid) - disk) / seconds / 1e3
        table.row("resident, the example and 20 simulated pods", memory_mb(pid), "MB", "<= 40")
        table.row("idle CPU over 60 s, of a core", idle[0], "%", "<= 0.3")
        table.row("idle disk writes over 60 s", idle[1], "KB/s", "<= 0.5")
        ours = api_figures(slipway.api, rounds)
        resident = memory_mb(pid)
    finally:
        slipway.close()
    peer = kube_apiserver(table, home, 17643, lambda server, _: api_figures(server, rounds))
    table.row("start to /readyz", starts, "ms", "<= 300")
    for name, figure in ours.items():
        table.row(name, figure, "ms", "", peer and peer[name])
    table.row("resident after these, 2,000 objects", resident, "MB")


def main():
    parts = {"programs": programs, "program": program, "overlays": overlays, "charts": charts, "cluster": cluster, "load": load, "applications": applications, "containers": containers,
             "build": build}
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="more rounds: steadier medians (default 3)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; none: all but build")
    options = parser.parse_args()
    if unknown := [p for p in options.parts if p not in parts]:
        parser.error(f"unknown part {unknown[0]}; known: {', '.join(parts)}")
    busy = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {busy:.1f}{' (busy: read the figures with that in mind)' if busy > 1 else ''}")
    table = Table()
    home = tempfile.mkdtemp(prefix="slipway-bench-")
    try:
        for name, part in parts.items():
            if name not in options.parts if options.parts else name == "build":
                continue
            try:
                part(table, options.rounds, home)
            except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as problem:
                table.skip(name, f"could not be measured: {problem}", failed=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 1 if table.missing else 0


if __name__ == "__main__":
    sys.exit(main())
