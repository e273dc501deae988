"""How long a clean build takes, and one after a change of one room; only when asked for (`script/bench build`): it takes minutes."""
import os, subprocess
from pathlib import Path

from measure import ROOT, timed


def build(table, rounds, home):
    folder, environment = Path(home) / "build", {**os.environ, "CCACHE_DISABLE": "1"}
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    run("cmake", "--preset", "dev", "-B", folder)
    jobs = str(os.cpu_count())
    table.row("clean build of everything, dev, no cache", timed(lambda: run("cmake", "--build", folder, "-j", jobs)) / 60, "min", "<= 10")
    (ROOT / "src/store/list.cc").touch()
    table.row("  after a change in one room (store)", timed(lambda: run("cmake", "--build", folder, "-j", jobs)), "s", "<= 20")
    table.row("  unit and conformance tests", timed(lambda: run("ctest", "--test-dir", folder, "-L", "unit|conformance", "-j", jobs)) / 60, "min", "<= 5")
