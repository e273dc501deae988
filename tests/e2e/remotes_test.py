#!/usr/bin/env python3
"""Repositories that are not on this machine's disk, as their users meet them: https and ssh, both on loopback.

  tests/e2e/remotes_test.py [Class.test...]"""
import base64, json, os, pwd, shutil, socket, subprocess, sys, tempfile, unittest
from pathlib import Path
from harness import ROOT, SLIPWAY, GitServer, Repository, Slipway, free_port, make_certificate, wait

APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
SECRETS = "/api/v1/namespaces/argocd/secrets"
MAPS = "/api/v1/namespaces/argocd/configmaps"
MEGABYTE = 1 << 20


def run(*command, **more):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **more).stdout


class Remote:
    """A Slipway, and a repository `repo.git` that it is to fetch: three commits, a branch, a tag, and more than it should take."""

    def __init__(self, **environment):
        self.home = tempfile.mkdtemp(prefix="slipway-remotes-")
        self.work = Repository(f"{self.home}/work")
        self.shas = {name: self.deliver(name) for name in ("one", "two")}
        self.work.git("tag", "-a", "-m", "tagged", "v1", self.shas["one"])
        self.work.git("checkout", "-q", "-b", "side")
        self.shas["side"] = self.deliver("side")
        self.work.git("checkout", "-q", "main")
        Path(f"{self.home}/work/movie").write_bytes(os.urandom(24 * MEGABYTE))
        self.shas["main"] = self.deliver("main")
        self.repo = f"{self.home}/srv/repo.git"
        run("git", "clone", "-q", "--bare", self.work.path, self.repo)
        run("git", "-C", self.repo, "config", "uploadpack.allowFilter", "true")
        values = {name: value.format(home=self.home) for name, value in environment.items()}
        self.slipway = Slipway(data=f"{self.home}/data").start(env={**os.environ, **values})

    def deliver(self, text):
        self.work.write("app/kustomization.yaml", "resources: [map.yaml]\n")
        self.work.write("app/map.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: delivered}}\ndata: {{text: {text}}}\n")
        return self.work.commit(text)

    def close(self):
        self.slipway.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def post(self, path, body):
        status, answer = self.slipway.api.json("post", path, body)
        assert status == 201, answer

    def application(self, name, url, revision="main"):
        self.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.post(APPLICATIONS, {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
            "spec": {"project": "default", "source": {"repoURL": url, "path": "app", "targetRevision": revision},
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
                     "syncPolicy": {"automated": {}}}})

    def secret(self, name, kind, **text):
        self.post(SECRETS, {"apiVersion": "v1", "kind": "Secret", "stringData": text,
                            "metadata": {"name": name, "labels": {"argocd.argoproj.io/secret-type": kind}}})

    def correct(self, name, **text):
        data = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        self.slipway.patch(f"{SECRETS}/{name}", {"data": data})

    def config_map(self, name, **data):
        if self.slipway.get(f"{MAPS}/{name}"):
            return self.slipway.patch(f"{MAPS}/{name}", {"data": data})
        self.post(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})

    def says(self, name, *words, seconds=20):
        def there():
            text = self.slipway.conditions(name)
            assert all(w in text for w in words), text
            return text

        return wait(f"{name} says {words}", there, seconds)

    def has(self, name, text, seconds=20):
        """Delivered; sooner than any poll would have noticed, and before a failure's third try."""
        def there():
            problem = self.slipway.conditions(name)
            assert not problem, problem
            return (self.slipway.is_app(name, "Synced", revision=self.shas[text]) and
                    self.slipway.get(f"/api/v1/namespaces/{name}/configmaps/delivered")["data"]["text"] == text)

        wait(f"{name} has {text}", there, seconds)

    def everything_said(self):
        return "\n".join([self.slipway.log.read_text(), json.dumps(self.slipway.items(APPLICATIONS)),
                          *self.slipway.events("argocd"), self.slipway.cli("app", "list").stdout])

    def bytes_fetched(self):
        return int(run("du", "-sb", self.slipway.data / "repositories").split()[0])


