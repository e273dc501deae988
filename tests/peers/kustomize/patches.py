"""Random patches for resources: strategic merges, JSON patches, and what they are aimed at."""
import json, re

from .chance import NAMES, NAMESPACES, Chance
from .writer import Yaml


class Patches(Chance):
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
                self.gone = r
                return out
        if c(0.3):
            out["metadata"]["labels"] = {"patched": p(["yes", "1", None])}
        if c(0.3):
            out["metadata"]["annotations"] = {"note": p(["new", None, "x"]), "more": "1"}
        kind = r.get("kind")
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"):
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
            if c(0.04):
                pod["ephemeralContainers"] = [self.container_patch("eph")]
            if c(0.04):
                pod["schedulingGates"] = [{"name": "other"}]
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
            out["spec"] = p([{"list": [{"name": "b", "value": "new"}]}, {"replicas": 9}, {"new": {"a": [1, 2]}}, {"list": None}, {"list": [{"name": "a", "value": "patched"}, {"name": "new"}]}, {"list": [{"name": "a", "$patch": "delete"}]},
                              {"manifest": {"spec": {"template": {"spec": {"containers": [self.container_patch("main")]}}}}}, {"manifest": {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "new"}]}}}}}, {"template": {"spec": {"containers": [{"name": "main", "image": "z"}]}}}])
        elif kind == "ServiceAccount":
            out["imagePullSecrets"] = [{"name": p(NAMES)}]
        elif kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
            out["webhooks"] = [{"name": p(["a.x", "b.x"]), **p([{"timeoutSeconds": 3}, {"matchConditions": [{"name": "two", "expression": "x"}]}])}]
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

    def operations(self, r, broad=False):
        """JSON operations for the resource; `broad`: such as apply to any."""
        p, c = self.pick, self.chance
        out = []
        for _ in range(self.rng.choice([1, 1, 2])):
            choice = [{"op": "add", "path": "/metadata/labels", "value": {"op": "x"}}, {"op": "add", "path": "/x~1y", "value": {"a~b": "c"}},
                      {"op": "copy", "from": "/metadata/name", "path": "/metadata/copied"}, {"op": "add", "path": "/metadata/annotations", "value": {"note": "op"}}]
            if not broad:
                choice += [{"op": "replace", "path": "/metadata/namespace", "value": "moved"}, {"op": "add", "path": "/data", "value": {"k": "op"}}]
            if not broad and self.chance(0.5):
                choice += [{"op": "replace", "path": "/metadata/name", "value": self.fresh("renamed")}]
            if not broad and isinstance(r["metadata"].get("annotations"), dict) or not self.likely():
                choice += [{"op": "add", "path": "/metadata/annotations/added", "value": "1"}] * 2
            if not broad and isinstance(r.get("spec"), dict) or not self.likely():
                choice += [{"op": "add", "path": "/spec/extra", "value": p([1, "x", [1], {"a": None}, None, True])}] * 2
            if not broad and isinstance(r.get("spec", {}), dict) and "template" in r.get("spec", {}) and "containers" in r["spec"]["template"].get("spec", {}):
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

    def selected(self, selector, pool):
        """Those of the pool that a selector means, by kind and name alone."""
        def fits(wanted, text):
            try:
                return wanted is None or re.fullmatch(wanted, str(text)) is not None
            except re.error:
                return False
        return [r for r in pool if fits(selector.get("kind"), r.get("kind")) and fits(selector.get("name"), r["metadata"].get("name"))]

    def patch(self, path, pool):
        r = self.pick(pool) if pool else {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nobody"}}
        out = {}
        if self.chance(0.4):
            out["target"] = self.selector(r)
            text = self.operations_text(self.operations(r, len(self.selected(out["target"], pool)) != 1 and self.likely()))
            if self.risky():
                del out["target"]
        else:
            merges = [self.merge(r)]
            while pool and self.chance(0.2):
                merges.append(self.merge(self.pick([x for x in pool if x is not getattr(self, "gone", None)] or pool)))
            yaml = Yaml(self.rng, self.odd)
            text = "---\n".join(yaml.document(x) for x in merges)
            if self.chance(0.3) and (len(merges) == 1 or self.risky()):
                out["target"] = self.selector(r)
            if self.chance(0.1):
                merges[0]["metadata"]["name"] = self.fresh("renamed") if "target" in out else merges[0]["metadata"].get("name", "web")
                text = yaml.document(merges[0])
                out["options"] = {key: self.pick([True, True, False]) for key in self.some(["allowNameChange", "allowKindChange"], 1, 2)}
                if self.chance(0.2) and out["options"].get("allowKindChange"):
                    text = text.replace("kind: " + str(r.get("kind")), "kind: Widget", 1)
        if getattr(self, "gone", None) in pool and len(pool) > 1 and self.likely():
            pool.remove(self.gone)  # nothing more is said of what a patch deleted
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
