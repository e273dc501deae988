// What follows from kustomize's keeping its notes among the annotations, and from its writing into the nodes that it
// reads from. Each expected text is what kustomize 5.8.2 printed.
#include "render/kustomize/notes.h"

#include <doctest/doctest.h>

#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

constexpr const char* map_and_pod =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {z: z}}, data: {k: \"1\"}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: r/x}], volumes: "
    "[{configMap: "
    "{name: a}}]}}\n";

// What base (`base` and its resources), then the overlay over it, come to; in one line per resource.
std::string built(std::string overlay, std::string base = "namePrefix: x-\n", std::string resources = map_and_pod) {
  auto tree = sources::testing::make_tree({{"app/kustomization.yaml", "resources: [../base]\n" + overlay},
                                           {"base/kustomization.yaml", "resources: [r.yaml]\n" + base},
                                           {"base/r.yaml", resources}});
  auto done = build({.tree = tree, .path = "app"});
  if (!done) return done.error().str();
  std::string out;
  for (const Resource& r : done->resources) out += value::to_json(r.object()) + "\n";
  return out;
}
void check(const std::string& got, std::string_view expected) {
  CHECK_MESSAGE(got.find(expected) != got.npos, "expected: ", expected, "\n     got: ", got);
}
std::string replacement(const std::string& source, const std::string& paths, const std::string& options = "{}") {
  return "replacements: [{source: {" + source + "}, targets: [{select: {kind: Pod}, fieldPaths: [" + paths +
         "], options: " + options + "}]}]\n";
}

}  // namespace

TEST_CASE("who drops all annotations drops the earlier names, and references to them") {
  std::string patch =
      "patches: [{patch: \"{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: null}}\"}]";
  check(built(patch), R"("volumes":[{"configMap":{"name":"a"}}])");
  // A JSON patch puts them back.
  check(
      built("patches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"replace\", \"path\": \"/metadata/annotations\", "
            "\"value\": {\"b\": \"c\"}}]'}]"),
      R"("volumes":[{"configMap":{"name":"x-a"}}])");
}

TEST_CASE("annotations read as a whole have the notes among them, and those of a file count") {
  check(built(replacement("kind: ConfigMap, fieldPath: metadata.annotations", "spec.copied", "{create: true}")),
        R"("copied":{"internal.config.kubernetes.io/prefixes":"x-","internal.config.kubernetes.io/previousKinds":)");
  check(built("", "",
              "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n"
              "    internal.config.kubernetes.io/previousNames: old\n"
              "    internal.config.kubernetes.io/previousNamespaces: default\n"
              "    internal.config.kubernetes.io/previousKinds: ConfigMap\n"
              "    internal.config.kubernetes.io/needsHashSuffix: enabled\n"
              "    config.kubernetes.io/path: 'x'\n---\n"
              "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {volumes: [{configMap: {name: old}}]}}\n"),
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a-6ct58987ht"}}
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"volumes":[{"configMap":{"name":"a-6ct58987ht"}}]}})");
}

TEST_CASE("earlier names, namespaces and kinds are three lists with commas between, which must belong together") {
  std::string resources = std::string(map_and_pod) + "---\n{apiVersion: v1, kind: Secret, metadata: {name: 'c,d'}}\n";
  auto renamed = [](const std::string& path, const std::string& field) {
    return "replacements: [{source: {kind: ConfigMap, fieldPath: " + path +
           "}, targets: [{select: {kind: Pod}, fieldPaths: [" + field + "]}]}]\n";
  };
  std::string torn = "number of previous names, number of previous namespaces, number of previous kinds not equal";
  // A list over a text leaves an empty one, of which nothing is noted; one with a comma counts for two.
  check(built("namespace: ns\n", renamed("data", "kind")), torn);
  check(built("namespace: ns\nnamePrefix: y-\n", "namePrefix: x-\n" + renamed("data", "metadata.name")), torn);
  check(built("namespace: ns\n", "", resources), torn);
  check(built("namespace: ns\n", "namePrefix: 'x,'\n"), torn);
  // Nobody renames it afterwards, or nothing was noted before.
  check(built("", "", resources), R"("metadata":{"name":"c,d"})");
  check(built("namePrefix: y-\n", renamed("data", "metadata.name")), R"("metadata":{"name":"y-"})");
}

