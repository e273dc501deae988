#!/usr/bin/env python3
"""tests/soak/kill_loop.py --kills N | --seconds N [--writers N]: kills Slipway (simulated node) with SIGKILL under writes, again and again.

After each start: every acknowledged write is there, whole, with its uid and revision or a later one; what was deleted stays
deleted; no revision was given twice; no pod was made anew; and it was ready in less than 0.5 s (the release build's figure: SLIPWAY
names the binary), not counting what its threads waited for a core of a busy machine. Prints one line of figures; exit code 1 when
something did not hold."""
import argparse, http.client, json, random, signal, sys, tempfile, threading, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import Slipway, wait


PATH = "/api/v1/namespaces/soak/configmaps"


class Writer(threading.Thread):
    """Creates, changes and deletes objects of its own over one connection until the server is gone; remembers what was answered."""

    def __init__(self, number, life, api, past):
        super().__init__(daemon=True)
        self.number, self.life, self.api, self.past = number, life, api, past
        self.there = {}  # name -> (text, uid, revision) of the last answer
        self.doubtful = {}  # name -> text, or None for a delete, whose answer never came
        self.gone = set()
        self.revisions = []
        self.problem = None

    def run(self):
        connection = http.client.HTTPSConnection(self.api.host, self.api.port, timeout=10, context=self.api.context)
        chance, count = random.Random((self.life << 8) + self.number), 0
        try:
            while True:
                count += 1
                names = list(self.there)
                verb = chance.choice(["POST", "POST", "PUT", "PUT", "DELETE"]) if names else "POST"
                name = f"w{self.life}-{self.number}-{count}" if verb == "POST" else chance.choice(names)
                text = f"{name} {verb} {count} " + "x" * chance.randrange(2000)
                body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": {"same": text}}, "data": {"same": text}}
                self.doubtful = {name: None if verb == "DELETE" else text}
                connection.request(verb, PATH if verb == "POST" else f"{PATH}/{name}", None if verb == "DELETE" else json.dumps(body),
                                   {"Content-Type": "application/json"})
                answer = connection.getresponse()
                written = json.loads(answer.read())
                if answer.status not in (200, 201):
                    self.problem = f"{verb} {name}: {answer.status} {written.get('message')}"
                    return
                self.doubtful = {}
                if verb == "DELETE":
                    self.there.pop(name)
                    self.gone.add(name)
                else:
                    revision = int(written["metadata"]["resourceVersion"])
                    self.revisions.append(revision)
                    self.there[name] = (text, written["metadata"]["uid"], revision)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the server was killed
        finally:
            connection.close()


def judge(there, doubtful, gone, items):
    """What is wrong with `items`, the objects after the start: a list of texts."""
    wrong, seen = [], {o["metadata"]["name"]: o for o in items}
    for name, (text, uid, revision) in there.items():
        if name not in seen:
            if doubtful.get(name, "") is not None:
                wrong.append(f"{name} was acknowledged at revision {revision} and is lost")
            continue
        found = seen[name]
        now = found["data"]["same"]
        if now != text and now != doubtful.get(name):
            wrong.append(f"{name} went back to an earlier text")
        if found["metadata"]["uid"] != uid:
            wrong.append(f"{name} has another uid")
        if int(found["metadata"]["resourceVersion"]) < revision:
            wrong.append(f"{name} has revision {found['metadata']['resourceVersion']}, {revision} was acknowledged")
    for name, found in seen.items():
        if found["data"]["same"] != found["metadata"]["annotations"]["same"]:
            wrong.append(f"{name} is half written")
        if name in gone and name not in doubtful:
            wrong.append(f"{name} was deleted and is back")
        if name not in there and name not in gone and name not in doubtful:
            wrong.append(f"{name} is there though nobody wrote it")
    return wrong


def sees_losses():
    """The judge itself must see what it is for."""
    item = {"metadata": {"name": "a", "uid": "u", "resourceVersion": "5", "annotations": {"same": "t"}}, "data": {"same": "t"}}
    good = {"a": ("t", "u", 5)}
    assert judge(good, {}, set(), [item]) == []
    for there, doubtful, gone, items in (
            (good, {}, set(), []), ({"a": ("t2", "u", 5)}, {}, set(), [item]), ({"a": ("t", "other", 5)}, {}, set(), [item]),
            ({"a": ("t", "u", 6)}, {}, set(), [item]), ({}, {}, {"a"}, [item]), ({}, {}, set(), [item]),
            (good, {}, set(), [{**item, "data": {"same": "half"}}])):
        assert len(judge(there, doubtful, gone, items)) >= 1, (there, gone, items)


DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
    "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "registry.invalid/web:1"}]}}}}


def waited_for_a_core(pid):
    """Seconds for which its threads could have run and did not."""
    return sum(int((thread / "schedstat").read_text().split()[1]) for thread in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def pods(slipway):
    return {p["metadata"]["uid"]: sum(c["restartCount"] for c in p["status"].get("containerStatuses", []))
            for p in slipway.items("/api/v1/namespaces/soak/pods")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=0, help="that many, however long it takes")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--ready-max", type=float, default=0.5, help="seconds from the start of the process to an answer of /readyz")
    options = parser.parse_args()
    sees_losses()
    wrong, slow, kills, starts, waits, total = [], [], 0, [], [], 0
    there, gone, revisions, chance = {}, set(), set(), random.Random(1)
    with tempfile.TemporaryDirectory(prefix="slipway-soak-") as home:
        slipway = Slipway(data=f"{home}/data").start()
        slipway.api.json("post", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "soak"}})
        slipway.api.json("post", "/apis/apps/v1/namespaces/soak/deployments", DEPLOYMENT)
        wait("the pods run", lambda: len(pods(slipway)) == 3 and slipway.get("/apis/apps/v1/namespaces/soak/deployments/web")["status"].get("availableReplicas") == 3)
        standing = pods(slipway)
        for o in slipway.items(PATH):
            slipway.api.ask("delete", f"{PATH}/{o['metadata']['name']}")
        end = time.monotonic() + options.seconds
        try:
            while (kills < options.kills if options.kills else time.monotonic() < end) and not wrong:
                writers = [Writer(n, kills, slipway.api, there) for n in range(options.writers)]
                for n, w in enumerate(writers):
                    w.start()
                time.sleep(chance.uniform(0.05, 1.0))
                slipway.stop(signal.SIGKILL)
                kills += 1
                doubtful = {}
                for w in writers:
                    w.join(20)
                    if w.problem:
                        wrong.append(w.problem)
                    there.update(w.there)
                    gone |= w.gone
                    doubtful.update(w.doubtful)
                    total += len(w.revisions) + len(w.gone)
                    for revision in w.revisions:
                        if revision in revisions:
                            wrong.append(f"revision {revision} was given twice")
                        revisions.add(revision)
                begun = time.monotonic()
                slipway.start(pause=0.005)
                seconds, waited = time.monotonic() - begun, waited_for_a_core(slipway.process.pid)
                starts.append(seconds)
                waits.append(waited)
                if seconds > 0.4: print('SLOW', seconds, waited, time.time(), slipway.log.read_text()[-3000:], flush=True)
                if seconds - waited > options.ready_max:
                    slow.append(f"start {kills} took {seconds:.2f} s to /readyz, of which it waited {waited:.2f} s for a core")
                wrong += judge(there, doubtful, gone, [o for o in slipway.items(PATH) if o["metadata"]["name"].startswith("w")])
                if pods(slipway) != standing:
                    wrong.append(f"pods changed: {standing} became {pods(slipway)}")
                # The next life begins from what is known: each writer keeps to names of its own life.
                for o in slipway.items(PATH):
                    name = o["metadata"]["name"]
                    if name.startswith("w"):
                        there[name] = (o["data"]["same"], o["metadata"]["uid"], int(o["metadata"]["resourceVersion"]))
                for name in list(doubtful):
                    if not any(o["metadata"]["name"] == name for o in slipway.items(PATH)):
                        there.pop(name, None)
                        gone.add(name)
                if len(there) > 3000:  # bounded: start over
                    for name in list(there):
                        slipway.api.ask("delete", f"{PATH}/{name}")
                        there.pop(name)
                        gone.add(name)
        finally:
            slipway.close()
    if kills and total < 10 * kills:
        wrong.append(f"only {total} writes in {kills} lives: this proves nothing")
    starts.sort()
    wrong += slow
    for line in wrong[:20]:
        print(f"kill loop: {line}", file=sys.stderr)
    over = sum(s > options.ready_max for s in starts)
    print(f"{kills} kills, {total} acknowledged writes, {len(wrong)} wrong; start to /readyz: median "
          f"{starts[len(starts) // 2] if starts else 0:.2f} s, slowest {starts[-1] if starts else 0:.2f} s, {over} over {options.ready_max} s; waited for a core: at most {max(waits, default=0):.2f} s")
    return 1 if wrong or not kills else 0


if __name__ == "__main__":
    sys.exit(main())
