"""Random resources, and files of them."""
import re

from .chance import NAMES, NAMESPACES, Chance
from .writer import Scalar, Yaml


class Resources(Chance):
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
        if self.chance(0.04):
            spec["schedulingGates"] = [{"name": "gate"}]
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

    # Texts that replacements write into: order, comments, quotes and braces stay.
    INNER = ["# head\n\nz: 'q'   # of z\na:\n    b: 80 # of b\n    x: [1,   2]\n\n\n    # foot\nk: {m: n,\n  o: p}\n", "a: '1'\nl:\n    - name: one # first\n      v: \"2\"\n    # between\n\n    - name: two\n      v: |\n        t\n# end\n",
             "b: &x {c: d}\na: *x\ne:\n  <<: *x\n", "--- # doc\na: !!str 5\nn: ~\nt: 2020-01-01\n...\n", "l: [a, {name: one, v: 1}, b]\na: >-\n  folded\n  text\n"]

    def body(self, kind):
        p, c = self.pick, self.chance
        if kind == "PodTemplate":
            return {"template": self.template()}
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"):
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
                data["inner.yaml"] = p(self.INNER + ["a: b\nc:\n- d\n", '{"a": {"b": "c"}}', "a:\n  b: c # x\n", '{\n  "a": "b"\n}\n'])
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
            hook = {"name": "a.x", "clientConfig": {"service": {"name": p(NAMES), "namespace": p(NAMESPACES), "path": "/"}}}
            if c(0.3):
                hook["matchConditions"] = [{"name": "one", "expression": "true"}]
            return {"webhooks": [hook]}
        if kind == "Widget":
            out = {"replicas": p([1, 2]), "list": [{"name": "a", "value": self.text()}, {"name": "b"}], "selector": {"matchLabels": self.pairs()},
                   "ref": p([{"name": p(NAMES)}, {"name": p(NAMES)}, p(NAMES)]), "image": self.image(), "names": self.some(NAMES, 1, 2),
                   "manifest": {"apiVersion": p(["apps/v1", "apps/v1", "apps/v9"]), "kind": "Deployment", "spec": {"template": {"spec": {"containers": [self.container("main"), {"name": "side"}]}}}}, "template": {"spec": {"containers": [{"name": "main", "image": self.image()}]}}}
            return {"spec": {k: out[k] for k in self.some(out, 1, 7)}}
        return {}

    KINDS = [("apps/v1", "Deployment", 10), ("apps/v1", "StatefulSet", 4), ("apps/v1", "DaemonSet", 2), ("apps/v1", "ReplicaSet", 1), ("v1", "Pod", 2), ("batch/v1", "Job", 2),
             ("batch/v1", "CronJob", 2), ("v1", "Service", 6), ("v1", "ConfigMap", 7), ("v1", "Secret", 4), ("v1", "ServiceAccount", 4), ("rbac.authorization.k8s.io/v1", "Role", 2),
             ("rbac.authorization.k8s.io/v1", "RoleBinding", 3), ("rbac.authorization.k8s.io/v1", "ClusterRole", 1), ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 2),
             ("networking.k8s.io/v1", "Ingress", 3), ("networking.k8s.io/v1", "NetworkPolicy", 2), ("autoscaling/v2", "HorizontalPodAutoscaler", 2), ("policy/v1", "PodDisruptionBudget", 1),
             ("v1", "PersistentVolumeClaim", 2), ("v1", "PersistentVolume", 1), ("storage.k8s.io/v1", "StorageClass", 1), ("scheduling.k8s.io/v1", "PriorityClass", 1), ("v1", "Namespace", 2),
             ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 1), ("apiregistration.k8s.io/v1", "APIService", 1), ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", 1),
             ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", 1), ("example.com/v1", "Widget", 4), ("extensions/v1beta1", "Deployment", 1), ("batch/v1beta1", "CronJob", 1),
             ("networking.k8s.io/v1beta1", "Ingress", 1), ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 1), ("gateway.networking.k8s.io/v1", "GatewayClass", 1),
             ("policy/v1beta1", "PodDisruptionBudget", 0.5), ("v1", "ReplicationController", 0.5), ("v1", "PodTemplate", 0.5), ("policy/v1beta1", "PodSecurityPolicy", 0.5), ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", 0.5),
             ("rbac.authorization.k8s.io/v1beta1", "RoleBinding", 0.5), ("networking.k8s.io/v1", "IngressClass", 0.5), ("v1", "Endpoints", 0.5), ("apps/v1beta1", "Deployment", 0.5)]

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
            if self.chance(0.03):
                field = self.pick(["labels", "annotations", "creationTimestamp", "namespace"])
                meta[field] = self.pick([None, {}] if field != "namespace" else [None, ""]) if self.likely() else self.pick([{}, ""])
            if self.chance(0.03):
                out["status"] = self.pick([None, {}, {"a": []}])
            if self.chance(0.03):
                out["x"] = [Scalar(s) for s in self.some(["1.0", "0777", "0x1f", "1e10", "1_000", "yes", "2020-01-01", "-0", "1.50", "~", "12345678901234567890", "0o17", "!!str 5", "!!int '5'", ".5", "+1", "1.", "1e-7", "123456789.123456789",
                                                        "2020-01-01 10:00:00", "2020-01-01t10:00:00.50Z", "{g: , t: 2020-01-01 10:00:00}", "{f, h: {i}}", "[{j: }]", "!!null", "{k: !!null }",
                                                        "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808", "1000000", "1234567.5", "0.00001", "1e21", "[1, !!null, 1.50]",
                                                        "{k: !!str,l 5}", "[!a]b, 5]", "! 5", "! ~", "! '5'"], 1, 5)]
            if self.chance(0.02):
                out["e"] = {"l": Scalar(""), "m": Scalar("!!null"), "n": {"o": Scalar("{p: , r: s}")}}
            if self.chance(0.02):
                out[self.pick([Scalar("2"), Scalar("true"), Scalar("1.50")])] = "v"
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
        text, found = re.subn(r"(?m)^metadata:$", "metadata: &meta", text, count=1)
        return text if not found and self.likely() else text + self.pick(["extra: *meta\n", "extra:\n  <<: *meta\n  b: c\n", "extra:\n- *meta\n- *meta\n"])

    def distinct(self, added):
        """Mostly without two of one kind and name in the whole case, which would only be refused."""
        for r in added:
            key, namespace = (str(r.get("kind")), str(r["metadata"].get("name"))), str(r["metadata"].get("namespace", ""))
            alike = namespace and key + (namespace,) not in self.taken and self.chance(0.1)
            if key in self.taken and not alike and "name" in r["metadata"] and self.likely():
                free = [n for n in (NAMESPACES if r.get("kind") == "Namespace" else NAMES) if (str(r.get("kind")), n) not in self.taken]
                r["metadata"]["name"] = self.pick(free) if free else self.fresh("more")
            key = (str(r.get("kind")), str(r["metadata"].get("name")))
            self.taken |= {key, key + (namespace,)}
        return added