TEST_CASE("a name that reads as a number is one where a plain name stood, and a text in quotes") {
  std::string resources =
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: '1'}}\n---\n"
      "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {volumes: [{configMap: {name: 1}}, "
      "{configMap: {name: '1'}}]}}\n";
  check(built("", "namePrefix: '1'\n", resources),
        R"("volumes":[{"configMap":{"name":11}},{"configMap":{"name":"11"}}])");
  std::string account =
      "{apiVersion: v1, kind: ServiceAccount, metadata: {name: x, namespace: '2'}}\n---\n"
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: '2'}, subjects: "
      "[{kind: ServiceAccount, name: x, namespace: '2'}, {kind: ServiceAccount, name: x}]}\n";
  check(built("", "namePrefix: p-\n", account),
        R"("subjects":[{"kind":"ServiceAccount","name":"p-x","namespace":"2"},{"kind":"ServiceAccount","name":"p-x",)"
        R"("namespace":"2"}])");
}

TEST_CASE("a name that a JSON patch leaves as a number is a name") {
  std::string number =
      "replacements: [{source: {kind: ReplicaSet, fieldPath: spec.replicas}, targets: [{select: {kind: ConfigMap}, "
      "fieldPaths: [metadata.name]}]}]\nconfigMapGenerator: [{name: g}]\n";
  std::string patched =
      built("patches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/x\", \"value\": 1}]'}]\n",
            "namePrefix: x-\n" + number,
            "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {replicas: 1}}\n");
  check(patched, R"("kind":"ConfigMap","metadata":{"name":"1-)");
}

TEST_CASE("whether a patch may change names and kinds is noted among the annotations") {
  check(built("replacements: [{source: {kind: ConfigMap, fieldPath: metadata.annotations}, targets: [{select: {kind: "
              "Pod}, fieldPaths: [spec.copied], options: {create: true}}]}]\n",
              "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {b: c}}', options: "
              "{allowNameChange: true}}]\n"),
        R"("copied":{"internal.config.kubernetes.io/allowNameChange":"enabled",)");
}

TEST_CASE("annotations are texts once kustomize has noted among them what changed a resource") {
  std::string copied =
      "replacements: [{source: {kind: ConfigMap, fieldPath: data}, targets: [{select: {kind: Pod}, fieldPaths: "
      "[metadata.annotations.m], options: {create: true}}]}]\n";
  std::string note = "configurations: [c.yaml]\nbuildMetadata: [transformerAnnotations]\n";
  auto tree = sources::testing::make_tree(
      {{"kustomization.yaml", "resources: [r.yaml]\nnamePrefix: p-\n" + copied + note},
       {"c.yaml", "nameReference: [{kind: ConfigMap, fieldSpecs: [{path: metadata/annotations/m}]}]\n"},
       {"r.yaml", map_and_pod}});
  auto done = build({.tree = tree, .path = ""});
  REQUIRE_MESSAGE(done, done.error().str());
  CHECK(done->resources[1].object()["metadata"]["annotations"]["m"] == Value(""));
}

