"""An overlay with patches, labels, a prefix, images and generators over n resources: whole processes, time and memory."""
import os, statistics, subprocess, time
from pathlib import Path

from harness import SLIPWAY
from measure import PEERS

RESOURCES = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{i}, labels: {{app: app-{i}}}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: app-{i}}}}}
  template:
    metadata: {{labels: {{app: app-{i}}}}}
    spec:
      serviceAccountName: sa-{i}
      containers:
      - name: main
        image: registry.example.com/web:1.{i}
        ports: [{{containerPort: 8080, name: http}}]
        env:
        - {{name: MODE, value: production}}
        - {{name: CONF, valueFrom: {{configMapKeyRef: {{name: conf-{i}, key: mode}}}}}}
        envFrom: [{{configMapRef: {{name: gen-{g}}}}}]
        resources: {{limits: {{cpu: "1", memory: 512Mi}}}}
      volumes:
      - {{name: conf, configMap: {{name: conf-{i}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: svc-{i}}}
spec:
  selector: {{app: app-{i}}}
  ports: [{{port: 80, targetPort: http}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf-{i}}}
data: {{mode: fast, level: "{i}"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: sa-{i}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: ing-{i}}}
spec:
  rules:
  - host: app-{i}.example.com
    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: svc-{i}, port: {{number: 80}}}}}}}}]}}
"""
PATCH = """- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: app-{i}}}
    spec: {{replicas: 5, template: {{spec: {{containers: [{{name: main, env: [{{name: NEW, value: x}}]}}]}}}}}}
"""
PROD = """resources: [../base]
namespace: prod
namePrefix: prod-
labels: [{pairs: {team: a}, includeSelectors: true}]
commonAnnotations: {owner: bench}
images: [{name: registry.example.com/web, newTag: '2'}]
configMapGenerator: [{name: gen-0, behavior: merge, literals: [c=3]}]
patches:
- target: {kind: Deployment, name: app-1}
  patch: '[{"op": "replace", "path": "/spec/replicas", "value": 7}]'
"""


def lay_out(folder, count):
    """n/5 files of five resources each, ten generated ConfigMaps; the overlay patches every fifth Deployment."""
    base, prod, sets = folder / "base", folder / "prod", count // 5
    base.mkdir(parents=True)
    prod.mkdir()
    for i in range(sets):
        (base / f"r{i}.yaml").write_text(RESOURCES.format(i=i, g=i % 10))
    (base / "kustomization.yaml").write_text(
        "resources:\n" + "".join(f"- r{i}.yaml\n" for i in range(sets))
        + "configMapGenerator:\n" + "".join(f"- {{name: gen-{g}, literals: [a={g}, b=x]}}\n" for g in range(10)))
    (prod / "kustomization.yaml").write_text(PROD + "".join(PATCH.format(i=i) for i in range(0, sets, 5)))
    return prod


def measured(command):
    """Seconds, and the most memory that it had, in MB."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def overlays(table, rounds, home):
    peer = PEERS / "kustomize" if PEERS and (PEERS / "kustomize").exists() else None
    each = {}
    for count, goal, times in ((100, "< 10", 10), (500, "", None), (1000, "< 80", 35), (5000, "< 500", 300)):
        prod = lay_out(Path(home) / f"overlay-{count}", count)
        ours = [measured([SLIPWAY, "kustomize", "build", prod]) for _ in range(2 * rounds + 1)]
        seconds, memory = statistics.median(s for s, _ in ours), statistics.median(m for _, m in ours)
        each[count] = seconds / count
        # Three minutes of the peer are enough once.
        theirs = [measured([peer, "build", prod]) for _ in range(1 if count == 5000 else rounds)] if peer else []
        middle = lambda part: statistics.median(t[part] for t in theirs) if theirs else None
        table.row(f"kustomize build, {count} resources", seconds * 1e3, "ms", goal, middle(0) and middle(0) * 1e3, times)
        table.row(f"  peak memory, {count} resources", memory, "MB", {100: "< 40", 1000: "< 69", 5000: "< 172"}.get(count, ""), middle(1))
    table.row("  a resource of 5,000 against one of 500", each[5000] / each[500], "x", "< 1.3")
