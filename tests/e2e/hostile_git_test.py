#!/usr/bin/env python3
"""Repositories that mean harm: each is refused by a limit that its Application names, soon and in bounded memory, and the next
Application does not notice. With SLIPWAY_SOAK=1 at full size and held to seconds and megabytes (the release build's figures).

  tests/e2e/hostile_git_test.py [Class.test...]"""
import os, pty, subprocess, sys, tempfile, time, unittest
from pathlib import Path
from harness import SLIPWAY, Repository, Slipway, wait

SOAK = os.environ.get("SLIPWAY_SOAK") == "1"
HUGE = 1 << 30 if SOAK else 24 << 20
SECONDS_MAX, GROWTH_MAX_MB = 1, 150


def config_map(name, text="1"):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {{k: '{text}'}}\n"


class HostileRepositories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        cls.good = Repository(f"{cls.home.name}/good")
        cls.good.write("app/a.yaml", config_map("good"))
        cls.good.commit()
        cls.slipway = Slipway(cls.good.path, "--path", "app", data=f"{cls.home.name}/data").start()
        wait("the good one is there", lambda: cls.slipway.is_app("good", "Synced"))

    @classmethod
    def tearDownClass(cls):
        cls.slipway.close()
        cls.home.cleanup()

    def memory_mb(self, what):
        lines = Path(f"/proc/{self.slipway.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024

    def apply(self, name, repo, sources=None, **source):
        source = {"repoURL": str(repo.path), "path": "app", "targetRevision": "main"} | source
        status, answer = self.slipway.api.json("post", "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications", {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name}, "spec": {
                "project": "default", **({"sources": sources} if sources else {"source": source}),
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"}, "syncPolicy": {"automated": {}}}})
        self.assertEqual(201, status, answer)
        self.addCleanup(self.slipway.delete, f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}")

    def refused(self, name, *words, fill, beside=None, **source):
        """What the Application says of a repository that `fill` made; meanwhile another commit of the good one is delivered, and so
        is, to an Application of its own, the folder `beside` of the same commit, which holds a ConfigMap of its name."""
        self.repo = repo = Repository(f"{self.home.name}/{name}")
        fill(repo)
        text = str(time.time())
        Path(f"/proc/{self.slipway.process.pid}/clear_refs").write_text("5")  # the peak is measured anew
        before, begun = self.memory_mb("VmRSS"), time.monotonic()
        self.apply(name, repo, **source)
        said = wait(f"{name} is refused", lambda: self.slipway.conditions(name), 60, pause=0.01)
        seconds = time.monotonic() - begun
        self.good.write("app/a.yaml", config_map("good", text))
        head = self.good.commit()
        wait("the good one goes on", lambda: self.slipway.is_app("good", "Synced", None, head), 30, pause=0.01)
        if beside:
            self.apply(beside, repo, path=beside)
            wait(f"{beside} is delivered", lambda: self.slipway.is_app(beside, "Synced") and not self.slipway.conditions(beside), 30, pause=0.01)
            self.assertIsNotNone(self.slipway.get(f"/api/v1/namespaces/default/configmaps/{beside}"))
        growth = self.memory_mb("VmHWM") - before
        print(f"\n  {name}: refused after {seconds:.2f} s, {growth:.0f} MB more at the most: {said[:150]}", file=sys.stderr)
        for word in words:
            self.assertIn(word, said)
        if "was left out, and nothing is pruned" not in said:  # one file of a folder
            self.assertEqual("Unknown", self.slipway.application(name)["status"]["sync"]["status"])
        self.assertEqual(text, self.slipway.get("/api/v1/namespaces/default/configmaps/good")["data"]["k"])
        self.assertEqual("", self.slipway.conditions("good"))
        self.assertLess(growth, GROWTH_MAX_MB * (1 if SOAK else 3))  # sanitizers and debug builds take more
        if SOAK:
            self.assertLess(seconds, SECONDS_MAX)
        return said

    def entry(self, repo, lines, path="app", **others):
        """Commits a tree of exactly these entries, whether or not git likes it, as `path`, and other trees beside it."""
        tree = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in lines)
        sha = subprocess.run(["git", "-C", repo.path, "hash-object", "-w", "--literally", "-t", "tree", "--stdin"], input=tree, check=True, capture_output=True).stdout.decode().strip()
        top = subprocess.run(["git", "-C", repo.path, "hash-object", "-w", "--literally", "-t", "tree", "--stdin"],
                             input=b"".join(f"40000 {name}\0".encode() + bytes.fromhex(tree) for name, tree in [(path, sha), *others.items()]), check=True, capture_output=True).stdout.decode().strip()
        repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", "-m", "hostile", top))

    def blob(self, repo, text):
        return subprocess.run(["git", "-C", repo.path, "hash-object", "-w", "--stdin"], input=text.encode(), check=True, capture_output=True).stdout.decode().strip()

    def test_a_huge_file(self):
        def fill(repo):
            repo.git("config", "core.compression", "1")
            repo.write("app/a.yaml", config_map("a"))
            with open(repo.path / "app/huge.yaml", "wb") as file:
                file.write(b"a: b\n#")
                file.truncate(HUGE)
            repo.write("nothuge/a.yaml", config_map("nothuge"))
            repo.commit()
        self.refused("huge", "app/huge.yaml", "limit", fill=fill, beside="nothuge")

    def test_a_billion_laughs(self):
        lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

        def fill(repo):
            repo.write("app/laughs.yaml", "\n".join(lines) + "\n")
            repo.commit()
        self.refused("laughs", "app/laughs.yaml", "alias", fill=fill)

    def test_deep_nesting(self):
        def fill(repo):
            repo.write("app/deep.yaml", "a: " + "[" * 100_000 + "]" * 100_000 + "\n")
            repo.commit()
        self.refused("deep", "app/deep.yaml", "deep", fill=fill)

    def test_deep_nesting_of_json(self):
        def fill(repo):
            repo.write("app/deep.json", '{"a":' * 100_000 + "1" + "}" * 100_000)
            repo.commit()
        self.refused("deepjson", "app/deep.json", "deep", fill=fill)

    def test_very_many_files(self):
        def fill(repo):
            repo.write("few/a.yaml", config_map("few"))
            repo.write("parts/overlay/kustomization.yaml", "resources: [../base]\n")
            repo.write("parts/base/kustomization.yaml", "resources: [deep/b.yaml]\n")
            repo.write("parts/base/deep/b.yaml", config_map("based"))
            repo.write("parts/reaches/kustomization.yaml", "resources: [../../app]\n")
            repo.write("recursed/deep/c.yaml", config_map("recursed"))
            repo.write("parts/chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n")
            repo.write("parts/chart/templates/a.yaml", config_map("{{ .Release.Name }}", "{{ .Values.a }}"))
            repo.write("parts/values/prod.yaml", "a: from values\n")
            repo.commit()
            sha = self.blob(repo, config_map("a"))
            self.entry(repo, [("100644", f"f{n:06}.yaml", sha) for n in range(200_000)],
                       **{name: repo.git("rev-parse", f"HEAD:{name}") for name in ("few", "parts", "recursed")})
        words = 'the folder "app" holds more than 100000 files: unfolded, its trees hold 200000'
        self.refused("many", words, fill=fill, beside="few")
        self.apply("overlay", self.repo, path="parts/overlay")
        self.apply("recursed", self.repo, path="recursed", directory={"recurse": True})
        self.apply("reaches", self.repo, path="parts/reaches")
        self.apply("charted", self.repo, path="parts/chart", helm={"valueFiles": ["../values/*.yaml"]})
        here = {"repoURL": str(self.repo.path), "targetRevision": "main"}
        self.apply("several", self.repo, sources=[here | {"ref": "values"}, here | {"path": "parts/chart", "helm": {
            "valueFiles": ["$values/parts/values/prod.yaml"]}}])
        for app, made in (("overlay", "based"), ("recursed", "recursed"), ("charted", "charted"), ("several", "several")):
            wait(f"{app} is delivered", lambda: self.slipway.is_app(app, "Synced"), 30, pause=0.01)
            self.assertIsNotNone(self.slipway.get(f"/api/v1/namespaces/default/configmaps/{made}"))
        self.assertIn(words, wait("who needs the large folder is refused", lambda: self.slipway.conditions("reaches"), 30, pause=0.01))

    def test_trees_without_end(self):
        def fill(repo):
            tree = lambda lines: subprocess.run(["git", "-C", repo.path, "mktree"], input=lines, text=True, check=True, capture_output=True).stdout.strip()
            inner = tree(f"100644 blob {self.blob(repo, config_map('b'))}\tb.yaml\n")
            for _ in range(11):
                inner = tree("".join(f"040000 tree {inner}\td{i}\n" for i in range(10)))
            repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", "-m", "bomb", tree(f"040000 tree {inner}\tapp\n")))
        self.refused("bomb", 'the folder "app" holds more than 100000 files: unfolded, its trees hold 100000000000', fill=fill, directory={"recurse": True})

    def test_very_many_objects(self):
        count = 120_000 if SOAK else 25_000
        text = "".join(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: q{i}}}\n" for i in range(count))
        def fill(repo):
            repo.write("app/many.yaml", text)
            repo.commit()
        self.refused("objects", f"{count} objects in one Application; at most 20000 are taken", fill=fill)

    def test_a_link_out_of_the_tree(self):
        def fill(repo):
            repo.write("app/a.yaml", config_map("a"))
            os.symlink("../../../../../../../../etc/passwd", repo.path / "app/out.yaml")
            repo.commit()
        said = self.refused("link", "app/out.yaml", "out of the repository", fill=fill)
        self.assertNotIn("root:", said)

    def test_an_absolute_link(self):
        def fill(repo):
            repo.write("app/a.yaml", config_map("a"))
            os.symlink("/etc/passwd", repo.path / "app/out.yaml")
            repo.commit()
        self.assertNotIn("root:", self.refused("absolute", "app/out.yaml", "out of the repository", fill=fill))

    def test_an_entry_that_leads_out(self):
        def fill(repo):
            self.entry(repo, [("100644", "../../evil.yaml", self.blob(repo, config_map("evil")))])
        self.refused("upward", "evil.yaml", fill=fill)
        self.assertIsNone(self.slipway.get("/api/v1/namespaces/default/configmaps/evil"))

    def test_a_kustomization_that_leads_out(self):
        def fill(repo):
            repo.write("app/kustomization.yaml", "resources: [../../../../../../etc]\n")
            repo.commit()
        self.refused("out", "app/kustomization.yaml", "repository", fill=fill)

    def test_a_kustomization_that_doubles_what_it_writes(self):
        def fill(repo):
            repo.write("app/a.yaml", config_map("doubled"))
            repo.write("app/kustomization.yaml", "resources: [a.yaml]\nreplacements:\n" + "".join(
                "- source: {kind: ConfigMap, fieldPath: data}\n"
                f"  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [data.x{n}], options: {{create: true}}}}]\n" for n in range(60)))
            repo.commit()
        self.refused("doubled", "app/kustomization.yaml", "of this build make more than 256 MiB", fill=fill)

    def test_kustomizations_that_name_the_next_one_twice(self):
        def fill(repo):
            for level in range(40):
                repo.write(f"{f'c{level}' if level else 'app'}/kustomization.yaml", f"resources: [../c{level + 1}, ../c{level + 1}]\n")
            repo.write("c40/kustomization.yaml", "resources: []\n")
            repo.commit()
        self.refused("twice", "kustomization.yaml", "more than 10000 kustomizations", fill=fill)


class LongBuild(unittest.TestCase):
    def test_a_signal_ends_it(self):
        """Thousands of replacements, each into thousands of objects, take minutes: others go on, and nobody waits for it in the end."""
        with tempfile.TemporaryDirectory(prefix="slipway-e2e-") as home:
            repo = Repository(f"{home}/long")
            repo.write("app/kustomization.yaml", "resources: [all.yaml]\nreplacements:\n" + "".join(
                f"- {{source: {{kind: ConfigMap, name: q{n}, fieldPath: data.k}}, targets: [{{select: {{kind: ConfigMap}}, "
                f"fieldPaths: [data.b{n}], options: {{create: true}}}}]}}\n" for n in range(4000)))
            repo.write("app/all.yaml", "---\n".join(config_map(f"q{n}") for n in range(4000)))
            repo.commit()
            slipway = Slipway(repo.path, "--path", "app", data=f"{home}/data").start()
            try:
                time.sleep(2)
                self.assertEqual("", slipway.conditions("long"))
                self.assertIsNone(slipway.get("/api/v1/namespaces/default/configmaps/q0"))
                begun = time.monotonic()
                self.assertEqual(0, slipway.stop())
                self.assertLess(time.monotonic() - begun, 5)
            finally:
                slipway.close()


class SilentRepository(unittest.TestCase):
    """What git waits for without an end: files that are pipes, for a moment and for longer."""

    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="slipway-e2e-")
        self.addCleanup(home.cleanup)
        self.repo = Repository(f"{home.name}/repo")
        self.commit("start")
        self.repo.git("pack-refs", "--all")
        self.commit("0")
        self.slipway = Slipway(self.repo.path, "--path", "app", data=f"{home.name}/data").start()
        self.addCleanup(self.slipway.close)
        self.delivered("0")

    def commit(self, text):
        self.repo.write("app/a.yaml", config_map("a", text))
        self.repo.commit()

    def delivered(self, text, seconds=10):
        wait(f"{text} is delivered", lambda: self.slipway.is_app("repo", "Synced", None, self.repo.git("rev-parse", "HEAD")) and
             self.slipway.get("/api/v1/namespaces/default/configmaps/a")["data"]["k"] == text, seconds)

    def put_pipe(self, name):
        path = self.repo.path / ".git" / name
        if path.exists():
            path.rename(self.repo.path / "kept")
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
        (self.repo.path / ".git/HEAD").touch()

    def take_pipe(self, name):
        path = self.repo.path / ".git" / name
        path.unlink()
        if (self.repo.path / "kept").exists():
            (self.repo.path / "kept").rename(path)

    def children(self):
        return subprocess.run(["ps", "-o", "args=", "--ppid", str(self.slipway.process.pid)], capture_output=True, text=True).stdout

    def test_a_pipe_for_a_moment(self):
        for number, name in enumerate(("config", "HEAD", "packed-refs", "refs/heads/main", "shallow", "objects/info/alternates")):
            with self.subTest(name):
                self.put_pipe(name)
                time.sleep(0.7)
                self.take_pipe(name)
                self.commit(f"after {number}")
                self.delivered(f"after {number}")

    def test_a_pipe_that_stays(self):
        self.put_pipe("config")
        time.sleep(0.5)
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        begun = time.monotonic()
        asked = subprocess.Popen([SLIPWAY, "app", "sync", "repo", "--kubeconfig", self.slipway.kubeconfig], stdout=subprocess.PIPE, stderr=end, text=True)
        os.close(end)
        said = os.read(terminal, 1000).decode()
        self.assertIn("the sync has not begun", said)
        self.assertLess(time.monotonic() - begun, 4)
        out, _ = asked.communicate(timeout=60)
        self.assertEqual(1, asked.returncode, out)
        while "gave no answer for 20 s" not in said:
            said += os.read(terminal, 1000).decode()
        self.assertIn("the sync failed", said)
        self.assertIn("gave no answer for 20 s", wait("the Application says so", lambda: self.slipway.conditions("repo")))
        self.assertEqual("Unknown", self.slipway.application("repo")["status"]["sync"]["status"])
        self.take_pipe("config")
        self.delivered("0")
        wait("no git is left", lambda: "git" not in self.children())

        self.put_pipe("packed-refs")
        wait("git waits", lambda: "git" in self.children())
        begun = time.monotonic()
        self.slipway.stop()
        self.assertLess(time.monotonic() - begun, 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