TEST_CASE("a label that a patch took away and a transformer brings anew is another one") {
  std::string labelled = "{apiVersion: v1, kind: ReplicationController, metadata: {name: a}, spec: {}}\n";
  std::string patch =
      "patches: [{patch: '{apiVersion: v1, kind: ReplicationController, metadata: {name: a}, spec: {template: {$patch: "
      "replace, spec: {x: y}}}}'}]\n";
  auto tree = sources::testing::make_tree(
      {{"top/kustomization.yaml", "resources: [../app]\nlabels: [{pairs: {team: c}}]\n"},
       {"app/kustomization.yaml", "resources: [../base]\ncommonLabels: {team: b}\n" + patch},
       {"base/kustomization.yaml", "resources: [r.yaml]\ncommonLabels: {team: a}\n"},
       {"base/r.yaml", labelled}});
  auto done = build({.tree = tree, .path = "top"});
  REQUIRE_MESSAGE(done, done.error().str());
  check(value::to_json(done->resources[0].object()),
        R"("metadata":{"labels":{"team":"c"},"name":"a"},"spec":{"selector":{"team":"c"},"template":{"metadata":)"
        R"({"labels":{"team":"b"}},"spec":{"x":"y"}}}})");
}

TEST_CASE("annotations that are no mapping give way to the next note, and not before") {
  std::string text = replacement("kind: ConfigMap, fieldPath: metadata.name", "metadata.annotations");
  check(built("namePrefix: y-\ncommonAnnotations: {b: c}\n", "namePrefix: x-\n" + text),
        R"("kind":"Pod","metadata":{"annotations":{"b":"c"},)");
  check(built("commonAnnotations: {b: c}\n", "", "{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: ''}}\n"),
        "expected a mapping of labels or annotations, found a text");
}

TEST_CASE("a replacement that writes over its source goes on with what it wrote") {
  check(built(replacement("kind: Pod, fieldPath: metadata.name", "metadata.name, metadata.name",
                          "{delimiter: /, index: 1}"),
              ""),
        R"("name":"p/p/p")");
  check(
      built(replacement("kind: Pod, fieldPath: spec.containers", "'spec.containers.[name=n].image'", "{create: true}"),
            ""),
      R"({"image":[{"image":"r/x","name":"c"},{"image":[],"name":"n"}],"name":"n"})");
  // What is made and given nothing is an empty text.
  check(
      built(replacement("kind: Pod, fieldPath: spec.containers", "'spec.args.[=x]'", "{create: true, delimiter: ':'}"),
            ""),
      R"("args":[""])");
  check(built(replacement("kind: Pod, fieldPath: metadata.name", "spec.containers.-.name")),
        "expected a mapping with \"-\"");
}

TEST_CASE("merging into data makes texts of it, and nothing of nothing") {
  std::string overlay = "configMapGenerator: [{name: a, behavior: merge, literals: [b=2]}]\n";
  check(built(overlay, "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: true, n: null}}\n"),
        R"("data":{"b":"2","k":"true","n":""})");
  check(built("configMapGenerator: [{name: a, behavior: merge}]\n", "",
              "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {}}\n"),
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})");
}

TEST_CASE("a kind that was patched reads as what is written over it; another one takes no part in a merge") {
  std::string patch = "patches: [{patch: \"{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}}\"}]\n";
  std::string written = "replacements: [{sourceValue: '10', targets: [{select: {kind: Pod}, fieldPaths: [kind]}]}]\n";
  check(built(patch + written), R"("kind":10,)");
  check(built("configMapGenerator: [{name: a, behavior: merge}]\n",
              "namePrefix: x-\nreplacements: [{sourceValue: Odd, targets: [{select: {kind: ConfigMap}, fieldPaths: "
              "[kind]}]}]\n"),
        "cannot find resource with id ConfigMap.v1.[noGrp]/x-a.[noNs] to replace");
}

TEST_CASE("replicas and prefixes go by one kind, then and now; plugins in the list come before those in files") {
  std::string turned =
      "patches: [{target: {kind: Deployment}, options: {allowKindChange: true, allowNameChange: true}, patch: "
      "\"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: n}}\"}]\n";
  check(built("replicas: [{name: d, count: 7}]\n", turned,
              "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 1}}\n"),
        R"("spec":{"replicas":1})");
}

