#!/usr/bin/env python3
"""`kustomize edit`, `create` and `localize` beside the real ones: what is left on disk, and what is refused, must be equal.

  kustomize_edit.py [--record FILE | --recorded FILE]

Without an option both programs run now. --record writes down what kustomize 5.8.2 did; --recorded compares with that.
SLIPWAY names our program, SLIPWAY_PEERS the folder of tests/peers/install. Exit code: 0 equal, 1 not, 77 no kustomize.
"""
import argparse, difflib, json, os, subprocess, sys, tempfile

project = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

BASE={'kustomization.yaml':'''# head
resources:
# about a
- a.yaml   # gone
- "b.yaml"

# image comment
images:
- name: nginx
  newTag: "1"
  newName: x
namePrefix: p-
configMapGenerator:
- name: cm
  literals: [a=1, b=2]
- name: cm2
  namespace: ns
  envs: [e.env]
commonLabels: {app: x}
commonAnnotations:
  note: hello
replicas:
- name: web
  count: 2
components: [../c1, c2]
patches:
- path: p.yaml
- patch: |-
    - op: remove
      path: /x
  target: {kind: Deployment}
buildMetadata: [originAnnotations]
''','a.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n','b.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n','d1.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n','f.txt':'hello\n','e.env':'A=1\n','sub/kustomization.yaml':'resources: []\n','README.md':'# hi\nthere: - x\n','p.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n'}
OLD=dict(BASE); OLD['kustomization.yaml']='''bases:
- sub
resources: [a.yaml]
imageTags:
- name: nginx
  newTag: "2"
patchesJson6902:
- target: {version: v1, kind: ConfigMap, name: a}
  patch: '[{"op":"add","path":"/data","value":{"x":"y"}}]'
patchesStrategicMerge:
- p.yaml
- |-
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: a}
  data: {q: w}
commonLabels:
  app: x
secretGenerator:
- name: s
  env: e.env
  type: Opaque
vars:
- name: V
  objref: {apiVersion: v1, kind: ConfigMap, name: a}
'''
EMPTY=dict(BASE); EMPTY['kustomization.yaml']=''
NONE={k:v for k,v in BASE.items() if k!='kustomization.yaml'}
CASES=[]
for c in ['edit set image nginx=y:2','edit set image redis:7 a=b c=d:1@sha256:abc','edit set image nginx=*:3','edit set image =x','edit set image =x:1','edit set image = a=','edit set image nginx:*','edit set image nginx','edit set image','edit set image reg.io:5000/a/b=c','edit set image nginx@sha256:ff x=y@sha256:aa','edit set image *=z:1',
 'edit set replicas web=3 db=0','edit set replicas web','edit set replicas','edit set replicas web=x','edit set replicas =1','edit set replicas web=+2','edit set replicas web=+-2','edit set namespace foo','edit set namespace a b','edit set nameprefix q-','edit set namesuffix -- -s','edit set nameprefix','edit set label app:y z:"q"','edit set label :x','edit set label x','edit set annotation a:b c.d/e:f','edit set annotation bad!key:x','edit set buildmetadata managedByLabel,originAnnotations','edit set buildmetadata foo','edit set buildmetadata a b',
 'edit set configmap cm --from-literal=zz=5','edit set configmap nope --from-literal=a=5','edit set configmap cm2 --namespace ns --new-namespace other','edit set configmap cm','edit set secret s --from-literal=a=1',
 'edit add resource d1.yaml','edit add resource a.yaml','edit add resource nope.yaml','edit add resource *.yaml','edit add resource nope.yaml --no-verify','edit add resource','edit add resource sub','edit add component sub','edit add base sub','edit add base sub,nope','edit add base a.yaml','edit add base a.yaml/','edit add base sub/','edit add configuration d1.yaml','edit add generator d1.yaml','edit add transformer d?.yaml','edit add transformer zz*.yaml',
 'edit add label q:r','edit add label app:y','edit add label app:y -f','edit add label q:r --without-selector','edit add label q:r --without-selector --include-templates','edit add label q:r --include-templates','edit add annotation note:z','edit add annotation note:z --force','edit add annotation n:z,m:y',
 'edit add configmap new --from-literal=x=y','edit add configmap cm --from-literal=c=3','edit add configmap cm --from-literal=a=3','edit add configmap new --from-file=f.txt --from-literal=q="r s"','edit add configmap new --from-file=k=f.txt','edit add configmap new --from-file f.txt','edit add secret s --from-file k=f.txt','edit add configmap new --from-env-file=e.env','edit add configmap new','edit add configmap new --from-literal=x','edit add configmap new --from-literal=a=b --behavior=merge','edit add configmap new --from-literal=a=b --behavior=zz','edit add configmap new --from-literal=a=b --disableNameSuffixHash --namespace q','edit add secret s --from-literal=a=b','edit add secret s --from-literal=a=b --type=kubernetes.io/tls','edit add secret s --from-file=*.txt',
 'edit add patch --path p2.yaml --kind Deployment --name x','edit add patch --path p.yaml','edit add patch --patch foo --path bar','edit add patch','edit add patch --patch [{"op":"remove","path":"/y"}] --label-selector a=b','edit add buildmetadata managedByLabel','edit add buildmetadata originAnnotations','edit add buildmetadata x',
 'edit remove resource a.yaml','edit remove resource *.yaml','edit remove resource zzz','edit remove component c2','edit remove component ../*','edit remove label app','edit remove label nope','edit remove label nope -i','edit remove label app,b','edit remove annotation note','edit remove annotation','edit remove configmap cm','edit remove configmap cm,zz','edit remove configmap zz','edit remove configmap cm2 --namespace=ns','edit remove secret s','edit remove patch --path p.yaml','edit remove patch --path zz.yaml','edit remove buildmetadata originAnnotations','edit remove transformer x','edit fix']:
    CASES.append((BASE,c)); 
    if len(CASES)%3==0 or 'fix' in c or 'secret' in c: CASES.append((OLD,c))
    if len(CASES)%7==0: CASES.append((EMPTY,c))
