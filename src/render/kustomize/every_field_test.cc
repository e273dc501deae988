// Every field of Kustomization (v1beta1) and Component (v1alpha1) that kustomize 5.8.2 reads, by name: each must show
// in what comes out, or in why nothing does. A name without a row, or a row that shows nothing, fails.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

constexpr std::string_view every_field = R"(
apiVersion kind metadata resources bases components crds configurations generators transformers validators
openapi openapi.path openapi.version
namespace namePrefix nameSuffix commonLabels commonAnnotations
labels labels.pairs labels.includeSelectors labels.includeTemplates labels.includeVolumeClaimTemplates labels.fields
labels.fields.path labels.fields.create labels.fields.kind labels.fields.group labels.fields.version
images images.name images.newName images.newTag images.digest images.tagSuffix imageTags
replicas replicas.name replicas.count
patches patches.path patches.patch patches.target patches.target.group patches.target.version patches.target.kind
patches.target.name patches.target.namespace patches.target.labelSelector patches.target.annotationSelector
patches.options patches.options.allowNameChange patches.options.allowKindChange patchesStrategicMerge
patchesJson6902 patchesJson6902.path patchesJson6902.patch patchesJson6902.target
replacements replacements.path replacements.source replacements.source.group replacements.source.version
replacements.source.kind replacements.source.name replacements.source.namespace replacements.source.fieldPath
replacements.source.options replacements.source.options.delimiter replacements.source.options.index
replacements.sourceValue replacements.targets replacements.targets.select replacements.targets.reject
replacements.targets.fieldPaths replacements.targets.options replacements.targets.options.delimiter
replacements.targets.options.index replacements.targets.options.create replacements.targets.options.encoding
vars vars.name vars.objref vars.objref.apiVersion vars.objref.kind vars.objref.name vars.objref.namespace vars.fieldref
vars.fieldref.fieldpath
configMapGenerator configMapGenerator.name configMapGenerator.namespace configMapGenerator.behavior
configMapGenerator.files configMapGenerator.literals configMapGenerator.envs configMapGenerator.env
configMapGenerator.options configMapGenerator.options.labels configMapGenerator.options.annotations
configMapGenerator.options.disableNameSuffixHash configMapGenerator.options.immutable
secretGenerator secretGenerator.name secretGenerator.namespace secretGenerator.behavior secretGenerator.type
secretGenerator.files secretGenerator.literals secretGenerator.envs secretGenerator.env secretGenerator.options
generatorOptions generatorOptions.labels generatorOptions.annotations generatorOptions.disableNameSuffixHash
generatorOptions.immutable
sortOptions sortOptions.order sortOptions.legacySortOptions sortOptions.legacySortOptions.orderFirst
sortOptions.legacySortOptions.orderLast
buildMetadata buildMetadata.originAnnotations buildMetadata.transformerAnnotations buildMetadata.managedByLabel
helmGlobals helmGlobals.chartHome helmGlobals.configHome
helmCharts helmCharts.name helmCharts.version helmCharts.repo helmCharts.releaseName helmCharts.namespace
helmCharts.additionalValuesFiles helmCharts.valuesFile helmCharts.valuesInline helmCharts.valuesMerge
helmCharts.includeCRDs helmCharts.skipHooks helmCharts.apiVersions helmCharts.kubeVersion helmCharts.nameTemplate
helmCharts.skipTests helmCharts.debug helmCharts.devel
helmChartInflationGenerator helmChartInflationGenerator.chartName helmChartInflationGenerator.chartVersion
helmChartInflationGenerator.chartRepoUrl helmChartInflationGenerator.chartHome
helmChartInflationGenerator.chartRepoName helmChartInflationGenerator.helmBin helmChartInflationGenerator.helmHome
helmChartInflationGenerator.values helmChartInflationGenerator.valuesLocal helmChartInflationGenerator.valuesMerge
helmChartInflationGenerator.releaseName helmChartInflationGenerator.releaseNamespace
helmChartInflationGenerator.extraArgs
)";

