#!/usr/bin/env python3
"""What a user sees of `slipway up` with real containers: examples/saas from its own registry. Needs root, and no other Slipway
with containers on this machine. SLIPWAY_E2E_DATA names a data directory to keep, so that images are built once.

  tests/e2e/containers_test.py [Class.test...]"""
import json, os, shutil, signal, subprocess, sys, tempfile, time, unittest, urllib.request
from pathlib import Path
from harness import ROOT, SLIPWAY, Repository, Slipway, wait

OVERLAY = "apps/hoist/overlays/prod"


def missing():
    if os.geteuid() != 0:
        return "containers need root"
    claimed = Path("/run/slipway/containers")
    if claimed.exists() and claimed.read_text() != os.environ.get("SLIPWAY_E2E_DATA"):
        return f"the containers of {claimed.read_text()} are on this machine"
    return None


def processes_of(data):
    """Of the containerd in this data directory: its pid, its shims by sandbox id, and everything that runs below them."""
    parents, shims = {}, {}
    for entry in os.listdir("/proc"):
        try:
            stat = Path(f"/proc/{entry}/stat").read_text() if entry.isdigit() else ""
            words = Path(f"/proc/{entry}/cmdline").read_bytes().decode(errors="replace").split("\0") if stat else []
        except OSError:
            continue  # it ended meanwhile
        if not stat:
            continue
        parents[int(entry)] = int(stat[stat.rindex(")") + 2:].split()[1])
        if "containerd-shim" in words[0] and f"{data}/containerd/grpc.sock" in words and "-id" in words:
            shims[words[words.index("-id") + 1]] = int(entry)
    below, found = set(shims.values()), True
    while found:
        found = {pid for pid, parent in parents.items() if parent in below and pid not in below}
        below |= found
    pid_file = Path(data) / "containerd/containerd.pid"
    return int(pid_file.read_text().split()[0]), shims, below - set(shims.values())


def containers_of(data):
    """The first process of each container by its id. What exec and probes run beside it comes and goes."""
    tasks = Path(data) / "containerd/state/io.containerd.runtime.v2.task/k8s.io"
    return {path.parent.name: int(path.read_text()) for path in tasks.glob("*/init.pid")}


