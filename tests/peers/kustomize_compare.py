#!/usr/bin/env python3
"""Random kustomizations, built by Slipway and by kustomize 5.8.2: bytes, refusals and warnings must be equal.

  kustomize_compare.py [--count N] [--seed S] [--keep DIR] [--only I] [--record FILE | --recorded FILE]

--record writes down what kustomize answers; --recorded compares with that where there is no kustomize.
Each case is a tree of files made from (seed, number): bases, overlays, components, patches, generators, replacements,
vars, references by name, odd YAML. A case that differs is written to DIR/NUMBER (default: a temporary folder) with both
answers; `--only I` makes and runs that one alone. SLIPWAY names our program, SLIPWAY_PEERS the folder of tests/peers/install.
Exit code: 0 no difference, 1 some, 2 said wrongly, 77 no kustomize to compare with.
"""
import argparse, collections, concurrent.futures, hashlib, json, os, random, re, shutil, subprocess, sys, tempfile

project = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

NAMES = ["web", "db", "cache", "app", "api"]
NAMESPACES = ["prod", "dev", "default"]
ODD = ["yes", "no", "on", "off", "y", "n", "true", "null", "~", "1", "0x1f", "0777", "0o17", "1e3", "1.0", "1_000", "-0", ".5", "12345678901234567890",
       "2020-01-01", "2020-01-01T10:00:00Z", "", " ", "a: b", "a #b", "#c", "- x", "{a}", "[a]", "*a", "&a", "!x", "%x", "@x", "`x`", "a'b", 'a"b', "a\\b",
       "tab\there", "two\nlines", "two\nlines\n", "\nlead", "trail \nx", "long " * 30, "x" * 100, "é ü", "日本", "\u2028", "\x7f", "=", "<<", "1:2:3", "12:30",
       "$(VAR_A)", "$$(VAR_A)", "$(VAR_A)-$(VAR_B)", "a\r\nb", "key=value", "---", "...", "? x", "a:", ":a", "|", ">", "0b11", "+1", "1.50", "1.0e-7", "Infinity", "NaN", "<b>&"]


class Scalar(str):
    """Text that goes into the YAML as it is."""


class Yaml:
    """Writes values as YAML in changing styles."""

    def __init__(self, rng, odd):
        self.rng, self.odd = rng, odd

    def scalar(self, v, flow=False):
        rng = self.rng
        if isinstance(v, Scalar):
            return str(v)
        if v is None:
            return rng.choice(["null", "~"]) if self.odd else "null"
        if isinstance(v, (bool, int, float)):
            return json.dumps(v)
        plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./$()-]*", v) and v.lower() not in ("yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "infinity")
        style = rng.random()
        if plain and style < 0.8:
            return v
        if style < 0.9 and v.isprintable() and v.isascii():
            return "'" + v.replace("'", "''") + "'"
        return json.dumps(v, ensure_ascii=rng.random() < 0.5).replace("\x7f", "\\x7f").replace("\u2028", "\\u2028")

    def flow(self, v):
        if isinstance(v, dict):
            return "{" + ", ".join(f"{self.key(k)}: {self.flow(x)}" for k, x in v.items()) + "}"
        if isinstance(v, list):
            return "[" + ", ".join(self.flow(x) for x in v) + "]"
        return self.scalar(v, True)

    def key(self, k):
        if isinstance(k, Scalar) or re.fullmatch(r"[A-Za-z$][A-Za-z0-9_./$-]*", k) and k not in ("y", "n", "on", "off", "yes", "no"):
            return str(k)
        return json.dumps(k)

    def comment(self):
        return "  # note" if self.odd and self.rng.random() < 0.05 else ""

    def block(self, v, indent):
        """Lines of a non-empty mapping or list."""
        rng, pad, out = self.rng, "  " * indent, []
        if isinstance(v, dict):
            for k, x in v.items():
                if self.odd and rng.random() < 0.03:
                    out.append(pad + "# a comment")
                out += self.entry(f"{pad}{self.key(k)}:", x, indent, True)
            return out
        for x in v:
            if isinstance(x, dict) and x and rng.random() < 0.8:
                lines = self.block(x, indent + 1)
                while lines and lines[0].lstrip().startswith("#"):
                    lines.pop(0)
                lines[0] = pad + "- " + lines[0][len(pad) + 2:]
                out += lines
            else:
                out += self.entry(f"{pad}-", x, indent, False)
        return out

    def entry(self, head, x, indent, in_map):
        rng = self.rng
        if isinstance(x, (dict, list)):
            if not x:
                return [f"{head} {'{}' if isinstance(x, dict) else '[]'}"]
            if rng.random() < (0.12 if self.odd else 0.03):
                return [f"{head} {self.flow(x)}"]
            deeper = indent + 1 if isinstance(x, dict) or not in_map or rng.random() < 0.5 else indent
            return [head] + self.block(x, deeper)
        if isinstance(x, str) and not isinstance(x, Scalar) and "\n" in x and rng.random() < 0.8 and not re.search(r"[\r\t\x7f\u2028]", x) and not x.startswith(("\n", " ")):
            body = x.rstrip("\n")
            tail = len(x) - len(body)
            mark = "|" + ("-" if tail == 0 else "" if tail == 1 else "+")
            if tail > 1:
                body += "\n" * (tail - 1)
            inner = "  " * (indent + 1)
            return [f"{head} {mark}"] + [inner + line if line else "" for line in body.split("\n")]
        if isinstance(x, str) and not isinstance(x, Scalar) and rng.random() < 0.03 and re.fullmatch(r"[a-z ]+", x) and x == x.strip() and "  " not in x:
            return [f"{head} >-", "  " * (indent + 1) + x]
        return [f"{head} {self.scalar(x)}".rstrip() + self.comment()]

    def document(self, v):
        if not v:
            return "{}\n" if self.rng.random() < 0.5 else "\n"
        if self.rng.random() < 0.04:
            return json.dumps(v, indent=self.rng.choice([None, 2])) + "\n" if not has_raw(v) else self.flow(v) + "\n"
        return "\n".join(self.block(v, 0)) + "\n"


def has_raw(v):
    if isinstance(v, dict):
        return any(isinstance(k, Scalar) or has_raw(x) for k, x in v.items())
    if isinstance(v, list):
        return any(has_raw(x) for x in v)
    return isinstance(v, Scalar)


