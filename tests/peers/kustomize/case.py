"""One case: a tree of files with a kustomization in k/, made from a seed and a number."""
import os, random

from .chance import NAMESPACES
from .fields import Fields
from .patches import Patches
from .resources import Resources
from .writer import Yaml


class Case(Resources, Patches, Fields):
    def __init__(self, seed, number):
        self.rng = random.Random(f"{seed}/{number}")
        rng = self.rng
        self.files, self.counter = {}, 0
        self.risk = rng.choice([0] * 24 + [0.004, 0.01, 0.04])  # of things that will be refused
        self.odd = rng.random() < 0.4
        self.taken = set()  # kinds and names that are there already, and the names of vars
        self.root = self.folder("k", 0)
        if rng.random() < 0.02:
            self.damage()

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
                resources = self.distinct([self.resource() for _ in range(rng.choice([1, 1, 1, 2, 3, 4]))])
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
        early = own + (getattr(self, "target_pool", []) if component else [])
        if depth < 2 and self.chance(0.25 if not component else 0.15):
            k["components"] = []
            for _ in range(rng.choice([1, 1, 2])):
                inner = self.fresh("c")
                self.target_pool = own
                own += self.folder(os.path.normpath(f"{path}/../{inner}"), depth + 1, True) if path != "k" else self.folder(inner, depth + 1, True)
                k["components"].append(os.path.relpath(inner if path == "k" else os.path.normpath(f"{path}/../{inner}"), path))
        pool = own or getattr(self, "target_pool", [])
        self.early = early  # what is there when generators run: before components
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
            k["configMapGenerator"] = [self.generator(path, pool, False) for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.15):
            k["secretGenerator"] = [self.generator(path, pool, True)]
        if c(0.08):
            k["generatorOptions"] = self.generator_options()
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
        workloads = [r for r in pool if r.get("kind") in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")]
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
        if c(0.35) and pool:
            k["replacements"] = [self.replacement(path, pool) for _ in range(self.rng.choice([1, 1, 2, 3]))]
        if c(0.09) and pool:
            names = [n for n in ("VAR_A", "VAR_B") if n not in self.taken or not self.likely()] or [self.fresh("VAR_")]
            k["vars"] = [self.var(p(pool), n) for n in self.some(names, 1, 2)]
            self.taken |= set(names)
        if c(0.15):
            k["configurations"] = [self.beside(path, "conf", self.configuration()) for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.04):
            k["crds"] = [self.crd(path)]
        if c(0.05):
            k["openapi"] = self.openapi(path)
        if c(0.12):
            k["transformers"] = [self.plugin(path, pool) for _ in range(self.rng.choice([1, 1, 2]))]
        if c(0.05):
            k["generators"] = [self.generator_plugin(path)]
        if c(0.02):
            k["validators"] = [self.validator(path, pool)]
        if c(0.04):
            k["buildMetadata"] = self.some(["originAnnotations", "transformerAnnotations", "managedByLabel"], 1, 3)
        if c(0.06):
            k["sortOptions"] = p([{"order": "fifo"}, {"order": "legacy"}, {"order": "legacy", "legacySortOptions": {"orderFirst": ["Service", "ConfigMap"], "orderLast": ["Deployment"]}},
                                  {"order": "legacy", "legacySortOptions": {"orderLast": ["ConfigMap", "Widget"]}}, {"order": "legacy", "legacySortOptions": {}},
                                  {"order": "fifo"} if not self.risky() else {"order": "x"}])
        if self.risky():
            k[p(["unknown", "namePrefx", "patchs", "Resources"])] = p(["x", [], {}])
        if self.risky():
            k[p(["namePrefix", "images", "labels", "patches", "resources", "namespace"])] = p([1, "x", ["x"], {"a": 1}, None, True])

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