def kill(*pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def reboot(slipway, data):
    """What a power cycle leaves: no process of ours, no mount, no network, nothing in /run; the disk as it is."""
    slipway.stop(signal.SIGKILL)
    containerd, shims, containers = processes_of(data)
    spaces = {line.split()[0] for line in subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout.splitlines()}
    kill(containerd, *shims.values(), *containers)
    wait("all are dead", lambda: not any(processes_of(data)[1:]))
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed([m for m in mounts if m.startswith(f"{data}/")]):
        subprocess.run(["umount", "-l", mount], check=True)
    for name in spaces:
        if name.startswith("cni-"):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
    for link in json.loads(subprocess.run(["ip", "-json", "link"], capture_output=True, text=True).stdout):
        if link["ifname"].startswith("slipway"):
            subprocess.run(["ip", "link", "delete", link["ifname"]], check=True)
    subprocess.run(["nft", "delete", "table", "ip", "slipway"], check=True)
    shutil.rmtree("/run/slipway", ignore_errors=True)


class Containers(unittest.TestCase):
    """One machine's life; the tests run in the order of their names and build on each other."""

    @classmethod
    def setUpClass(cls):
        kept = os.environ.get("SLIPWAY_E2E_DATA")
        cls.data = kept or tempfile.mkdtemp(prefix="sw-", dir="/tmp")  # short: sockets live in it
        cls.temporary = not kept
        built = subprocess.run([ROOT / "script/example", cls.data], stdout=subprocess.PIPE, text=True)
        if built.returncode:
            raise AssertionError("script/example failed")
        cls.repo = Repository.__new__(Repository)
        cls.repo.path = Path(built.stdout.strip())
        cls.slipway = Slipway(cls.repo.path, "--path", OVERLAY, data=cls.data, node="containerd").start(60)

    @classmethod
    def tearDownClass(cls):
        cls.slipway.close()
        subprocess.run([SLIPWAY, "down", *(["--purge"] if cls.temporary else []), "--data", cls.data], check=True)
        if cls.temporary:
            subprocess.run([ROOT / "script/registry", "stop", cls.data])
            shutil.rmtree(cls.data, ignore_errors=True)

    def healthy(self, seconds=90):
        wait("healthy", lambda: self.slipway.is_app("saas", "Synced", "Healthy"), seconds)

    def front(self, path, body=None):
        address = self.slipway.get("/api/v1/namespaces/hoist/services/hoist-front")["spec"]["clusterIP"]
        request = urllib.request.Request(f"http://{address}{path}", data=body and json.dumps(body).encode())
        return json.load(urllib.request.urlopen(request, timeout=15))

    def job(self):
        queued = self.front("/api/jobs", {"text": "Ahoy"})
        done = self.front(f"/api/jobs/{queued['id']}?wait=10")
        self.assertEqual("done", done["state"])
        self.assertEqual(["Alfa", "Hotel", "Oscar", "Yankee"], done["words"])

    def restarts(self):
        return {p["metadata"]["name"]: [c["restartCount"] for c in p["status"]["containerStatuses"]]
                for p in self.slipway.items("/api/v1/namespaces/hoist/pods")}

    def pod(self, beginning):
        return next(n for n in self.slipway.pods("hoist") if n.startswith(beginning))

    def test_1_a_job_queued_through_the_front_is_done_by_the_worker(self):
        self.healthy()
        wait("a job is done", lambda: self.job() is None, 30)

    def test_2_logs_and_exec_without_kubectl(self):
        worker = self.pod("hoist-worker")
        self.assertIn("Ahoy", self.slipway.cli("logs", worker, "-n", "hoist", "--tail", "5").stdout)
        self.assertEqual("10001\n", self.slipway.cli("exec", self.pod("hoist-api"), "-n", "hoist", "--", "id", "-u").stdout)
        names = self.slipway.cli("exec", self.pod("hoist-api"), "-n", "hoist", "--", "python3", "-c",
                                 "import socket; print([socket.gethostbyname(n) for n in "
                                 "('redis', 'hoist-front.hoist', 'kubernetes.default.svc.cluster.local')])").stdout
        self.assertEqual(3, names.count("'10."), names)

    def test_2_one_data_directory_at_a_time(self):
        with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as other:
            done = subprocess.run([SLIPWAY, "up", "--data", other, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
            self.assertEqual(1, done.returncode)
            self.assertIn(f"slipway down --data {self.data}", done.stderr)
        self.job()

    def test_3_restarts_leave_containers_alone(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            pods, counts = self.slipway.pods("hoist"), self.restarts()
            self.slipway.stop(number)
            began = time.monotonic()
            self.slipway.start()
            wait("pods run", lambda: self.slipway.is_app("saas", "Synced", "Healthy"), 10)
            print(f"\n  after {signal.Signals(number).name}: healthy again {time.monotonic() - began:.1f} s after the start", file=sys.stderr)
            self.assertEqual(pods, self.slipway.pods("hoist"))
            self.assertEqual(counts, self.restarts())
            self.job()

    def ready(self, beginning):
        pod = self.slipway.get(f"/api/v1/namespaces/hoist/pods/{self.pod(beginning)}")
        return all(c["ready"] for c in pod["status"]["containerStatuses"])

    def test_3_containerd_killed(self):
        pods, counts, before, inside = self.slipway.pods("hoist"), self.restarts(), processes_of(self.data), containers_of(self.data)
        self.assertGreater(len(inside), len(before[1]))
        kill(before[0])
        wait("another containerd", lambda: processes_of(self.data)[0] != before[0], 30)
        wait("it answers", lambda: self.slipway.cli("exec", self.pod("hoist-api"), "-n", "hoist", "--", "id", "-u", check=False).stdout == "10001\n", 30)
        self.job()
        self.assertEqual((before[1], inside), (processes_of(self.data)[1], containers_of(self.data)))  # the same shims and processes
        self.assertEqual((pods, counts), (self.slipway.pods("hoist"), self.restarts()))

    def test_3_shim_killed(self):
        pods, counts = self.slipway.pods("hoist"), self.restarts()
        api = self.pod("hoist-api")
        marked = self.slipway.cli("exec", api, "-n", "hoist", "--", "cat", "/proc/sys/kernel/hostname").stdout
        self.assertEqual(api, marked.strip())
        containerd, shims, _ = processes_of(self.data)
        listed = subprocess.run(["ctr", "-a", f"{self.data}/containerd/grpc.sock", "-n", "k8s.io", "containers", "ls"], capture_output=True, text=True).stdout
        victim = None
        for sandbox in shims:
            labels = subprocess.run(["ctr", "-a", f"{self.data}/containerd/grpc.sock", "-n", "k8s.io", "containers", "info", sandbox],
                                    capture_output=True, text=True).stdout
            if f'"io.kubernetes.pod.name": "{api}"' in labels:
                victim = sandbox
        self.assertIsNotNone(victim, listed)
        kill(shims[victim])
        wait("the pod has another shim", lambda: len(processes_of(self.data)[1]) == len(shims) and victim not in processes_of(self.data)[1], 60)
        wait("the pod is ready again", lambda: self.ready("hoist-api"), 60)
        self.healthy(60)
        wait("a job is done", lambda: self.job() is None, 30)
        others = lambda of: {n: c for n, c in of.items() if n != api}
        self.assertEqual(pods, self.slipway.pods("hoist"))
        self.assertEqual(others(counts), others(self.restarts()))

    def test_3_reboot(self):
        pods, counts = self.slipway.pods("hoist"), self.restarts()
        reboot(self.slipway, self.data)
        began = time.monotonic()
        self.slipway.start(60)
        wait("every container was started again", lambda: all(sum(n) > sum(counts[p]) for p, n in self.restarts().items()), 60)
        self.healthy(60)
        wait("a job is done", lambda: self.job() is None, 30)
        print(f"\n  after a reboot: a job is done {time.monotonic() - began:.1f} s after the start", file=sys.stderr)
        self.assertEqual(pods, self.slipway.pods("hoist"))

    SECRET, OPEN = "h1dden-in-memory", "0pen-on-the-disk"

    def test_3_secrets_and_tokens_never_reach_the_disk(self):
        """Secret and projected volumes, seen from within, in the mounts and on the disk; over a reboot, and when the pod ends."""
        pods = "/api/v1/namespaces/hoist/pods"
        image = self.slipway.get("/apis/apps/v1/namespaces/hoist/deployments/hoist-api")["spec"]["template"]["spec"]["containers"][0]["image"]
        for path, body in (
                ("/api/v1/namespaces/hoist/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}, "stringData": {"key": self.SECRET}}),
                ("/api/v1/namespaces/hoist/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "open"}, "data": {"plain": self.OPEN}}),
                (pods, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hidden"}, "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "c", "image": image, "command": ["sleep", "100000"], "volumeMounts": [
                        {"name": n, "mountPath": f"/{n}"} for n in ("secret", "both", "config")]}],
                    "volumes": [{"name": "secret", "secret": {"secretName": "hidden"}}, {"name": "config", "configMap": {"name": "open"}},
                                {"name": "both", "projected": {"sources": [
                                    {"secret": {"name": "hidden"}}, {"configMap": {"name": "open"}},
                                    {"serviceAccountToken": {"path": "token", "audience": "test"}}]}}]}})):
            status, answer = self.slipway.api.json("post", path, body)
            self.assertEqual(201, status, answer)

        shims = len(processes_of(self.data)[1])
        self.addCleanup(lambda: wait("it is gone", lambda: self.slipway.api.json("delete", f"{pods}/hidden")[0] == 404
                                     and len(processes_of(self.data)[1]) <= shims, 60))

        def inside(script):
            return self.slipway.cli("exec", "hidden", "-n", "hoist", "--", "sh", "-c", script, check=False).stdout

        def mounted():
            return {line.split()[1].rsplit("/", 1)[1] for line in Path("/proc/self/mounts").read_text().splitlines()
                    if line.split()[1].startswith(volumes) and line.split()[2] == "tmpfs"}

        wait("it runs", lambda: inside("cat /secret/key /both/key /both/plain /config/plain") == f"{self.SECRET * 2}{self.OPEN * 2}", 60)
        uid = self.slipway.pods("hoist")["hidden"]
        volumes = f"{self.data}/pods/{uid}/volumes/"
        token = inside("cat /both/token")
        self.assertEqual(2, token.count("."), token)
        account = next(n for n in mounted() if n.startswith("kube-api-access"))
        self.assertEqual({"secret", "both", account}, mounted())

        def on_disk(text):
            """Files of the pods below what is mounted there: a second look at the same file system, without its mounts."""
            with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as under:
                subprocess.run(["mount", "--bind", f"{self.data}/pods", under], check=True)
                try:
                    return subprocess.run(["grep", "-rlF", text, under], capture_output=True, text=True).stdout
                finally:
                    subprocess.run(["umount", under], check=True)

        self.assertEqual("", on_disk(self.SECRET))
        self.assertEqual("", on_disk(token))
        self.assertNotEqual("", on_disk(self.OPEN))  # a ConfigMap is, and so this looks where it should
        # A change reaches the container at once, in memory too.
        self.slipway.patch("/api/v1/namespaces/hoist/secrets/hidden", {"stringData": {"key": self.SECRET + "2"}})
        wait("the change", lambda: inside("cat /secret/key /both/key") == f"{self.SECRET}2{self.SECRET}2", 30)
        self.slipway.stop(signal.SIGKILL)
        self.slipway.start()
        wait("the same after a restart", lambda: inside("cat /secret/key") == f"{self.SECRET}2", 30)
        reboot(self.slipway, self.data)
        self.assertEqual(set(), mounted())
        self.slipway.start(60)
        wait("the same after a reboot", lambda: inside("cat /secret/key /both/key /both/plain") == f"{self.SECRET}2{self.SECRET}2{self.OPEN}", 60)
        self.assertEqual({"secret", "both", account}, mounted())
        self.assertEqual("", on_disk(self.SECRET))
        self.slipway.delete(f"{pods}/hidden")
        wait("nothing is left", lambda: not Path(f"{self.data}/pods/{uid}").exists() and not mounted(), 30)
        self.healthy(60)
        wait("a job is done", lambda: self.job() is None, 30)

    def test_4_a_new_digest_rolls_that_deployment_alone(self):
        before = self.slipway.pods("hoist")
        page = "images/front/root/srv/site/index.html"
        self.repo.write(page, (self.repo.path / page).read_text() + f"<!-- {time.time()} -->\n")
        self.repo.commit("a new front")
        subprocess.run([ROOT / "script/example", self.data], check=True, stdout=subprocess.DEVNULL)
        head = self.repo.git("rev-parse", "HEAD")
        wait("the new revision", lambda: self.slipway.is_app("saas", "Synced", "Healthy", head), 60)
        wait("the old front is gone", lambda: len(self.slipway.pods("hoist")) == 4, 40)
        after = self.slipway.pods("hoist")
        self.assertEqual({n: u for n, u in before.items() if "front" not in n}, {n: u for n, u in after.items() if "front" not in n})
        self.assertNotEqual(self.pod("hoist-front"), next(n for n in before if "front" in n))

    def later(self, image, words):
        """A pod whose image cannot be had: the registry's own words, then back-off."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "later"},
               "spec": {"containers": [{"name": "c", "image": image, "imagePullPolicy": "Always"}], "terminationGracePeriodSeconds": 0}}
        path = "/api/v1/namespaces/hoist/pods"
        status, answer = self.slipway.api.json("post", path, pod)
        self.assertEqual(201, status, answer)
        self.addCleanup(lambda: wait("it is gone", lambda: self.slipway.api.json("delete", path + "/later")[0] == 404))

        def waiting():
            return self.slipway.get(path + "/later")["status"]["containerStatuses"][0]["state"]["waiting"]

        wait(f"{words} is told", lambda: "ErrImagePull" in json.dumps(waiting()) and words in waiting()["message"], 30)
        wait("back-off", lambda: waiting()["reason"] == "ImagePullBackOff", 30)

    def registry(self, verb):
        return subprocess.run([ROOT / "script/registry", verb, self.data], capture_output=True, text=True, check=True).stdout.strip()

    def test_5_a_missing_image(self):
        self.later(f"{self.registry('start')}/hoist/nothing:1", "not found")

    def test_5_registry_down_and_up_again(self):
        image = self.slipway.get("/apis/apps/v1/namespaces/hoist/deployments/hoist-api")["spec"]["template"]["spec"]["containers"][0]["image"]
        self.registry("stop")
        try:
            self.later(image, "connection refused")
        finally:
            self.registry("start")

        def pulled():
            state = self.slipway.get("/api/v1/namespaces/hoist/pods/later")["status"]["containerStatuses"][0]
            return state.get("imageID")

        wait("it recovers without help", pulled, 60)

    def test_6_broken_yaml_keeps_everything_running(self):
        before = self.slipway.pods("hoist")
        self.repo.write("apps/hoist/base/api.yaml", "a: [\n")
        self.repo.commit("broken")
        try:
            wait("told", lambda: "apps/hoist/base/api.yaml" in self.slipway.conditions("saas"))
            self.assertEqual(before, self.slipway.pods("hoist"))
            self.job()
        finally:
            self.repo.git("revert", "--no-edit", "HEAD")
        self.healthy(30)

    def test_7_down_stops_and_up_starts_again(self):
        running = len(self.slipway.pods("hoist"))
        tasks = f"{self.data}/containerd/state/io.containerd.runtime.v2.task/k8s.io"
        wait("what was deleted before has ended", lambda: len(os.listdir(tasks)) == 2 * running, 30)
        self.assertIn(f"stopped {running} pods", self.slipway.cli("down", "--data", self.data).stdout)
        self.assertEqual(0, self.slipway.process.wait(40))
        self.assertFalse(os.path.exists(f"{self.data}/containerd/grpc.sock"))
        self.assertNotIn(f"{self.data}/", Path("/proc/self/mounts").read_text())
        self.assertNotEqual(0, subprocess.run(["nft", "list", "table", "ip", "slipway"], capture_output=True).returncode)
        self.slipway.start(60)
        self.healthy(60)
        wait("a job is done", lambda: self.job() is None, 30)
        # What a reboot ended, `down` did not stop.
        reboot(self.slipway, self.data)
        self.assertIn("stopped 0 pods", self.slipway.cli("down", "--data", self.data).stdout)
        self.slipway.start(60)
        self.healthy(60)


class KilledDuringTheFirstStart(unittest.TestCase):
    """Nothing was told to anybody yet, and a containerd may run."""

    def processes(self, data):
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").replace("\0", " ")
            except OSError:
                continue
            if f"{data}/" in words and "containerd" in words:
                found.append(words)
        return found

    def test_down_ends_what_it_left(self):
        claim = Path("/run/slipway/containers")
        for place, purge in ((claim, True), ("containerd/containerd.log", False), ("containerd/containerd.pid", False), ("containerd/root", True)):
            with self.subTest(place=place):
                data = tempfile.mkdtemp(prefix="sw-", dir="/tmp")
                self.addCleanup(shutil.rmtree, data, ignore_errors=True)
                self.addCleanup(subprocess.run, [SLIPWAY, "down", "--purge", "--data", data], capture_output=True)
                slipway = Slipway(data=data, node="containerd")
                with open(slipway.log, "w") as log:
                    slipway.process = subprocess.Popen(slipway.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                wait(f"{place} is there", lambda: (Path(data) / place).exists(), 60, pause=0)
                slipway.stop(signal.SIGKILL)
                if place != claim:  # nothing runs before
                    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as other:
                        done = subprocess.run([SLIPWAY, "up", "--data", other, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
                        self.assertIn(f"slipway down --data {data}", done.stderr)
                        self.assertIn("nothing to stop", slipway.cli("down", "--data", other).stdout)
                self.assertIn("stopped 0 pods", slipway.cli("down", *(["--purge"] if purge else []), "--data", data).stdout)
                self.assertEqual([], self.processes(data))
                self.assertFalse(claim.exists())
                self.assertNotIn(f"{data}/", Path("/proc/self/mounts").read_text())
                self.assertEqual(["up.log"] if purge else os.listdir(data), os.listdir(data))


class DataBehindALink(unittest.TestCase):
    """--data by a link to a path with a blank, as after a move to a bigger disk; an empty cluster and one pod."""

    def mounted(self):
        lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        return [words[1].replace("\\040", " ").rsplit("/", 1)[1] for words in lines if self.home.name in words[1] and "/pods/" in words[1]]

    def test_volumes_come_once_live_on_and_go(self):
        self.home = Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        (self.home / "big disk").mkdir()
        (self.home / "link").symlink_to("big disk")
        data = self.home / "link" / "d"
        slipway = Slipway(data=data, node="containerd").start(60)
        self.addCleanup(subprocess.run, [SLIPWAY, "down", "--purge", "--data", data], check=True)
        self.addCleanup(slipway.close)
        subprocess.run([ROOT / "src/node/testing/busybox-image", self.home / "image.tar"], check=True)
        wait("containerd", lambda: subprocess.run(["ctr", "-a", data / "containerd/grpc.sock", "-n", "k8s.io", "images", "import",
                                                   self.home / "image.tar"], capture_output=True).returncode == 0)
        core = "/api/v1/namespaces/default"
        settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "first"}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": "slipway.local/test/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "100000"],
                            "volumeMounts": [{"name": "fast", "mountPath": "/fast"}, {"name": "conf", "mountPath": "/conf"}]}],
            "volumes": [{"name": "fast", "emptyDir": {"medium": "Memory"}}, {"name": "conf", "configMap": {"name": "settings"}}]}}
        for kind, body in (("configmaps", settings), ("pods", pod)):
            status, answer = wait(f"{kind} are taken", lambda: (lambda got: got[0] == 201 and got)(slipway.api.json("post", f"{core}/{kind}", body)))

        def inside(script):
            return slipway.cli("exec", "p", "--", "sh", "-c", script, check=False).stdout

        wait("it runs", lambda: inside("cat /conf/mode; echo kept > /fast/file") == "first", 60)
        account = next(n for n in self.mounted() if n.startswith("kube-api-access"))
        self.assertEqual(sorted(["fast", account]), sorted(self.mounted()))
        slipway.stop(signal.SIGKILL)
        slipway.start(60)
        slipway.patch(f"{core}/configmaps/settings", {"data": {"mode": "second"}})
        wait("a change after the restart", lambda: inside("cat /conf/mode") == "second", 30)
        self.assertEqual(sorted(["fast", account]), sorted(self.mounted()))  # nothing was mounted over what was there
        self.assertEqual("kept\n", inside("cat /fast/file"))
        slipway.delete(f"{core}/pods/p")
        wait("nothing is left", lambda: not self.mounted() and not list((data / "pods").iterdir()), 30)


if __name__ == "__main__":
    if why := missing():
        print(f"skipped: {why}")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    unittest.main(verbosity=2)
