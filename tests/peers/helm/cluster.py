#!/usr/bin/env python3
"""Charts that ask a cluster, through slipway and the real Helm 3, beside a real kube-apiserver: `lookup`, --validate, --dry-run=server.

cluster.py [--slipway FILE]. Without the peers (tests/peers/install) it says so and exits 77."""
import argparse
import os
import subprocess
import sys
import tempfile

import compare

sys.path.insert(0, os.path.join(compare.ROOT, "tests"))
from kubeapi import Server  # noqa: E402

HERE = os.path.dirname(compare.HERE)
PORT = 17463
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: default}\n"
# A template, and the words behind `template rel c --namespace default`.
CASES = [
    ('kind: A\na: {{ lookup "v1" "ConfigMap" "default" "one" | toJson | quote }}', ["--dry-run=server"]),
    ('kind: A\na: {{ (lookup "v1" "ConfigMap" "default" "one").data.k }} {{ typeOf (lookup "v1" "Namespace" "" "default").metadata }}', ["--dry-run=server"]),
    ('kind: A\na: {{ lookup "v1" "ConfigMap" "default" "none" | toJson | quote }}', ["--dry-run=server"]),
    ('kind: A\nn: [{{ range (lookup "v1" "ConfigMap" "default" "").items }}{{ .kind }}.{{ .metadata.name }}, {{ end }}]\n'
     'k: {{ (lookup "v1" "ConfigMap" "default" "").kind }} {{ (lookup "apps/v1" "Deployment" "" "").items | len }}', ["--dry-run=server"]),
    ('kind: A\nn: {{ (lookup "apps/v1" "Deployment" "default" "web").spec.replicas | typeOf }}', ["--dry-run=server"]),
    ('kind: A\na: {{ lookup "example.org/v1" "Widget" "" "x" | toJson }}', ["--dry-run=server"]),
    ('kind: A\na: {{ lookup "v1" "Widget" "default" "x" | toJson }}', ["--dry-run=server"]),
    ('kind: A\na: {{ lookup "v1" "ConfigMap" "default" "one" | toJson | quote }}', []),
    ('kind: A\na: {{ lookup "v1" "ConfigMap" "default" "one" | toJson | quote }}', ["--dry-run=client"]),
    (CONFIG.replace("NAME", "fresh") + 'data: {v: {{ .Capabilities.KubeVersion.Version | quote }}, a: "{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}", '
     'b: "{{ .Capabilities.APIVersions.Has "extensions/v1beta1" }}", c: "{{ .Capabilities.APIVersions.Has "v1/Pod" }}"}', ["--validate"]),
    (CONFIG.replace("NAME", "fresh") + 'data: {v: {{ .Capabilities.KubeVersion.Version | quote }}}', ["--validate", "--kube-version", "1.22.0"]),
    (CONFIG.replace("NAME", "one"), ["--validate"]),
    (CONFIG.replace("NAME", "one"), ["--validate", "--is-upgrade"]),
    (CONFIG.replace("NAME", "ours"), ["--validate"]),
    (CONFIG.replace("NAME", "half"), ["--validate"]),
    ("apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\n", ["--validate"]),
    ("apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\n---\napiVersion: v1\nkind: Gadget\nmetadata: {name: g, namespace: other}\n", ["--validate"]),
    ("apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n", ["--validate"]),
]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--slipway", default=os.environ.get("SLIPWAY", os.path.join(compare.ROOT, "build", "dev", "slipway")))
    said = options.parse_args()
    helm = compare.peer("helm")
    for program in (helm, compare.peer("kube-apiserver"), compare.peer("etcd")):
        if not os.path.exists(program):
            print(f"skipped: no {program}; tests/peers/install builds it")
            return 77
    with tempfile.TemporaryDirectory() as home:
        cluster = os.path.join(home, "cluster")
        up = subprocess.run([os.path.join(HERE, "kube-up"), cluster, str(PORT)], capture_output=True, text=True)
        if up.returncode:
            print(f"kube-up: {up.stdout}{up.stderr}")
            return 1
        try:
            return compare_all(said.slipway, helm, up.stdout.strip(), home)
        finally:
            subprocess.run([os.path.join(HERE, "kube-down"), cluster], capture_output=True)


def compare_all(slipway, helm, kubeconfig, home):
    server = Server(kubeconfig)
    note = {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "default"}
    for metadata in ({"name": "one", "labels": {"a": "b"}}, {"name": "ours", "labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": note},
                     {"name": "half", "labels": {"app.kubernetes.io/managed-by": "me"}, "annotations": note | {"meta.helm.sh/release-name": "other"}}):
        status, answer = server.json("post", "/api/v1/namespaces/default/configmaps", {"metadata": metadata, "data": {"k": "v"}})
        assert status == 201, answer
    labels = {"app": "web"}
    web = {"metadata": {"name": "web"}, "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web"}]}}}}
    status, answer = server.json("post", "/apis/apps/v1/namespaces/default/deployments", web)
    assert status == 201, answer
    failed = 0
    os.makedirs(os.path.join(home, "c", "templates"))
    with open(os.path.join(home, "c", "Chart.yaml"), "w", encoding="utf-8") as out:
        out.write("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    for template, words in CASES:
        with open(os.path.join(home, "c", "templates", "a.yaml"), "w", encoding="utf-8") as out:
            out.write(template)
        seen = []
        for program in ([helm], [slipway, "helm"]):
            done = subprocess.run([*program, "template", "rel", os.path.join(home, "c"), "--namespace", "default", *words],
                                  env=dict(os.environ, HOME=home, KUBECONFIG=kubeconfig), capture_output=True, timeout=120)
            errors = done.stderr.split(compare.WHY)[0].decode()
            # Helm logs what it then says in its error
            errors = "\n".join(line for line in errors.splitlines() if "[ERROR]" not in line)
            seen.append((done.returncode, done.stdout.decode(), errors))
        if seen[0] != seen[1]:
            failed += 1
            print(f"{words} {template}\n  Helm:    {seen[0]}\n  slipway: {seen[1]}")
    print(f"{len(CASES) - failed} of {len(CASES)} equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