TEST_CASE("namespaces without a group come first; a var's path may end a list with -") {
  check(
      built(
          "sortOptions: {order: legacy}\n", "",
          "{apiVersion: a/v1, kind: Namespace, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Namespace, metadata: "
          "{name: z}}\n"),
      "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"z\"}}\n{");
  check(
      built("vars: [{name: V, objref: {apiVersion: v1, kind: Pod, name: p}, fieldref: {fieldpath: "
            "'spec.containers.-.name'}}]\n"
            "patches: [{patch: \"{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, args: "
            "[$(V)]}]}}\"}]\n",
            ""),
      R"("args":["c"])");
}

TEST_CASE("a validator's label may be added where a transformer made the labels") {
  auto with = [](std::string base, std::string resource) {
    return built(
        "validators: [\"{apiVersion: builtin, kind: LabelTransformer, metadata: {name: v}, labels: {validated-by: "
        "us}, fieldSpecs: [{path: metadata/labels, create: true}]}\"]\n",
        std::move(base), std::move(resource));
  };
  check(with("labels: [{pairs: {a: b}}]\n", "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n"),
        R"("labels":{"a":"b","validated-by":"us"})");
  check(with("", "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}}\n"),
        "shouldn't modify the resource map");
  check(with("labels: [{pairs: {a: b}}]\ncommonAnnotations: {c: d}\n",
             "{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {e: f}}}\n"),
        R"("validated-by":"us")");
  check(with("labels: [{pairs: {a: b}}]\ncommonAnnotations: {c: d}\n",
             "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n"),
        "shouldn't modify the resource map");  // its annotations come behind the labels
  // Whoever notes what changed a resource writes its annotations anew, behind the labels.
  auto tree = sources::testing::make_tree(
      {{"app/kustomization.yaml", "resources: [../base]\nbuildMetadata: [transformerAnnotations]\n"},
       {"base/kustomization.yaml",
        "resources: [r.yaml]\nlabels: [{pairs: {a: b}}]\nvalidators: ['{apiVersion: builtin, kind: LabelTransformer, "
        "metadata: {name: v}, labels: {validated-by: us}, fieldSpecs: [{path: metadata/labels, create: true}]}\n']\n"},
       {"base/r.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n"}});
  auto done = build({.tree = tree, .path = "app"});
  CHECK_FALSE(done.has_value());
  if (!done) check(done.error().str(), "shouldn't modify the resource map");
}

TEST_CASE("a validator that is a patch passes only where such a patch wrote version, kind and name before") {
  auto with = [](std::string base) {
    return built(
        "validators: [\"{apiVersion: builtin, kind: PatchTransformer, metadata: {name: v}, target: {kind: Foo}, patch: "
        "'{apiVersion: v1, kind: Foo, metadata: {name: c}}'}\"]\n",
        std::move(base), "{apiVersion: v1, kind: Foo, metadata: {name: c}}\n");
  };
  check(with(""), "shouldn't modify the resource map");
  check(with("patches: [{patch: '{apiVersion: v1, kind: Foo, metadata: {name: c}}'}]\n"), "shouldn't modify");
  check(with("patches: [{target: {}, patch: '{apiVersion: v1, kind: Foo, metadata: {name: x}}'}]\n"), R"("name":"c")");
}