// Files beside the kustomization. Several rows below rely on them.
const std::vector<std::pair<std::string, std::string>> files = {
    {"k/d.yaml", R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {note: a-b-c}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: "nginx:1", args: [$(V)], envFrom: [{configMapRef: {name: conf}}]}]
)"},
    {"k/st.yaml", R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec: {template: {spec: {containers: [{name: db, image: "redis:7"}]}}, volumeClaimTemplates: [{metadata: {name: v}}]}
)"},
    {"k/cm.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {k: x-y-z}}\n"},
    {"k/w.yaml",
     "{apiVersion: example.org/v1, kind: Widget, metadata: {name: w}, spec: {ref: {name: conf}, image: nginx, list: "
     "[{name: a, v: 1}, {name: b, v: 2}]}}\n"},
    {"k/p.yaml", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {paused: true}}\n"},
    {"k/ops.yaml", "- {op: add, path: /spec/paused, value: true}\n"},
    {"k/r.yaml",
     "{source: {kind: ConfigMap, name: m, fieldPath: data.k}, targets: [{select: {kind: Deployment}, "
     "fieldPaths: [spec.replicaz], options: {create: true}}]}\n"},
    {"k/a.txt", "from-a-file\n"},
    {"k/a.env", "E=from-env\n"},
    {"k/conf.yaml", "images: [{kind: Widget, path: spec/image}]\n"},
    {"k/crd.json",
     R"({"github.com/x/v1.Widget": {"Schema": {"properties": {"apiVersion": {}, "kind": {}, "metadata": {},
 "spec": {"$ref": "spec"}}}, "Dependencies": []}, "spec": {"Schema": {"properties": {"ref": {
 "x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap",
 "x-kubernetes-object-ref-name-key": "name"}, "own": {"x-kubernetes-annotation": ""}}}}})"},
    {"k/openapi.json",
     R"({"definitions": {"v1.Widget": {"properties": {"spec": {"properties": {"list": {"type": "array",
 "items": {"type": "object", "properties": {"name": {}}}, "x-kubernetes-patch-strategy": "merge",
 "x-kubernetes-patch-merge-key": "name"}}}},
 "x-kubernetes-group-version-kind": [{"group": "example.org", "version": "v1", "kind": "Widget"}]}}})"},
    {"base/kustomization.yaml", "resources: [s.yaml]\n"},
    {"base/s.yaml", "{apiVersion: v1, kind: Service, metadata: {name: svc}, spec: {ports: [{port: 80}]}}\n"},
    {"part/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -part\n"},
    {"k/charts/c/Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}\n"},
    {"k/charts/c/values.yaml", "word: default\nother: kept\n"},
    {"k/charts/c/crds/x.yaml",
     "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: from-crds}}\n"},
    {"k/charts/c/templates/cm.yaml",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace "
     "}}}\ndata: "
     "{word: \"{{ .Values.word }} {{ .Values.other }}\", kube: \"{{ .Capabilities.KubeVersion.Version }}\", api: \"api "
     "{{ .Capabilities.APIVersions.Has \"x.org/v9\" }}\"}\n"},
    {"k/charts/c/templates/hook.yaml",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: the-hook, annotations: {helm.sh/hook: post-install}}\n"},
    {"k/charts/c/templates/test.yaml",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: the-test, annotations: {helm.sh/hook: test}}\n"},
    {"k/more.yaml", "word: from-more\n"},
    {"k/homes/c/Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}\n"},
    {"k/homes/c/values.yaml", "{}\n"},
    {"k/homes/c/templates/cm.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: from-homes}}\n"},
};

