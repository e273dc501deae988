#!/usr/bin/env python3
"""tests/soak/containers_loop.py --rounds N: examples/saas with real containers, while something is killed in each round:
Slipway (most rounds), its containerd, one shim, everything at once as by a reboot. As root, alone on the machine.

After each: the same pods, ready, doing their work; where Slipway or containerd was killed, the same processes and not one restart;
no shim without a pod. Prints one line of figures; exit code 1 when something did not hold."""
import argparse, random, signal, sys, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import containers_test
from containers_test import Containers, containers_of, kill, processes_of, reboot
from harness import wait


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    if why := containers_test.missing():
        sys.exit(f"containers loop: {why}")
    chance, done, starts, wrong = random.Random(1), {}, [], []
    Containers.setUpClass()
    c = Containers()
    slipway, data = Containers.slipway, Containers.data
    try:
        c.healthy()
        wait("a job is done", lambda: c.job() is None, 60)
        wait("as many shims as pods", lambda: len(processes_of(data)[1]) == 4, 30)
        for round in range(options.rounds):
            what = "reboot" if round % 40 == 39 else "shim" if round % 20 == 9 else "containerd" if round % 20 == 19 else "slipway"
            done[what] = done.get(what, 0) + 1
            pods, counts, before, inside = slipway.pods("hoist"), c.restarts(), processes_of(data), containers_of(data)
            if what == "slipway":
                time.sleep(chance.uniform(0, 0.5))
                slipway.stop(signal.SIGKILL)
            elif what == "containerd":
                kill(before[0])
                wait("another containerd", lambda: processes_of(data)[0] != before[0], 30)
            elif what == "shim":
                kill(chance.choice(list(before[1].values())))
            else:
                reboot(slipway, data)
            if what in ("slipway", "reboot"):
                begun = time.monotonic()
                slipway.start(60)
                starts.append(time.monotonic() - begun)
            if what == "shim":
                wait("another shim", lambda: len(processes_of(data)[1]) == 4 and processes_of(data)[1] != before[1], 90)
            if what == "reboot":
                wait("all started again", lambda: all(sum(n) > sum(counts[p]) for p, n in c.restarts().items()), 90)
            wait(f"healthy after {what}", lambda: slipway.is_app("saas", "Synced", "Healthy"), 90)
            wait("a job is done", lambda: c.job() is None, 60)
            if slipway.pods("hoist") != pods:
                wrong.append(f"round {round}, {what}: other pods")
            wait("as many shims as pods", lambda: len(processes_of(data)[1]) == len(pods), 60)
            if what in ("slipway", "containerd") and (processes_of(data)[1], containers_of(data)) != (before[1], inside):
                wrong.append(f"round {round}, {what}: other processes: {inside} became {containers_of(data)}")
            if what in ("slipway", "containerd") and c.restarts() != counts:
                wrong.append(f"round {round}, {what}: a restart: {counts} became {c.restarts()}")
    except AssertionError as problem:
        wrong.append(f"round {sum(done.values())}: {problem}")
    finally:
        Containers.tearDownClass()
    starts.sort()
    for line in wrong[:20]:
        print(f"containers loop: {line}", file=sys.stderr)
    print(f"{sum(done.values())} rounds: {', '.join(f'{n} {what}' for what, n in sorted(done.items()))}; {len(wrong)} wrong; "
          f"start to /readyz: median {starts[len(starts) // 2] if starts else 0:.2f} s, slowest {starts[-1] if starts else 0:.2f} s")
    return 1 if wrong or sum(done.values()) < options.rounds or options.rounds >= 40 and len(done) < 4 else 0


if __name__ == "__main__":
    sys.exit(main())
