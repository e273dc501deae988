"""The first sync of many Applications: five objects each, rendered by Kustomize, one local repository."""
import time

from measure import Client, cpu_seconds, memory_mb
from harness import Repository, Slipway

LIST = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


def objects(name):
    return f"""apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{greeting: hello from {name}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}}}
stringData: {{password: not-so-secret}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: web, image: registry.example.com/web:1, ports: [{{containerPort: 8080}}]}}]}}
"""


def application(name, url):
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "default", "source": {"repoURL": url, "path": name, "targetRevision": "HEAD"},
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"}, "syncPolicy": {"automated": {}}}}


def first_sync(home, count):
    """Seconds from the first Application posted to the last one Synced; resident MB and CPU seconds of the server then."""
    repository = Repository(f"{home}/fleet-{count}")
    names = [f"app-{n:04}" for n in range(count)]
    for name in names:
        repository.write(f"{name}/kustomization.yaml", "resources: [objects.yaml]\ncommonAnnotations: {fleet: bench}\n")
        repository.write(f"{name}/objects.yaml", objects(name))
    repository.commit("fleet")
    slipway = Slipway(data=f"{home}/fleet-data-{count}", node="none").start()
    try:
        client, url = Client(slipway.api), f"file://{repository.path}"
        begun, cpu = time.perf_counter(), cpu_seconds(slipway.process.pid)
        for name in names:
            client.ask("POST", LIST, application(name, url))
        end, answer = time.monotonic() + 300, b""
        while time.monotonic() < end:
            answer = client.ask("GET", LIST)
            if answer.count(b'"phase":"Succeeded"') == count and answer.count(b'"status":"Synced"') >= count:
                break
            time.sleep(0.05 if count <= 100 else 0.2)
        else:
            raise RuntimeError(f"{answer.count(b'Succeeded')} of {count} Applications synced within 300 s")
        took = time.perf_counter() - begun
        cpu = cpu_seconds(slipway.process.pid) - cpu
        deployments = client.ask("GET", "/apis/apps/v1/namespaces/default/deployments").count(b'"replicas":0')
        if deployments < count:
            raise RuntimeError(f"{deployments} of {count} Deployments are there")
        time.sleep(2)
        return took, memory_mb(slipway.process.pid), cpu
    finally:
        slipway.close()


def applications(table, rounds, home):
    for count, seconds, resident in ((100, 1, 60), (1000, 8, 120)):
        took, memory, cpu = first_sync(home, count)
        table.row(f"first sync of {count} Applications of 5 objects", took, "s", f"< {seconds}")
        table.row("  CPU it took", cpu, "s")
        table.row("  resident after", memory, "MB", f"<= {resident}")
