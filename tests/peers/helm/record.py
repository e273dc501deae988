#!/usr/bin/env python3
"""Runs the cases of src/render/testdata/helm through the real Helm 3 and 4 and writes what they print into the case files.

A case: files between `-- NAME --` lines, `-- args --` the words of the command line, then `-- helm3 --` and `-- helm4 --`:
the exit code, a line `stdout` or `stderr` and the text. Needs tests/peers/install.
"""
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CASES = os.path.join(ROOT, "src", "render", "testdata", "helm")


def read(path):
    sections, name = [["", ""]], ""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.readlines()
    for line in lines:
        if line.startswith("-- ") and line.rstrip("\n").endswith(" --"):
            sections.append([line.strip()[3:-3], ""])
        else:
            sections[-1][1] += line
    return sections


def main():
    home = os.environ.get("SLIPWAY_PEERS") or os.path.expanduser("~/.cache/slipway/peers")
    only = sys.argv[1:]
    for case in sorted(os.listdir(CASES)):
        if not case.endswith(".txt") or (only and case not in only):
            continue
        path = os.path.join(CASES, case)
        sections = [s for s in read(path) if s[0] not in ("helm3", "helm4")]
        with tempfile.TemporaryDirectory() as folder:
            words = []
            for name, text in sections:
                if name == "args":
                    words = shlex.split(text, posix=False)
                elif name:
                    file = os.path.join(folder, name)
                    os.makedirs(os.path.dirname(file), exist_ok=True)
                    with open(file, "w", encoding="utf-8", newline="") as out:
                        out.write(text)
            env = dict(os.environ, HOME=folder, KUBECONFIG="/dev/null")
            for name in ("helm3", "helm4"):
                helm = os.path.join(home, "bin", "helm" if name == "helm3" else name)
                version = [] if "--kube-version" in words else ["--kube-version", "1.35.0"]
                done = subprocess.run([helm, "template", "rel", "chart", "--namespace", "ns", *version, *words], cwd=folder, env=env,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                text = f"code {done.returncode}\n"
                if done.stderr:
                    text += "stderr\n" + done.stderr.replace(folder + "/", "")
                if done.returncode == 0:
                    text += "stdout\n" + done.stdout
                sections.append([name, text])
        with open(path, "w", encoding="utf-8", newline="") as out:
            for name, text in sections:
                out.write((f"-- {name} --\n" if name else "") + text)


if __name__ == "__main__":
    main()