TEST_CASE("a validator passes over what renaming leaves as it was") {
  auto label = [](std::string overlay, std::string base) {
    return built(overlay +
                     "validators: [\"{apiVersion: builtin, kind: LabelTransformer, metadata: {name: v}, labels: "
                     "{validated-by: us}, fieldSpecs: [{path: metadata/labels, create: true}]}\"]\n",
                 "labels: [{pairs: {a: b}}]\n" + base, "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n");
  };
  // The first note brings annotations behind the labels, later ones leave them where they are.
  check(label("namePrefix: x-\n", ""), "shouldn't modify");
  check(label("namePrefix: x-\n", "namePrefix: y-\n"), R"("name":"x-y-p")");
  check(label("namespace: n1\n", "namePrefix: y-\n"), "shouldn't modify");  // it comes to stand there, too
  check(label("namespace: n1\n", "namespace: n2\n"), R"("namespace":"n1")");
  auto merge = [](std::string overlay, std::string kind, std::string name) {
    std::string resource = "{apiVersion: v1, kind: " + kind + ", metadata: {name: ";
    return built(overlay +
                     "validators: ['{apiVersion: builtin, kind: PatchStrategicMergeTransformer, metadata: {name: v}, "
                     "patches: \"" +
                     resource + name + "}}\"}']\n",
                 "patches: [{target: {kind: .*}, patch: '" + resource + "p}}'}]\n", resource + "p}}\n");
  };
  check(merge("namePrefix: x-\n", "Pod", "x-p"), R"("name":"x-p")");
  check(merge("namespace: n1\n", "PersistentVolume", "p"), R"("name":"p")");
  check(merge("patches: [{target: {kind: Pod}, patch: '[{\"op\": \"add\", \"path\": \"/x\", \"value\": 1}]'}]\n", "Pod",
              "p"),
        "shouldn't modify");
}

TEST_CASE("a validator that is a JSON patch passes only over what such a patch left") {
  std::string patch =
      "patches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/data/a\", \"value\": \"b\"}]'}]\n";
  auto with = [&](std::string overlay, std::string base) {
    return built(
        overlay +
            "validators:\n- |\n  apiVersion: builtin\n  kind: PatchJson6902Transformer\n  metadata: {name: v}\n"
            "  target: {version: v1, kind: ConfigMap, name: m}\n"
            "  jsonOp: '[{\"op\": \"add\", \"path\": \"/data/a\", \"value\": \"b\"}]'\n",
        std::move(base), "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: b}}\n");
  };
  check(with("", ""), "shouldn't modify");
  check(with("", patch), R"("data":{"a":"b"})");
  check(with("images: [{name: a, newName: b}]\n", patch), R"("data":{"a":"b"})");
  check(with("commonAnnotations: {x: z}\n", patch), "shouldn't modify");
  check(with("labels: [{pairs: {a: b}}]\n", patch), "shouldn't modify");
}

TEST_CASE("a validator sees whether labels that a patch brought were copied, and which texts have no quotes yet") {
  auto with = [](std::string patches, std::string validator, std::string labels = "") {
    return built("validators: [\"{apiVersion: builtin, metadata: {name: v}, " + validator + "}\"]\n",
                 std::move(patches), "{apiVersion: v1, kind: Pod, metadata: {name: p" + labels + "}}\n");
  };
  std::string label =
      "kind: LabelTransformer, labels: {validated-by: us}, fieldSpecs: [{path: metadata/labels, create: true}]";
  std::string merge =
      "kind: PatchTransformer, target: {kind: Pod}, patch: '{apiVersion: v1, kind: Pod, metadata: {name: p}}'";
  std::string patch = "'{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {x: null}}}'";
  std::string by_id = "patches: [{patch: " + patch + "}]\n", by_list = "patchesStrategicMerge: [" + patch + "]\n",
              by_selector = "patches: [{target: {kind: Pod}, patch: " + patch + "}]\n";
  check(with(by_selector, label), R"("labels":{"validated-by":"us","x":"null"})");
  check(with(by_list, label), R"("labels":{"validated-by":"us","x":"null"})");
  check(with(by_selector, label, ", labels: {x: y}"), "shouldn't modify the resource map");
  check(with("labels: [{pairs: {a: b}}]\n", label), R"("validated-by":"us")");
  for (const char* twice : {"[{pairs: {a: b}}, {pairs: {a: 'yes'}}]", "[{pairs: {a: '1'}}, {pairs: {a: b}}]"})
    check(with("labels: " + std::string(twice) + "\n", label), "shouldn't modify the resource map");
  for (const char* first : {"b", "c"})
    check(with("labels: [{pairs: {a: " + std::string(first) + "}}, {pairs: {a: 'yes'}}, {pairs: {a: c}}]\n", label),
          R"("labels":{"a":"c","validated-by":"us"})");
  check(built("validators: [\"{apiVersion: builtin, metadata: {name: v}, " + label +
                  "}\"]\npatches: [{patch: " + patch + "}]\n",
              "labels: [{pairs: {a: b}}]\n", "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n"),
        R"("labels":{"a":"b","validated-by":"us"})");
  check(with(by_id, merge, ", labels: {x: y, z: w}"), "shouldn't modify the resource map");
  check(with(by_list, merge), R"("labels":{"x":"null"})");
  check(with(by_selector, merge, ", labels: {a: b}"), R"("labels":{"a":"b","x":"null"})");
  check(with(by_selector, merge, ", labels: {x: y}"), "shouldn't modify the resource map");
  check(with(by_list, merge, ", labels: {x: y}"), "shouldn't modify the resource map");
}

