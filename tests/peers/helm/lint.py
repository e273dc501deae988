#!/usr/bin/env python3
"""`helm lint` of small charts, each with one thing wrong, beside `slipway helm lint`.

lint.py            compares with what is recorded in src/render/testdata/helm_lint.json and helm4_lint.json, in which Helm 3.22's and 4.3's words stand
lint.py --record   writes them down anew, with the peers
"""
import json
import os
import subprocess
import sys
import tempfile

import compare

PEERS = ("helm", "helm4")
FLAGS = ([], ["--strict"], ["--quiet"], ["--skip-schema-validation"])
A = "templates/a.yaml"
ICON = "icon: https://e.org/i.png\n"


def recorded_of(peer):
    return os.path.join(compare.ROOT, "src", "render", "testdata", peer + "_lint.json")


def chart(more="", version="1.0.0", api="v2", icon=ICON):
    return f"apiVersion: {api}\nname: c\nversion: {version}\n{icon}{more}"


def config(text):
    return {A: "apiVersion: v1\nkind: ConfigMap\n" + text}


# What lies in the folder c; None instead of a text leaves a file out that is there otherwise.
CASES = {
    "fine": config("metadata:\n  name: x\n"),
    "no icon": {"Chart.yaml": chart(icon="")},
    "icon": {"Chart.yaml": chart(icon="icon: foo\n")},
    "no version": {"Chart.yaml": "apiVersion: v2\nname: c\n" + ICON},
    "version": {"Chart.yaml": chart(version="one")},
    "version as number": {"Chart.yaml": chart(version="1.0")},
    "appVersion as number": {"Chart.yaml": chart("appVersion: 1.5\n")},
    "no name": {"Chart.yaml": "apiVersion: v2\nversion: 1.0.0\n" + ICON},
    "no apiVersion": {"Chart.yaml": "name: c\nversion: 1.0.0\n" + ICON},
    "apiVersion": {"Chart.yaml": chart(api="v9")},
    "type": {"Chart.yaml": chart("type: foo\n")},
    "type in v1": {"Chart.yaml": chart("type: application\n", api="v1")},
    "dependencies in v1": {"Chart.yaml": chart("dependencies: [{name: q, version: 1.x, repository: https://e.org}]\n", api="v1")},
    "library": {"Chart.yaml": chart("type: library\n")},
    "maintainer": {"Chart.yaml": chart("maintainers: [{email: x}]\n")},
    "email": {"Chart.yaml": chart("maintainers: [{name: a, email: foo}]\n")},
    "maintainer's URL": {"Chart.yaml": chart("maintainers: [{name: a, email: a@example.org, url: bar}]\n")},
    "source": {"Chart.yaml": chart("sources: [https://e.org, foo]\n")},
    "unknown field": {"Chart.yaml": chart("wrong: 1\n")},
    "unknown field of a dependency": {"Chart.yaml": chart("dependencies: [{name: s, version: 1.x, repo: x}]\n"),
                                      "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n"},
    "deprecated": {"Chart.yaml": chart("deprecated: true\n")},
    "Chart.yaml is no YAML": {"Chart.yaml": "apiVersion: v2\nname: c: x\n"},
    "no values": {"values.yaml": None},
    "values are no YAML": {"values.yaml": "a: b: c\n"},
    "values are a list": {"values.yaml": "- a\n"},
    "schema": {"values.schema.json": '{"properties":{"a":{"type":"string"}}}', A: "a: {{ .Values.a }}"},
    "schema is no JSON": {"values.schema.json": "{"},
    "parse": {A: "a: {{ .Values.x "},
    "execution": {A: "a: {{ .Values.x.y }}"},
    "required and fail": {A: 'a: {{ required "need x" .Values.x }} {{ fail "no" }}'},
    "YAML": {A: "a: b: c\n"},
    "separator": {A: "---apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"},
    "two documents": config("metadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: Y}\n--- # c\nkind: [\n"),
    "selector": {A: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {}}\n"},
    "name": config("metadata: {name: X_y}\n"),
    "name of a Service": {A: "apiVersion: v1\nkind: Service\nmetadata: {name: 1-A}\n"},
    "name of a Role": {A: "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a/b}\n"},
    "name of a Namespace": {A: "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n"},
    "no name of an object": config("metadata: {}\n"),
    "no kind": {A: "apiVersion: v1\nmetadata: {name: x}\n"},
    "a text": {A: "just words\n"},
    "old kinds": {A: "".join(f"---\napiVersion: {v}\nkind: {k}\nmetadata: {{name: x}}\nspec: {{selector: {{matchLabels: {{a: b}}}}}}\n" for v, k in (
        ("extensions/v1beta1", "Deployment"), ("extensions/v1beta1", "Ingress"), ("apps/v1beta2", "StatefulSet"), ("batch/v1beta1", "CronJob"),
        ("policy/v1beta1", "PodDisruptionBudget"), ("rbac.authorization.k8s.io/v1beta1", "RoleList"), ("v1", "Endpoints"), ("v1", "ComponentStatus"),
        ("networking.k8s.io/v1beta1", "IngressClass"), ("resource.k8s.io/v1beta2", "DeviceClass"), ("example.org/v1", "Widget")))},
    "extension": {"templates/a.foo": "x"},
    "annotation in a List": {A: "apiVersion: v1\nkind: List\nmetadata: {name: x}\nitems: [{metadata: {annotations: {helm.sh/resource-policy: keep}}}]\n"},
    "indent": {A: "\n   apiVersion: v1\n   kind: ConfigMap\n   metadata: {name: x}\n"},
    "tab": {A: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n"},
    "undeclared dependency": {"charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n"},
    "missing dependencies": {"Chart.yaml": chart("dependencies: [{name: q, version: 1.x, repository: https://e.org}, {name: r, version: 1.x, repository: https://e.org}]\n")},
    "one dependency twice": {"Chart.yaml": chart("dependencies: [{name: q, version: 1.x, repository: https://e.org}, {name: q, version: 1.x, repository: https://e.org}]\n")},
    "kubeVersion": {"Chart.yaml": chart("kubeVersion: '>=9'\n"), **config("metadata: {name: x}\n")},
    "no templates": {},
    "templates is a file": {"templates": "x"},
    "templates are ignored": {".helmignore": "templates/\n", **config("metadata: {name: X}\n")},
    "leftovers of Helm 2": {A: "# {{/* .Release.Time */}}\nkind: A\nmetadata: {name: x, annotations: {\"helm.sh/hook\": crd-install}}\n", "templates/_h.tpl": ".Release.Time"},
    "endings of YAML": {f"templates/{n}": "kind: A\nmetadata: {name: X}\n" for n in ("a.yml", "b.YAML", "c.Yml", "d.txt")},
    "maintainer of nothing": {"Chart.yaml": chart("maintainers: [null, {}]\n")},
    "icon as data": {"Chart.yaml": chart(icon="icon: data:image/png;base64,xx\n")},
    "addresses": {"Chart.yaml": chart("maintainers: [{name: a, email: e@x.y, url: localhost}, {name: b, url: 'foo://x'}]\nsources: ['foo:x', 'http://x:abc']\n")},
    "version with a v": {"Chart.yaml": chart(version="v1.0.0")},
    "keys twice": {"Chart.yaml": chart("home: x\nannotations: {a: b, a: c, 1: d, 1: e}\nkeywords:\n- a\nhome:\n  y\n")},
    "unknown field of a maintainer": {"Chart.yaml": chart("maintainers: [{name: a, nick: b}]\nHome: x\n")},
    "required and empty": {A: 'a: {{ required "need x" "" }}'},
    "include": {A: 'a: {{ include "x" . }}', "templates/_h.tpl": '{{ define "x" }}{{ .Values.x.y }}{{ end }}'},
    "include of nothing": {A: 'a: {{ include "x" . }}'},
    "release": {A: "kind: A\nmetadata: {name: '{{ .Release }}'}\n"},
    "values that do not fit": {"charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n", "values.yaml": "s: 1\n", A: "a"},
    "a name that is none": {A: "kind: A\nmetadata: {name: [x], namespace: {}}\n"},
    "metadata that is none": {A: "kind: A\nmetadata: x\n"},
    "a version that is none": {A: "apiVersion: [v1]\nkind: {}\n"},
    "fields in other letters": {A: "KIND: Service\nMetadata: {Name: 1-x}\n"},
    "a List behind another document": {A: "items: [{Metadata: {annotations: {helm.sh/resource-policy: keep}}}]\nkind: A\nmetadata: {name: x}\n---\nkind: List\nmetadata: {name: x}\n"},
    "a List of texts": {A: "kind: List\nmetadata: {name: x}\nitems: [x, {metadata: {annotations: {a: [b]}}}]\n"},
    "a List of nothing": {A: "kind: List\nmetadata: {name: x}\nitems: {}\n"},
    "a long line": {A: "# " + "x" * 65534 + "\nkind: A\nmetadata: {name: x}\n"},
    "a line not so long": {A: "# " + "x" * 65533 + "\nkind: A\nmetadata: {name: x}\n"},
    "Chart.yaml is a folder": {"Chart.yaml": None, "Chart.yaml/x": ""},
    "no chart": {"Chart.yaml": None},
    # A text that begins with a brace may hold several values; where it goes on as YAML depends on how many were read.
    **{f"JSON {number}": {A: text, "crds/a.yaml": text} for number, text in enumerate((
        '{}{}', '{"a":1}\n\n{"b":2} ', '{"a":1} # c', '{"a":1} # comment', '{}{} x: 1', '{}\n---\nkind: [a]\n', '{}\nkind: [a]\n',
        '{"kind":[]}{"b":1}', '{}{"kind":[]}{}', '{}{}{"kind":[]}{}', '\u00a0{}{}', '{"a":tru', '{}{}{', '{}{}x', '{}x', '{}5', '{}nullnull',
        '{"a":1,}   \n', '{"a":1e400}', '{"a":1}---\n{"b":2}', '---\n---\n#\n--- #x\nkind: [', '--- \r\nkind: [\r\n'))},
}


def run(program, files, flags):
    files = {"Chart.yaml": chart(), "values.yaml": "a: 1\n"} | files
    with tempfile.TemporaryDirectory() as home:
        os.makedirs(os.path.join(home, "c"))
        for name, text in files.items():
            if text is None:
                continue
            file = os.path.join(home, "c", name)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
        done = subprocess.run([*program, "lint", "c", "--kube-version", "1.35.0", *flags], cwd=home, capture_output=True, text=True,
                              env=dict(os.environ, HOME=home, KUBECONFIG="/dev/null"), timeout=120)
        return [done.returncode, done.stdout.replace(os.path.realpath(home), ""), done.stderr.replace(os.path.realpath(home), "")]


def differences(slipway):
    """A line for each case that is not as recorded."""
    wrong = []
    for peer in PEERS:
        with open(recorded_of(peer), encoding="utf-8") as file:
            recorded = json.load(file)
        for name, files in CASES.items():
            for flags in FLAGS:
                compat = [] if peer == "helm" else ["--compat", peer]
                want, ours = recorded[name][" ".join(flags)], run([slipway, "helm"], files, flags + compat)
                if want != ours:
                    wrong.append(f"{name} {flags + compat}\n  Helm:    {want}\n  slipway: {ours}")
    return wrong


def main():
    if "--record" not in sys.argv:
        wrong = differences(os.environ.get("SLIPWAY", os.path.join(compare.ROOT, "build", "dev", "slipway")))
        count = len(CASES) * len(FLAGS) * len(PEERS)
        print("\n".join(wrong + [f"{count - len(wrong)} of {count} as recorded"]))
        return 1 if wrong else 0
    for peer in PEERS:
        recorded = {name: {" ".join(flags): run([compare.peer(peer)], files, flags) for flags in FLAGS} for name, files in CASES.items()}
        with open(recorded_of(peer), "w", encoding="utf-8") as out:
            json.dump(recorded, out, indent=1, sort_keys=True, ensure_ascii=False)
            out.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