class Https(unittest.TestCase):
    """The tests run in the order of their names and build on each other."""
    PASSWORD, WRONG = "s3cret/Wörd", "wr0ng-w0rd"

    @classmethod
    def setUpClass(cls):
        cls.remote = Remote()
        cls.addClassCleanup(cls.remote.close)
        home = cls.remote.home
        cls.certificate = make_certificate(home)
        server = GitServer(f"{home}/srv", f"ann:{cls.PASSWORD}", f"{home}/pem")
        cls.addClassCleanup(server.close)
        cls.host, cls.url = server.url, f"{server.url}/repo.git"

    def test_1_a_certificate_that_nobody_knows(self):
        self.remote.application("web", self.url)
        self.remote.says("web", "certificate", "argocd-tls-certs-cm", "127.0.0.1")
        self.assertTrue(self.remote.slipway.is_app("web", "Unknown"))

    def test_2_trusted_but_asked_for_a_password(self):
        self.remote.config_map("argocd-tls-certs-cm", **{"127.0.0.1": self.certificate})
        self.remote.says("web", "authentication required", "argocd.argoproj.io/secret-type")

    def test_3_a_wrong_password_names_its_secret(self):
        self.remote.secret("private", "repository", type="git", url=self.url, username="ann", password=self.WRONG)
        self.remote.says("web", "authentication failed", "Secret argocd/private")

    def test_4_corrected_it_is_delivered(self):
        self.remote.correct("private", password=self.PASSWORD)
        self.remote.has("web", "main")
        self.assertLess(self.remote.bytes_fetched(), 2 * MEGABYTE)  # a partial clone
        mine = ("--data", f"{self.remote.home}/mine")
        self.assertIn("side", self.remote.slipway.cli("app", "diff", "web", "--revision", "side", *mine, check=False).stdout)

    def test_5_branches_tags_and_commits(self):
        for name, revision, text in (("by-branch", "side", "side"), ("by-tag", "v1", "one"), ("by-sha", self.remote.shas["two"], "two"),
                                     ("by-short-sha", self.remote.shas["two"][:8], "two"), ("by-head", "HEAD", "main")):
            self.remote.application(name, self.url, revision)
            self.remote.has(name, text)
        self.remote.application("by-mistake", self.url, "sied")
        self.remote.says("by-mistake", "unable to resolve 'sied'", 'did you mean "side"?')

    def test_6_insecure_and_credentials_of_a_prefix(self):
        self.remote.slipway.delete(f"{MAPS}/argocd-tls-certs-cm")
        self.remote.says("web", "certificate")
        self.remote.correct("private", insecure="true")
        self.remote.has("web", "main")
        self.remote.slipway.delete(f"{SECRETS}/private")
        self.remote.says("web", "certificate")
        self.remote.secret("all", "repo-creds", url=self.host, username="ann", password=self.PASSWORD, insecure="true")
        self.remote.has("web", "main")

    def test_7_no_such_repository(self):
        self.remote.application("nowhere", f"{self.host}/none.git")
        self.remote.says("nowhere", "/none.git", "not found")

    def test_8_nothing_listens_there(self):
        self.remote.application("silent", f"https://127.0.0.1:{free_port()}/repo.git")
        self.remote.says("silent", "127.0.0.1", "onnect")

    def test_9_no_password_was_told(self):
        told = self.remote.everything_said()
        for word in (self.PASSWORD, self.WRONG):
            for form in (word, base64.b64encode(f"ann:{word}".encode()).decode()):
                self.assertNotIn(form, told)
                found = subprocess.run(["grep", "-rlF", form, self.remote.slipway.data / "repositories"], capture_output=True, text=True)
                self.assertEqual("", found.stdout)