// Output, warnings and error together.
std::string what_happens(std::string_view kustomization) {
  std::vector<std::pair<std::string, sources::testing::Content>> tree(files.begin(), files.end());
  tree.emplace_back("k/kustomization.yaml", std::string(kustomization));
  auto built = build({.tree = sources::testing::make_tree(std::move(tree)), .path = "k", .charts = true});
  if (!built) return "ERROR " + built.error().str();
  std::string out;
  for (const Resource& r : built->resources) out += "---\n" + value::to_yaml(r.object());
  return out + base::join(built->warnings, "\n");
}

struct Row {
  std::string_view fields;         // those that it shows, in kustomize's names
  std::string_view kustomization;  // without its resources
  std::string_view shows;          // must come out of it, and not out of the resources alone; !: must not come out
};

constexpr std::string_view resources = "resources: [d.yaml, st.yaml, cm.yaml, w.yaml]\n";

}  // namespace

TEST_CASE("every field of a kustomization has its effect") {
  const Row rows[] = {
      {"apiVersion", "apiVersion: kustomize.config.k8s.io/v9\n", "apiVersion for Kustomization should be"},
      {"kind", "kind: Deployment\n", "kind should be Kustomization or Component"},
      {"metadata", "metadata: {name: x}\nnamePrefix: metadata-is-passed-over-\n", "metadata-is-passed-over-web"},
      {"resources bases", "resources: [cm.yaml]\nbases: [../base]\n", "name: svc"},
      {"components", "components: [../part]\n", "name: web-part"},
      {"crds", "crds: [crd.json]\nconfigMapGenerator: [{name: conf}]\n", "ref:\n    name: conf-"},
      {"configurations", "configurations: [conf.yaml]\nimages: [{name: nginx, newName: configured}]\n",
       "image: configured\n  list"},
      {"generators",
       "generators: ['{apiVersion: builtin, kind: ConfigMapGenerator, metadata: {name: plugged}, literals: [a=b]}']\n",
       "name: plugged-"},
      {"transformers",
       "transformers: ['{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: x}, prefix: t-, fieldSpecs: "
       "[{path: metadata/name}]}']\n",
       "name: t-web"},
      {"validators",
       "validators: ['{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: x}, prefix: t-, fieldSpecs: "
       "[{path: metadata/name}]}']\n",
       "validator shouldn't modify"},
      {"openapi openapi.path",
       "openapi: {path: openapi.json}\npatches: [{patch: '{apiVersion: example.org/v1, kind: Widget, metadata: {name: "
       "w}, spec: {list: [{name: b, v: 9}]}}'}]\n",
       "list:\n  - name: b\n    v: 9\n  - name: a\n    v: 1\n"},
      {"openapi.version", "openapi: {version: v1.0.0}\n", "the specified OpenAPI version is not built in"},
      {"namespace", "namespace: prod\n", "namespace: prod"},
      {"namePrefix", "namePrefix: p-\n", "name: p-web"},
      {"nameSuffix", "nameSuffix: -s\n", "name: web-s"},
      {"commonLabels", "commonLabels: {team: a}\n", "matchLabels:\n      app: web\n      team: a"},
      {"commonAnnotations", "commonAnnotations: {by: me}\n", "by: me"},
      {"labels labels.pairs", "labels: [{pairs: {team: a}}]\n", "labels:\n    app: web\n    team: a"},
      {"labels.includeSelectors", "labels: [{pairs: {team: a}, includeSelectors: true}]\n",
       "matchLabels:\n      app: web\n      team: a"},
      {"labels.includeTemplates", "labels: [{pairs: {team: a}, includeTemplates: true}]\n",
       "        app: web\n        team: a\n    spec"},
      {"labels.includeVolumeClaimTemplates", "labels: [{pairs: {team: a}, includeVolumeClaimTemplates: true}]\n",
       "- metadata:\n      labels:\n        team: a\n      name: v"},
      {"labels.fields labels.fields.path labels.fields.create labels.fields.kind labels.fields.group",
       "labels: [{pairs: {team: a}, fields: [{path: spec/more, create: true, kind: Deployment, group: apps}]}]\n",
       "more:\n    team: a"},
      {"labels.fields.version",
       "labels: [{pairs: {team: a}, fields: [{path: spec/more, create: true, version: v9}]}]\n", "!more:"},
      {"images images.name images.newName images.newTag", "images: [{name: nginx, newName: other, newTag: '2'}]\n",
       "image: other:2"},
      {"images.digest", "images: [{name: nginx, digest: sha256:abc}]\n", "image: nginx@sha256:abc"},
      {"images.tagSuffix", "images: [{name: redis, tagSuffix: -x}]\n", "image: redis:7-x"},
      {"imageTags", "imageTags: [{name: nginx, newTag: '3'}]\n", "image: nginx:3"},
      {"replicas replicas.name replicas.count", "replicas: [{name: web, count: 7}]\n", "replicas: 7"},
      {"patches patches.path", "patches: [{path: p.yaml}]\n", "paused: true"},
      {"patches.patch patches.target patches.target.kind patches.target.name patches.target.group",
       "patches: [{patch: '[{\"op\": \"add\", \"path\": \"/spec/paused\", \"value\": true}]', target: {group: apps, "
       "kind: "
       "Deployment, name: w.*}}]\n",
       "paused: true"},
      {"patches.target.version", "patches: [{path: ops.yaml, target: {kind: Deployment, version: v9}}]\n", "!paused"},
      {"patches.target.namespace", "patches: [{path: ops.yaml, target: {namespace: elsewhere}}]\n", "!paused"},
      {"patches.target.labelSelector",
       "patches: [{path: ops.yaml, target: {labelSelector: app!=web}, options: {}}, "
       "{path: ops.yaml, target: {kind: StatefulSet, labelSelector: app=web}}]\n",
       "doc is missing path"},
      {"patches.target.annotationSelector", "patches: [{path: ops.yaml, target: {annotationSelector: note=other}}]\n",
       "!paused"},
      {"patches.options patches.options.allowNameChange",
       "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: renamed}}', target: {kind: ConfigMap}, "
       "options: {allowNameChange: true}}]\n",
       "name: renamed"},
      {"patches.options.allowKindChange",
       "patches: [{patch: '{apiVersion: v1, kind: Secret, metadata: {name: m}}', target: {kind: ConfigMap}, options: "
       "{allowKindChange: true}}]\n",
       "kind: Secret"},
      {"patchesStrategicMerge", "patchesStrategicMerge: [p.yaml]\n", "paused: true"},
      {"patchesJson6902 patchesJson6902.path patchesJson6902.target",
       "patchesJson6902: [{path: ops.yaml, target: {group: apps, version: v1, kind: Deployment, name: web}}]\n",
       "paused: true"},
      {"patchesJson6902.patch",
       "patchesJson6902: [{patch: '[{\"op\": \"remove\", \"path\": \"/spec/replicas\"}]', target: {version: v1, kind: "
       "Deployment, name: web}}]\n",
       "!replicas:"},
      {"replacements replacements.path", "replacements: [{path: r.yaml}]\n", "replicaz: x-y-z"},
      {"replacements.source replacements.source.group replacements.source.version replacements.source.kind "
       "replacements.source.name replacements.source.fieldPath replacements.targets replacements.targets.select "
       "replacements.targets.fieldPaths replacements.targets.options replacements.targets.options.create",
       "replacements: [{source: {group: apps, version: v1, kind: Deployment, name: web, fieldPath: spec.replicas}, "
       "targets: [{select: {kind: ConfigMap}, fieldPaths: [data.copied], options: {create: true}}]}]\n",
       "copied: 1"},
      {"replacements.source.namespace",
       "replacements: [{source: {kind: StatefulSet, namespace: elsewhere}, targets: [{select: {kind: ConfigMap}}]}]\n",
       "nothing selected by"},
      {"replacements.source.options replacements.source.options.delimiter replacements.source.options.index "
       "replacements.targets.options.encoding",
       "replacements: [{source: {kind: ConfigMap, name: m, fieldPath: data.k, options: {delimiter: '-', index: 2}}, "
       "targets: [{select: {kind: ConfigMap}, fieldPaths: [data.k], options: {encoding: base64}}]}]\n",
       "k: z\n"},
      {"replacements.sourceValue",
       "replacements: [{sourceValue: said, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.k]}]}]\n",
       "k: said"},
      {"replacements.targets.reject",
       "replacements: [{sourceValue: said, targets: [{select: {kind: ConfigMap}, reject: [{name: m}], fieldPaths: "
       "[data.k]}]}]\n",
       "!said"},
      {"replacements.targets.options.delimiter replacements.targets.options.index",
       "replacements: [{sourceValue: said, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.k], options: "
       "{delimiter: '-', index: 1}}]}]\n",
       "k: x-said-z"},
      {"vars vars.name vars.objref vars.objref.apiVersion vars.objref.kind vars.objref.name vars.objref.namespace "
       "vars.fieldref vars.fieldref.fieldpath",
       "vars: [{name: V, objref: {apiVersion: apps/v1, kind: StatefulSet, name: db, namespace: data}, fieldref: "
       "{fieldpath: metadata.namespace}}]\n",
       "args:\n        - data\n"},
      {"configMapGenerator configMapGenerator.name configMapGenerator.namespace configMapGenerator.literals",
       "configMapGenerator: [{name: g, namespace: gns, literals: [a=b]}]\n", "namespace: gns"},
      {"configMapGenerator.behavior", "configMapGenerator: [{name: m, behavior: merge, literals: [a=b]}]\n",
       "data:\n  a: b\n  k: x-y-z"},
      {"configMapGenerator.files", "configMapGenerator: [{name: g, files: [a.txt]}]\n", "from-a-file"},
      {"configMapGenerator.envs", "configMapGenerator: [{name: g, envs: [a.env]}]\n", "E: from-env"},
      {"configMapGenerator.env", "configMapGenerator: [{name: g, env: a.env}]\n", "E: from-env"},
      {"configMapGenerator.options configMapGenerator.options.labels",
       "configMapGenerator: [{name: g, options: {labels: {gen: x}}}]\n", "labels:\n    gen: x"},
      {"configMapGenerator.options.annotations", "configMapGenerator: [{name: g, options: {annotations: {gen: x}}}]\n",
       "annotations:\n    gen: x"},
      {"configMapGenerator.options.disableNameSuffixHash",
       "configMapGenerator: [{name: g, options: {disableNameSuffixHash: true}}]\n", "name: g\n"},
      {"configMapGenerator.options.immutable", "configMapGenerator: [{name: g, options: {immutable: true}}]\n",
       "immutable: true"},
      {"secretGenerator secretGenerator.name secretGenerator.namespace secretGenerator.type secretGenerator.literals",
       "secretGenerator: [{name: g, namespace: gns, type: x/y, literals: [a=b]}]\n", "namespace: gns\ntype: x/y"},
      {"secretGenerator.behavior", "secretGenerator: [{name: g, behavior: merge}]\n", "does not exist"},
      {"secretGenerator.files", "secretGenerator: [{name: g, files: [k=a.txt]}]\n", "k: ZnJvbS1hLWZpbGUK"},
      {"secretGenerator.envs", "secretGenerator: [{name: g, envs: [a.env]}]\n", "E: ZnJvbS1lbnY="},
      {"secretGenerator.env", "secretGenerator: [{name: g, env: a.env}]\n", "E: ZnJvbS1lbnY="},
      {"secretGenerator.options", "secretGenerator: [{name: g, options: {immutable: true}}]\n", "immutable: true"},
      {"generatorOptions generatorOptions.labels",
       "generatorOptions: {labels: {gen: x}}\nconfigMapGenerator: [{name: g}]\n", "labels:\n    gen: x"},
      {"generatorOptions.annotations", "generatorOptions: {annotations: {gen: x}}\nconfigMapGenerator: [{name: g}]\n",
       "annotations:\n    gen: x"},
      {"generatorOptions.disableNameSuffixHash",
       "generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: g}]\n", "name: g\n"},
      {"generatorOptions.immutable", "generatorOptions: {immutable: true}\nconfigMapGenerator: [{name: g}]\n",
       "immutable: true"},
      {"sortOptions sortOptions.order", "sortOptions: {order: wrong}\n", "must be one of"},
      {"sortOptions.legacySortOptions sortOptions.legacySortOptions.orderFirst "
       "sortOptions.legacySortOptions.orderLast",
       "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Widget], orderLast: [ConfigMap]}}\nresources: "
       "[cm.yaml, w.yaml]\n",
       "kind: Widget\nmetadata:\n  name: w\nspec:\n  image: nginx\n  list:\n  - name: a\n    v: 1\n  - name: b\n    v: "
       "2\n  ref:\n    name: conf\n---\n"},
      {"buildMetadata buildMetadata.originAnnotations", "buildMetadata: [originAnnotations]\n", "path: d.yaml"},
      {"buildMetadata.transformerAnnotations", "buildMetadata: [transformerAnnotations]\nnamePrefix: p-\n",
       "kind: PrefixTransformer"},
      {"buildMetadata.managedByLabel", "buildMetadata: [managedByLabel]\n",
       "app.kubernetes.io/managed-by: kustomize-v5.8.2"},
      {"helmGlobals helmGlobals.chartHome helmGlobals.configHome",
       "helmGlobals: {chartHome: homes, configHome: anywhere}\nhelmCharts: [{name: c}]\n", "name: from-homes"},
      {"helmCharts helmCharts.name helmCharts.releaseName helmCharts.namespace",
       "helmCharts: [{name: c, releaseName: rel, namespace: ns1}]\n", "name: rel\n  namespace: ns1"},
      {"helmCharts.version helmCharts.repo",
       "helmCharts: [{name: c, version: 1.2.3, repo: 'https://charts.example'}]\n", "charts.example#c 1.2.3"},
      {"helmCharts.additionalValuesFiles", "helmCharts: [{name: c, additionalValuesFiles: [more.yaml]}]\n",
       "word: from-more kept"},
      {"helmCharts.valuesFile", "helmCharts: [{name: c, valuesFile: more.yaml}]\n", "word: from-more"},
      {"helmCharts.valuesInline", "helmCharts: [{name: c, valuesInline: {word: inline}}]\n", "word: inline kept"},
      {"helmCharts.valuesMerge", "helmCharts: [{name: c, valuesInline: {word: inline}, valuesMerge: merge}]\n",
       "word: default kept"},
      {"helmCharts.includeCRDs", "helmCharts: [{name: c, includeCRDs: true}]\n", "name: from-crds"},
      {"helmCharts.skipHooks", "helmCharts: [{name: c, skipHooks: true}]\n", "!the-hook"},
      {"helmCharts.apiVersions", "helmCharts: [{name: c, apiVersions: [x.org/v9]}]\n", "api: api true"},
      {"helmCharts.kubeVersion", "helmCharts: [{name: c, kubeVersion: 1.30.0}]\n", "kube: v1.30.0"},
      {"helmCharts.nameTemplate", "helmCharts: [{name: c, nameTemplate: by-template}]\n", "name: by-template"},
      {"helmCharts.skipTests", "helmCharts: [{name: c, skipTests: true}]\n", "!the-test"},
      {"helmCharts.debug helmCharts.devel", "helmCharts: [{name: c, debug: true, devel: true}]\n",
       "name: release-name"},
      {"helmChartInflationGenerator helmChartInflationGenerator.chartName helmChartInflationGenerator.releaseName "
       "helmChartInflationGenerator.values helmChartInflationGenerator.chartRepoName "
       "helmChartInflationGenerator.helmBin helmChartInflationGenerator.helmHome "
       "helmChartInflationGenerator.releaseNamespace helmChartInflationGenerator.extraArgs",
       "helmChartInflationGenerator: [{chartName: c, releaseName: old, values: more.yaml, chartRepoName: x, helmBin: "
       "x, "
       "helmHome: x, releaseNamespace: x, extraArgs: [x]}]\n",
       "word: from-more"},
      {"helmChartInflationGenerator.chartHome", "helmChartInflationGenerator: [{chartName: c, chartHome: homes}]\n",
       "name: from-homes"},
      {"helmChartInflationGenerator.valuesLocal",
       "helmChartInflationGenerator: [{chartName: c, valuesLocal: {word: l}}]\n", "word: l kept"},
      {"helmChartInflationGenerator.valuesMerge",
       "helmChartInflationGenerator: [{chartName: c, valuesLocal: {word: l}, valuesMerge: merge}]\n",
       "word: default kept"},
      {"helmChartInflationGenerator.chartVersion helmChartInflationGenerator.chartRepoUrl",
       "helmChartInflationGenerator: [{chartName: c, chartVersion: 1.2.3, chartRepoUrl: 'https://charts.example'}]\n",
       "charts.example#c 1.2.3"},
  };
  std::set<std::string> named;
  const std::string plain = what_happens(resources);
  for (const Row& row : rows) {
    CAPTURE(row.fields);
    for (std::string_view field : base::split(row.fields, ' ')) named.emplace(field);
    bool own = row.kustomization.find("resources: ") != std::string_view::npos;
    std::string got = what_happens(fmt::format("{}{}", own ? "" : resources, row.kustomization));
    CAPTURE(got);
    if (row.shows.starts_with('!')) {
      CHECK(!got.starts_with("ERROR"));
      CHECK(got.find(row.shows.substr(1)) == got.npos);
    } else {
      CHECK(plain.find(row.shows) == plain.npos);
      CHECK(got.find(row.shows) != got.npos);
    }
  }
  std::set<std::string> all;
  for (std::string_view line : base::split_lines(every_field))
    for (std::string_view field : base::split(line, ' '))
      if (!field.empty()) all.emplace(field);
  for (const std::string& field : all) CHECK_MESSAGE(named.contains(field), "no row shows the field ", field);
  for (const std::string& field : named) CHECK_MESSAGE(all.contains(field), "no field is called ", field);
}