for c in ['create','create --autodetect','create --autodetect --recursive','create --resources a.yaml,b.yaml --namespace n --nameprefix p- --namesuffix=-s --labels a:b,c:d --annotations x:y','create --resources nope.yaml','create --resources sub']:
    CASES.append((NONE,c))
CASES.append((BASE,'create')); CASES.append((NONE,'edit set namespace x')); 

# Vars that become replacements.
MAP='apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {%s: $(SVC)}\n'
def var_files(args):
    return {'kustomization.yaml':'# head\nresources: [a.yaml]\nvars:\n- name: SVC\n  objref: {kind: Service, name: web, apiVersion: v1}\n- name: PORT\n  objref: {kind: Service, name: web, apiVersion: v1}\n  fieldref:\n    fieldpath: spec.ports.0.port\n',
            'a.yaml':f'apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: [{{port: 80}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: p, namespace: q}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        command: [run, "$(SVC)"] # kept\n        args: ["{args}"]\n        env: [{{name: P, value: $(PORT)}}]\n'}
for args in ['$(SVC)','x-$(SVC)','$(SVC)-y','x-$(SVC)-y','x-$(SVC)/y','a.b.$(SVC).c.d','$(SVC):$(SVC)','aa$(SVC)','x=$(SVC)=y=z','http://$(SVC)/','a,$(SVC) b','plain']:
    CASES.append((var_files(args),'edit fix --vars'))
CASES.append(({'kustomization.yaml':'resources: [sub, l.yaml]\nvars:\n- name: SVC\n  objref: {kind: Service, name: web, apiVersion: v1}\n- name: NONE\n  objref: {group: apps, version: v1, kind: Deployment, name: dep, namespace: ns1}\npatches:\n- path: p.yaml\n- path: q.yaml\n  target: {kind: ConfigMap}\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: s}\n    data: {q: $(SVC)}\npatchesStrategicMerge: [s.yaml]\nconfigMapGenerator:\n- name: g\n  literals: [x=$(SVC)]\n',
               'sub/kustomization.yml':'resources: [x.yaml, deep/y.yaml]\npatches: [{path: p.yaml}]\n','sub/x.yaml':MAP%('x','k')+'---\n'+MAP%('s','k'),'sub/deep/y.yaml':MAP%('y','k'),'sub/p.yaml':MAP%('x','k2'),
               'l.yaml':'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l}, data: {i: $(SVC)}}\n','p.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: s\n  annotations: {a.b/c: $(SVC)}\n','q.yaml':'- {op: add, path: /data/o, value: $(SVC)}\n','s.yaml':MAP%('s','zz')},'edit fix --vars'))