class Ssh(unittest.TestCase):
    """A stock sshd: it lets no GIT_PROTOCOL through, so git speaks its oldest protocol. The tests build on each other."""

    @classmethod
    def setUpClass(cls):
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
        if not sshd:
            if os.environ.get("CI") == "true":
                raise AssertionError("no sshd; script/setup --test installs it")
            raise unittest.SkipTest("no sshd; script/setup --test installs it")
        # It wants this directory when root starts it; the package's service makes it, if it runs.
        if os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)
            cls.addClassCleanup(os.rmdir, "/run/sshd")
        # What the person who starts it has set for git is nothing to the server: it is refused below where they would not be.
        cls.remote = Remote(HOME="{home}/person", GIT_SSH_COMMAND="ssh -F {home}/person/ssh_config")
        cls.addClassCleanup(cls.remote.close)
        home = cls.remote.home
        for name in ("host", "other-host", "user", "stranger"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", f"{home}/{name}")
        cls.keys = {name: Path(f"{home}/{name}").read_text() for name in ("user", "stranger")}
        cls.port = free_port()
        Path(f"{home}/sshd_config").write_text(
            f"Port {cls.port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/user.pub\n"
            f"PidFile {home}/sshd.pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPermitUserEnvironment no\n")
        cls.server = subprocess.Popen([sshd, "-D", "-E", f"{home}/sshd.log", "-f", f"{home}/sshd_config"], stdin=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop)
        cls.at = f"ssh://{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1:{cls.port}"
        cls.url = f"{cls.at}{cls.remote.repo}"
        cls.make_person(f"{home}/person")
        wait("sshd listens", lambda: socket.create_connection(("127.0.0.1", cls.port), 1).close() is None)

    @classmethod
    def stop(cls):
        cls.server.terminate()
        cls.server.wait(10)

    @classmethod
    def make_person(cls, home):
        """Somebody whose ssh knows the host as "forge", by their own key and list of hosts."""
        os.makedirs(home, exist_ok=True)
        key = Path(f"{cls.remote.home}/host.pub").read_text()
        Path(f"{home}/known_hosts").write_text(f"[127.0.0.1]:{cls.port} {key}")
        Path(f"{home}/ssh_config").write_text(f"Host forge\nHostName 127.0.0.1\nPort {cls.port}\nIdentityFile {cls.remote.home}/user\n"
                                              f"IdentitiesOnly yes\nUserKnownHostsFile {home}/known_hosts\n")
        Path(f"{home}/.gitconfig").write_text(f'[core]\nsshCommand = ssh -F {home}/ssh_config\n'
                                              f'[url "{pwd.getpwuid(os.geteuid()).pw_name}@forge:{cls.remote.home}"]\n'
                                              'insteadOf = https://forge.example.org\n')
        cls.person = home

    def as_person(self, *words, url=None, **environment):
        """A command on a kustomization with a remote base, and a fresh cache."""
        with tempfile.TemporaryDirectory(dir=self.remote.home) as folder:
            user = pwd.getpwuid(os.geteuid()).pw_name
            os.mkdir(f"{folder}/.git")  # where `render` sees the repository begin
            url = url or f"{user}@forge:{self.remote.repo}//app?ref=main"
            Path(f"{folder}/kustomization.yaml").write_text(f"resources: ['{url}']\nnamePrefix: my-\n")
            inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SSH_"))}
            return subprocess.run([SLIPWAY, *words], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                  env={**inherited, "HOME": self.person, "XDG_CACHE_HOME": f"{folder}/cache", **environment})

    def known(self, name):
        key = Path(f"{self.remote.home}/{name}.pub").read_text()
        self.remote.config_map("argocd-ssh-known-hosts-cm", ssh_known_hosts=f"[127.0.0.1]:{self.port} {key}")

    def test_1_a_host_that_nobody_knows(self):
        self.remote.application("web", self.url)
        self.remote.says("web", "Host key verification failed", "argocd-ssh-known-hosts-cm")
        self.assertTrue(self.remote.slipway.is_app("web", "Unknown"))

    def test_2_known_but_without_a_key(self):
        self.known("host")
        self.remote.says("web", "Permission denied", "argocd.argoproj.io/secret-type")

    def test_3_a_wrong_key_names_its_secret(self):
        self.remote.secret("deploy-key", "repository", url=self.url, sshPrivateKey=self.keys["stranger"])
        self.remote.says("web", "Permission denied", "Secret argocd/deploy-key")
        self.remote.correct("deploy-key", sshPrivateKey="no key at all")
        self.remote.says("web", "Permission denied", "Secret argocd/deploy-key", "Load key")

    def test_4_corrected_it_is_delivered(self):
        self.remote.correct("deploy-key", sshPrivateKey=self.keys["user"].rstrip("\n"))  # ssh would refuse it without its last newline
        self.remote.has("web", "main")
        self.assertLess(self.remote.bytes_fetched(), 2 * MEGABYTE)

    def test_5_branches_tags_and_commits(self):
        for name, revision, text in (("by-branch", "side", "side"), ("by-tag", "v1", "one"), ("by-sha", self.remote.shas["two"], "two"),
                                     ("by-short-sha", self.remote.shas["two"][:8], "two"), ("by-head", "HEAD", "main")):
            self.remote.application(name, self.url, revision)
            self.remote.has(name, text)
        self.assertLess(self.remote.bytes_fetched(), 2 * MEGABYTE)

    def test_6_another_host_key_than_the_known_one(self):
        self.known("other-host")
        said = self.remote.says("web", "Host key for [127.0.0.1]", "has changed", "argocd-ssh-known-hosts-cm")
        self.assertNotIn("@@@", said)
        self.remote.correct("deploy-key", insecure="true")
        self.remote.has("web", "main")

    def test_7_credentials_of_a_prefix(self):
        self.known("host")
        self.remote.slipway.delete(f"{SECRETS}/deploy-key")
        self.remote.says("web", "Permission denied")
        self.remote.secret("all", "repo-creds", url=self.at, sshPrivateKey=self.keys["user"])
        self.remote.has("web", "main")

    def test_8_no_such_repository(self):
        self.remote.application("nowhere", f"{self.at}/none.git")
        self.remote.says("nowhere", "/none.git", "does not appear to be a git repository")

    def test_8_a_server_that_never_answers(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            self.remote.application("deaf", f"ssh://git@127.0.0.1:{deaf.getsockname()[1]}/repo.git")
            self.remote.says("deaf", "timed out", seconds=40)

    def test_9_no_key_was_told_or_left(self):
        told = self.remote.everything_said()
        for key in self.keys.values():
            self.assertNotIn(key.splitlines()[1], told)
        self.assertNotIn("PRIVATE KEY", told)
        wait("no key is left", lambda: subprocess.run(["grep", "-rlF", "PRIVATE KEY", self.remote.slipway.data / "repositories"],
                                                      capture_output=True).returncode == 1)

    def test_a_person_reaches_what_their_ssh_reaches(self):
        for words in (("kustomize", "build"), ("render",)):
            done = self.as_person(*words)
            self.assertIn("name: my-delivered", done.stdout, done.stderr)
        self.assertIn("1 object", self.as_person("check").stderr)
        with self.subTest("by insteadOf"):
            done = self.as_person("kustomize", "build", url="https://forge.example.org/srv/repo.git//app?ref=side")
            self.assertIn("text: side", done.stdout, done.stderr)
        nowhere = {"HOME": f"{self.remote.home}/none"}
        config = f"{self.person}/ssh_config"
        wrapper = Path(f"{self.person}/wrapper")
        wrapper.write_text(f'#!/bin/sh\nexec ssh -F {config} "$@"\n')
        wrapper.chmod(0o755)
        for name, value in (("GIT_SSH_COMMAND", f"ssh -F {config}"), ("GIT_SSH_COMMAND", str(wrapper)), ("GIT_SSH", str(wrapper)),
                            ("GIT_CONFIG_GLOBAL", f"{self.person}/.gitconfig")):
            with self.subTest(name, value=value):
                done = self.as_person("kustomize", "build", **nowhere, **{name: value})
                self.assertIn("name: my-delivered", done.stdout, done.stderr)

    def test_a_person_compares_with_the_cluster(self):
        url = f"{pwd.getpwuid(os.geteuid()).pw_name}@forge:{self.remote.repo}"
        done = self.as_person("diff", url, "--path", "app", "--revision", "side", "--data", f"{self.remote.home}/theirs",
                              "--kubeconfig", str(self.remote.slipway.kubeconfig))
        self.assertIn("delivered", done.stdout, done.stderr)

    def test_a_person_is_not_asked(self):
        done = self.as_person("kustomize", "build", GIT_SSH_COMMAND=f"ssh -F {self.person}/ssh_config -o UserKnownHostsFile=/dev/null")
        self.assertIn("Host key verification failed", done.stderr)
        self.assertIn("connect once by hand", done.stderr)
        done = self.as_person("kustomize", "build", GIT_SSH_COMMAND=f"ssh -F {self.person}/ssh_config -o PubkeyAuthentication=no")
        self.assertIn("Permission denied", done.stderr)
        self.assertNotIn("argocd", done.stderr)


class SomebodyElses(unittest.TestCase):
    """Slipway runs as root and the repository is a user's: git's ownership check must not stand in the way."""

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_a_path_and_a_file_url(self):
        for form in ("{}", "file://{}"):
            with self.subTest(form), tempfile.TemporaryDirectory(prefix="slipway-remotes-") as home:
                repo = Repository(f"{home}/site", copy_of=ROOT / "examples/saas")
                run("chown", "-R", "65534:65534", repo.path)
                with Slipway(form.format(repo.path), "--path", "apps/hoist/overlays/prod", data=f"{home}/data") as slipway:
                    wait("delivered", lambda: slipway.is_app("site", "Synced", "Healthy"), 40)
                    self.assertEqual(1, slipway.cli("diff", form.format(repo.path), "--path", "apps/hoist/base", check=False).returncode)
                owners = {os.lstat(os.path.join(at, name)).st_uid for at, ds, fs in os.walk(repo.path) for name in ds + fs}
                self.assertEqual({65534}, owners)  # root wrote nothing into it


if __name__ == "__main__":
    unittest.main(verbosity=2)
