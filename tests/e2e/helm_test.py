#!/usr/bin/env python3
"""slipway helm template on charts of our own, against what the real Helm 3.22 and 4.3 printed (tests/peers/helm/record.py)."""
import difflib
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "peers", "helm"))
import record  # noqa: E402

SLIPWAY = os.environ.get("SLIPWAY", os.path.join(ROOT, "build", "dev", "slipway"))


def unordered(text):
    """Warnings and schema faults come in Go's random map order."""
    return sorted(text.splitlines())


class Golden(unittest.TestCase):
    maxDiff = None

    def check(self, case):
        sections = record.read(os.path.join(record.CASES, case))
        files = [(n, t) for n, t in sections if n and n not in ("args", "helm3", "helm4")]
        words = shlex.split(dict(sections).get("args", ""), posix=False)
        version = [] if "--kube-version" in words else ["--kube-version", "1.35.0"]
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files:
                file = os.path.join(folder, name)
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "w", encoding="utf-8", newline="") as out:
                    out.write(text)
            for compat in ("helm3", "helm4"):
                if compat == "helm4" and case in HELM3_ONLY:
                    continue
                want = dict(sections)[compat]
                code = int(want.split("\n", 1)[0].split()[1])
                rest = want.split("\n", 1)[1]
                out = rest[rest.index("stdout\n") + 7:] if code == 0 else ""
                err = rest.split("stdout\n")[0].removeprefix("stderr\n") if rest.startswith("stderr") else ""
                env = dict(os.environ, HOME=folder, KUBECONFIG="/dev/null")
                done = subprocess.run([SLIPWAY, "helm", "template", "rel", "chart", "--namespace", "ns", *version, *words,
                                       "--compat", compat], cwd=folder, env=env, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=60)
                ours = done.stdout.decode("utf-8")
                errors = done.stderr.decode("utf-8").replace(folder + "/", "")
                diff = "\n".join(difflib.unified_diff(out.splitlines(), ours.splitlines(), compat, "slipway", lineterm=""))
                self.assertEqual(code, done.returncode, errors)
                self.assertEqual(out, ours, "\n" + diff)
                if compat == "helm3":
                    self.assertEqual(unordered(err), unordered(errors))


# Helm 4's own refusals and messages that we tell in Helm 3's words, by name.
HELM3_ONLY = set()


def add(case):
    setattr(Golden, "test_" + case[:-4], lambda self: self.check(case))


for case_file in sorted(os.listdir(record.CASES)):
    if case_file.endswith(".txt"):
        add(case_file)

if __name__ == "__main__":
    unittest.main()
