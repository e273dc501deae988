"""Random fields of a kustomization: generators, replacements, vars, images, labels, plugins."""
import json, re

from .chance import NAMES, NAMESPACES, Chance
from .writer import Yaml


class Fields(Chance):
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

    def generator(self, path, pool, secret):
        p, c = self.pick, self.chance
        kind = "Secret" if secret else "ConfigMap"
        there = [r for r in self.early if r.get("kind") == kind and isinstance(r["metadata"].get("name"), str)]
        out, merged = {"name": p(NAMES + ["gen", "gen2"])}, None
        if there and c(0.6):
            merged = p(there)
            out["name"], out["behavior"] = merged["metadata"]["name"], p(["merge", "merge", "replace"])
        elif (kind, out["name"]) in self.taken and self.likely():
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
            content = p(["hello\n", "no newline", "", "a: b\n", "a\tтабы\n" if self.likely() else "\tтабы\n", "x" * 200 + "\n", "trailing \nspace\n", "\xff\xfe\x00binary", "line\r\nline\r\n", "multi\nline\n\n"])
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
        if merged:
            if merged["metadata"].get("namespace") and self.likely():
                out["namespace"] = merged["metadata"]["namespace"]
        elif c(0.12):
            out["namespace"] = p(NAMESPACES)
        self.taken.add((kind, out["name"]))
        if not merged:
            self.early.append({"apiVersion": "v1", "kind": kind, "metadata": {key: out[key] for key in ("name", "namespace") if key in out},
                         **({"data": dict([x.split("=", 1) for x in out.get("literals", []) if "=" in x and "\n" not in x])} if out.get("literals") and not secret else {})})
            pool.append(self.early[-1])
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
             "spec.template.spec.containers.*.image", "spec.template.spec.containers.[name=main].env.[name=A].value", "data.k", "data.inner\\.yaml.a", "data.inner\\.yaml.a.b", "data.inner\\.yaml.l.[name=one].v", "data.inner\\.yaml.l.1", "data.inner\\.yaml.z", "metadata.namespace", "spec.serviceName",
             "spec.template.metadata.labels.app", "spec.selector", "data", "spec.ports.0.port", "metadata.annotations.a\\.b/c", "spec.ports.[port=80].name",
             "spec.list.[name=a].value", "spec.list.*.name", "spec.image", "spec.ref.name", "spec.replicas", "spec.template.spec.containers", "spec.template.spec.containers.0.args.0", "kind", "metadata.annotations", "spec.template.spec.containers.-.name"]

    CREATED = ["spec.list.[name=new].value", "spec.template.spec.containers.[name=main].env.[name=NEW].value", "spec.list.0.value", "spec.list.2", "metadata.annotations.new", "metadata.labels.new", "spec.deep.er.path", "data.new",
               "spec.template.spec.containers.*.env.[name=X].value", "spec.new.0.name", "spec.args.[=x]", "metadata.annotations.x\\.y/z", "data.inner\\.yaml.new", "data.inner\\.yaml.l.[name=new].v", "spec.ports.[port=9].name"]

    def at_path(self, r, path):
        """What stands there; None where there is nothing, or a wildcard."""
        at = r
        for part in re.split(r"(?<!\\)\.", path):
            part = part.replace("\\.", ".")
            if isinstance(at, list):
                m = re.fullmatch(r"\[(\w+)=(\w+)\]", part)
                if m:
                    at = next((x for x in at if isinstance(x, dict) and str(x.get(m[1])) == m[2]), None)
                elif part == "*":
                    at = at[0] if at else None
                elif part == "-":
                    at = at[-1] if at else None
                else:
                    at = at[int(part)] if part.isdigit() and int(part) < len(at) else None
            elif isinstance(at, str) and "\n" in at and part in ("a", "z", "l"):
                return at
            else:
                at = at.get(part) if isinstance(at, dict) else None
        return at

    IDENTITY = ["metadata.name", "kind", "metadata.namespace"]

    def field_path(self, r, like=None, wild=True):
        """A path to something in the resource: of the type of `like`, where one is given; mostly not its name."""
        found = [path for path in self.PATHS if self.at_path(r, path) not in (None, "", {}, []) and ("*" if not wild else ".-.") not in path
                 and (like is None or type(self.at_path(r, path)) is type(like)) and (path not in self.IDENTITY or self.chance(0.2))
                 and not (path == "kind" and r.get("kind") in ("ConfigMap", "Secret"))]
        return self.pick(found or ["metadata.name"]) if self.likely() else self.pick(self.PATHS)

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

    def alone(self, pool):
        """A resource and a selector that selects no other."""
        for _ in range(8):
            r = self.pick(pool)
            selector = self.plain_selector(r)
            if len(self.selected({key: re.escape(text) for key, text in selector.items() if key in ("kind", "name")}, pool)) == 1 or not self.likely():
                break
        return r, selector

    def replacement(self, path, pool):
        p, c = self.pick, self.chance
        s, selector = self.alone(pool)
        out = {}
        if c(0.15):
            out["sourceValue"] = value = self.text()
        if "sourceValue" not in out or self.risky():
            out["source"] = selector
            source_path = self.field_path(s, None, False)
            if source_path != "metadata.name" or c(0.5):
                out["source"]["fieldPath"] = source_path
            value = self.at_path(s, source_path)
            if isinstance(value, str) and c(0.3) or self.risky():
                mark = p(["-", ":", "/", ".", " "])
                out["source"]["options"] = {"delimiter": mark, **({"index": p([0, 0, 0, 1]) if mark in str(value) or not self.likely() else 0} if c(0.7) else {})}
        out["targets"] = []
        for _ in range(self.rng.choice([1, 1, 2])):
            t, selector = self.alone(pool)
            target = {"select": selector if c(0.6) else self.selector(t)}
            meant = self.selected(target["select"], pool)
            create, options = c(0.3), {}
            if len(meant) > 1 or type(value) not in (str, int) and c(0.5):
                create = create or self.likely()
                target["fieldPaths"] = self.some(["metadata.annotations.new", "metadata.labels.new", "metadata.annotations.note", "metadata.annotations.x\\.y/z", "extra"] if isinstance(value, str) else ["extra", "more"], 1, 2)
            elif create and c(0.4):
                target["fieldPaths"] = [p(self.CREATED)] if not isinstance(t.get("spec"), dict) or c(0.5) else [p(["spec.deep.er.path", "spec.new.0.name", "spec.args.[=x]", "metadata.labels.new"])]
                if not isinstance(t.get("spec"), dict) and self.likely():
                    target["fieldPaths"] = ["metadata.annotations.new"]
            else:
                target["fieldPaths"] = [self.field_path(t, value) for _ in range(self.rng.choice([1, 1, 2]))]
            if create:
                options["create"] = True
            if isinstance(value, str) and c(0.35) or self.risky():
                options["delimiter"] = p(["-", ":", "/", ".", ", "])
                if c(0.7):
                    options["index"] = p([0, 1, 2, -1])
            if options:
                target["options"] = options
            if c(0.15):
                target["reject"] = [self.plain_selector(p(pool)) if c(0.6) else p([{"labelSelector": "app=a"}, {"annotationSelector": "note"}, {"kind": ".*Map"}, {"name": "w.*", "kind": "Deployment"}]) for _ in range(self.rng.choice([1, 1, 2]))]
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
            path = self.field_path(r)
            if "*" not in path and "[" not in path:
                out["fieldref"] = {"fieldpath": path}
        return out

    def configuration(self):
        p = self.pick
        references = [{"kind": p(["ConfigMap", "Secret", "Widget"]), "fieldSpecs": [{"kind": "Widget", "path": "spec/ref/name"}]},
                      {"kind": "ConfigMap", "version": "v1", "fieldSpecs": [{"path": "spec/list/name", "kind": "Widget"}, {"path": "metadata/annotations/note"}]},
                      {"kind": "Deployment", "group": "apps", "fieldSpecs": [{"path": "data/k", "kind": "ConfigMap"}]},
                      {"kind": "Widget", "group": p(["example.com", "other.com"]), "fieldSpecs": [{"path": "spec/ref", "group": "example.com"}]},
                      {"kind": "Service", "version": "v1", "fieldSpecs": [{"path": "spec/names", "kind": "Widget"}, {"path": "spec/template/spec/containers/args"}]}]
        choice = {"nameReference": self.some(references, 1, 2), "images": [{"kind": "Widget", "path": p(["spec/image", "spec/image", "spec/list/value"] if self.likely() else ["spec/template/spec/containers[]/image"])}],
                  "commonLabels": [{"kind": "Widget", "path": "spec/selector/matchLabels", "create": True}], "replicas": [{"kind": "Widget", "path": "spec/replicas", **({"create": True} if self.likely() else {})}],
                  "varReference": [{"kind": "Widget", "path": "spec/list/value"}, {"kind": "ConfigMap", "path": "data"}, {"path": "metadata/annotations"}],
                  "commonAnnotations": [{"kind": "Widget", "path": "spec/notes", "create": True}], "labels": [{"path": "spec/tags", "kind": "Widget", "create": True}],
                  "templateLabels": [{"path": "spec/template/metadata/labels", "kind": "Widget", "create": True}],
                  "namePrefix": [{"kind": "Widget", "path": "spec/ref/name"}], "nameSuffix": [{"path": "data/k", "kind": "ConfigMap"}], "namespace": [{"kind": "Widget", "path": "spec/ns", "create": True}]}
        return {key: choice[key] for key in self.some(choice, 1, 3)}

    def crd(self, path):
        """A CRD as kustomize's `crds` takes it: OpenAPI definitions in JSON."""
        properties = {"ref": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": self.pick(["ConfigMap", "Secret"]), **({"x-kubernetes-object-ref-name-key": "name"} if self.chance(0.6) else {})},
                      "selector": {"$ref": "example.com/v1.Selector"}, "notes": {"x-kubernetes-annotation": ""}, "image": {"x-kubernetes-identity": ""}}
        schema = {"example.com/v1.Widget": {"Schema": {"properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "meta"}, "spec": {"$ref": "example.com/v1.Spec"}}}, "Dependencies": ["example.com/v1.Spec"]},
                  "example.com/v1.Spec": {"Schema": {"properties": {key: properties[key] for key in self.some(properties, 1, 3)}}},
                  "example.com/v1.Selector": {"Schema": {"properties": {"matchLabels": {"x-kubernetes-label-selector": ""}}}}}
        name = self.fresh("crd") + ".json"
        self.put(f"{path}/{name}", json.dumps(schema, indent=self.pick([None, 1])))
        return name

    def openapi(self, path):
        """A schema of one's own: the Widget's lists merge, or only the built-in version."""
        if self.chance(0.2):
            return {"version": self.pick(["v1.21.2", "v1.21.2", "v1.20.4"]) if self.risky() else "v1.21.2"}
        merged = {"type": "array", "items": self.pick([{"type": "object", "properties": {"name": {"type": "string"}}}, {"$ref": "#/definitions/item"}]),
                  "x-kubernetes-patch-strategy": self.pick(["merge", "merge", "merge,retainKeys", "replace"]), "x-kubernetes-patch-merge-key": self.pick(["name", "name", "value"])}
        if self.chance(0.2):
            merged["x-kubernetes-list-map-keys"] = ["name", "value"]
        widget = {"type": "object", "properties": {"spec": self.pick([{"type": "object", "properties": {"list": merged}}, {"$ref": "#/definitions/spec"}])},
                  "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}]}
        schema = {"definitions": {"widget": widget, "spec": {"type": "object", "properties": {"list": merged}}, "item": {"type": "object"}}}
        if self.chance(0.3):
            where = self.pick(["/apis/example.com/v1/widgets", "/apis/example.com/v1/namespaces/{namespace}/widgets"])
            schema["paths"] = {where: {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "version": "v1", "kind": "Widget"}, "responses": {}}}}
        if self.chance(0.5):
            return {"path": self.beside(path, "schema", schema)}
        name = self.fresh("schema") + ".json"
        self.put(f"{path}/{name}", json.dumps(schema))
        return {"path": name}

    def plugin(self, path, pool):
        p = self.pick
        can_scale = any(r.get("kind") == "Deployment" for r in pool) or not self.likely()
        kind = p(["PrefixTransformer", "SuffixTransformer", "PrefixSuffixTransformer", "LabelTransformer", "AnnotationsTransformer", "NamespaceTransformer", "ImageTagTransformer", "ReplicaCountTransformer" if can_scale else "LabelTransformer",
                  "PatchTransformer", "ReplacementTransformer", "HashTransformer", "PatchStrategicMergeTransformer", "PatchJson6902Transformer", "ValueAddTransformer"] + (["Unknown", "ConfigMapGenerator"] if self.risky() else []))
        out = {"apiVersion": "builtin" if not self.risky() else "example.com/v1", "kind": kind, "metadata": {"name": self.fresh("plugin") if self.likely() else "plugin"}}
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
            deployments = [str(r["metadata"].get("name")) for r in pool if r.get("kind") == "Deployment"]
            out.update(replica={"name": p(deployments or NAMES), "count": 3}, fieldSpecs=[{"path": "spec/replicas", "create": True, "kind": "Deployment"}])
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
        elif kind == "ValueAddTransformer":
            targets = []
            for _ in range(self.rng.choice([1, 1, 2])):
                targets.append({"fieldPath": p(["metadata/annotations/added", "data/file", "metadata/namespace", "spec/image", "spec/template/spec/containers/[name=main]/image", "metadata/labels/a.b\\/c", "spec/path"])})
                if pool and self.chance(0.8):
                    targets[-1]["selector"] = self.selector(p(pool))
                if self.chance(0.3):
                    targets[-1]["filePathPosition"] = p([1, 2, 9999])
            if self.chance(0.8):
                out["value"] = p(["added", "some/dir", "5", "true"])
            if self.chance(0.8) or not targets:
                out["targets"] = targets
            else:
                out["targetFilePath"] = self.beside(path, "targets", {"targets": targets})
        return self.placed(path, "t", out)

    def placed(self, path, stem, plugin):
        """A plugin's configuration: inline, in a file, or in a kustomization of its own."""
        text = Yaml(self.rng, False).document(plugin)
        if self.chance(0.3):
            return text
        name = self.fresh(stem)
        if self.chance(0.85):
            self.put(f"{path}/{name}.yaml", text)
            return name + ".yaml"
        self.put(f"{path}/{name}/plugin.yaml", text)
        self.put(f"{path}/{name}/kustomization.yaml", "resources:\n- plugin.yaml\n" + self.pick(["", "", "nameSuffix: -own\n", "commonAnnotations:\n  a: b\n"]))
        return name

    def validator(self, path, pool):
        """Mostly one that changes nothing."""
        if self.chance(0.1):
            return self.plugin(path, pool)
        return self.placed(path, "v", self.pick([
            {"apiVersion": "builtin", "kind": "LabelTransformer", "metadata": {"name": "v"}, "labels": {"validated-by": "us"}, "fieldSpecs": [{"path": "metadata/labels", "create": True}]},
            {"apiVersion": "builtin", "kind": "ImageTagTransformer", "metadata": {"name": "v"}, "imageTag": {"name": "nowhere", "newTag": "1"}, "fieldSpecs": [{"path": "spec/image"}]},
            {"apiVersion": "builtin", "kind": "LabelTransformer", "metadata": {"name": "v"}, "labels": {}, "fieldSpecs": []}]))

    def generator_plugin(self, path):
        kind = self.pick(["ConfigMapGenerator", "ConfigMapGenerator", "SecretGenerator", "IAMPolicyGenerator"])
        out = {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "gplugin", **({"namespace": "prod"} if self.chance(0.3) else {})}}
        if kind == "IAMPolicyGenerator":
            out.update(cloud="gke" if not self.risky() else "x", kubernetesService={"name": self.pick(NAMES), **({"namespace": "prod"} if self.chance(0.5) else {})}, serviceAccount={"name": "a", "projectId": "b"})
        else:
            out["literals"] = ["a=b"]
            if self.chance(0.3):
                out["name"] = self.pick(NAMES)
            if self.chance(0.3):
                out["options"] = self.generator_options()
            if self.chance(0.2):
                out["behavior"] = self.pick(["create", "merge" if self.risky() else "create"])
        return self.placed(path, "g", out)