TEST_CASE("labels that a transformer made stay so where a patch brings no new field behind them") {
  struct Case {
    const char *resource, *patch;
    bool passes;
  };
  for (auto [resource, patch, passes] : {
           Case{"", "a: 1", true},
           Case{"", "metadata: {name: p, annotations: {g: h}}", false},
           Case{", annotations: {e: f}", "metadata: {name: p, annotations: {g: h}}", true},
           Case{", finalizers: [x/y]", "metadata: {name: p, finalizers: [a/b]}", true},
           Case{"", "metadata: {name: p, finalizers: [a/b]}", false},
           Case{"", "metadata: {name: p, labels: {q: r}}", false},
       }) {
    INFO(resource << " patched with " << patch);
    std::string name = std::string_view(patch).starts_with("metadata") ? "" : "metadata: {name: p}, ";
    check(built("patches: [{patch: '{apiVersion: v1, kind: Pod, " + name + patch +
                    "}'}]\nvalidators: [\"{apiVersion: builtin, kind: LabelTransformer, metadata: {name: v}, labels: "
                    "{validated-by: us}, fieldSpecs: [{path: metadata/labels, create: true}]}\"]\n",
                "labels: [{pairs: {a: b}}]\n",
                std::string("{apiVersion: v1, kind: Pod, metadata: {name: p") + resource + "}}\n"),
          passes ? R"("validated-by":"us")" : "shouldn't modify the resource map");
  }
}

TEST_CASE("a validator that replaces a whole object changes nothing but passes only after another patch") {
  auto with = [](std::string base) {
    return built(
        "validators: [\"{apiVersion: builtin, kind: PatchTransformer, metadata: {name: v}, patch: "
        "'{$patch: replace, apiVersion: v1, kind: Foo, metadata: {name: c}, a: 1}'}\"]\n",
        std::move(base), "{apiVersion: v1, kind: Foo, metadata: {name: c}}\n");
  };
  check(with(""), "shouldn't modify the resource map");
  check(with("patches: [{patch: '{apiVersion: v1, kind: Foo, metadata: {name: c}, b: 2}'}]\n"), R"("b":2)");
}

TEST_CASE("a rule for one kind that differs from the one for all shows when those are merged again") {
  std::string config = "images: [{kind: Widget, path: 'spec/containers[]/image'}]\n";
  auto tree =
      sources::testing::make_tree({{"app/kustomization.yaml", "resources: [../base, r.yaml]\n"},
                                   {"app/r.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n"},
                                   {"base/kustomization.yaml", "resources: [../sub]\nconfigurations: [c.yaml]\n"},
                                   {"base/c.yaml", config},
                                   {"sub/kustomization.yaml", "resources: [r.yaml]\n"},
                                   {"sub/r.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n"}});
  bool base = build({.tree = tree, .path = "base"}).has_value();
  CHECK(base);
  auto done = build({.tree = tree, .path = "app"});
  REQUIRE(!done.has_value());
  CHECK(done.error().message().find("conflicting") != std::string::npos);
}

