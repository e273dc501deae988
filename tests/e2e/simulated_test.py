#!/usr/bin/env python3
"""What a user sees of `slipway up` on the simulated node: no root, no containers, everything else real.

  tests/e2e/simulated_test.py [Class.test...]"""
import json, os, re, shutil, signal, socket, ssl, subprocess, unittest, urllib.request
from pathlib import Path
from harness import ROOT, SLIPWAY, TESTDATA, Repository, Slipway, tempfile, wait

OVERLAY = "apps/hoist/overlays/prod"
ZERO = "sha256:" + "0" * 64


def digest(letter):
    return "sha256:" + letter * 64


class Example(unittest.TestCase):
    """examples/saas, delivered once; the tests run in the order of their names and build on each other."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        cls.repo = Repository(f"{cls.home.name}/saas", copy_of=ROOT / "examples/saas")
        cls.slipway = Slipway(cls.repo.path, "--path", OVERLAY, data=f"{cls.home.name}/data").start()
        wait("the example is healthy", lambda: cls.slipway.is_app("saas", "Synced", "Healthy"))

    @classmethod
    def tearDownClass(cls):
        cls.slipway.close()
        cls.home.cleanup()

    def deployment(self, name):
        return self.slipway.get(f"/apis/apps/v1/namespaces/hoist/deployments/{name}")

    def healed(self, revision=None):
        wait("synced and healthy", lambda: self.slipway.is_app("saas", "Synced", "Healthy", revision))

    def test_1_every_object_is_there(self):
        shown = json.loads(self.slipway.cli("app", "get", "saas", "--json").stdout)
        kinds = [r["kind"] for r in shown["status"]["resources"]]
        self.assertEqual(4, kinds.count("Deployment"))
        self.assertEqual(3, kinds.count("Service"))
        self.assertEqual(4, len(self.slipway.pods("hoist")))
        self.assertIn("saas", self.slipway.cli("app", "list").stdout)
        self.assertIn("hoist-front", self.slipway.cli("get", "services", "-n", "hoist").stdout)

    def test_2_a_new_digest_rolls_that_deployment_alone(self):
        before = self.slipway.pods("hoist")
        text = (self.repo.path / OVERLAY / "kustomization.yaml").read_text()
        at = text.index("hoist/worker\n    newName")
        self.repo.write(f"{OVERLAY}/kustomization.yaml", text[:at] + text[at:].replace(ZERO, digest("1"), 1))
        revision = self.repo.commit("a new worker")
        self.healed(revision)
        wait("the old worker is gone", lambda: len(self.slipway.pods("hoist")) == 4)
        after = self.slipway.pods("hoist")
        changed = set(after.values()) - set(before.values())
        self.assertEqual(1, len(changed), after)
        self.assertEqual({n: u for n, u in before.items() if "worker" not in n}, {n: u for n, u in after.items() if "worker" not in n})

    def test_3_what_people_change_is_undone_and_told(self):
        path = "/apis/apps/v1/namespaces/hoist/deployments/hoist-api"
        self.slipway.patch(path, {"spec": {"replicas": 3}})
        wait("one replica again", lambda: self.slipway.get(path)["spec"]["replicas"] == 1)
        wait("an Event says so", lambda: any("hoist-api" in e and "replicas" in e for e in self.slipway.events("argocd")))
        self.slipway.delete("/api/v1/namespaces/hoist/services/redis")
        wait("the service is back", lambda: self.slipway.get("/api/v1/namespaces/hoist/services/redis"), 40)
        wait("an Event says so", lambda: any("redis" in e for e in self.slipway.events("argocd")))
        self.healed()

    def broken(self, change, *words):
        """A commit that cannot be delivered: told with its file, changes nothing, and the next good commit heals it."""
        before = self.slipway.pods("hoist")
        change()
        self.repo.commit("broken")
        try:
            wait(f"the condition tells {words}", lambda: all(w in self.slipway.conditions("saas") for w in words) or
                 self.fail(self.slipway.conditions("saas")), 10)
            self.assertTrue(self.slipway.is_app("saas", "Unknown"))
            self.assertEqual(before, self.slipway.pods("hoist"))
        finally:
            self.repo.git("revert", "--no-edit", "HEAD")
        self.healed(self.repo.git("rev-parse", "HEAD"))
        self.assertEqual("", self.slipway.conditions("saas"))
        self.assertEqual(before, self.slipway.pods("hoist"))

    def test_4_broken_yaml(self):
        self.broken(lambda: self.repo.write("apps/hoist/base/api.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"),
                    "apps/hoist/base/api.yaml:4")

    def test_4_unknown_field(self):
        self.broken(lambda: self.repo.edit("apps/hoist/base/api.yaml", "envFrom:", "envFrm:"),
                    "envFrm", "apps/hoist/base/api.yaml")

    def test_4_missing_file(self):
        self.broken(lambda: self.repo.edit("apps/hoist/base/kustomization.yaml", "api.yaml", "apy.yaml"), "apy.yaml",
                    "apps/hoist/base/kustomization.yaml")

    def test_4_cycle(self):
        self.broken(lambda: self.repo.edit("apps/hoist/base/kustomization.yaml", "resources:", "resources:\n  - ../overlays/prod"),
                    "cycle")

    def test_5_what_git_dropped_is_pruned(self):
        self.repo.edit("apps/hoist/base/kustomization.yaml", "  - worker.yaml\n", "")
        revision = self.repo.commit("no worker")
        wait("the worker is gone", lambda: self.deployment("hoist-worker") is None)
        wait("its pods too", lambda: len(self.slipway.pods("hoist")) == 3)
        self.healed(revision)

    def test_6_without_prune_it_stays(self):
        spec = {"spec": {"syncPolicy": {"automated": {"prune": False, "selfHeal": True}}}}
        self.slipway.patch("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/saas", spec)
        self.repo.edit("apps/hoist/base/kustomization.yaml", "  - front.yaml\n", "")
        revision = self.repo.commit("no front")
        wait("it is told", lambda: self.slipway.is_app("saas", "OutOfSync", revision=revision))
        self.assertIsNotNone(self.deployment("hoist-front"))
        self.assertEqual(1, self.slipway.cli("app", "diff", "saas", check=False).returncode)
        self.repo.git("revert", "--no-edit", "HEAD")
        self.healed(self.repo.git("rev-parse", "HEAD"))

    def test_7_a_restart_touches_nothing(self):
        self.assertRegex(self.slipway.log.read_text(), r"control plane .*, new\n")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            before = self.slipway.pods("hoist")
            revision = self.slipway.application("saas")["status"]["sync"]["revision"]
            self.slipway.patch("/api/v1/namespaces/hoist", {"metadata": {"labels": {"written": str(int(number))}}})
            code = self.slipway.stop(number)
            self.assertEqual(0 if number != signal.SIGKILL else -9, code)
            self.slipway.start()
            self.assertEqual(str(int(number)), self.slipway.get("/api/v1/namespaces/hoist")["metadata"]["labels"]["written"])
            self.healed(revision)
            self.assertEqual(before, self.slipway.pods("hoist"))
            for pod in self.slipway.items("/api/v1/namespaces/hoist/pods"):
                self.assertEqual(0, pod["status"]["containerStatuses"][0]["restartCount"], pod["metadata"]["name"])


class Directory(unittest.TestCase):
    def test_a_file_that_cannot_be_read_prunes_nothing(self):
        def object(name):
            return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\n"

        with tempfile.TemporaryDirectory() as home:
            repo = Repository(f"{home}/site")
            repo.write("app/a.yaml", object("a"))
            repo.write("app/b.yaml", object("b"))
            repo.commit()
            with Slipway(repo.path, "--path", "app", data=f"{home}/data") as slipway:
                wait("both are there", lambda: slipway.get("/api/v1/namespaces/default/configmaps/b"))
                repo.write("app/b.yaml", "x: [")
                repo.write("app/c.yaml", object("c"))
                repo.commit("torn")
                wait("the rest is delivered", lambda: slipway.get("/api/v1/namespaces/default/configmaps/c"))
                wait("the file is told", lambda: "app/b.yaml" in slipway.conditions("site"))
                self.assertIsNotNone(slipway.get("/api/v1/namespaces/default/configmaps/b"))
                repo.git("rm", "-q", "app/b.yaml")
                repo.commit("gone")
                wait("now it is pruned", lambda: slipway.get("/api/v1/namespaces/default/configmaps/b") is None)


class Seeds(unittest.TestCase):
    """Repositories of real users, unchanged."""

    def setUp(self):
        if not (TESTDATA / "apps").is_dir():
            if os.environ.get("CI") == "true":
                self.fail(f"{TESTDATA} is missing; SLIPWAY_TESTDATA says where it is")
            self.skipTest(f"no {TESTDATA}; SLIPWAY_TESTDATA says where it is")
        self.home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        self.addCleanup(self.home.cleanup)

    def test_bizspark_infra(self):
        repo = Repository(f"{self.home.name}/infra", copy_of=TESTDATA / "apps/bizspark-infra")
        with Slipway(repo.path, "--path", "apps/bizpark/overlays/prod") as slipway:
            wait("synced", lambda: slipway.is_app("infra", "Synced"))
            resources = slipway.application("infra")["status"]["resources"]
            self.assertEqual(19, len(resources))
            waiting = {r["kind"] for r in resources if "no controller yet" in json.dumps(r)}
            self.assertEqual({"SealedSecret", "Certificate", "ClusterIssuer", "Ingress"}, waiting)

            def stuck():
                pods = slipway.items("/api/v1/namespaces/bizpark/pods")
                reasons = [c.get("state", {}).get("waiting", {}).get("reason") for p in pods for c in p["status"].get("containerStatuses", [])]
                return reasons.count("CreateContainerConfigError") == 6

            wait("pods without their Secret wait", stuck)
            wait("the application says why", lambda: "bizpark-runtime-env" in slipway.cli("app", "get", "infra").stdout)

    def test_spitikos(self):
        repo = Repository(f"{self.home.name}/spitikos", copy_of=TESTDATA / "apps/spitikos")
        url = "https://github.com/spitikos/spitikos.git"
        with Slipway("--mirror", f"{url}=file://{repo.path}", "--mirror", "https://github.com/spitikos/charts=file:///nowhere/charts") as slipway:
            root = self.home.name + "/root.json"
            manifest = subprocess.run([SLIPWAY, "render", str(repo.path / "argocd"), "--json"], capture_output=True, text=True, check=True)
            objects = json.loads(manifest.stdout)
            objects = objects["items"] if isinstance(objects, dict) and "items" in objects else objects
            app = next(o for o in objects if o["kind"] == "Application")
            status, answer = slipway.api.json("post", "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications", app)
            self.assertEqual(201, status, answer)
            wait("the root is healthy", lambda: slipway.is_app("root", "Synced"))
            for child in ("api", "homepage", "kube-dashboard", "nginx", "prometheus"):
                wait(f"{child} says why", lambda: "charts" in slipway.conditions(child) and slipway.is_app(child, "Unknown"))
            self.assertEqual("", slipway.conditions("root"))
            # A remote is asked every two minutes, and at once when its server says that somebody pushed. It has no account here.
            repo.edit("argocd/apps/api.yaml", "kind: Application", "kind: Application # pushed")
            revision = repo.commit("pushed")
            event = json.dumps({"ref": "refs/heads/main", "repository": {"clone_url": url, "html_url": url.removesuffix(".git")}}).encode()
            push = urllib.request.Request(f"https://127.0.0.1:{slipway.port}/api/webhook", event, {"X-GitHub-Event": "push"})
            stranger = ssl.create_default_context(cafile=slipway.data / "pki/ca.crt")
            self.assertEqual(200, urllib.request.urlopen(push, context=stranger, timeout=10).status)
            wait("the push is delivered", lambda: slipway.is_app("root", "Synced", revision=revision), 20)


class Refusals(unittest.TestCase):
    """What cannot work is refused at once, with the way out."""

    def refused(self, *arguments, **more):
        done = subprocess.run([SLIPWAY, *map(str, arguments)], capture_output=True, text=True, timeout=30, **more)
        self.assertNotEqual(0, done.returncode)
        self.assertEqual("", done.stdout)
        return done.stderr

    def test_second_start_and_taken_port(self):
        with Slipway() as slipway:
            again = self.refused("up", "--node=simulated", "--data", slipway.data, "--listen", "127.0.0.1:1")
            self.assertIn(str(slipway.process.pid), again)
            with tempfile.TemporaryDirectory() as other:
                taken = self.refused("up", "--node=simulated", "--data", other, "--listen", f"127.0.0.1:{slipway.port}")
                self.assertIn("--listen", taken)

    def test_down_ends_who_holds_the_directory_and_nobody_else(self):
        """What the last start wrote may name a process that has died, and whose number is another's by now."""
        with tempfile.TemporaryDirectory() as home, subprocess.Popen(["sleep", "1000"]) as stranger:
            slipway = Slipway(data=f"{home}/data").start()
            try:
                said = slipway.data / "running.json"
                wait("how to reach it is written", said.exists)
                said.write_text(re.sub(r'"pid": \d+', f'"pid": {stranger.pid}', said.read_text()))
                self.assertIn(str(stranger.pid), said.read_text())
                slipway.cli("down", "--data", str(slipway.data))
                self.assertEqual(0, slipway.process.wait(10))
                self.assertIsNone(stranger.poll())
                slipway.process = subprocess.Popen(slipway.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
                number = f":{slipway.data.stat().st_ino} "
                wait("it has the directory", lambda: number in Path("/proc/locks").read_text())
                slipway.cli("down", "--data", str(slipway.data))
                self.assertEqual(0, slipway.process.wait(10))
            finally:
                stranger.kill()
                slipway.close()

    def test_ipv6(self):
        for host in ("[::1]", "[::]"):
            with self.subTest(host=host), tempfile.TemporaryDirectory() as data:
                try:
                    with socket.create_server((host[1:-1], 0), family=socket.AF_INET6) as free:
                        port = free.getsockname()[1]
                except OSError:
                    self.skipTest("no IPv6 here")
                up = subprocess.Popen([SLIPWAY, "up", "--node=none", "--data", data, "--listen", f"{host}:{port}"], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                ask = [SLIPWAY, "get", "namespaces", "--kubeconfig", f"{data}/kubeconfig"]
                try:
                    wait("it answers", lambda: "kube-system" in subprocess.run(ask, capture_output=True, text=True, timeout=20).stdout, 10)
                finally:
                    up.terminate()
                    up.wait(20)

    def test_a_lock_that_was_removed_holds(self):
        with Slipway() as slipway:
            (slipway.data / "lock").unlink()
            again = self.refused("up", "--node=simulated", "--data", slipway.data, "--listen", "127.0.0.1:1")
            self.assertIn("already runs", again)

    def test_a_deletion_that_is_not_understood_does_not_happen(self):
        path = "/api/v1/namespaces/default/configmaps"
        with Slipway(node="none") as slipway:
            status, answer = slipway.api.json("post", path, {"metadata": {"name": "kept"}})
            self.assertEqual(201, status, answer)
            for options in ({"dryRun": "All"}, {"dryRun": ["all"]}, {"preconditions": {"uid": 5}}, {"preconditions": "x"},
                            {"propagationPolicy": "Foo"}, {"gracePeriodSeconds": "x"}, [1], {"kind": "Foo"}):
                status, answer = slipway.api.json("delete", path + "/kept", options)
                self.assertIn(status, (400, 422), (options, answer))
            self.assertIsNotNone(slipway.get(path + "/kept"))

    def test_no_root(self):
        if os.geteuid() != 0:
            self.assertIn("--node=simulated", self.refused("up", "--data", tempfile.mkdtemp()))
            return
        home = tempfile.mkdtemp(prefix="slipway-e2e-")
        os.chmod(home, 0o777)
        self.assertIn("--node=simulated", self.refused("up", "--data", home + "/data", user=65534, group=65534, extra_groups=[]))

    def test_repository(self):
        with tempfile.TemporaryDirectory() as home:
            up = ("up", "--node=simulated", "--data", f"{home}/data")
            self.assertIn(".git", self.refused(*up, home))
            self.assertIn(".git", self.refused(*up, f"{home}/nowhere"))
            Repository(f"{home}/repo").write("a/b/x.yaml", "")
            self.assertIn(f"slipway up {home}/repo --path a/b", self.refused(*up, f"{home}/repo/a/b"))
            self.assertFalse(os.path.exists(f"{home}/data"))

    def test_words(self):
        self.assertIn("status", self.refused("statsu"))  # the nearest command
        self.assertIn("app sync", self.refused("app", "sny"))
        if os.geteuid() == 0:  # a directory that is somebody else's
            home = tempfile.mkdtemp(prefix="slipway-e2e-")
            os.chmod(home, 0o755)
            words = self.refused("up", "--node=simulated", "--data", home, user=65534, group=65534, extra_groups=[])
            self.assertIn("--data ~/.local/share/slipway", words)
        self.assertIn("--path", self.refused("up", "--pth", "x"))
        self.assertIn("--data", self.refused("up", "--data", ""))
        self.assertIn("empty", self.refused("render", ""))
        self.assertIn("/nowhere", self.refused("app", "list", "--kubeconfig", "/nowhere"))

    def test_signals_that_were_inherited_as_ignored(self):
        with tempfile.TemporaryDirectory() as home:
            slipway = Slipway(data=home)
            slipway.start(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
            self.assertEqual(0, slipway.stop(signal.SIGTERM))

    def test_check_finds_it_before_it_is_deployed(self):
        def check(folder, *more):
            return subprocess.run([SLIPWAY, "check", folder, *more], capture_output=True, text=True, timeout=60)

        good = check(ROOT / "examples/saas")
        self.assertEqual((0, ""), (good.returncode, good.stdout), good.stderr)
        with tempfile.TemporaryDirectory() as home:
            shutil.copytree(ROOT / "examples/saas", f"{home}/saas")
            for file in Path(f"{home}/saas").rglob("*.yaml"):
                file.write_text(file.read_text().replace("replicas:", "replica:"))
            bad = check(f"{home}/saas", "--json")
            self.assertEqual(1, bad.returncode)
            found = json.loads(bad.stdout)["findings"]
            self.assertIn("unknown-field", {f["rule"] for f in found})
            self.assertTrue(all(f["file"] and f["line"] for f in found if f["rule"] == "unknown-field"), found)

    def test_a_signal_while_it_starts(self):
        with tempfile.TemporaryDirectory() as home:
            for _ in range(5):
                slipway = Slipway(data=home)
                with open(slipway.log, "w") as log:
                    slipway.process = subprocess.Popen(slipway.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                wait("its first word", lambda: slipway.log.read_text())
                self.assertEqual(0, slipway.stop(signal.SIGTERM), slipway.log.read_text())

    def test_purge_of_a_folder_that_is_not_ours(self):
        with tempfile.TemporaryDirectory() as home:
            os.mkdir(f"{home}/images")
            done = subprocess.run([SLIPWAY, "down", "--purge", "--data", home], capture_output=True, text=True)
            self.assertIn("no Slipway has run", done.stdout)
            self.assertEqual(["images"], os.listdir(home))

    def test_down_and_purge(self):
        with tempfile.TemporaryDirectory() as home:
            slipway = Slipway(data=f"{home}/data").start()
            (slipway.data / "mine.txt").write_text("not yours")
            slipway.cli("down", "--data", str(slipway.data))
            self.assertEqual(0, slipway.process.wait(10))
            self.assertTrue((slipway.data / "slipway.db").exists())
            slipway.log.unlink()
            slipway.cli("down", "--purge", "--data", str(slipway.data))
            self.assertEqual(["mine.txt"], os.listdir(slipway.data))


class ExecOutcome(unittest.TestCase):
    """What the end of a session says of the command."""

    def run_against(self, *frames):
        with tempfile.TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0)) as server:
            Path(home, "kubeconfig").write_text(json.dumps({
                "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.getsockname()[1]}"}}], "users": [{"name": "u", "user": {}}]}))
            command = subprocess.Popen([SLIPWAY, "exec", "web", "--kubeconfig", f"{home}/kubeconfig", "--", "true"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            server.settimeout(20)
            asking = server.accept()[0]
            with asking:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += asking.recv(4096)
                asking.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n" + b"".join(frames))
            out, err = command.communicate(timeout=20)
            return command.returncode, out, err

    def test_the_exit_code(self):
        def frame(channel, text):
            payload = bytes([channel]) + text.encode()
            return bytes([0x82, 126, len(payload) >> 8, len(payload) & 255]) + payload

        said, closed, success = frame(1, "hi\n"), b"\x88\x00", frame(3, json.dumps({"status": "Success"}))
        failure = frame(3, json.dumps({"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}}))
        self.assertEqual((0, "hi\n", ""), self.run_against(said, success, closed))
        self.assertEqual((3, "hi\n", ""), self.run_against(said, failure))
        for end in ((), (closed,)):
            code, out, err = self.run_against(said, *end)
            self.assertEqual((1, "hi\n"), (code, out))
            self.assertIn("the connection ended before the command's outcome was told", err)


class OtherClusters(unittest.TestCase):
    def test_the_same_engine_on_another_cluster(self):
        with tempfile.TemporaryDirectory() as home, Slipway(data=f"{home}/far") as far:
            repo = Repository(f"{home}/site", copy_of=ROOT / "examples/saas")
            near = Slipway(repo.path, "--path", OVERLAY, "--cluster", str(far.kubeconfig), data=f"{home}/near")
            command = [SLIPWAY, "up", *near.arguments, "--data", str(near.data)]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                wait("delivered over there", lambda: far.is_app("site", "Synced", "Healthy"), 40)
                self.assertEqual(4, len(far.pods("hoist")))
                self.assertIn("site", far.cli("app", "list").stdout)
            finally:
                process.terminate()
                self.assertEqual(0, process.wait(20), process.stderr.read())


class Memory(unittest.TestCase):
    def test_a_large_list_is_given_back(self):
        """YAML is made in one piece, which malloc would keep."""
        with Slipway(node="none") as server:
            held = lambda: int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text()).group(1)) >> 10
            for i in range(25):
                body = {"metadata": {"name": f"c{i}"}, "data": {"v": "x" * 900_000}}
                self.assertEqual(201, server.api.ask("post", "/api/v1/namespaces/default/configmaps", {"Content-Type": "application/json"}, json.dumps(body))[0])
            before = held()
            for _ in range(2):
                text = server.api.ask("get", "/api/v1/namespaces/default/configmaps", {"Accept": "application/yaml"}, timeout=60)[2]
                self.assertGreater(len(text), 22_000_000)
            wait("memory to be given back", lambda: held() < before + 24, 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
