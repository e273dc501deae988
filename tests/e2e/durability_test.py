#!/usr/bin/env python3
"""What keeps a cluster: backup and restore, Secrets on the disk, disks that are full, read-only or damaged.

  tests/e2e/durability_test.py [Class.test...]"""
import base64, fcntl, json, os, random, shutil, signal, ssl, struct, subprocess, tempfile, unittest, urllib.request
from pathlib import Path
from harness import SLIPWAY, Repository, Slipway, wait

SECRET = "whisper-it-to-nobody"
PATH = "/api/v1/namespaces/default"


def slipway(*arguments, code=0):
    done = subprocess.run([SLIPWAY, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def make(server, kind, name, **fields):
    status, answer = server.api.json("post", f"{PATH}/{kind}", {"metadata": {"name": name}, **fields})
    assert status == 201, answer
    return answer


def found_in_clear(*places):
    """The files that have the Secret's value, as it is or as the API shows it."""
    encoded = base64.b64encode(SECRET.encode()).decode()
    done = subprocess.run(["grep", "-rlaF", "-e", SECRET, "-e", encoded, *map(str, places)], capture_output=True, text=True)
    return done.stdout.split()


def everything(server):
    """uid, resourceVersion and content of every object; of what has a status, the uid: its life goes on after the restore."""
    seen = {}
    for resource in ("configmaps", "secrets", "services", "serviceaccounts"):
        for o in server.items(f"/api/v1/{resource}"):
            seen[resource, o["metadata"]["namespace"], o["metadata"]["name"]] = json.dumps(o, sort_keys=True)
    for path in ("/api/v1/namespaces", "/api/v1/pods", "/apis/argoproj.io/v1alpha1/applications"):
        for o in server.items(path):
            seen[path, o["metadata"]["name"]] = o["metadata"]["uid"]
    return seen


class BackupAndRestore(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        self.addCleanup(self.home.cleanup)

    def path(self, name):
        return Path(self.home.name) / name

    def test_a_restored_server_is_the_same(self):
        repo = Repository(self.path("site"))
        repo.write("app/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-git, namespace: default}\n")
        repo.commit()
        with Slipway(repo.path, "--path", "app", data=self.path("data")) as first:
            wait("synced", lambda: first.is_app("site", "Synced"))
            make(first, "secrets", "s", stringData={"k": SECRET})
            make(first, "configmaps", "c", data={"a": "1"})
            pod = {"containers": [{"name": "c", "image": "registry.invalid/c:1"}]}
            make(first, "pods", "p", spec=pod)
            wait("the pod runs", lambda: first.get(f"{PATH}/pods/p")["status"]["phase"] == "Running")
            token = first.api.json("post", f"{PATH}/serviceaccounts/default/token", {"spec": {}})[1]["status"]["token"]
            said = slipway("backup", self.path("backup"), "--data", first.data)
            self.assertIn("objects", said)
            self.assertEqual(0o600, self.path("backup").stat().st_mode & 0o777)
            self.assertEqual([], found_in_clear(self.path("backup")))
            before = everything(first)
            highest = int(make(first, "configmaps", "later")["metadata"]["resourceVersion"])
            self.assertIn("already runs", slipway("restore", self.path("backup"), "--data", first.data, "--force", code=1))
            ca = (first.data / "pki/ca.crt").read_text()
        shutil.rmtree(self.path("data"))

        slipway("restore", self.path("backup"), "--data", self.path("new"))
        with Slipway(data=self.path("new")) as second:
            self.assertEqual(before, everything(second))
            self.assertEqual(ca, (second.data / "pki/ca.crt").read_text())
            self.assertGreater(int(make(second, "configmaps", "after")["metadata"]["resourceVersion"]), highest)
            # Who had an account before has it still.
            context = ssl.create_default_context(cafile=second.data / "pki/ca.crt")
            request = urllib.request.Request(f"https://127.0.0.1:{second.port}/api", headers={"Authorization": f"Bearer {token}"})
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, context=context, timeout=10)
            self.assertEqual(403, refused.exception.code)  # known, and not allowed; 401 would be unknown
        # The same over a cluster that is there: put aside, not lost. Without Slipway running, backup works too.
        slipway("backup", self.path("second"), "--data", self.path("new"))
        self.assertIn("--force", slipway("restore", self.path("backup"), "--data", self.path("new"), code=1))
        piped = f"cat {self.path('backup')} | {SLIPWAY} restore /dev/stdin --data {self.path('piped')} && {SLIPWAY} restore <(cat {self.path('backup')}) --data {self.path('named')}"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", piped], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertNotIn("restore.received", os.listdir(self.path("piped")))
        done = subprocess.run(["bash", "-c", f"head -c 5000 {self.path('backup')} | {SLIPWAY} restore /dev/stdin --data {self.path('cut')}"], capture_output=True, text=True)
        self.assertIn("/dev/stdin: line", done.stderr)
        self.assertFalse(self.path("cut").exists())
        self.assertIn("before-restore-", slipway("restore", self.path("backup"), "--data", self.path("new"), "--force"))
        with Slipway(data=self.path("new")) as third:
            self.assertIsNone(third.get(f"{PATH}/configmaps/after"))
            self.assertIsNotNone(third.get(f"{PATH}/configmaps/c"))

    def test_while_others_write(self):
        with Slipway(data=self.path("data"), node="none") as server:
            for i in range(100):
                make(server, "configmaps", f"c{i}", data={"a": "x" * 5000})
            backup = subprocess.Popen([SLIPWAY, "backup", self.path("b"), "--data", server.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            count = 0
            while backup.poll() is None:
                make(server, "configmaps", f"d{count}")
                count += 1
            self.assertEqual(0, backup.returncode)
            self.assertEqual(["b"], [p.name for p in self.path("").iterdir() if p.name.startswith("b")])
        slipway("restore", self.path("b"), "--data", self.path("new"))
        with Slipway(data=self.path("new"), node="none") as again:
            names = {o["metadata"]["name"] for o in again.items(f"{PATH}/configmaps")}
            self.assertLessEqual({f"c{i}" for i in range(100)}, names)
            ds = {n for n in names if n.startswith("d")}
            self.assertEqual({f"d{i}" for i in range(len(ds))}, ds)  # all up to one moment, none after

    def test_a_backup_that_is_killed_leaves_nothing(self):
        os.mkdir(self.path("backups"))
        with Slipway(data=self.path("data"), node="none") as server:
            for i in range(40):
                make(server, "configmaps", f"c{i}", data={"a": "x" * 900_000})
            for before in ([], ["b"]):  # also where one is replaced
                backup = subprocess.Popen([SLIPWAY, "backup", self.path("backups/b"), "--data", server.data], stdout=subprocess.DEVNULL)
                fds = Path(f"/proc/{backup.pid}/fd")

                def writes():
                    assert backup.poll() is None, "it was done before it could be killed"
                    return any(os.readlink(fd).startswith(f"{self.path('backups')}/") for fd in fds.iterdir())

                wait("the backup is being written", writes, pause=0)
                backup.kill()
                backup.wait()
                self.assertEqual(before, os.listdir(self.path("backups")))
                slipway("backup", self.path("backups/b"), "--data", server.data)
                self.assertEqual(["b"], os.listdir(self.path("backups")))

    def test_a_lock_that_was_removed_holds(self):
        """A second process in the open database would cut the log off under the first."""
        with Slipway(data=self.path("data"), node="none") as server:
            make(server, "secrets", "s", stringData={"k": SECRET})
            lock = server.data / "lock"
            lock.unlink()
            slipway("backup", self.path("b"), "--data", server.data)
            self.assertFalse(lock.exists(), "the backup took the directory instead of asking")
            slipway("encryption", "rotate", "--data", server.data)
            self.assertFalse(lock.exists(), "the rotation took the directory instead of asking")
            make(server, "configmaps", "c", data={"a": "b"})
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(SECRET, base64.b64decode(server.get(f"{PATH}/secrets/s")["data"]["k"]).decode())
            self.assertEqual({"a": "b"}, server.get(f"{PATH}/configmaps/c")["data"])

    def test_what_is_refused(self):
        with Slipway(data=self.path("data"), node="none") as server:
            slipway("backup", self.path("good"), "--data", server.data)
            self.assertIn("not a file", slipway("backup", self.home.name, "--data", server.data, code=1))
            self.assertIn("nowhere", slipway("backup", self.path("nowhere/b"), "--data", server.data, code=1))
            os.symlink("data", self.path("link"))
            for name in ("data/b", "data/pki/ca.key", "data/../data/encryption.keys", "link/slipway.db"):
                self.assertIn("inside the data directory", slipway("backup", self.path(name), "--data", server.data, code=1))
            self.assertFalse(self.path("data/b").exists())
            self.assertIn("PRIVATE KEY", self.path("data/pki/ca.key").read_text())
            context = ssl.create_default_context(cafile=server.data / "pki/ca.crt")
            for method, path in (("GET", "backup"), ("POST", "encryption/rotate")):
                request = urllib.request.Request(f"https://127.0.0.1:{server.port}/slipway/{path}", method=method)
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(request, context=context, timeout=10)
                self.assertEqual(403, refused.exception.code)
            self.assertEqual(404, server.api.ask("get", "/slipway/nothing")[0])
        self.assertIn("no Slipway has run", slipway("backup", self.path("b"), "--data", self.path("nothing"), code=1))
        good = self.path("good").read_bytes()
        for name, content, words in (("cut", good[:-100], "damaged"), ("bent", good.replace(b"default", b"defautl", 1), "damaged"),
                                     ("newer", good.replace(b'"format":1', b'"format":7', 1), "newer"), ("other", b"hello\n", "no backup")):
            self.path(name).write_bytes(content)
            self.assertIn(words, slipway("restore", self.path(name), "--data", self.path("new"), code=1))
            self.assertFalse(self.path("new").exists(), name)
        # An interrupted one is not started from.
        slipway("restore", self.path("good"), "--data", self.path("new"))
        self.path("new/restore.unfinished").write_text("")
        self.assertIn("slipway restore FILE --force", slipway("up", "--node=none", "--data", self.path("new"), "--listen", "127.0.0.1:0", code=1))

    def test_what_an_interrupted_one_received_goes(self):
        with Slipway(data=self.path("data"), node="none") as server:
            received = server.data / "restore.received"
            server.stop()
            received.write_text("a backup, and keys in it")
            server.start()
            self.assertFalse(received.exists())
            server.stop()
            received.write_text("a backup, and keys in it")
            server.log.unlink()
            (server.data / "encryption.keys.a1b2c3d4.tmp").write_text("half a write that was killed")
            slipway("down", "--purge", "--data", server.data)
            self.assertFalse(server.data.exists(), "something was left alone")

    def test_without_keys(self):
        with Slipway(data=self.path("data"), node="none") as server:
            make(server, "secrets", "s", stringData={"k": SECRET})
            slipway("backup", self.path("b"), "--without-keys", "--data", server.data)
            self.assertNotIn("PRIVATE KEY", "".join(base64.b64decode(json.loads(line).get("content", "")).decode(errors="replace")
                                                   for line in self.path("b").read_text().splitlines()))
        self.assertIn("encryption.keys", slipway("restore", self.path("b"), "--data", self.path("new"), code=1))
        self.path("new").mkdir(exist_ok=True)
        shutil.copy(self.path("data/encryption.keys"), self.path("new/encryption.keys"))
        slipway("restore", self.path("b"), "--data", self.path("new"))
        with Slipway(data=self.path("new"), node="none") as again:
            self.assertEqual(SECRET, base64.b64decode(again.get(f"{PATH}/secrets/s")["data"]["k"]).decode())


class NoFiles(unittest.TestCase):
    """Pipes, devices and directories where a file belongs: told at once. What a shell passes on is read all the same."""

    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)
        self.pipe = self.home / "pipe"
        os.mkfifo(self.pipe)
        chart = self.home / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 0.1.0\n")
        (chart / "templates/c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: {{ .Values.a | quote }}}\n")
        self.render = ["helm", "template", "r", chart]

    def test_refused(self):
        up = ["up", "--node=none", "--listen", "127.0.0.1:0", "--data", self.home / "data"]
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                  "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": str(self.pipe)}}],
                  "users": [{"name": "u", "user": {}}]}
        (self.home / "kubeconfig").write_text(json.dumps(config))
        for words in (["restore", self.pipe, "--data", self.home / "new"], [*up, "--cluster", self.pipe], [*up, "--cluster", self.home / "kubeconfig"],
                      [*self.render, "--values", self.pipe], [*self.render, "--set-file", f"a={self.pipe}"]):
            said = slipway(*words, code=1)
            self.assertIn(f"{self.pipe}: a pipe, where a file is expected", said)
        (self.home / "data").mkdir(exist_ok=True)
        os.mkfifo(self.home / "data/encryption.keys")
        self.assertIn("encryption.keys: a pipe, where a file is expected", slipway(*up, code=1))
        self.assertIn("/dev/zero: a device, where a file is expected", slipway("restore", "/dev/zero", "--data", self.home / "new", code=1))
        self.assertIn("s a directory", slipway("restore", self.home, "--data", self.home / "new", code=1))

    def test_a_kubeconfig_of_others_is_left_alone(self):
        others = "apiVersion: v1\nkind: Config\nclusters: [{name: prod, cluster: {server: 'https://prod'}}]\n"
        (self.home / "config").write_text(others)
        os.symlink("config", self.home / "link")
        up = ["up", "--node=none", "--listen", "127.0.0.1:0", "--data", self.home / "data", "--kubeconfig"]
        for path, says in (("config", "holds something else than this cluster"), ("link", "not a file"), ("pipe", "not a file")):
            self.assertIn(f"--kubeconfig {self.home / path}: ", said := slipway(*up, self.home / path, code=1))
            self.assertIn(says, said)
        self.assertEqual(others, (self.home / "config").read_text())
        self.assertTrue((self.home / "link").is_symlink() and self.pipe.is_fifo())

    def test_passed_on(self):
        for words in ("--values <(printf 'a: given')", "--values /dev/stdin <<<'a: given'", "--values - <<<'a: given'", "--set-file a=<(printf given)",
                      "--set-file a=<(sleep 0.2; printf given)", "--set a=given --values /dev/null"):
            done = subprocess.run(["bash", "-c", f'"$0" "$@" {words}', SLIPWAY, *map(str, self.render)], capture_output=True, text=True, timeout=60)
            self.assertIn('a: "given"', done.stdout, (words, done.stderr))