class Case:
    def __init__(self, seed, number):
        self.rng = random.Random(f"{seed}/{number}")
        rng = self.rng
        self.files, self.counter = {}, 0
        self.risk = rng.choice([0] * 8 + [0.004, 0.01, 0.05])  # of things that will be refused
        self.odd = rng.random() < 0.4
        self.links = {}
        self.root = self.folder("k", 0)
        if rng.random() < 0.05:
            self.damage()

    # ---- chance

    def chance(self, p):
        return self.rng.random() < p

    def risky(self):
        return self.rng.random() < self.risk

    def pick(self, items):
        return self.rng.choice(items)

    def some(self, items, low, high):
        items = list(items)
        return self.rng.sample(items, min(len(items), self.rng.randint(low, high)))

    def text(self):
        if self.odd and self.chance(0.5):
            return self.pick(ODD)
        return self.pick(["v", "value", "hello world", "x-1", "10", "a/b", "http://web:80/x", "$(VAR_A)", "one\ntwo\n", "web", "db"])

    def label(self):
        if self.risky():
            return self.pick([1, True, None, "", Scalar("yes")])
        return self.pick(["a", "b", "prod", "1", "yes", "v1.2", "web"])

    def pairs(self, low=1, high=2):
        return {k: self.label() for k in self.some(["app", "tier", "env", "team", "a.b/c", "version"], low, high)}

    # ---- resources

    def pod(self):
        spec = {}
        for group in ["containers"] + (["initContainers"] if self.chance(0.2) else []):
            spec[group] = [self.container(n) for n in self.some(["main", "side", "extra"], 1, 2)]
        if self.chance(0.4):
            spec["volumes"] = [self.volume(n) for n in self.some(["data", "conf", "tmp"], 1, 3)]
        if self.chance(0.3):
            spec["serviceAccountName"] = self.pick(NAMES)
        if self.chance(0.2):
            spec["imagePullSecrets"] = [{"name": n} for n in self.some(NAMES, 1, 2)]
        if self.chance(0.1):
            spec["priorityClassName"] = self.pick(NAMES)
        if self.chance(0.15):
            term = {"labelSelector": {"matchLabels": self.pairs()}, "topologyKey": "zone"}
            spec["affinity"] = {self.pick(["podAffinity", "podAntiAffinity"]): self.pick([
                {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
                {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}])}
        if self.chance(0.1):
            spec["topologySpreadConstraints"] = [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": self.pairs()}}]
        if self.chance(0.08):
            spec["hostAliases"] = [{"ip": ip, "hostnames": ["a", "b"]} for ip in self.some(["1.1.1.1", "2.2.2.2"], 1, 2)]
        if self.chance(0.08):
            spec["tolerations"] = [{"key": "a", "operator": "Exists"}, {"key": "b", "effect": "NoSchedule"}]
        if self.chance(0.05):
            spec["ephemeralContainers"] = [self.container("eph")]
        return spec

    def image(self):
        return self.pick(["nginx", "nginx:1", "redis:7", "reg.io:5000/nginx:1", "nginx@sha256:abc", "nginx:1@sha256:abc", "a/b/c:2", "gcr.io/x/redis", "library/nginx:1.2", "redis:", "nginx:{T}"])

    def env(self):
        e = {"name": self.pick(["A", "B", "C", "VAR"])}
        kind = self.rng.random()
        if kind < 0.5:
            e["value"] = self.text()
        elif kind < 0.7:
            e["valueFrom"] = {"configMapKeyRef": {"name": self.pick(NAMES), "key": "k"}}
        elif kind < 0.9:
            e["valueFrom"] = {"secretKeyRef": {"name": self.pick(NAMES), "key": "k"}}
        else:
            e["valueFrom"] = {"fieldRef": {"fieldPath": "metadata.name"}}
        return e

    def container(self, name):
        c = {"name": name}
        if self.chance(0.9):
            c["image"] = self.image()
        if self.chance(0.4):
            c["env"] = list({e["name"]: e for e in (self.env() for _ in range(self.rng.randint(1, 3)))}.values())
        if self.chance(0.3):
            c["ports"] = [self.port("containerPort") for _ in range(self.rng.randint(1, 3))]
        if self.chance(0.3):
            c["volumeMounts"] = [{"name": n, "mountPath": "/" + n} for n in self.some(["data", "conf", "tmp"], 1, 2)]
        if self.chance(0.2):
            c["envFrom"] = [{self.pick(["configMapRef", "secretRef"]): {"name": self.pick(NAMES)}}]
        if self.chance(0.2):
            c[self.pick(["args", "command"])] = [self.text() for _ in range(self.rng.randint(1, 3))]
        if self.chance(0.15):
            c["resources"] = {"limits": {"cpu": self.pick([1, "1", "100m", 0.5]), "memory": "1Gi"}}
        return c

    def port(self, field):
        p = {field: self.pick([80, 443, 8080])}
        if self.chance(0.4):
            p["protocol"] = self.pick(["TCP", "UDP"])
        if self.chance(0.4):
            p["name"] = self.pick(["http", "https"])
        return p

    def volume(self, name):
        source = self.pick([{"emptyDir": {}}, {"configMap": {"name": self.pick(NAMES)}}, {"secret": {"secretName": self.pick(NAMES)}},
                            {"persistentVolumeClaim": {"claimName": self.pick(NAMES)}}, {"image": {"reference": self.image()}},
                            {"projected": {"sources": [{"configMap": {"name": self.pick(NAMES)}}, {"secret": {"name": self.pick(NAMES)}}]}}])
        return {"name": name, **source}

    def template(self):
        t = {"spec": self.pod()}
        if self.chance(0.8):
            t["metadata"] = {"labels": self.pairs()}
            if self.chance(0.2):
                t["metadata"]["annotations"] = self.pairs()
        return t

    def body(self, kind):
        p, c = self.pick, self.chance
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
            spec = {"template": self.template()}
            if c(0.7):
                spec["selector"] = {"matchLabels": self.pairs()}
            if c(0.6) and kind != "DaemonSet":
                spec["replicas"] = p([1, 2, 3])
            if kind == "StatefulSet":
                spec["serviceName"] = p(NAMES)
                if c(0.4):
                    spec["volumeClaimTemplates"] = [{"metadata": {"name": "data", **({"labels": self.pairs()} if c(0.4) else {})}, "spec": {"storageClassName": p(NAMES)}}]
            return {"spec": spec}
        if kind == "Pod":
            return {"spec": self.pod()}
        if kind == "Job":
            return {"spec": {"template": self.template(), **({"selector": {"matchLabels": self.pairs()}} if c(0.2) else {})}}
        if kind == "CronJob":
            return {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": self.template()}}}}
        if kind == "Service":
            return {"spec": {**({"selector": self.pairs()} if c(0.7) else {}), "ports": [self.port("port") for _ in range(self.rng.randint(1, 2))]}}
        if kind == "ConfigMap":
            data = {k: self.text() for k in self.some(["k", "a", "b.txt", "c_d", "e-f"], 0, 3)}
            if c(0.15):
                data["inner.yaml"] = p(["a: b\nc:\n- d\n", '{"a": {"b": "c"}}', "a:\n  b: c # x\n", '{\n  "a": "b"\n}\n'])
            return {"data": data} if data or c(0.5) else {}
        if kind == "Secret":
            out = {"type": "Opaque"} if c(0.5) else {}
            if c(0.7):
                out["data"] = {"k": p(["YQ==", "aGVsbG8="])}
            if c(0.3):
                out["stringData"] = {"s": self.text()}
            return out
        if kind == "ServiceAccount":
            return {"imagePullSecrets": [{"name": p(NAMES)}]} if c(0.3) else {}
        if kind in ("Role", "ClusterRole"):
            return {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], **({"resourceNames": self.some(NAMES, 1, 2)} if c(0.5) else {})}]}
        if kind in ("RoleBinding", "ClusterRoleBinding"):
            subjects = []
            for _ in range(self.rng.randint(0, 2)):
                s = {"kind": p(["ServiceAccount", "ServiceAccount", "User", "Group"]), "name": p(NAMES + ["default"])}
                if c(0.5):
                    s["namespace"] = p(NAMESPACES + ["other"])
                subjects.append(s)
            role = p(["Role", "ClusterRole"])
            out = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": p(NAMES)}}
            if subjects or c(0.5):
                out["subjects"] = subjects
            return out
        if kind == "Ingress":
            rule = {"host": "x.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": p(NAMES), "port": {"number": 80}}}}]}}
            out = {"rules": [rule]}
            if c(0.3):
                out["tls"] = [{"secretName": p(NAMES), "hosts": ["x.example"]}]
            if c(0.2):
                out["ingressClassName"] = p(NAMES)
            return {"spec": out}
        if kind == "NetworkPolicy":
            return {"spec": {"podSelector": p([{}, {"matchLabels": self.pairs()}]), "ingress": [{"from": [{"podSelector": {"matchLabels": self.pairs()}}]}]}}
        if kind == "HorizontalPodAutoscaler":
            return {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": p(["Deployment", "StatefulSet", "Widget"]), "name": p(NAMES)}, "maxReplicas": 3}}
        if kind == "PodDisruptionBudget":
            return {"spec": {"selector": {"matchLabels": self.pairs()}, "minAvailable": p([1, "50%"])}}
        if kind == "PersistentVolumeClaim":
            return {"spec": {"storageClassName": p(NAMES), **({"volumeName": p(NAMES)} if c(0.3) else {})}}
        if kind == "PersistentVolume":
            return {"spec": {"storageClassName": p(NAMES), "claimRef": {"name": p(NAMES), "namespace": p(NAMESPACES)}}}
        if kind == "StorageClass":
            return {"provisioner": "x"}
        if kind == "PriorityClass":
            return {"value": p([1, 1000000])}
        if kind == "CustomResourceDefinition":
            out = {"spec": {"group": "example.com", "names": {"kind": "Widget", "plural": "widgets"}, "scope": "Namespaced", "versions": [{"name": "v1", "served": True, "storage": True}]}}
            if c(0.2):
                out["spec"]["conversion"] = {"strategy": "Webhook", "webhook": {"clientConfig": {"service": {"name": p(NAMES), "namespace": p(NAMESPACES)}}}}
            return out
        if kind == "APIService":
            return {"spec": {"service": {"name": p(NAMES), "namespace": p(NAMESPACES)}, "group": "x", "version": "v1"}}
        if kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
            return {"webhooks": [{"name": "a.x", "clientConfig": {"service": {"name": p(NAMES), "namespace": p(NAMESPACES), "path": "/"}}}]}
        if kind == "Widget":
            out = {"replicas": p([1, 2]), "list": [{"name": "a", "value": self.text()}, {"name": "b"}], "selector": {"matchLabels": self.pairs()},
                   "ref": {"name": p(NAMES)}, "image": self.image(), "template": {"spec": {"containers": [{"name": "main", "image": self.image()}]}}}
            return {"spec": {k: out[k] for k in self.some(out, 1, 6)}}
        return {}

    KINDS = [("apps/v1", "Deployment", 10), ("apps/v1", "StatefulSet", 4), ("apps/v1", "DaemonSet", 2), ("apps/v1", "ReplicaSet", 1), ("v1", "Pod", 2), ("batch/v1", "Job", 2),
             ("batch/v1", "CronJob", 2), ("v1", "Service", 6), ("v1", "ConfigMap", 7), ("v1", "Secret", 4), ("v1", "ServiceAccount", 4), ("rbac.authorization.k8s.io/v1", "Role", 2),
             ("rbac.authorization.k8s.io/v1", "RoleBinding", 3), ("rbac.authorization.k8s.io/v1", "ClusterRole", 1), ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 2),
             ("networking.k8s.io/v1", "Ingress", 3), ("networking.k8s.io/v1", "NetworkPolicy", 2), ("autoscaling/v2", "HorizontalPodAutoscaler", 2), ("policy/v1", "PodDisruptionBudget", 1),
             ("v1", "PersistentVolumeClaim", 2), ("v1", "PersistentVolume", 1), ("storage.k8s.io/v1", "StorageClass", 1), ("scheduling.k8s.io/v1", "PriorityClass", 1), ("v1", "Namespace", 2),
             ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 1), ("apiregistration.k8s.io/v1", "APIService", 1), ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", 1),
             ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", 1), ("example.com/v1", "Widget", 4), ("extensions/v1beta1", "Deployment", 1), ("batch/v1beta1", "CronJob", 1),
             ("networking.k8s.io/v1beta1", "Ingress", 1), ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 1), ("gateway.networking.k8s.io/v1", "GatewayClass", 1)]

    def resource(self):
        version, kind, _ = self.rng.choices(self.KINDS, [w for *_, w in self.KINDS])[0]
        name = self.pick(NAMES)
        if kind == "Namespace":
            name = self.pick(NAMESPACES)
        meta = {"name": name}
        if self.chance(0.12):
            meta["namespace"] = self.pick(NAMESPACES)
        if self.chance(0.3):
            meta["labels"] = self.pairs()
        if self.chance(0.2):
            meta["annotations"] = self.annotations()
        if self.chance(0.02):
            meta["finalizers"] = self.some(["a/b", "c/d", "e"], 1, 2)
        out = {"apiVersion": version, "kind": kind, "metadata": meta, **self.body(kind)}
        if self.odd:
            if self.chance(0.04):
                meta[self.pick(["labels", "annotations", "creationTimestamp", "namespace"])] = self.pick([None, {}, ""])
            if self.chance(0.03):
                out["status"] = self.pick([None, {}, {"a": []}])
            if self.chance(0.03):
                out["x"] = [Scalar(s) for s in self.some(["1.0", "0777", "0x1f", "1e10", "1_000", "yes", "2020-01-01", "-0", "1.50", "~", "12345678901234567890", "0o17", "!!str 5", "!!int '5'", ".5", "+1", "1.", "1e-7", "123456789.123456789"], 1, 5)]
        if self.risky():
            what = self.pick(["name", "kind", "number", "apiVersion", "inf", "intkey"])
            if what == "name":
                del meta["name"]
            elif what == "kind":
                del out["kind"]
            elif what == "number":
                meta["name"] = self.pick([1, True, Scalar("1.0")])
            elif what == "apiVersion":
                del out["apiVersion"]
            elif what == "inf":
                out["x"] = Scalar(".inf")
            else:
                out["y"] = {Scalar("1"): 2}
        return out

    def annotations(self):
        out = {k: self.text() for k in self.some(["note", "a.b/c", "z"], 1, 2)}
        if self.chance(0.05):
            out["config.kubernetes.io/local-config"] = self.pick(["true", "false"])
        if self.odd and self.chance(0.1):
            out["num"] = self.pick([1, True, None, 1.5])
        return out

    def resource_file(self, resources):
        yaml = Yaml(self.rng, self.odd)
        documents = []
        for r in resources:
            if self.chance(0.03):
                r = {"apiVersion": "v1", "kind": "List", "items": [r]}
            text = yaml.document(r)
            if self.odd and self.chance(0.05):
                text = self.anchored(text)
            documents.append(text)
        if self.odd and self.chance(0.1):
            documents.insert(self.rng.randint(0, len(documents)), self.pick(["# only a comment\n", "\n", "---\n", "{}\n", "null\n"]))
        text = "---\n".join(documents)
        if self.chance(0.1):
            text = "---\n" + text
        if self.odd and self.chance(0.05):
            text = text + self.pick(["---\n", "...\n", "# end", "\n\n", "---\n# nothing\n"])
        if self.odd and self.chance(0.02):
            text = text.replace("\n", "\r\n")
        if self.odd and self.chance(0.02):
            text = "\ufeff" + text
        return text

    def anchored(self, text):
        return re.sub(r"(?m)^metadata:$", "metadata: &meta", text, count=1) + self.pick(["extra: *meta\n", "extra:\n  <<: *meta\n  b: c\n", "extra:\n- *meta\n- *meta\n"])

    # ---- kustomizations

    def distinct(self, there, added):
        """Mostly without two of one kind and name, which would only be refused."""
        seen, out = {(r.get("kind"), str(r["metadata"].get("name"))) for r in there}, []
        for r in added:
            key = (r.get("kind"), str(r["metadata"].get("name")))
            if key not in seen or self.risky() or self.chance(0.01):
                out.append(r)
            seen.add(key)
        return out or added[:1]

    def fresh(self, stem):
        self.counter += 1
        return f"{stem}{self.counter}"

    def put(self, path, text):
        self.files[path] = text

    def folder(self, path, depth, component=False):
        """Writes a kustomization into `path`; gives the resources that it is made of, as far as they are known."""
        rng, k, own = self.rng, {}, []
        kind_name = "Component" if component else "Kustomization"
        if component or self.chance(0.7):
            k["apiVersion"] = "kustomize.config.k8s.io/" + ("v1alpha1" if component else "v1beta1")
            k["kind"] = kind_name
        if self.chance(0.03):
            k["metadata"] = {"name": "x", "annotations": {"a": "b"}}
        entries = []
        if not component or self.chance(0.4):
            for _ in range(rng.choice([1, 1, 1, 2, 2, 3]) if depth or self.chance(0.8) else 0):
                name = self.fresh("r") + self.pick([".yaml", ".yaml", ".yml", ".json"])
                sub = self.pick(["", "", "", "sub/"])
                if self.chance(0.1):
                    sub = "./" + sub
                resources = self.distinct(own, [self.resource() for _ in range(rng.choice([1, 1, 1, 2, 3, 4]))])
                self.put(f"{path}/{sub.replace('./', '')}{name}", self.resource_file(resources))
                entries.append(sub + name)
                own += resources
        if depth < 3 and not component:
            for _ in range(rng.choice([0, 1, 1, 2] if depth == 0 else [0, 0, 1, 1])):
                inner = self.fresh("b")
                where, entry = self.pick([(f"{path}/{inner}", inner), (f"{os.path.dirname(path) or '.'}/{inner}", f"../{inner}"), (inner, os.path.relpath(inner, path))])
                where = os.path.normpath(where)
                own += self.folder(where, depth + 1)
                entries.append(entry + self.pick(["", "", "/"]))
        if self.risky():
            entries.append(self.pick(["missing.yaml", "../missing", ".", "..", "", "/etc/hosts", "a..b", entries[0] if entries else "x"]))
        rng.shuffle(entries)
        if entries or (not component and self.chance(0.9)):
            if entries and self.chance(0.05):
                k["bases"] = [e for e in entries if "." not in e.replace("../", "").replace("./", "")]
                k["resources"] = [e for e in entries if e not in k["bases"]]
            else:
                k["resources"] = entries
        if depth < 2 and self.chance(0.2 if not component else 0.05):
            k["components"] = []
            for _ in range(rng.choice([1, 1, 2])):
                inner = self.fresh("c")
                self.target_pool = own
                own += self.folder(os.path.normpath(f"{path}/../{inner}"), depth + 1, True) if path != "k" else self.folder(inner, depth + 1, True)
                k["components"].append(os.path.relpath(inner if path == "k" else os.path.normpath(f"{path}/../{inner}"), path))
        pool = own or getattr(self, "target_pool", [])
        self.fields(path, k, pool, depth, component)
        yaml = Yaml(rng, self.odd)
        if self.chance(0.5):
            items = list(k.items())
            rng.shuffle(items)
            k = dict(items)
        text = yaml.document(k) if k else self.pick(["", "{}\n", "resources: []\n"])
        self.put(f"{path}/{self.pick(['kustomization.yaml'] * 8 + ['kustomization.yml', 'Kustomization'])}", text)
        return own

    def fields(self, path, k, pool, depth, component):
        p, c = self.pick, self.chance
        if c(0.25):
            k["namespace"] = p(NAMESPACES + ["other"])
        if c(0.25):
            k["namePrefix"] = p(["p-", "x-", "my"])
        if c(0.15):
            k["nameSuffix"] = p(["-s", "-v2"])
        if c(0.1):
            k["commonLabels"] = self.pairs()
        if c(0.25):
            k["labels"] = [self.labels() for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.2):
            k["commonAnnotations"] = {key: self.label() if self.risky() else p(["x", "1", "y z"]) for key in self.some(["note", "owner", "z"], 1, 2)}
        if c(0.25):
            k["images"] = [self.image_entry() for _ in range(self.rng.choice([1, 2]))]
        workloads = [r for r in pool if r.get("kind") in ("Deployment", "StatefulSet", "ReplicaSet")]
        if workloads and c(0.15):
            k["replicas"] = [{"name": str(p(workloads)["metadata"].get("name", "web")), "count": p([0, 1, 5])}]
        elif self.risky():
            k["replicas"] = [{"name": "nobody", "count": 1}]
        if c(0.4) and (pool or self.risky()):
            k["patches"] = [self.patch(path, pool) for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.07) and pool:
            k["patchesStrategicMerge"] = [self.patch_text(path, self.merge(p(pool)))]
        if c(0.06) and pool:
            k["patchesJson6902"] = [self.json_entry(path, p(pool))]
        if c(0.2):
            k["configMapGenerator"] = [self.generator(path, pool, False) for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.12):
            k["secretGenerator"] = [self.generator(path, pool, True)]
        if c(0.08):
            k["generatorOptions"] = self.generator_options()
        if c(0.15) and pool:
            k["replacements"] = [self.replacement(path, pool) for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.06) and pool:
            k["vars"] = [self.var(p(pool), n) for n in self.some(["VAR_A", "VAR_B"], 1, 2)]
        if c(0.05):
            name = self.fresh("conf") + ".yaml"
            self.put(f"{path}/{name}", Yaml(self.rng, False).document(self.configuration()))
            k["configurations"] = [name]
        if c(0.06):
            k["transformers"] = [self.plugin(path, pool)]
        if c(0.02):
            k["generators"] = [self.generator_plugin(path)]
        if c(0.04):
            k["buildMetadata"] = self.some(["originAnnotations", "transformerAnnotations", "managedByLabel"], 1, 3)
        if c(0.06):
            k["sortOptions"] = p([{"order": "fifo"}, {"order": "legacy"}, {"order": "legacy", "legacySortOptions": {"orderFirst": ["Service", "ConfigMap"], "orderLast": ["Deployment"]}},
                                  {"order": "fifo"} if not self.risky() else {"order": "x"}])
        if self.risky():
            k[p(["unknown", "namePrefx", "patchs", "Resources"])] = p(["x", [], {}])
        if self.risky():
            k[p(["namePrefix", "images", "labels", "patches", "resources", "namespace"])] = p([1, "x", ["x"], {"a": 1}, None, True])

    def labels(self):
        out = {"pairs": self.pairs()}
        if self.chance(0.4):
            out["includeSelectors"] = True
        if self.chance(0.3):
            out["includeTemplates"] = self.pick([True, False])
        if self.chance(0.1):
            out["includeVolumeClaimTemplates"] = True
        if self.chance(0.15):
            out["fields"] = [{"path": self.pick(["spec/selector/matchLabels", "spec/template/metadata/labels", "spec/extra/labels", "metadata/x"]), "create": self.pick([True, False]), **({"kind": self.pick(["Deployment", "Widget"])} if self.chance(0.6) else {})}]
        return out

    def image_entry(self):
        out = {"name": self.pick(["nginx", "redis", "reg.io:5000/nginx", "a/b/c", "gcr.io/x/redis", ".*", "ngin.", "library/nginx", "nginx:1"] + (["(", "*"] if self.risky() else []))}
        for field, values in [("newName", ["mine/nginx", "reg.io:5000/x"]), ("newTag", ["2", "1.0", "latest"]), ("digest", ["sha256:def"]), ("tagSuffix", ["-x"])]:
            if self.chance({"newTag": 0.6, "newName": 0.4}.get(field, 0.1)):
                out[field] = self.pick(values) if not self.risky() else self.pick([1, 1.5, True])
        return out

    def identity(self, r):
        return {key: r[key] for key in ("apiVersion", "kind") if key in r} | {"metadata": {key: r["metadata"][key] for key in ("name", "namespace") if key in r["metadata"]}}

    def merge(self, r):
        """A strategic merge patch for the resource."""
        p, c = self.pick, self.chance
        out = self.identity(r)
        if self.risky():
            out["metadata"]["name"] = "nobody"
        if c(0.05):
            out["$patch"] = p(["delete", "delete", "replace", "merge"])
            if out["$patch"] == "delete":
                return out
        if c(0.3):
            out["metadata"]["labels"] = {"patched": p(["yes", "1", None])}
        if c(0.3):
            out["metadata"]["annotations"] = {"note": p(["new", None, "x"]), "more": "1"}
        kind = r.get("kind")
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
            spec = {}
            if c(0.4):
                spec["replicas"] = p([4, None])
            pod = {}
            if c(0.7):
                pod["containers"] = [self.container_patch(n) for n in self.some(["main", "side", "new"], 1, 2)]
            if c(0.15):
                pod["volumes"] = p([[{"name": "data", "$patch": "delete"}], [{"name": "conf", "emptyDir": {}}], [{"$patch": "replace"}, {"name": "only", "emptyDir": {}}], None, []])
            if c(0.1):
                pod["tolerations"] = [{"key": "z"}]
            if c(0.1):
                pod["hostAliases"] = [{"ip": "1.1.1.1", "hostnames": ["z"]}]
            if c(0.1):
                pod["imagePullSecrets"] = [{"name": p(NAMES)}]
            if c(0.1):
                pod["topologySpreadConstraints"] = [{"topologyKey": "zone", "whenUnsatisfiable": p(["DoNotSchedule", "ScheduleAnyway"]), "maxSkew": 2}]
            if c(0.05):
                pod["initContainers"] = p([None, [{"name": "main", "$patch": "delete"}], [{"name": "first", "image": "x"}]])
            if pod:
                spec["template"] = {"spec": pod}
            if c(0.05):
                spec["template"] = {"$patch": "replace", "spec": pod}
            if c(0.05):
                spec["selector"] = p([None, {"matchLabels": {"new": "x"}}, {"$patch": "delete"}])
            if spec:
                out["spec"] = spec
        elif kind == "Service":
            out["spec"] = p([{"ports": [self.port("port")]}, {"type": "NodePort"}, {"selector": None}, {"ports": [{"port": 80, "$patch": "delete"}]}, {"selector": {"x": "y"}}, {"ports": [{"$patch": "replace"}, {"port": 9}]},
                             {"ports": [self.port("port"), self.port("port")]}])
        elif kind == "ConfigMap":
            out["data"] = p([{"k": "patched"}, {"a": None}, {"$patch": "replace", "n": "1"}, None, {"multi": "a\nb\n"}, {}])
        elif kind == "Secret":
            out[p(["data", "stringData"])] = {"k": "eA=="}
        elif kind in ("Role", "ClusterRole"):
            out["rules"] = [{"apiGroups": ["x"], "resources": ["y"], "verbs": ["*"]}]
        elif kind in ("RoleBinding", "ClusterRoleBinding"):
            out["subjects"] = [{"kind": "ServiceAccount", "name": p(NAMES)}]
        elif kind == "Ingress":
            out["spec"] = p([{"rules": [{"host": "y.example"}]}, {"tls": None}, {"ingressClassName": "z"}])
        elif kind == "Widget":
            out["spec"] = p([{"list": [{"name": "b", "value": "new"}]}, {"replicas": 9}, {"new": {"a": [1, 2]}}, {"list": None}, {"template": {"spec": {"containers": [{"name": "main", "image": "z"}]}}}])
        elif kind == "ServiceAccount":
            out["imagePullSecrets"] = [{"name": p(NAMES)}]
        elif kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
            out["webhooks"] = [{"name": p(["a.x", "b.x"]), "timeoutSeconds": 3}]
        elif kind == "PodDisruptionBudget":
            out["spec"] = {"minAvailable": p([2, "10%", None])}
        elif kind == "HorizontalPodAutoscaler":
            out["spec"] = {"maxReplicas": 9}
        elif kind == "CronJob":
            out["spec"] = {"schedule": "1 * * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [self.container_patch("main")]}}}}}
        elif kind == "Pod":
            out["spec"] = {"containers": [self.container_patch("main")]}
        if "finalizers" in r["metadata"] and c(0.5):
            out["metadata"]["finalizers"] = ["new", "a/b"]
        return out

    def container_patch(self, name):
        out = {"name": name}
        p, c = self.pick, self.chance
        if c(0.05):
            out["$patch"] = p(["delete", "replace", "merge"])
        if c(0.5):
            out["image"] = self.image()
        if c(0.4):
            out["env"] = p([[self.env()], [{"name": "A", "$patch": "delete"}], [{"name": "A", "value": "new"}, {"name": "Z", "value": "1"}], None, [], [{"$patch": "replace"}, {"name": "ONLY", "value": "1"}]])
        if c(0.3):
            out["ports"] = [self.port("containerPort") for _ in range(self.rng.randint(1, 2))]
        if c(0.2):
            out["volumeMounts"] = [{"name": "data", "mountPath": p(["/data", "/other"])}]
        if c(0.1):
            out["args"] = p([["x"], None, []])
        if c(0.1):
            out["resources"] = p([{"limits": {"cpu": None}}, {"limits": {"memory": "2Gi"}}, None, {}])
        if self.risky():
            del out["name"]
        return out

    def operations(self, r):
        p, c = self.pick, self.chance
        out = []
        for _ in range(self.rng.choice([1, 1, 2])):
            choice = [{"op": "add", "path": "/metadata/annotations/added", "value": "1"}, {"op": "replace", "path": "/metadata/name", "value": "renamed"},
                      {"op": "add", "path": "/spec/extra", "value": p([1, "x", [1], {"a": None}, None, True])}, {"op": "add", "path": "/metadata/labels", "value": {"op": "x"}},
                      {"op": "add", "path": "/x~1y", "value": {"a~b": "c"}}, {"op": "add", "path": "/data", "value": {"k": "op"}},
                      {"op": "copy", "from": "/metadata/name", "path": "/metadata/copied"}, {"op": "replace", "path": "/metadata/namespace", "value": "moved"}]
            if isinstance(r.get("spec", {}), dict) and "template" in r.get("spec", {}) and "containers" in r["spec"]["template"].get("spec", {}):
                choice += [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "op:1"}, {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "added", "image": "a"}},
                           {"op": "remove", "path": "/spec/template/spec/containers/0/name"}, {"op": "add", "path": "/spec/template/spec/containers/0/env", "value": [{"name": "OP", "value": "1"}]},
                           {"op": "replace", "path": "/spec/replicas", "value": p([7, "7"])}] * 2
            if self.risky():
                choice = [{"op": "remove", "path": "/spec/nope"}, {"op": "test", "path": "/kind", "value": "X"}, {"op": "unknown", "path": "/x"}, {"op": "add", "path": "/a/b/c", "value": 1},
                          {"op": "move", "from": "/nope", "path": "/x"}, {"op": "replace", "path": "/spec/nope/x", "value": 1}, {"op": "add", "path": "nope", "value": 1}, {"op": "remove", "path": "/metadata/name"},
                          {"op": "add", "path": "/spec/template/spec/containers/9", "value": {}}, {"path": "/x"}, {"op": "add", "path": "/x"}, {"op": "replace", "path": "/kind", "value": "Other"}]
            out.append(p(choice))
        return out

    def patch_text(self, path, patches):
        """The patch as a file beside the kustomization (its name), or as text."""
        yaml = Yaml(self.rng, self.odd)
        if not isinstance(patches, list):
            patches = [patches]
        text = "---\n".join(yaml.document(x) for x in patches)
        if self.chance(0.5):
            name = self.fresh("p") + ".yaml"
            self.put(f"{path}/{name}", text)
            return name
        return text

    def operations_text(self, operations):
        yaml = Yaml(self.rng, False)
        if self.chance(0.3):
            return json.dumps(operations)
        return "\n".join(yaml.block(operations, 0)) + "\n"

    def selector(self, r):
        out = {}
        c, p = self.chance, self.pick
        group, _, version = r.get("apiVersion", "").rpartition("/")
        if c(0.8):
            out["kind"] = p([r.get("kind", "X"), r.get("kind", "X"), "Deploy.*", ".*"]) if c(0.3) else r.get("kind", "X")
        if c(0.6):
            name = str(r["metadata"].get("name", "web"))
            out["name"] = p([name, name, name, "w.*", name + "|db", "^" + name + "$", ".*"])
        if c(0.2) and group:
            out["group"] = group
        if c(0.2):
            out["version"] = version
        if c(0.08):
            out["namespace"] = p(NAMESPACES)
        if c(0.1):
            out["labelSelector"] = p(["app=a", "app", "app in (a,b)", "!tier", "env!=prod", "app==a,tier"] + (["=", "a in b"] if self.risky() else []))
        if c(0.05):
            out["annotationSelector"] = p(["note=v", "note", "!note"])
        if self.risky():
            out[p(["name", "kind"])] = p(["(", "nobody", "*"])
        return out

    def patch(self, path, pool):
        r = self.pick(pool) if pool else {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nobody"}}
        out = {}
        if self.chance(0.4):
            text = self.operations_text(self.operations(r))
            out["target"] = self.selector(r)
            if self.risky():
                del out["target"]
        else:
            merges = [self.merge(r)]
            if pool and self.chance(0.15):
                merges.append(self.merge(self.pick(pool)))
            yaml = Yaml(self.rng, self.odd)
            text = "---\n".join(yaml.document(x) for x in merges)
            if self.chance(0.3) and (len(merges) == 1 or self.risky()):
                out["target"] = self.selector(r)
            if self.chance(0.06):
                merges[0]["metadata"]["name"] = "renamed" if "target" in out else merges[0]["metadata"].get("name", "web")
                text = yaml.document(merges[0])
                out["options"] = {self.pick(["allowNameChange", "allowKindChange"]): True}
        if self.chance(0.5):
            out["patch"] = text
        else:
            name = self.fresh("p") + ".yaml"
            self.put(f"{path}/{name}", text)
            out["path"] = name
        if self.risky():
            out[self.pick(["path", "patch", "extra"])] = self.pick(["missing.yaml", "", "x: y\n"])
        return out

    def json_entry(self, path, r):
        group, _, version = r.get("apiVersion", "").rpartition("/")
        out = {"target": {"group": group, "version": version, "kind": r.get("kind", ""), "name": str(r["metadata"].get("name", ""))}}
        text = self.operations_text(self.operations(r))
        if self.chance(0.5):
            out["patch"] = text
        else:
            name = self.fresh("p") + ".yaml"
            self.put(f"{path}/{name}", text)
            out["path"] = name
        return out

    def generator(self, path, pool, secret):
        p, c = self.pick, self.chance
        kind = "Secret" if secret else "ConfigMap"
        there = [r["metadata"].get("name") for r in pool if r.get("kind") == kind and isinstance(r["metadata"].get("name"), str)]
        out = {"name": p(NAMES + ["gen", "gen2"])}
        if there and c(0.4):
            out["name"], out["behavior"] = p(there), p(["merge", "merge", "replace"])
        elif any(r.get("kind") == kind and r["metadata"].get("name") == out["name"] for r in pool) and not self.risky():
            out["name"] = self.fresh("gen")
        elif c(0.1):
            out["behavior"] = p(["create", "merge" if self.risky() else "create", "odd" if self.risky() else "create"])
        if c(0.6):
            out["literals"] = [p(["a=1", "b=two words", 'c="quoted"', "d='single'", "e=x=y", "f=", "g=multi\nline", "k=v", "h=é", "i=$(VAR_A)"]) for _ in range(self.rng.randint(1, 3))]
            out["literals"] = list({x.split("=")[0]: x for x in out["literals"]}.values())
            if self.risky():
                out["literals"].append(p(["novalue", "=x", "a=1", ""]))
        if c(0.35):
            name = self.fresh("f") + p([".txt", ".properties", ".bin", ""])
            content = p(["hello\n", "no newline", "", "a: b\n", "\tтабы\n", "x" * 200 + "\n", "trailing \nspace\n", "\xff\xfe\x00binary", "line\r\nline\r\n", "multi\nline\n\n"])
            self.put(f"{path}/{name}", content.encode("latin-1") if "\xff" in content else content)
            out["files"] = [name if c(0.6) else f"{p(['key', 'k.txt', 'bad key', 'a'])}={name}"]
            if self.risky():
                out["files"].append(p(["missing.txt", "=x", "a=", "a=b=c", "../k/kustomization.yaml", "."]))
        if c(0.2):
            name = self.fresh("e") + ".env"
            self.put(f"{path}/{name}", p(["A=1\nB=two\n", "# c\n\n  X=1 \nY\n", "Q=\"q\"\nR='r' # x\n", "export E=1\n", "\ufeffBOM=1\n", "A=\n=z\n", "A=1\nA=2\n" if self.risky() else "A=1\n", "C=x\r\nD=y\r\n"]))
            out["envs"] = [name]
            if c(0.2):
                out["env"] = out.pop("envs")[0]
        if secret and c(0.4):
            out["type"] = p(["Opaque", "kubernetes.io/tls", "x"])
        if c(0.25):
            out["options"] = self.generator_options()
        if c(0.12):
            out["namespace"] = p(NAMESPACES)
        if self.risky():
            out.pop("name", None)
        return out

    def generator_options(self):
        out = {}
        if self.chance(0.5):
            out["disableNameSuffixHash"] = self.pick([True, True, False])
        if self.chance(0.4):
            out["labels"] = self.pairs()
        if self.chance(0.3):
            out["annotations"] = {"gen": "x"}
        if self.chance(0.2):
            out["immutable"] = self.pick([True, False])
        return out

    PATHS = ["metadata.name", "metadata.labels.app", "metadata.annotations.note", "spec.replicas", "spec.template.spec.containers.0.image", "spec.template.spec.containers.[name=main].image",
             "spec.template.spec.containers.*.image", "spec.template.spec.containers.[name=main].env.[name=A].value", "data.k", "data.inner\\.yaml.a", "metadata.namespace", "spec.serviceName",
             "spec.template.metadata.labels.app", "spec.selector", "data", "spec.ports.0.port", "metadata.annotations.a\\.b/c", "spec.ports.[port=80].name"]

    def field_path(self, r, exists):
        if exists and self.chance(0.9):
            found = []
            for path in self.PATHS:
                at = r
                for part in re.split(r"(?<!\\)\.", path):
                    part = part.replace("\\.", ".")
                    if isinstance(at, list):
                        m = re.fullmatch(r"\[(\w+)=(\w+)\]", part)
                        if m:
                            at = next((x for x in at if isinstance(x, dict) and str(x.get(m[1])) == m[2]), None)
                        elif part == "*":
                            at = at[0] if at else None
                        else:
                            at = at[int(part)] if part.isdigit() and int(part) < len(at) else None
                    else:
                        at = at.get(part) if isinstance(at, dict) else None
                if at is not None:
                    found.append(path)
            if found:
                return self.pick(found)
        return self.pick(self.PATHS)

    def plain_selector(self, r):
        out = {"kind": r.get("kind", "X"), "name": str(r["metadata"].get("name", "web"))}
        if self.chance(0.2):
            out.pop(self.pick(["kind", "name"]))
        if self.chance(0.1):
            group, _, out["version"] = r.get("apiVersion", "").rpartition("/")
            if group:
                out["group"] = group
        if "namespace" in r["metadata"] and r["metadata"]["namespace"] and self.chance(0.5):
            out["namespace"] = r["metadata"]["namespace"]
        return out

    def replacement(self, path, pool):
        p, c = self.pick, self.chance
        s = p(pool)
        out = {}
        if c(0.1):
            out["sourceValue"] = self.text()
        if "sourceValue" not in out or self.risky():
            out["source"] = self.plain_selector(s)
            source_path = self.field_path(s, not self.risky())
            while "*" in source_path:
                source_path = self.field_path(s, True)
            if c(0.9):
                out["source"]["fieldPath"] = source_path
            if c(0.1):
                out["source"]["options"] = {"delimiter": p(["-", ":", "/"]), "index": p([0, 0, 1])}
        out["targets"] = []
        for _ in range(self.rng.choice([1, 1, 2])):
            t = p(pool)
            target = {"select": self.plain_selector(t) if c(0.7) else self.selector(t)}
            create = c(0.3)
            target["fieldPaths"] = [self.field_path(t, not create) for _ in range(self.rng.choice([1, 1, 2]))]
            options = {}
            if create:
                options["create"] = True
            if c(0.2):
                options["delimiter"] = p(["-", ":", "/", "."])
                if c(0.7):
                    options["index"] = p([0, 1, 2, -1])
            if options:
                target["options"] = options
            if c(0.15):
                target["reject"] = [self.plain_selector(p(pool))]
            if self.risky():
                target.pop(p(list(target)))
            out["targets"].append(target)
        if self.risky():
            out.pop(p(list(out)))
        if c(0.1):
            name = self.fresh("rep") + ".yaml"
            text = Yaml(self.rng, False)
            self.put(f"{path}/{name}", "\n".join(text.block([out], 0)) + "\n" if c(0.6) and out else text.document(out))
            return {"path": name}
        return out

    def var(self, r, name):
        group, _, version = r.get("apiVersion", "").rpartition("/")
        out = {"name": name, "objref": {"apiVersion": r.get("apiVersion", "v1"), "kind": r.get("kind", "X"), "name": str(r["metadata"].get("name", "web"))}}
        if self.chance(0.5):
            path = self.field_path(r, True)
            if "*" not in path and "[" not in path:
                out["fieldref"] = {"fieldpath": path}
        return out

    def configuration(self):
        choice = {"nameReference": [{"kind": self.pick(["ConfigMap", "Secret", "Widget"]), "fieldSpecs": [{"kind": "Widget", "path": "spec/ref/name"}]}], "images": [{"kind": "Widget", "path": "spec/image"}],
                  "commonLabels": [{"kind": "Widget", "path": "spec/selector/matchLabels", "create": True}], "replicas": [{"kind": "Widget", "path": "spec/replicas"}],
                  "varReference": [{"kind": "Widget", "path": "spec/list/value"}, {"kind": "ConfigMap", "path": "data"}], "commonAnnotations": [{"kind": "Widget", "path": "spec/notes", "create": True}],
                  "namePrefix": [{"kind": "Widget", "path": "spec/ref/name"}], "namespace": [{"kind": "Widget", "path": "spec/ns", "create": True}]}
        return {key: choice[key] for key in self.some(choice, 1, 3)}

    def plugin(self, path, pool):
        p = self.pick
        kind = p(["PrefixTransformer", "SuffixTransformer", "PrefixSuffixTransformer", "LabelTransformer", "AnnotationsTransformer", "NamespaceTransformer", "ImageTagTransformer", "ReplicaCountTransformer",
                  "PatchTransformer", "ReplacementTransformer", "HashTransformer", "PatchStrategicMergeTransformer", "PatchJson6902Transformer"] + (["Unknown", "ValueAddTransformer"] if self.risky() else []))
        out = {"apiVersion": "builtin" if not self.risky() else "example.com/v1", "kind": kind, "metadata": {"name": "plugin"}}
        if kind == "PrefixTransformer":
            out.update(prefix="t-", fieldSpecs=[{"path": "metadata/name"}])
        elif kind == "SuffixTransformer":
            out.update(suffix="-t", fieldSpecs=[{"path": "metadata/name", **({"kind": "Service"} if self.chance(0.4) else {})}])
        elif kind == "PrefixSuffixTransformer":
            out.update(prefix="t-", suffix="-t", fieldSpecs=[{"path": "metadata/name", "kind": "ConfigMap"}])
        elif kind == "LabelTransformer":
            out.update(labels=self.pairs(), fieldSpecs=[{"path": "metadata/labels", "create": True}, {"path": "spec/template/metadata/labels", "create": self.pick([True, False]), "kind": "Deployment"}])
        elif kind == "AnnotationsTransformer":
            out.update(annotations={"t": "x"}, fieldSpecs=[{"path": "metadata/annotations", "create": True}])
        elif kind == "NamespaceTransformer":
            out["metadata"]["namespace"] = "tns"
            out.update(unsetOnly=self.pick([True, False]), fieldSpecs=[{"path": "metadata/name", "kind": "Namespace", "create": True}])
            if self.chance(0.6):
                out["setRoleBindingSubjects"] = p(["none", "allServiceAccounts", "defaultOnly"])
        elif kind == "ImageTagTransformer":
            out.update(imageTag=self.image_entry(), fieldSpecs=[{"path": "spec/image"}])
        elif kind == "ReplicaCountTransformer":
            out.update(replica={"name": p(NAMES), "count": 3}, fieldSpecs=[{"path": "spec/replicas", "create": True, "kind": "Deployment"}])
        elif kind == "PatchTransformer":
            out.update(self.patch(path, pool))
        elif kind == "ReplacementTransformer" and pool:
            out["replacements"] = [self.replacement(path, pool)]
        elif kind == "PatchStrategicMergeTransformer" and pool:
            out["patches"] = Yaml(self.rng, False).document(self.merge(p(pool)))
        elif kind == "PatchJson6902Transformer" and pool:
            entry = self.json_entry(path, p(pool))
            out["target"] = entry["target"]
            out.update({"jsonOp": entry["patch"]} if "patch" in entry else {"path": entry["path"]})
        text = Yaml(self.rng, False).document(out)
        if self.chance(0.3):
            return text
        name = self.fresh("t") + ".yaml"
        self.put(f"{path}/{name}", text)
        return name

    def generator_plugin(self, path):
        secret = self.chance(0.4)
        out = {"apiVersion": "builtin", "kind": "SecretGenerator" if secret else "ConfigMapGenerator", "metadata": {"name": "gplugin", **({"namespace": "prod"} if self.chance(0.3) else {})}, "literals": ["a=b"]}
        text = Yaml(self.rng, False).document(out)
        if self.chance(0.4):
            return text
        name = self.fresh("g") + ".yaml"
        self.put(f"{path}/{name}", text)
        return name

    def damage(self):
        """Breaks one file: a line lost, doubled, indented or replaced."""
        path = self.pick(sorted(n for n, t in self.files.items() if isinstance(t, str) and t.count("\n") > 1) or [None])
        if path is None:
            return
        lines = self.files[path].split("\n")
        i = self.rng.randrange(len(lines))
        how = self.pick(["lose", "double", "indent", "outdent", "odd", "tab"])
        if how == "lose":
            del lines[i]
        elif how == "double":
            lines.insert(i, lines[i])
        elif how == "indent":
            lines[i] = "  " + lines[i]
        elif how == "outdent":
            lines[i] = lines[i][1:]
        elif how == "tab":
            lines[i] = lines[i].replace("  ", "\t", 1)
        else:
            lines[i] += self.pick([" x", ":", ": y", "'", '"', " {", "]", " &a", " *b", " |", "\x01"])
        self.files[path] = "\n".join(lines)

    def write(self, directory):
        for name, content in self.files.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        os.makedirs(os.path.join(directory, "k"), exist_ok=True)


class Answer(collections.namedtuple("Answer", "code out err")):
    def warnings(self):
        """Deprecations, in order; and vars that nothing used, without the time."""
        out = []
        for line in self.err.decode("utf-8", "replace").split("\n"):
            if line.startswith("# Warning:"):
                out.append(line)
            elif "well-defined vars that were never replaced" in line:
                head, _, names = line[line.index("well-defined"):].partition(": ")
                out.append(head + ": " + ",".join(sorted(names.split(","))))
        return out


def run(command, directory):
    done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    return Answer(done.returncode, done.stdout, done.stderr)


def difference(theirs, ours):
    if theirs.code not in (0, 1):
        return ""  # kustomize itself broke down: no answer to compare with
    if ours.code not in (0, 1) or (ours.code and ours.out):
        return f"ours ended with {ours.code}, {len(ours.out)} bytes of output"
    if bool(theirs.code) != bool(ours.code):
        return "refused by kustomize alone" if theirs.code else "refused by slipway alone"
    if theirs.out != ours.out:
        return "bytes"
    if theirs.code == 0 and theirs.warnings() != ours.warnings():
        return "warnings"
    return ""


def digest(data):
    return hashlib.sha256(data).hexdigest()[:20]


def inputs_of(case):
    text = json.dumps({name: content if isinstance(content, str) else content.hex() for name, content in case.files.items()}, sort_keys=True)
    return digest(text.encode("utf-8", "surrogatepass"))


def answers(seed, numbers, program):
    """(number, digest of the files, exit code, digest of the output), case by case."""
    with tempfile.TemporaryDirectory() as root:
        def one(number):
            case, directory = Case(seed, number), os.path.join(root, str(number))
            case.write(directory)
            answer = run(program + ["build", "k"], directory)
            shutil.rmtree(directory)
            return number, inputs_of(case), answer.code, digest(answer.out) if answer.code == 0 else "-"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            yield from pool.map(one, numbers)


def record(path, seed, count, kustomize):
    with open(path, "w") as f:
        f.write(f"# What kustomize 5.8.2 answers to the cases of seed {seed}: number, files, exit code, output.\n")
        for number, files, code, out in answers(seed, range(count), [kustomize]):
            if code in (0, 1):
                f.write(f"{number} {files} {code} {out}\n")
    return 0


def compare_with_recording(path, slipway):
    lines = open(path).read().split("\n")
    seed = re.search(r"seed (\S+):", lines[0])[1]
    known = {int(line.split()[2].rstrip(":")) for line in lines if line.startswith("# known")}
    expected = {int(n): (files, int(code), out) for n, files, code, out in (line.split() for line in lines if line and not line.startswith("#"))}
    same = strange = different = 0
    for number, files, code, out in answers(seed, sorted(expected), [slipway, "kustomize"]):
        if files != expected[number][0]:
            strange += 1  # this Python draws other numbers
        elif (code, out) == expected[number][1:]:
            same += 1
            if number in known:
                different += 1
                print(f"{number} is as recorded now: take it off the list of known differences")
        elif number in known:
            print(f"{number}: differs, as known")
        else:
            different += 1
            print(f"{number}: expected {expected[number][1:]}, got {(code, out)}; see: kustomize_compare.py --seed {seed} --only {number}")
    print(f"{same} as recorded, {different} different, {strange} not drawn alike here")
    if same + different == 0:
        print("SKIPPED: this Python draws other cases than those that were recorded")
        return 77
    return 1 if different else 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=3000)
    options.add_argument("--seed", default=None)
    options.add_argument("--keep")
    options.add_argument("--only", type=int)
    options.add_argument("--from", dest="first", type=int, default=0)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--record")
    options.add_argument("--recorded")
    said = options.parse_args()
    slipway = os.environ.get("SLIPWAY", os.path.join(project, "build/dev/slipway"))
    peers = os.environ.get("SLIPWAY_PEERS", os.path.expanduser("~/.cache/slipway/peers"))
    kustomize = os.path.join(peers, "bin/kustomize")
    if said.recorded:
        return compare_with_recording(said.recorded, slipway)
    if not os.path.exists(kustomize):
        print(f"SKIPPED: no {kustomize} to compare with (see tests/peers/install)")
        return 77
    if not os.path.exists(slipway):
        print(f"no {slipway}: build it, or name it in SLIPWAY", file=sys.stderr)
        return 2
    if said.record:
        return record(said.record, said.seed or "1", said.count, kustomize)
    seed = said.seed or str(random.SystemRandom().randrange(10**9))
    keep = said.keep or tempfile.mkdtemp(prefix="kustomize-compare-")
    os.makedirs(keep, exist_ok=True)
    print(f"seed {seed}; {'case ' + str(said.only) if said.only is not None else str(said.count) + ' cases'}; differences go to {keep}", flush=True)

    def compare(number):
        directory = os.path.join(keep, str(number))
        shutil.rmtree(directory, ignore_errors=True)
        Case(seed, number).write(directory)
        theirs = run([kustomize, "build", "k"], directory)
        ours = run([slipway, "kustomize", "build", "k"], directory)
        why = difference(theirs, ours)
        if why or said.only is not None:
            for name, answer in (("theirs", theirs), ("ours", ours)):
                with open(os.path.join(directory, name), "wb") as f:
                    f.write(answer.out if answer.code == 0 else answer.err)
        else:
            shutil.rmtree(directory)
        return number, why, theirs, ours

    numbers = [said.only] if said.only is not None else range(said.first, said.first + said.count)
    counts, shown = collections.Counter(), collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(said.jobs) as pool:
        for number, why, theirs, ours in pool.map(compare, numbers):
            counts["built" if theirs.code == 0 else "refused" if theirs.code == 1 else "broken"] += 1
            if not why:
                continue
            counts["different"] += 1
            shown[why] += 1
            if shown[why] <= 40:
                detail = ""
                if "refused" in why:
                    detail = (theirs if theirs.code else ours).err.decode("utf-8", "replace").strip().split("\n")[-1][-220:]
                print(f"{number}: {why} {detail}", flush=True)
    print(f"{counts['built']} built, {counts['refused']} refused, {counts['broken']} where kustomize panics, {counts['different']} different; seed {seed}")
    if not said.keep and not counts["different"] and said.only is None:
        shutil.rmtree(keep, ignore_errors=True)
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
