// How many renderings a second one process does: a chart of ten templates with other values each time, loaded anew each
// time, without a worker. chart_bench [DIR [COUNT]]: a chart on the disk instead. Goal: >= 2,000 a second.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "render/helm/release.h"

using namespace slipway;
using namespace slipway::render::helm;

namespace {

ChartFile file(std::string name, std::string text) {
  return {std::move(name), std::make_shared<const std::string>(std::move(text))};
}

constexpr const char* helpers = R"({{- define "web.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- define "web.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}
{{- define "web.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "web.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "web.selectorLabels" -}}
app.kubernetes.io/name: {{ include "web.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
)";

std::string head(const char* version, const char* kind) {
  return fmt::format(
      "apiVersion: {}\nkind: {}\nmetadata:\n  name: {{{{ include \"web.fullname\" . }}}}\n  labels:\n    {{{{- include "
      "\"web.labels\" . | nindent 4 }}}}\n",
      version, kind);
}

std::vector<ChartFile> chart_of_ten() {
  std::vector<ChartFile> files;
  files.push_back(file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"4.5\"\n"));
  files.push_back(file("values.yaml", R"(replicas: 1
image: {repository: registry.example.org/web, tag: "", pullPolicy: IfNotPresent}
service: {type: ClusterIP, port: 80}
resources: {limits: {cpu: 100m, memory: 128Mi}, requests: {cpu: 10m, memory: 64Mi}}
ingress: {enabled: true, hosts: [{host: web.example.org, paths: [/, /api]}]}
env: {LOG_LEVEL: info, REGION: north, WORKERS: "4"}
autoscaling: {enabled: true, min: 1, max: 10}
nodeSelector: {}
tolerations: []
podAnnotations: {prometheus.io/scrape: "true"}
)"));
  files.push_back(file("templates/_helpers.tpl", helpers));
  files.push_back(file("templates/deployment.yaml", head("apps/v1", "Deployment") + R"(spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      {{- include "web.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      labels:
        {{- include "web.labels" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          env:
            {{- range $key, $value := .Values.env }}
            - name: {{ $key }}
              value: {{ $value | quote }}
            {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
)"));
  files.push_back(file("templates/service.yaml", head("v1", "Service") + R"(spec:
  type: {{ .Values.service.type }}
  ports:
    - port: {{ .Values.service.port }}
      targetPort: http
  selector:
    {{- include "web.selectorLabels" . | nindent 4 }}
)"));
  files.push_back(file("templates/ingress.yaml", "{{- if .Values.ingress.enabled }}\n" +
                                                     head("networking.k8s.io/v1", "Ingress") +
                                                     R"(spec:
  rules:
    {{- range .Values.ingress.hosts }}
    - host: {{ .host | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ . }}
            pathType: Prefix
            backend: {service: {name: {{ include "web.fullname" $ }}, port: {number: {{ $.Values.service.port }}}}}
          {{- end }}
    {{- end }}
{{- end }}
)"));
  files.push_back(file("templates/hpa.yaml", "{{- if .Values.autoscaling.enabled }}\n" +
                                                 head("autoscaling/v2", "HorizontalPodAutoscaler") +
                                                 R"(spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "web.fullname" . }}}
  minReplicas: {{ .Values.autoscaling.min }}
  maxReplicas: {{ .Values.autoscaling.max }}
{{- end }}
)"));
  files.push_back(
      file("templates/config.yaml",
           head("v1", "ConfigMap") +
               "data:\n  {{- range $k, $v := .Values.env }}\n  {{ $k | lower }}: {{ $v | quote }}\n  {{- end }}\n"));
  files.push_back(file("templates/serviceaccount.yaml", head("v1", "ServiceAccount")));
  files.push_back(file("templates/pdb.yaml", head("policy/v1", "PodDisruptionBudget") +
                                                 "spec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      {{- "
                                                 "include \"web.selectorLabels\" . | nindent 6 }}\n"));
  files.push_back(
      file("templates/role.yaml", head("rbac.authorization.k8s.io/v1", "Role") +
                                      "rules:\n- apiGroups: [\"\"]\n  resources: [pods]\n  verbs: [get, list]\n"));
  files.push_back(file("templates/netpol.yaml",
                       head("networking.k8s.io/v1", "NetworkPolicy") +
                           "spec:\n  podSelector:\n    matchLabels:\n      {{- include \"web.selectorLabels\" . | "
                           "nindent 6 }}\n  ingress:\n  - ports: [{port: {{ .Values.service.port }}}]\n"));
  files.push_back(file("templates/cronjob.yaml", head("batch/v1", "CronJob") + R"(spec:
  schedule: "0 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: tidy, image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"}]
)"));
  return files;
}

std::vector<ChartFile> chart_in(const std::string& folder) {
  std::vector<ChartFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    files.push_back(file(std::filesystem::relative(entry.path(), folder), text.str()));
  }
  return files;
}

}  // namespace

int main(int count_of_words, char** words) {
  auto files = count_of_words > 1 ? chart_in(words[1]) : chart_of_ten();
  int count = count_of_words > 2 ? std::atoi(words[2]) : 1000;
  auto begun = std::chrono::steady_clock::now();
  size_t bytes = 0;
  for (int i = 0; i < count; ++i) {
    auto loaded = load_files(files);
    if (!loaded) return fmt::print(stderr, "{}\n", loaded.error().str()), 1;
    ReleaseRequest request;
    request.chart = loaded->chart;
    request.values = Value{{"replicas", static_cast<double>(i)}, {"image", Value{{"tag", fmt::format("1.{}", i)}}}};
    request.release = {"rel", "ns", false};
    request.capabilities.api_versions = Capabilities::default_api_versions();
    std::vector<std::string> warnings;
    auto release = render_release(std::move(request), warnings);
    if (!release) return fmt::print(stderr, "{}\n", release.error().error.str()), 1;
    bytes += print_release(*release, {})->str().size();
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  fmt::print("{}\t{:.0f}\trenders/s\t{} bytes each\n", "renders of one chart in one process", count / seconds,
             bytes / static_cast<size_t>(count));
}