CASES.append(({'kustomization.yaml':'resources: [sub, l.yaml]\nvars:\n- name: SVC\n  objref: {kind: Service, name: web, apiVersion: v1}\n- name: NONE\n  objref: {group: apps, version: v1, kind: Deployment, name: dep, namespace: ns1}\npatches:\n- path: p.yaml\n- path: q.yaml\n  target: {kind: ConfigMap}\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: s}\n    data: {q: $(SVC)}\npatchesStrategicMerge: [s.yaml]\nconfigMapGenerator:\n- name: g\n  literals: [x=$(SVC)]\n',
               'sub/kustomization.yml':'resources: [x.yaml, deep/y.yaml]\npatches: [{path: p.yaml}]\n','sub/x.yaml':MAP%('x','k')+'---\n'+MAP%('s','k'),'sub/deep/y.yaml':MAP%('y','k'),'sub/p.yaml':MAP%('x','k2'),
               'l.yaml':'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l}, data: {i: $(SVC)}}\n','p.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: s\n  annotations: {a.b/c: $(SVC)}\n','q.yaml':MAP%('any','o'),'s.yaml':MAP%('s','zz')},'edit fix --vars'))
CASES.append(({'kustomization.yaml':'resources: []\nnamePrefix: x-\n'},'edit fix --vars'))

