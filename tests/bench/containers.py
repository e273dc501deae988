"""From `kubectl apply` to a running container, with the real containerd. Needs root, and no other Slipway with containers here."""
import json, os, shutil, statistics, subprocess, tempfile, time
from pathlib import Path

from measure import Client, median_of, timed, until
from harness import SLIPWAY, Slipway

PODS = "/api/v1/namespaces/default/pods"
IMAGE = "slipway.local/pause:1"  # the one image that is always there


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}]}}


def containers(table, rounds, home):
    if os.geteuid() != 0:
        raise RuntimeError("containers need root")
    if Path("/run/slipway/containers").exists():
        raise RuntimeError("there are containers of another Slipway on this machine")
    kubectl = shutil.which("kubectl")
    if not kubectl:
        raise RuntimeError("kubectl is missing")
    data = tempfile.mkdtemp(prefix="sw-", dir="/tmp")  # short: sockets live in it
    slipway = Slipway(data=data, node="containerd")
    try:
        slipway.start(60)
        client = Client(slipway.api)
        environment = {**os.environ, "KUBECONFIG": str(slipway.kubeconfig)}

        def runs(name):
            statuses = client.get(f"{PODS}/{name}").get("status", {}).get("containerStatuses", [])
            return bool(statuses) and "running" in statuses[0].get("state", {})

        def apply(thing):
            file = Path(home) / "applied.json"
            file.write_text(json.dumps(thing))
            subprocess.run([kubectl, "apply", "-f", file], env=environment, check=True, capture_output=True)

        def gone(name):
            client.ask("DELETE", f"{PODS}/{name}")
            until(lambda: name not in client.ask("GET", PODS).decode())

        def by_kubectl(n):
            begun = time.perf_counter()
            apply(pod(f"applied-{n}"))
            until(lambda: runs(f"applied-{n}"))
            took = time.perf_counter() - begun
            gone(f"applied-{n}")
            return took

        handed = []

        def by_client(n):
            begun = time.perf_counter()
            client.ask("POST", PODS, pod(f"posted-{n}"))
            until(lambda: client.get(f"{PODS}/posted-{n}").get("status", {}).get("containerStatuses"))
            handed.append(time.perf_counter() - begun)
            until(lambda: runs(f"posted-{n}"))
            took = time.perf_counter() - begun
            gone(f"posted-{n}")
            return took

        def own(n):
            return timed(lambda: apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c-{n}", "namespace": "default"}}))

        by_client(99)  # the first pod of a machine makes its bridge
        own(99)
        table.row("kubectl apply to container running, image present", median_of(2 * rounds + 1, by_kubectl) * 1e3, "ms", "<= 400")
        table.row("  kubectl's own part: apply of a ConfigMap", median_of(2 * rounds + 1, own) * 1e3, "ms")
        posted = median_of(2 * rounds + 1, by_client)
        table.row("  ours: posted to containerd's turn", statistics.median(handed) * 1e3, "ms")
        table.row("  containerd's and runc's: from there to running", (posted - statistics.median(handed)) * 1e3, "ms")
    finally:
        slipway.close()
        subprocess.run([SLIPWAY, "down", "--purge", "--data", data], capture_output=True)
        shutil.rmtree(data, ignore_errors=True)
