#!/usr/bin/env python3
"""Renders charts with random values through slipway and the real Helm 3, and compares bytes, exit codes and messages.

fuzz.py [--renders N] [--seed S] [--jobs N] [--patience SECONDS] [--compat helm3|helm4] [--charts DIR]

Values are drawn from a chart's own values.yaml and ci files: leaves are flipped, emptied, replaced or made null, branches dropped.
A difference prints the seed and the values; `--seed S --renders 1` repeats it. Without the peer it says so and exits 77.
"""
import argparse
import concurrent.futures
import copy
import json
import os
import random
import subprocess
import sys
import tempfile

import compare

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

ODD = [True, False, None, 0, 1, -1, 1.5, 1000000, "", "x", "true", "a: b", "{{ .Release.Name }}", "on", "0x1f", [], {}, ["a"], {"a": "b"}]


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except (OSError, yaml.YAMLError):
        return {}


def mutate(dice, v, wild, depth=0):
    """A part of `v`, changed here and there, at times (`wild`) to another type; SKIP when nothing of it is taken."""
    if isinstance(v, dict) and v:
        out = {}
        for key in v:
            if not isinstance(key, str) or dice.random() > (0.35 if depth else 0.5):
                continue
            inner = mutate(dice, v[key], wild, depth + 1)
            if inner is not SKIP:
                out[key] = inner
        return out or SKIP
    if isinstance(v, list) and v and dice.random() < 0.5:
        return copy.deepcopy(v[: dice.randint(0, len(v))])
    roll = dice.random()
    if roll < 0.35:
        return v
    if isinstance(v, bool) and roll < 0.9:
        return not v
    if isinstance(v, (int, float)) and roll < 0.9:
        return dice.choice([0, 1, 2, 3, 8080, v + 1])
    if isinstance(v, str) and roll < 0.85:
        return dice.choice(["", "x", "a-b", "latest", "1.2.3", v + "x"])
    return dice.choice(ODD) if wild or v is None else copy.deepcopy(v)


SKIP = object()


def values_of(seed, charts, pools):
    dice = random.Random(seed)
    name, chart = dice.choice(charts)
    values = mutate(dice, dice.choice(pools[name]), wild=dice.random() < 0.3)
    return name, chart, {} if values is SKIP else values


def render(said, helm, home, seed, charts, pools):
    """What is said of a difference, or None; "refused" and "slow" as compare.compare() says them."""
    name, chart, values = values_of(seed, charts, pools)
    text = json.dumps(values, default=str)
    file = os.path.join(home, f"{seed}.yaml")
    with open(file, "w", encoding="utf-8") as out:
        out.write(text)
    try:
        wrong = compare.compare(said.slipway, helm, said.compat, chart, ["-f", file], home, refusals=True, seconds=said.patience)
    except subprocess.TimeoutExpired as late:
        wrong = f"took longer than {late.timeout} s: {late.cmd[0]}"
    os.unlink(file)
    if wrong in (None, "refused"):
        return wrong
    return f"{'slow' if wrong == 'slow' else 'differs'}: seed {seed} {name}: {wrong}\n  {text[:600]}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--renders", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    options.add_argument("--patience", type=float, default=60, help="seconds for a rendering by Helm; what takes longer is told and left out")
    options.add_argument("--compat", default="helm3")
    options.add_argument("--charts", default=os.path.join(compare.ROOT, "..", "shared", "testdata", "charts"))
    options.add_argument("--slipway", default=os.path.join(compare.ROOT, "build", "dev", "slipway"))
    said = options.parse_args()
    helm = compare.peer("helm" if said.compat == "helm3" else "helm4")
    if not os.path.exists(helm):
        print(f"skipped: no {helm}; tests/peers/install builds it")
        return 77
    charts = [(name, chart) for name, values, chart, _ in compare.cases(said.charts) if values == "default" and name != "n8n"]
    pools = {name: [load(os.path.join(chart, "values.yaml"))] for name, chart in charts}
    for name, values, chart, words in compare.cases(said.charts):
        if words and name in pools:
            pools[name].append(load(words[1]))
    done = failed = refused = slow = 0
    with tempfile.TemporaryDirectory() as home, concurrent.futures.ThreadPoolExecutor(said.jobs) as pool:
        for wrong in pool.map(lambda seed: render(said, helm, home, seed, charts, pools), range(said.seed, said.seed + said.renders)):
            done += 1
            refused += wrong == "refused"
            if wrong and wrong != "refused":
                print(wrong, flush=True)
                slow += wrong.startswith("slow")
                failed += wrong.startswith("differs")
            if sys.stderr.isatty() or done % 100 == 0:
                print(f"{done} of {said.renders}, {failed} differ, {slow} too slow for Helm", file=sys.stderr, flush=True)
    compared = said.renders - slow
    print(f"{compared - failed} of {compared} renders equal ({refused} of them refused by both alike; {slow} left out: Helm took longer than {said.patience:g} s)")
    # a run that hardly compared anything proves nothing
    return 1 if failed or slow * 20 > said.renders else 0


if __name__ == "__main__":
    sys.exit(main())
