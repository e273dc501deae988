#!/usr/bin/env python3
"""Renders charts with random values through slipway and the real Helm 3, and compares bytes, exit codes and messages.

fuzz.py [--renders N] [--seed S] [--charts DIR]

Values are drawn from a chart's own values.yaml and ci files: leaves are flipped, emptied, replaced or made null, branches dropped.
A difference prints the seed and the values; `--seed S --renders 1` repeats it. Without the peer it says so and exits 77.
"""
import argparse
import copy
import json
import os
import random
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


def mutate(dice, v, depth=0):
    """A part of `v`, changed here and there; None when nothing of it is taken."""
    if isinstance(v, dict) and v:
        out = {}
        for key in v:
            if not isinstance(key, str) or dice.random() > (0.35 if depth else 0.5):
                continue
            inner = mutate(dice, v[key], depth + 1)
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
    return dice.choice(ODD)


SKIP = object()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--renders", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--charts", default=os.path.join(compare.ROOT, "..", "shared", "testdata", "charts"))
    options.add_argument("--slipway", default=os.path.join(compare.ROOT, "build", "dev", "slipway"))
    said = options.parse_args()
    helm = compare.peer("helm")
    if not os.path.exists(helm):
        print(f"skipped: no {helm}; tests/peers/install builds it")
        return 77
    charts = [(name, chart) for name, values, chart, _ in compare.cases(said.charts) if values == "default" and name != "n8n"]
    pools = {name: [load(os.path.join(chart, "values.yaml"))] for name, chart in charts}
    for name, values, chart, words in compare.cases(said.charts):
        if words and name in pools:
            pools[name].append(load(words[1]))
    failed = refused = 0
    with tempfile.TemporaryDirectory() as home:
        for seed in range(said.seed, said.seed + said.renders):
            dice = random.Random(seed)
            name, chart = dice.choice(charts)
            values = mutate(dice, dice.choice(pools[name]))
            file = os.path.join(home, "v.yaml")
            with open(file, "w", encoding="utf-8") as out:
                json.dump({} if values is SKIP else values, out, default=str)
            wrong = compare.compare(said.slipway, helm, "helm3", chart, ["-f", file], home, refusals=True)
            if sys.stderr.isatty() or (seed - said.seed + 1) % 100 == 0:
                print(f"{seed - said.seed + 1} of {said.renders}, {failed} differ", file=sys.stderr, flush=True)
            if wrong == "refused":
                refused += 1
            elif wrong:
                failed += 1
                print(f"seed {seed} {name}: {wrong}\n  {json.dumps({} if values is SKIP else values, default=str)[:600]}")
    print(f"{said.renders - failed} of {said.renders} renders equal ({refused} of them refused by both alike)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