TEST_CASE(
    "what stands in quotes keeps them, whoever writes there: values added, images, and texts that JSON patches left") {
  const char* deployment =
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, labels: {a: 'x', b: x}}, spec: {template: {spec: "
      "{containers: [{name: c, image: foo}, {name: q, image: 'foo'}, {name: o, image: 'r:'}]}}}}\n";
  check(
      built(
          "transformers: [\"{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: v}, value: '5', targets: "
          "[{fieldPath: metadata/labels/a}, {fieldPath: metadata/labels/b}]}\"]\n",
          "", deployment),
      R"("labels":{"a":"5","b":5})");
  std::string ten =
      "replacements: [{sourceValue: '10', targets: [{select: {kind: Deployment}, fieldPaths: "
      "['spec.template.spec.containers.*.image']}]}]\n";
  check(built("images: [{name: foo}]\n" + ten, "", deployment),
        R"([{"image":10,"name":"c"},{"image":"10","name":"q"},{"image":"10","name":"o"}])");
  std::string patch =
      "patchesJson6902: [{target: {version: v1, group: apps, kind: Deployment, name: d}, patch: "
      "'[{\"op\": \"add\", \"path\": \"/x\", \"value\": 1}]'}]\n";
  check(built(patch + "images: [{name: r}, {name: foo}]\n" + ten, "", deployment),
        R"([{"image":10,"name":"c"},{"image":10,"name":"q"},{"image":"10","name":"o"}])");
}

TEST_CASE("where there are vars, what they might stand in counts as text") {
  std::string added =
      "transformers: [\"{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: v}, value: '5', targets: "
      "[{fieldPath: metadata/labels/a, selector: {kind: Pod}}]}\"]\n";
  std::string vars = "vars: [{name: V, objref: {apiVersion: v1, kind: Pod, name: p}}]\n";
  check(built(added, ""), R"("labels":{"a":5})");
  check(built(added + vars, ""), R"("labels":{"a":"5"})");
}

TEST_CASE("what stands in braces and cannot stand there plain becomes a text") {
  std::string odd =
      "apiVersion: x/v1\nkind: X\nmetadata:\n  name: a\n  annotations: {q: , r: s}\n"
      "spec: {a, b: {c: }, d: [e: ], f: ~, g: !!null , t: 2020-01-01 10:00:00, u: 2020-01-01}\n"
      "list:\n- t: 2020-01-01 10:00:00\n  n:\n";
  std::string_view rest =
      R"("list":[{"n":null,"t":"2020-01-01T10:00:00Z"}],"metadata":{"annotations":{"q":"","r":"s"},)";
  check(built("", "", odd), rest);
  check(
      built("", "", odd),
      R"("spec":{"a":"","b":{"c":""},"d":[{"e":""}],"f":null,"g":null,"t":"2020-01-01 10:00:00","u":"2020-01-01T00:00:00Z"})");
  check(
      built("", "", "{apiVersion: v1, kind: XList, items: [{apiVersion: x/v1, kind: X, metadata: {name: a}, f: }]}\n"),
      R"("f":null)");
  check(built("", "",
              "{apiVersion: v1, kind: XList, items: [{apiVersion: x/v1, kind: X, metadata: {name: a}, "
              "f: [2020-01-01 10:00:00, '2020-01-01 10:00:00']}]}\n"),
        R"("f":["2020-01-01T10:00:00Z","2020-01-01 10:00:00"])");
  // To a strategic merge it is nothing at all, and goes.
  check(built("patches: [{patch: '{apiVersion: x/v1, kind: X, metadata: {name: a}, spec: {z: 1}}'}]\n", "", odd),
        R"("spec":{"b":{},"d":[{"e":""}],"f":null,"t":"2020-01-01 10:00:00","u":"2020-01-01T00:00:00Z","z":1})");
}

TEST_CASE("at the top of an object a key may be a number or boolean") {
  auto with_key = [](std::string key) { return "apiVersion: x/v1\nkind: X\nmetadata: {name: a}\n" + key + ": v\n"; };
  check(built("namePrefix: p-\n", "", with_key("0x10")), R"({"0x10":"v","apiVersion":"x/v1")");
  check(built("", "", with_key("true")), R"("true":"v"})");
  check(built("", "", with_key("1.50")), R"({"1.50":"v")");
  check(built("patches: [{patch: '{apiVersion: x/v1, kind: X, metadata: {name: a}, spec: {z: 1}}'}]\n", "",
              with_key("2")),
        R"({"2":"v","apiVersion":"x/v1","kind":"X","metadata":{"name":"a"},"spec":{"z":1}})");
  check(built("", "", with_key("~")), "a key must be text, found a null");
  check(built("", "", with_key("2: w\n2")), "base/r.yaml:4:1");
  check(built("", "", with_key("2: w\nspec: {3: x}\nz")), "a key must be text, found a integer");
}

TEST_CASE("a var may read annotations where there are only notes") {
  std::string var =
      "vars: [{name: V, objref: {apiVersion: v1, kind: Pod, name: p}, fieldref: {fieldpath: metadata.annotations}}]\n";
  const char* pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n";
  check(built("namePrefix: x-\n" + var, "", pod), R"("metadata":{"name":"x-p"})");
  check(built(var, "", pod), "not found in corresponding resource");
}

TEST_CASE("labels that a replacement copied belong to nobody else") {
  std::string deployments =
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {}}}}\n---\n"
      "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {x: y}}}\n";
  auto with = [&](const std::string& source) {
    return built("labels: [{pairs: {team: c}}]\n",
                 "commonLabels: {team: b}\nreplacements: [{source: " + source +
                     ", targets: [{select: {kind: Deployment}, fieldPaths: [spec.selector]}]}]\n",
                 deployments);
  };
  // Of the three that were one two are left.
  std::string rest = R"("template":{"metadata":{"labels":{"team":"c"}})";
  check(with("{kind: Service, fieldPath: spec}"), R"("selector":{"selector":{"team":"b","x":"y"}})");
  check(with("{kind: Service, fieldPath: spec}"), rest);
  check(with("{kind: Deployment, fieldPath: spec.selector}"), R"("selector":{"matchLabels":{"team":"b"}})");
  check(with("{kind: Deployment, fieldPath: spec.selector}"), rest);
  // What is copied in does not go elsewhere, either.
  check(
      built(
          "labels: [{pairs: {team: c}}]\nreplacements: [{source: {kind: Service, fieldPath: spec}, targets: [{select: "
          "{kind: Deployment}, fieldPaths: [spec.selector.matchLabels]}]}]\n",
          "labels: [{pairs: {team: b}, includeSelectors: true, includeTemplates: true}]\n", deployments),
      R"("kind":"Deployment","metadata":{"labels":{"team":"c"},"name":"a"})");
}

TEST_CASE("annotations that were written anew have quotes only where they need some") {
  auto with = [](const char* text) {
    return built(
        "",
        "buildMetadata: [originAnnotations]\ncommonAnnotations: {note: " + std::string(text) +
            "}\nreplacements: [{source: {kind: Pod, fieldPath: metadata.annotations.note}, targets: [{select: {kind: "
            "ConfigMap}, fieldPaths: [data.y.l.0]}]}]\n",
        "{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {note: w}}}\n---\n"
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {y: \"l:\\n- {a: b}\\n\"}}\n");
  };
  check(with("x"), R"("y":"l:\n- x")");
  check(with("'1'"), R"("y":"l:\n- \"1\"")");
}
