#!/usr/bin/env python3
"""Renders charts with slipway and with the real Helm, and compares bytes, exit codes and messages.

compare.py [--compat helm3|helm4] [--charts DIR] [--only TEXT] [--slipway FILE]

The count of equal cases of a full run must be the one in src/render/testdata/passed (charts-helm3, charts-helm4).

A case is a chart with its defaults or with one of its ci/*.yaml. What Helm itself makes up anew in each run (passwords,
certificates) is found by running Helm twice: lines in which its two runs differ are masked in all outputs, nothing else is.
Without the peer (tests/peers/install) it says so and exits 77.
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


WHY = b"\nslipway: why:\n"  # what we say beyond Helm's words comes behind this


def peer(name):
    home = os.environ.get("SLIPWAY_PEERS") or os.path.expanduser("~/.cache/slipway/peers")
    return os.path.join(home, "bin", name)


def cases(charts):
    for name in sorted(os.listdir(charts)):
        chart = os.path.join(charts, name)
        if not os.path.exists(os.path.join(chart, "Chart.yaml")):
            continue
        yield name, "default", chart, []
        ci = os.path.join(chart, "ci")
        for file in sorted(os.listdir(ci)) if os.path.isdir(ci) else []:
            if file.endswith((".yaml", ".yml")):
                yield name, file.rsplit(".", 1)[0], chart, ["-f", os.path.join(ci, file)]


def run(command, home, seconds=600):
    env = dict(os.environ, HOME=home, KUBECONFIG="/dev/null", HELM_NAMESPACE="")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=seconds)
    return done.returncode, done.stdout, done.stderr.split(WHY)[0]


def masked(text, first, second):
    """`text` with the lines masked in which Helm's two runs differ."""
    a, b, lines = first.split(b"\n"), second.split(b"\n"), text.split(b"\n")
    if len(a) != len(b) or len(lines) != len(a):
        return text
    return b"\n".join(b"(random)" if x != y else line for x, y, line in zip(a, b, lines))


def compare(slipway, helm, compat, chart, words, home, refusals=False, seconds=600):
    """None when equal; with `refusals` "refused" when both refuse alike, "slow" when Helm itself takes longer than `seconds`."""
    arguments = ["template", "rel", chart, "--namespace", "ns", "--kube-version", "1.35.0", *words]
    try:
        code, out, err = run([helm, *arguments], home, seconds)
    except subprocess.TimeoutExpired:
        return "slow"
    ours_code, ours_out, ours_err = run([slipway, "helm", *arguments, "--compat", compat], home)
    if code != ours_code:
        return f"exit code {ours_code}, Helm {code}: {ours_err.decode(errors='replace').strip()[:300]}"
    if code != 0:
        if sorted(err.splitlines()) != sorted(ours_err.splitlines()):
            _, _, again = run([helm, *arguments], home)  # which template fails first may be chance, and so are map orders
            if sorted(again.splitlines()) != sorted(ours_err.splitlines()):
                return f"message {ours_err!r}, Helm {err!r}"
        return "refused" if refusals else None
    if out != ours_out:
        _, again, _ = run([helm, *arguments], home)
        if masked(out, out, again) != masked(ours_out, out, again):
            for number, (x, y) in enumerate(zip(out.split(b"\n"), ours_out.split(b"\n")), 1):
                if x != y:
                    return f"line {number}: {y[:120]!r}, Helm {x[:120]!r}"
            return f"{len(ours_out)} bytes, Helm {len(out)}"
    return None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--compat", default="helm3")
    options.add_argument("--charts", default=os.path.join(ROOT, "..", "shared", "testdata", "charts"))
    options.add_argument("--only", default="")
    options.add_argument("--slipway", default=os.environ.get("SLIPWAY", os.path.join(ROOT, "build", "dev", "slipway")))
    said = options.parse_args()
    helm = peer("helm" if said.compat == "helm3" else "helm4")
    if not os.path.exists(helm):
        print(f"skipped: no {helm}; tests/peers/install builds it")
        return 77
    if not os.path.isdir(said.charts):
        print(f"skipped: no {said.charts}")
        return 77
    passed, failed = 0, []
    with tempfile.TemporaryDirectory() as home:
        for name, values, chart, words in cases(said.charts):
            if said.only not in f"{name}/{values}":
                continue
            wrong = compare(said.slipway, helm, said.compat, chart, words, home)
            if wrong:
                failed.append(f"{name}/{values}: {wrong}")
            else:
                passed += 1
    for line in failed:
        print(line)
    print(f"{passed} of {passed + len(failed)} equal to {os.path.basename(os.path.realpath(helm))} ({said.compat})")
    if not said.only and said.charts.endswith(os.path.join("testdata", "charts")):
        with open(os.path.join(ROOT, "src", "render", "testdata", "passed"), encoding="utf-8") as file:
            ledger = dict(line.split() for line in file)
        if int(ledger[f"charts-{said.compat}"]) != passed:
            print(f"src/render/testdata/passed says {ledger[f'charts-{said.compat}']} for charts-{said.compat}")
            return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