TEST_CASE("every field of a Component has its effect, and a Kustomization's parts are read in either") {
  const Row rows[] = {
      {"apiVersion", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\n",
       "apiVersion for Component should be"},
      {"namePrefix", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n", "name: c-web"},
      {"resources", "kind: Component\nresources: [../base]\n", "name: svc"},
      {"patches", "kind: Component\npatches: [{path: ../k/p.yaml}]\n", "is not in or below"},
      {"images", "kind: Component\nimages: [{name: nginx, newTag: '9'}]\n", "image: nginx:9"},
      {"replacements",
       "kind: Component\nreplacements: [{sourceValue: said, targets: [{select: {kind: ConfigMap}, fieldPaths: "
       "[data.k]}]}]\n",
       "k: said"},
      {"configMapGenerator", "kind: Component\nconfigMapGenerator: [{name: g, literals: [a=b]}]\n", "name: g-"},
      {"components", "kind: Component\ncomponents: [../part]\n", "name: web-part"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.fields);
    auto tree = std::vector<std::pair<std::string, sources::testing::Content>>(files.begin(), files.end());
    tree.emplace_back("k/kustomization.yaml", fmt::format("{}components: [../own]\n", resources));
    tree.emplace_back("own/kustomization.yaml", std::string(row.kustomization));
    auto built = build({.tree = sources::testing::make_tree(std::move(tree)), .path = "k"});
    std::string got = built ? "" : built.error().str();
    if (built)
      for (const Resource& r : built->resources) got += "---\n" + value::to_yaml(r.object());
    CAPTURE(got);
    CHECK(got.find(row.shows) != got.npos);
  }
}
