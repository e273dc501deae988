#!/usr/bin/env python3
"""Functions of others (KRM functions: executables and container images), run by Slipway as kustomize 5.8.2 runs them.

  kustomize_functions.py                 compare with the real kustomize of $SLIPWAY_PEERS, or else with the recording
  kustomize_functions.py --record        write down what the real one prints

Compared are exit code and output, and what each function was given: bytes on stdin, words, environment, folder. Where a
container is asked for, a docker of our own writes down its words. SLIPWAY names our program."""
import json, os, re, subprocess, sys, tempfile
from pathlib import Path

project = Path(__file__).resolve().parents[2]
recording = Path(__file__).with_name("kustomize_functions_recorded.json")
EXEC = ["--enable-alpha-plugins", "--enable-exec"]

RESOURCES = """# a comment
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: x, annotations: {n: '1', m: z}}
data:
  k: "1"
  l: 'on'
  m: |
    a

     b
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1 # note
  template: {spec: {containers: [{name: a, image: "x:1"}], volumes: [{configMap: {name: a}}]}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ns}
"""
SEE = "#!/bin/sh\nset -e\nd=$(dirname \"$0\")\ncat > $d/seen.in\n{ pwd; echo \"$@\"; env | grep ^FN_ | sort; } > $d/seen.how\n"
SCRIPTS = {
    "cat": SEE + "cat $d/seen.in\n",
    "drop": SEE + "python3 - $d/seen.in <<'P'\nimport sys\nt = open(sys.argv[1]).read()\nhead, tail = t.split('items:\\n')\n"
                  "items, config = tail.split('functionConfig:')\nparts = ('\\n' + items).split('\\n- ')\n"
                  "print(head + 'items:\\n- ' + '\\n- '.join(p for p in parts[1:] if 'kind: Deployment' not in p))\nP\n",
    "image": SEE + "sed 's/image: x:1/image: y:2/' $d/seen.in\n",
    "more": SEE + "cat $d/seen.in | sed '/^functionConfig/,$d'\nprintf -- '- apiVersion: v1\\n  kind: ConfigMap\\n  metadata: {name: new}\\n'\n",
    "bare": SEE + "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: b, annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}}\\n"
                  "data: {a: b}\\n---\\napiVersion: v1\\nkind: Service\\nmetadata: {name: s}\\n'\n",
    "merge": SEE + "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a, namespace: x, annotations: {kustomize.config.k8s.io/behavior: merge}}\\ndata: {z: \"9\"}\\n'\n",
    "hashless": SEE + "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: b, annotations: {kustomize.config.k8s.io/needs-hash: maybe}}\\n'\n",
    "twice": SEE + "for i in 1 2; do printf -- '---\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: b}\\n'; done\n",
    "nothing": SEE,
    "fails": SEE + "cat $d/seen.in\necho why >&2\nexit 3\n",
    "broken": SEE + "echo 'a: [b'\n",
    "odd": SEE + "echo 'a: b'\n",
    "nonotes": SEE + "grep -v 'internal.config\\|^      config.k8s.io/id' $d/seen.in\n",
}


def function(body, name="t", kind="Trans", more=""):
    body = body.replace("\n", "\n      ")
    return (f"apiVersion: example.com/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n"
            f"    config.kubernetes.io/function: |\n      {body}\n{more}")


# name: (field, function, flags, more lines of the kustomization)
CASES = {script: ("transformers", f"exec: {{path: ./{script}}}", EXEC, "namePrefix: p-\n") for script in SCRIPTS}
CASES.update({f"generate {s}": ("generators", f"exec: {{path: ./{s}}}", EXEC, "nameSuffix: -s\n")
              for s in ("cat", "bare", "merge", "hashless", "nothing", "fails")})
