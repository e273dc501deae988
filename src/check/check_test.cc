#include "check/check.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"
#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::check;
using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

namespace {

// "severity rule place object: message (fix)", a line each.
std::string told(const Files& files, const std::string& path = "", const Options& options = {}) {
  Report report = check::check(sources::testing::make_tree(files), path, kinds::builtin_catalog(), options);
  std::string out;
  for (const Finding& f : report.findings) {
    out += fmt::format("{} {} {} {}{}{}{}\n", to_string(f.severity), f.rule, f.place.str(), f.object,
                       f.object.empty() ? "" : ": ", f.message, f.fix.empty() ? "" : " (" + f.fix + ")");
  }
  return out;
}

void check_one(const std::string& manifest, const std::string& expected) {
  CHECK(told({{"a.yaml", manifest}}) == expected);
}

std::string deployment(const std::string& container, const std::string& labels = "{app: web}") {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: " + labels +
         "}\n  template:\n    metadata: {labels: " + labels +
         "}\n    spec:\n      containers:\n      - name: web\n        image: web:1\n" + container;
}
std::string config(const std::string& name, const std::string& data) {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: " + data + "\n";
}

}  // namespace

TEST_CASE("nothing to say about what is right") {
  check_one(deployment("        envFrom: [{configMapRef: {name: settings}}]\n") + config("settings", "{a: b}"), "");
}

TEST_CASE("what the API refuses, with the line") {
  check_one(deployment("        imagePullPolcy: Always\n"),
            "error unknown-field a.yaml:12:25 Deployment web: unknown field "
            "\"spec.template.spec.containers[0].imagePullPolcy\" (did you mean \"imagePullPolicy\"?)\n");
  check_one("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: many}\n",
            "error wrong-type a.yaml:4:18 Deployment web: json: cannot unmarshal string into Go struct field "
            "DeploymentSpec.spec.replicas of type int32\n");
  check_one(
      "apiVersion: v1\nkind: Service\nmetadata: {name: Web}\nspec: {ports: [{port: 99999, targetPort: 80}]}\n",
      "error invalid a.yaml:3:18 Service Web: metadata.name: Invalid value: \"Web\": a DNS-1035 label must consist "
      "of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
      "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
      "'[a-z]([-a-z0-9]*[a-z0-9])?')\n"
      "error invalid a.yaml:4:23 Service Web: spec.ports[0].port: Invalid value: 99999: must be between 1 and "
      "65535, inclusive\n");
}

TEST_CASE("kinds that nobody knows") {
  check_one("apiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: web}\n",
            "warning unknown-kind a.yaml:1 Deploymnt web: no kind Deploymnt of apps/v1 is known, and no "
            "CustomResourceDefinition here defines it (did you mean Deployment?)\n");
  check_one("apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: web}\n",
            "error unknown-version a.yaml:1 Deployment web: Deployment is not served in version v1beta1 (write "
            "apiVersion: apps/v1)\n");
}