class SecretsOnTheDisk(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        self.addCleanup(home.cleanup)
        self.data = Path(home.name) / "data"

    def value(self, server, name="s"):
        return base64.b64decode(server.get(f"{PATH}/secrets/{name}")["data"]["k"]).decode()

    def test_never_in_clear(self):
        with Slipway(data=self.data) as server:
            make(server, "secrets", "s", stringData={"k": SECRET})
            env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
            make(server, "pods", "p", spec={"containers": [{"name": "c", "image": "registry.invalid/c:1", "env": env}]})
            wait("the pod runs", lambda: server.get(f"{PATH}/pods/p")["status"]["phase"] == "Running")
            self.assertEqual([], found_in_clear(self.data))
            make(server, "configmaps", "c", data={"k": SECRET})  # the search itself finds what is there
            self.assertIn(str(self.data / "slipway.db-wal"), found_in_clear(self.data))
            server.delete(f"{PATH}/configmaps/c")
            self.assertEqual(0o600, (self.data / "encryption.keys").stat().st_mode & 0o777)
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(SECRET, self.value(server))

    def test_rotation(self):
        with Slipway(data=self.data, node="none") as server:
            make(server, "secrets", "s", stringData={"k": SECRET})
            keys = (self.data / "encryption.keys").read_text()
            version = server.get(f"{PATH}/secrets/s")["metadata"]["resourceVersion"]
            self.assertIn("Secrets sealed anew: 1", slipway("encryption", "rotate", "--data", self.data))
            self.assertNotEqual(keys, (self.data / "encryption.keys").read_text())
            self.assertEqual(version, server.get(f"{PATH}/secrets/s")["metadata"]["resourceVersion"])
            make(server, "secrets", "t", stringData={"k": SECRET})
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(SECRET, self.value(server) and self.value(server, "t"))
        self.assertIn("Secrets sealed anew: 2", slipway("encryption", "rotate", "--data", self.data))  # not running: the same
        self.assertEqual([], found_in_clear(self.data))
        with Slipway(data=self.data, node="none") as server:
            self.assertEqual(SECRET, self.value(server))
        # With the keys of before, or none, it does not open, and says the way out.
        now = (self.data / "encryption.keys").read_text()
        for wrong in (keys, None):
            (self.data / "encryption.keys").unlink()
            if wrong:
                (self.data / "encryption.keys").write_text(wrong)
            said = slipway("up", "--node=none", "--data", self.data, "--listen", "127.0.0.1:0", code=1)
            self.assertIn("encryption.keys", said)
            self.assertIn("slipway restore", said)
        self.assertFalse((self.data / "encryption.keys").exists())
        (self.data / "encryption.keys").write_text(now)
        with Slipway(data=self.data, node="none") as server:
            self.assertEqual(SECRET, self.value(server))


class Disks(unittest.TestCase):
    """Real file systems that are full, read-only or gone bad. Mounting needs root."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="slipway-e2e-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.data = Path(self.home) / "data"
        self.data.mkdir()

    def mount(self, *arguments):
        done = subprocess.run(["mount", *arguments, str(self.data)], capture_output=True, text=True)
        if done.returncode:
            self.skipTest(f"no mounting here ({done.stderr.strip()}); what is simulated stands in src/store/failure_test.cc")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.data)])

    def refused(self, answer, *words):
        status, said = answer
        self.assertEqual((500, "Status", "Failure"), (status, said["kind"], said["status"]), said)
        for word in ("nothing was written", "slipway.db", *words):
            self.assertIn(word, said["message"])

    def create(self, server, name, size=100):
        return server.api.json("post", f"{PATH}/configmaps", {"metadata": {"name": name}, "data": {"a": "x" * size}})

    def names(self, server):
        return {o["metadata"]["name"] for o in server.items(f"{PATH}/configmaps")}

    def test_full(self):
        self.mount("-t", "tmpfs", "-o", "size=14m", "none")
        ballast = self.data / "ballast"
        ballast.write_bytes(bytes(4 << 20))
        with Slipway(data=self.data, node="none") as server:
            written = {"kube-root-ca.crt"}
            for i in range(200):
                answer = self.create(server, f"c{i}", 200_000)
                if answer[0] != 201:
                    break
                written.add(f"c{i}")
            self.assertGreater(len(written), 5)
            (self.data / "filler").write_bytes(b"")
            with open(self.data / "filler", "wb", buffering=0) as filler:  # the last pages too
                try:
                    while filler.write(bytes(4096)):
                        pass
                except OSError:
                    pass
            self.refused(answer, "No space left on device")
            for verb, path, body in (("post", "configmaps", {"metadata": {"name": "more"}, "data": {"a": "x" * 300_000}}),
                                     ("patch", "configmaps/c0", {"data": {"a": "y" * 300_000}})):
                kind = {"Content-Type": "application/merge-patch+json"} if verb == "patch" else {}
                self.refused(server.api.json(verb, f"{PATH}/{path}", body, kind), "No space left on device")
            self.assertEqual(written, self.names(server))
            self.assertEqual("x" * 200_000, server.get(f"{PATH}/configmaps/c0")["data"]["a"])
            self.assertEqual(200, server.api.ask("get", "/readyz")[0])
            said = server.cli("status").stdout
            for words in ("the last write failed", "No space left on device", f"Make room on the file system of {self.data}"):
                self.assertIn(words, said)
            self.assertIn("No space left", json.loads(server.cli("status", "--json").stdout)["writeFailure"]["message"])
            # A start needs no room.
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(written, self.names(server))
            self.refused(self.create(server, "more", 300_000), "No space left on device")
            # Room again: no restart is needed.
            ballast.unlink()
            (self.data / "filler").unlink()
            self.assertEqual(201, self.create(server, "more", 300_000)[0])
            self.assertNotIn("write", server.cli("status").stdout)
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(written | {"more"}, self.names(server))

    def test_read_only(self):
        image = Path(self.home) / "image"
        with open(image, "wb") as file:
            file.truncate(24 << 20)
        if shutil.which("mkfs.ext4") is None:
            self.skipTest("no mkfs.ext4")
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
        self.mount("-o", "loop", str(image))
        with Slipway(data=self.data, node="none") as server:
            self.assertEqual(201, self.create(server, "before")[0])
            # As a kernel does with a disk that fails: the file system goes down under who writes to it.
            with open(self.data / "ballast", "w") as file:
                try:
                    fcntl.ioctl(file, 0x8004587D, struct.pack("I", 0))
                except OSError as problem:
                    self.skipTest(f"this kernel does not shut file systems down ({problem})")
            self.refused(self.create(server, "during"))
            self.assertIn("before", self.names(server))
            self.refused(self.create(server, "during"))
            server.stop(signal.SIGKILL)
        subprocess.run(["umount", str(self.data)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(self.data)], check=True)
        server.start()
        self.assertEqual({"kube-root-ca.crt", "before"}, self.names(server))
        self.assertEqual(201, self.create(server, "after")[0])
        server.stop()
        subprocess.run(["mount", "-o", "remount,ro", str(self.data)], check=True)
        said = slipway("up", "--node=none", "--data", self.data, "--listen", "127.0.0.1:0", code=1)
        self.assertIn("is mounted read-only", said)
        self.assertIn("Read-only file system", said)
        self.assertNotIn("yours", said)

    def test_a_damaged_page(self):
        with Slipway(data=self.data, node="none") as server:
            for i in range(60):
                self.create(server, f"c{i}", 3000)
            slipway("backup", f"{self.home}/backup", "--data", self.data)
            self.assertEqual(0, server.stop())
            whole = {p: (self.data / p).read_bytes() for p in ("slipway.db",)}["slipway.db"]
            chance, refusals = random.Random(4), 0
            for _ in range(12):
                bent = bytearray(whole)
                page = chance.randrange(len(whole) // 4096) * 4096
                for at in range(page + 500, page + 900):
                    bent[at] ^= 0x55
                (self.data / "slipway.db").write_bytes(bent)
                log = open(f"{self.home}/log", "w+")
                done = subprocess.Popen(server.command(), stdout=log, stderr=log)
                wait("it ends or serves", lambda: done.poll() is not None or server.api.ask("get", "/readyz")[0] == 200)
                if done.poll() is None:  # nothing stood on that page
                    self.assertEqual(61, len(self.names(server)))
                    done.send_signal(signal.SIGTERM)
                    done.wait(30)
                    continue
                said = Path(f"{self.home}/log").read_text()
                self.assertEqual(1, done.returncode, said)
                self.assertIn("damaged", said)
                self.assertIn(f"slipway restore FILE --force --data {self.data}", said)
                self.assertEqual(bytes(bent), (self.data / "slipway.db").read_bytes())
                refusals += 1
            self.assertGreater(refusals, 6)
            slipway("restore", f"{self.home}/backup", "--force", "--data", self.data)
            server.start()
            self.assertEqual(61, len(self.names(server)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