CASES.update({f"validate {s}": ("validators", f"exec: {{path: ./{s}}}", EXEC, "") for s in ("cat", "bare", "nothing", "fails")})
CASES.update({
    "words": ("transformers", "exec:\n  path: ./cat\n  args: [a, 'b c']\n  envs: [FN_A=1, FN_B=2, FN_C, FN_D=x=y]", EXEC + ["-e", "FN_B=3", "--env", "FN_E=5"], ""),
    "spec kept": ("transformers", "exec: {path: ./cat}", EXEC, ""),
    "no such file": ("transformers", "exec: {path: ./none}", EXEC, ""),
    "not in PATH": ("transformers", "exec: {path: no-such-program}", EXEC, ""),
    "unknown field": ("transformers", "exec: {path: ./cat, word: 1}", EXEC, ""),
    "other kind": ("transformers", "starlark: {path: ./cat}", EXEC, ""),
    "empty": ("transformers", "exec: {}", EXEC, ""),
    "not allowed": ("transformers", "exec: {path: ./cat}", [], ""),
    "container": ("transformers", "container: {image: example.org/fn:v1}", EXEC[:1], "namePrefix: p-\n"),
    "container, all": ("transformers", "container:\n  image: example.org/fn:v1\n  network: true\n  envs: [B=1, A, C=x=y]\n  mounts: [{type: bind, src: ./sub, dst: /in}, {type: bind, src: o, dst: /o, rw: true}]",
                       EXEC[:1] + ["--network", "--as-current-user", "-e", "B=2", "-e", "D", "--mount", "type=bind,source=/abs,target=/x,rw=true"], ""),
    "network not allowed": ("transformers", "container: {image: i, network: true}", EXEC[:1], ""),
    "mount outside": ("transformers", "container: {image: i, mounts: [{type: bind, src: ../x, dst: /x}]}", EXEC[:1], ""),
    "mount absolute": ("transformers", "container: {image: i, mounts: [{type: bind, src: /x, dst: /x}]}", EXEC[:1], ""),
    "container not allowed": ("transformers", "container: {image: i}", [], ""),
})


def lay_out(name, home):
    field, body, _, more = CASES[name]
    for script, text in SCRIPTS.items():
        (home / script).write_text(text)
        (home / script).chmod(0o755)
    (home / "bin").mkdir()
    docker = home / "bin/docker"
    docker.write_text(f"#!/bin/sh\nfor w in \"$@\"; do printf '%s\\n' \"$w\"; done > {home}/seen.docker\ntee {home}/seen.in\n")
    docker.chmod(0o755)
    (home / "r.yaml").write_text(RESOURCES)
    (home / "t.yaml").write_text(function(body, more="spec: {x: 'yes', list: [1, {a: b}]}\n" if name == "spec kept" else ""))
    (home / "kustomization.yaml").write_text(f"resources: [r.yaml]\n{field}: [t.yaml]\n{more}")


def answer(name, command):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "app"
        home.mkdir()
        lay_out(name, home)
        environment = {**os.environ, "PATH": f"{home}/bin:{os.environ['PATH']}"}
        done = subprocess.run(command + ["build", str(home)] + CASES[name][2], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        seen = {path.suffix[1:]: path.read_text().replace(folder, "FOLDER") for path in sorted(home.glob("seen.*"))}
        if "docker" in seen:
            seen["docker"] = seen["docker"].replace(f"{os.getuid()}:{os.getgid()}", "UID:GID")
        return {"code": done.returncode, "out": done.stdout, "seen": seen}, done.stderr


def main():
    slipway = [os.environ.get("SLIPWAY", str(project / "build/dev/slipway")), "kustomize"]
    peer = Path(os.environ.get("SLIPWAY_PEERS", os.path.expanduser("~/.cache/slipway/peers"))) / "bin/kustomize"
    if "--record" in sys.argv:
        recording.write_text(json.dumps({name: answer(name, [str(peer)])[0] for name in CASES}, indent=1, sort_keys=True) + "\n")
        return 0
    recorded = json.loads(recording.read_text())
    failed = 0
    for name in CASES:
        expected = answer(name, [str(peer)])[0] if peer.exists() else recorded[name]
        got, said = answer(name, slipway)
        if name == "not allowed" or name == "container not allowed":
            # Ours says what was refused, where, and which flag lets it run.
            flags = "--enable-alpha-plugins --enable-exec" if name == "not allowed" else "--enable-alpha-plugins lets"
            if "t.yaml:1" not in said or flags not in said:
                failed += 1
                print(f"{name}: {said}")
        if got == expected and recorded[name] == expected:
            continue
        failed += 1
        print(f"{name}: {'differs' if got != expected else 'the recording is old'}")
        for key in ("code", "out", "seen"):
            if got[key] != expected[key]:
                print(f"--- expected {key}\n{expected[key]}\n--- got\n{got[key]}\n{said}")
    print(f"{len(CASES) - failed} of {len(CASES)} as {'kustomize' if peer.exists() else 'recorded'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