TEST_CASE("many objects take a time that grows with their number" * doctest::timeout(30)) {
  std::string unknown, missing;
  for (int i = 0; i < 20'000; ++i)
    unknown += fmt::format("---\n{{apiVersion: x.example/v1, kind: Wodget, metadata: {{name: w{}}}}}\n", i);
  for (int i = 0; i < 5000; ++i)
    missing += fmt::format(
        "---\n{{apiVersion: v1, kind: Service, metadata: {{name: s{0}}}, spec: {{selector: {{app: a{0}}}, ports: "
        "[{{port: "
        "80}}]}}}}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p{0}, labels: {{app: a{0}}}}}, spec: "
        "{{containers: "
        "[{{name: c, image: i}}]}}}}\n---\n{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: "
        "i{0}}}, spec: "
        "{{defaultBackend: {{service: {{name: s{0}, port: {{number: 80}}}}}}}}}}\n",
        i);
  CHECK(std::ranges::count(told({{"a.yaml", unknown}}), '\n') == 20'000);
  CHECK(told({{"a.yaml", missing}}) == "");
}

TEST_CASE("ConfigMaps, Secrets and their keys") {
  std::string env = "        env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}]\n";
  check_one(deployment(env) + config("setings", "{}"),
            "warning missing-configmap a.yaml:1 Deployment web: env A of container web needs the ConfigMap settings, "
            "which is not here (did you mean \"setings\"?)\n");
  check_one(deployment(env) + config("settings", "{color: red, size: L}"),
            "error missing-key a.yaml:1 Deployment web: env A of container web needs the key colour of the ConfigMap "
            "settings (did you mean \"color\"?)\n");
  check_one(deployment("        env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]\n"), "");
  check_one(deployment("        envFrom: [{secretRef: {name: s}}]\n"),
            "warning missing-secret a.yaml:1 Deployment web: envFrom of container web needs the Secret s, which is not "
            "here (its pods wait until somebody makes it)\n");
  std::string other =
      base::replace_all(deployment("        envFrom: [{secretRef: {name: s}}]\n"), "{name: web}", "{name: b}");
  check_one(deployment("        envFrom: [{secretRef: {name: s}}]\n") + "---\n" + other,
            "warning missing-secret a.yaml:1 Deployment web: envFrom of container web needs the Secret s, which is not "
            "here; so does Deployment b (its pods wait until somebody makes it)\n");
  std::string sealed =
      "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {k: x}}\n";
  check_one(deployment("        env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n") + sealed, "");
}

TEST_CASE("services without pods, ports without names, backends without services") {
  std::string service =
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: WEB}, "
      "ports: [{port: 80, targetPort: http}]}\n";
  check_one(
      deployment("") + service,
      "warning service-without-pods a.yaml:13 Service web: its selector app=WEB matches no pods that are made here "
      "(compare it with the labels of the pod template)\n");
  check_one(
      deployment("        ports: [{name: web, containerPort: 80}]\n") + base::replace_all(service, "WEB", "web"),
      "error missing-port a.yaml:14 Service web: its targetPort \"http\" is the name of no port of the pods (name "
      "the container's port so, or write its number)\n");
  std::string ingress =
      "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {rules: [{http: "
      "{paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 81}}}}]}}]}\n";
  check_one(deployment("        ports: [{name: http, containerPort: 80}]\n") +
                base::replace_all(service, "WEB", "web") + ingress,
            "error missing-port a.yaml:19 Ingress i: the Service web has no port 81 (see the ports in a.yaml:14)\n");
}

TEST_CASE("annotations and finalizers that nothing reads") {
  check_one(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {argocd.argoproj.io/sync-waves: \"1\"}}\n",
      "warning unknown-annotation a.yaml:1 ConfigMap c: the annotation argocd.argoproj.io/sync-waves has no effect "
      "(did you mean argocd.argoproj.io/sync-wave?)\n");
}

TEST_CASE("every folder that can be rendered, components with their users; a finding once") {
  Files files = {{"base/kustomization.yaml", "resources: [d.yaml]\n"},
                 {"base/d.yaml", deployment("        imagePulPolicy: Always\n")},
                 {"part/kustomization.yaml",
                  "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: none.yaml}]\n"},
                 {"prod/kustomization.yaml", "resources: [../base]\n"},
                 {"broken/kustomization.yaml", "resources: [missing.yaml]\n"}};
  std::string out = told(files);
  CHECK(base::split(out, '\n').size() == 3);
  CHECK(out.find("error unknown-field base/d.yaml:12:25") != out.npos);
  CHECK(out.find("error does-not-render broken/kustomization.yaml:1") != out.npos);
}

TEST_CASE("what does not render says which kustomization brought the file, and what was done with it") {
  auto broken = [](const std::string& field, const std::string& name, const std::string& text) {
    Files files = {{"base/kustomization.yaml", "resources: [d.yaml]\n" + field},
                   {"base/d.yaml", deployment("")},
                   {"base/" + name, text},
                   {"prod/kustomization.yaml", "resources: [../base]\n"}};
    return told(files, "prod");
  };
  CHECK(broken("", "d.yaml", "a: [\n")
            .starts_with("error does-not-render base/d.yaml:2:1 base/kustomization.yaml:1:13: did not find expected "));
  CHECK(broken("patches: [{path: p.yaml}]\n", "p.yaml", "kind: [\n")
            .starts_with("error does-not-render base/p.yaml:2:1 unable to parse SM or JSON patch: "
                         "base/kustomization.yaml:2:11: did not find expected "));
  CHECK(broken("patchesStrategicMerge: [p.yaml]\n", "p.yaml", "kind: [\n")
            .starts_with("error does-not-render base/p.yaml:2:1 base/kustomization.yaml:2:25: did not find expected "));
  CHECK(
      broken("patches: [{path: p.yaml, target: {kind: Deployment}}]\n", "p.yaml", "- {op: remove, path: /spec/none}\n")
          .starts_with("error does-not-render base/p.yaml:1:3 base/kustomization.yaml:2:11: patching Deployment"));
  CHECK(broken("replacements: [{path: r.yaml}]\n", "r.yaml", "source: {kin: Pod}\n")
            .starts_with("error does-not-render base/r.yaml:1:15 base/kustomization.yaml:2:16: "));
  CHECK(broken("configurations: [c.yaml]\n", "c.yaml", "namePrefix: {a: b}\n")
            .starts_with("error does-not-render base/c.yaml:1:13 base/kustomization.yaml:2:18: "));
}

TEST_CASE("what a kustomization wrote is told with its line, and so is what kustomize warns of") {
  Files files = {
      {"base/kustomization.yaml", "resources: [d.yaml]\n"},
      {"base/d.yaml", deployment("        imagePullPolicy: Always\n")},
      {"prod/kustomization.yaml",
       "resources: [../base]\ncommonAnnotations: {a: b}\nvars:\n- {name: V, objref: {kind: Deployment, "
       "apiVersion: apps/v1, name: web}}\nreplacements:\n- sourceValue: x\n  targets:\n  - select: {kind: "
       "Deployment}\n    fieldPaths: [spec.nope]\n    options: {create: true}\npatches:\n- path: "
       "p.yaml\n"},
      {"prod/p.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: many\n"}};
  CHECK(told(files, "prod") ==
        "warning deprecated-field prod/kustomization.yaml:3:1 'vars' is deprecated. Please use 'replacements' instead. "
        "[EXPERIMENTAL] Run 'kustomize edit fix' to update your Kustomization automatically.\n"
        "warning unused-var prod/kustomization.yaml:4:3 no field that vars are looked for in says $(V)\n"
        "error wrong-type prod/p.yaml:5:13 Deployment web: json: cannot unmarshal string into Go struct field "
        "DeploymentSpec.spec.replicas of type int32\n");
  files.back().second = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: -1}\n";
  std::string out = told(files, "prod");
  CHECK(out.find("error unknown-field prod/kustomization.yaml:6:3 Deployment web: unknown field \"spec.nope\"") !=
        out.npos);
  CHECK(out.find("error invalid prod/p.yaml:4:18 Deployment web: spec.replicas") != out.npos);
}

TEST_CASE("values that no template of a chart reads") {
  Files files = {
      {"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
      {"web/values.yaml", "image: {tag: a}\nold: 1\n"},
      {"web/values-prod.yaml", "image: {tag: b}\nimgae: {tag: c}\n"},
      {"web/templates/a.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {t: {{ .Values.image.tag | quote }}}\n"}};
  CHECK(told(files, "web") ==
        "warning unread-value web/values-prod.yaml:2:8 no template of chart web reads \"imgae\": it has no effect (did "
        "you "
        "mean \"image\"?)\n"
        "warning unread-default web/values.yaml:2:6 no template of chart web reads \"old\": it has no effect\n");
  Options with_values;
  with_values.values_files = {"ci/prod.yaml"};
  files.push_back({"ci/prod.yaml", "image: {tag: d}\nimgea: {}\n"});
  CHECK(told(files, "web", with_values).find("warning unread-value ci/prod.yaml:2:8 no template of chart web reads") !=
        std::string::npos);
  with_values.values_files = {"ci/none.yaml"};
  CHECK(told(files, "web", with_values).find("error does-not-render web") != std::string::npos);
  files.push_back({"apps/web.yaml",
                   "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\n"
                   "spec:\n  project: default\n  destination: {server: https://kubernetes.default.svc}\n"
                   "  source: {repoURL: https://example.org/r, path: web, helm: {valuesObject: {tga: x}}}\n"});
  CHECK(told(files, "apps")
            .find("warning unread-value apps/web.yaml:1 Application argocd/web: no template of chart web "
                  "reads \"tga\" (set by spec.source.helm.valuesObject): it has no effect") != std::string::npos);
}

TEST_CASE("what stands beside a source in place of what its Application says") {
  Files files = {{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
                 {"web/values.yaml", "image: {tag: a}\n"},
                 {"web/templates/a.yaml",
                  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {t: {{ .Values.image.tag | quote }}}\n"},
                 {"apps/web.yaml",
                  "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\n"
                  "spec:\n  project: default\n  destination: {server: https://kubernetes.default.svc}\n"
                  "  source: {repoURL: https://example.org/r, path: web}\n"}};
  auto with = [&](const char* file, const char* overrides) {
    Files all = files;
    all.push_back({file, overrides});
    return told(all, "apps");
  };
  CHECK(told(files, "apps") == "");
  CHECK(with("web/.argocd-source-web.yaml", "helm: {valuesObject: {image: {tag: b}}}\n") == "");
  CHECK(with("web/.argocd-source-web.yaml", "helm: {valuesObject: {tga: x}}\n").find("reads \"tga\"") !=
        std::string::npos);
  CHECK(with("web/.argocd-source.yaml", "helm:\n  parameters:\n  - {name: image.tag, value: 1}\n") ==
        "error does-not-render web/.argocd-source.yaml:3:30 helm.parameters[0].value: expected a text, found a number: "
        "put it in quotes\n");
  CHECK(with("web/.argocd-source.yaml", "hlem: {}\n").find("unknown field \"hlem\" (did you mean \"helm\"?)") !=
        std::string::npos);
}