# Fields as Go spells them, and what it always writes.
SPELLED = {'kustomization.yaml': '''# head
Resources: [a.yaml]
GENERATOROPTIONS: {}
metadata: {}
sortOptions: {legacySortOptions: {}}
vars:
- Name: A
  objRef: {APIVersion: v1, kind: Service}
  fieldRef: {FIELDPATH: x.y}
- objref: {}
PATCHES:
- target: {}
  options: {}
  Patch: x
- Target: {Kind: X, LABELSELECTOR: "a=b"}
  path: a.yaml
configmapgenerator:
- name: a
  options: {}
  Literals: [a=b]
- null
replacements:
- SOURCEVALUE: ""
  source: {}
  targets: [{}, {select: {}, FieldPaths: [a], options: {}}]
- {PATH: x}
labels:
- Pairs: {A: b}
  IncludeSelectors: true
  fields: [{}, {PATH: x, CREATE: true}]
helmcharts:
- NAME: x
  VALUESINLINE: {A: null, b: {}, c: 0}
- {}
Images:
- NEWTAG: "1"
  Name: x
# tail
NAMEPREFIX: a
nameprefix: b
commonannotations: {a: null}
---
namespace: never read
''', 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'}
for c in ['edit set namespace foo', 'edit fix', 'edit add label q:r', 'edit set image x=y:2', 'edit remove resource a.yaml']:
    CASES.append((SPELLED, c))
LOOSE = {'kustomization.yaml': 'Resources: [a.yaml]\nmetadata: {}\ngeneratorOptions: {}\nNamePrefix: p-\nconfigMapGenerator:\n- NAME: g\n  Literals: [a=b]\n  options: {}\nvars:\n- name: V\n  objref: {apiVersion: v1, kind: ConfigMap, name: a}\n  fieldref: {fieldpath: data.q}\n',
         'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {q: r}\n'}
for c in ['localize . out', 'edit set namespace foo', 'edit fix', 'edit fix --vars', 'init', 'edit add resource ', 'edit add component ', 'edit add transformer ']:
    CASES.append((LOOSE, c))
CASES.append(({'a.yaml': LOOSE['a.yaml']}, 'init --resources a.yaml'))
CASES.append(({'a.yaml': LOOSE['a.yaml']}, 'create --resources a.yaml,a.yaml'))
for general in ['{}', '{labels: {}}', '{disableNameSuffixHash: false}']:
    for c in ['add configmap n --from-literal=a=b', 'add secret n --from-literal=a=b', 'set configmap c --from-literal=x=z']:
        CASES.append(({'kustomization.yaml': 'generatorOptions: %s\nconfigMapGenerator: [{name: c, literals: [x=y]}]\n' % general}, 'edit ' + c))

# What is localized.
LOCAL={'app/kustomization.yaml':'''# a comment
resources:
- ../base
- ./a.yaml
components: [../comp/]
namePrefix: x-
commonLabels: {a: b}
replicas: [{name: x, count: 0}]
generatorOptions: {}
configMapGenerator:
- name: g
  files: [files/one.txt, two=./files/two.txt]
  envs: [files/e.env]
- name: h
  env: files/e.env
secretGenerator:
- name: s
  files: [files/one.txt]
patches:
- path: p.yaml
- patch: |-
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: b}
    data: {q: r}
patchesStrategicMerge:
- s.yaml
patchesJson6902:
- target: {version: v1, kind: ConfigMap, name: b}
  path: j.yaml
crds: [crd.json]
configurations: [conf.yaml]
replacements:
- path: r.yaml
generators: [gen.yaml]
transformers:
- |-
  apiVersion: builtin
  kind: PatchTransformer
  metadata: {name: pt}
  path: p.yaml
validators: [val/v.yaml]
helmCharts:
- name: web
  valuesFile: files/values.yaml
  additionalValuesFiles: [files/more.yaml]
''','app/a.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a} # c\n','app/p.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n','app/s.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n','app/j.yaml':'[{"op": "add", "path": "/data", "value": {"z": "1"}}]\n',
       'app/files/one.txt':'one\n','app/files/two.txt':'two\n','app/files/e.env':'A=b\n','app/files/values.yaml':'{}\n','app/files/more.yaml':'{}\n','app/files/unused':'x','app/crd.json':'{}\n','app/r.yaml':'[]\n','app/conf.yaml':'namePrefix: []\n',
       'app/gen.yaml':'apiVersion: example.org/v1\nkind: Some\nmetadata: {name: a}\npath: nothere.yaml\n---\napiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: s}\nenvs: [./files/e.env]\nfiles: [k=a.yaml]\n','app/val/v.yaml':'apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: r}\nreplacements: [{path: r.yaml}]\n',
       'app/charts/web/Chart.yaml':'name: web\nversion: 1.0.0\napiVersion: v2\n','app/charts/web/values.yaml':'{}\n','base/Kustomization':'bases: [inner, ./inner/]\nresources: [b.yaml]\nvars: [{name: A, objref: {kind: x, name: yy}}]\n','base/b.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n','base/inner/kustomization.yml':'namePrefix: i-\n',
       'comp/kustomization.yaml':'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n','plain/kustomization.yaml':'resources: [m.yaml]\nnamePrefix: x-\n','plain/m.yaml':'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n','broken/kustomization.yaml':'resources: [none.yaml]\n'}
for c in ['localize app','localize app out --scope . --no-verify','localize app out --scope .','localize plain','localize plain/','localize plain out','localize plain base','localize plain nodir/out','localize plain plain/in','localize none','localize comp out','localize broken out','localize app out --scope base','localize app out --scope none','localize','localize plain out --scope plain','localize a b c','localize plain/m.yaml','localize ','localize  ']:
    CASES.append((LOCAL,c))


def words_of(command):
    """Blanks part words; a JSON patch stays one."""
    return command.split(" ")


def run(program, files, command):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        done = subprocess.run(program + words_of(command), cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        after = {}
        for root, _, names in os.walk(directory):
            for name in names:
                path = os.path.join(root, name)
                after[os.path.relpath(path, directory)] = open(path).read()
        changed = {name: text for name, text in after.items() if files.get(name) != text}
        return {"refused": done.returncode != 0, "changed": changed}, done


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--record")
    options.add_argument("--recorded")
    said = options.parse_args()
    slipway = os.environ.get("SLIPWAY", os.path.join(project, "build/dev/slipway"))
    kustomize = os.path.join(os.environ.get("SLIPWAY_PEERS", os.path.expanduser("~/.cache/slipway/peers")), "bin/kustomize")
    if not said.recorded and not os.path.exists(kustomize):
        print(f"SKIPPED: no {kustomize} to compare with (see tests/peers/install)")
        return 77
    if said.record:
        with open(said.record, "w") as f:
            json.dump([run([kustomize], files, command)[0] for files, command in CASES], f, indent=1)
            f.write("\n")
        return 0
    recorded = json.load(open(said.recorded)) if said.recorded else None
    different = 0
    for i, (files, command) in enumerate(CASES):
        theirs = recorded[i] if recorded else run([kustomize], files, command)[0]
        ours, done = run([slipway, "kustomize"], files, command)
        if done.returncode not in (0, 1) or ours != theirs:
            different += 1
            print(f"## {i}: {command}: refused by kustomize: {theirs['refused']}, by slipway: {ours['refused']}\n   {done.stderr.decode().strip()[:300]}")
            for name in sorted(set(theirs["changed"]) | set(ours["changed"])):
                lines = difflib.unified_diff(theirs["changed"].get(name, "").split("\n"), ours["changed"].get(name, "").split("\n"), "kustomize", "slipway", lineterm="", n=1)
                print("\n".join("   " + line for line in list(lines)[:24]))
    print(f"{len(CASES)} edits, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
