// How fast Value reads and writes, and how much it holds, on about 20 MB of generated Kubernetes manifests.
// Goals: YAML in >= 45 MB/s, JSON in >= 350, JSON out >= 450, memory <= 3x the JSON text.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "value/json.h"
#include "value/patch.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::value;

namespace {

// Deployments as a cluster holds them: labels, annotations, a container with env and probes, a status with conditions.
std::string manifest(int i) {
  return fmt::format(R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{0}
  namespace: team-{1}
  uid: 5e0f1a5c-8f6b-4c7e-9d53-{0:012}
  resourceVersion: "{0}"
  generation: 3
  creationTimestamp: "2026-01-02T03:04:05Z"
  labels:
    app.kubernetes.io/name: web
    app.kubernetes.io/instance: web-{0}
    app.kubernetes.io/managed-by: slipway
  annotations:
    deployment.kubernetes.io/revision: "1"
    example.com/description: |
      A small web front, number {0}.
      It has two lines of text, as annotations often have.
spec:
  replicas: {2}
  revisionHistoryLimit: 10
  progressDeadlineSeconds: 600
  selector:
    matchLabels:
      app.kubernetes.io/name: web
      app.kubernetes.io/instance: web-{0}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 25%
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web
        app.kubernetes.io/instance: web-{0}
    spec:
      serviceAccountName: web
      terminationGracePeriodSeconds: 30
      containers:
      - name: web
        image: registry.example.com/team/web@sha256:{0:064}
        imagePullPolicy: IfNotPresent
        args: ["--listen=:8080", "--log-level=info"]
        ports:
        - containerPort: 8080
          name: http
          protocol: TCP
        env:
        - name: DATABASE_URL
          valueFrom:
            secretKeyRef:
              name: web-{0}
              key: database-url
        - name: LOG_FORMAT
          value: json
        resources:
          limits:
            cpu: 500m
            memory: 256Mi
          requests:
            cpu: 100m
            memory: 128Mi
        readinessProbe:
          httpGet:
            path: /healthz
            port: http
          periodSeconds: 10
        volumeMounts:
        - mountPath: /etc/web
          name: config
      volumes:
      - name: config
        configMap:
          name: web-{0}
          defaultMode: 420
status:
  observedGeneration: 3
  replicas: {2}
  readyReplicas: {2}
  conditions:
  - type: Available
    status: "True"
    reason: MinimumReplicasAvailable
    message: Deployment has minimum availability.
    lastTransitionTime: "2026-01-02T03:04:05Z"
    lastUpdateTime: "2026-01-02T03:04:05Z"
---
)",
                     i, i % 7, i % 5);
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}  // other people use the machine too

double seconds_of(auto&& work) {  // the best of 5; destroying what it gives is not counted
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    double start = cpu_seconds();
    [[maybe_unused]] auto result = work();
    best = std::min(best, cpu_seconds() - start);
  }
  return best;
}

size_t heap_bytes() {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;  // with the allocator's own overhead
}

void row(const char* what, size_t bytes, double seconds) {
  fmt::print("{:28} {:8.1f} MB {:8.1f} MB/s\n", what, static_cast<double>(bytes) / 1e6,
             static_cast<double>(bytes) / 1e6 / seconds);
}

}  // namespace

int main() {
  std::string yaml;
  for (int i = 0; yaml.size() < 20'000'000; ++i) yaml += manifest(i);
  YamlLimits limits{.bytes_max = 64 << 20};
  std::vector<Document> documents = *parse_yaml_documents(yaml, "bench.yaml", limits);
  std::vector<Value> items;
  for (Document& d : documents) items.push_back(std::move(d.value));
  documents.clear();
  std::string json = to_json(Value{{"items", Value::array(std::move(items))}});
  std::string one = to_json((*parse_json(json))["items"][0]);

  size_t before = heap_bytes();
  Value list = *parse_json(json);
  size_t held = heap_bytes() - before;
  row("YAML -> Value", yaml.size(), seconds_of([&] { return parse_yaml_documents(yaml, "bench.yaml", limits); }));
  row("JSON -> Value", json.size(), seconds_of([&] { return parse_json(json); }));
  row("JSON -> Value, 1 object", one.size() * 5000, seconds_of([&] {
        for (int i = 0; i < 5000; ++i) (void)parse_json(one).has_value();
        return 0;
      }));
  row("Value -> JSON", json.size(), seconds_of([&] { return to_json(list); }));
  Value first = list["items"][0];
  row("Value -> JSON, 1 object", one.size() * 5000, seconds_of([&] {
        for (int i = 0; i < 5000; ++i) (void)to_json(first).size();
        return 0;
      }));
  std::string out = to_yaml(list);
  row("Value -> YAML", out.size(), seconds_of([&] { return to_yaml(list); }));
  double destroying = 1e9;
  for (int i = 0; i < 5; ++i) {
    Value v = *parse_json(json);
    double start = cpu_seconds();
    v = Value();
    destroying = std::min(destroying, cpu_seconds() - start);
  }
  row("destroy", json.size(), destroying);
  Value other = *parse_json(json);
  row("==", json.size(), seconds_of([&] { return list == other; }));
  row("hash", json.size(), seconds_of([&] { return list.hash(); }));
  double changes = seconds_of([&] {
    for (size_t i = 0; i < 10000; ++i)
      (void)list["items"][i % list["items"].size()].with("/spec/replicas", 7).is_null();
    return 0;
  });
  fmt::print("{:28} {:8.0f} ns\n", "with(\"/spec/replicas\")", changes / 10000 * 1e9);
  fmt::print("{:28} {:8.2f} x JSON text (heap), {:.2f} x counted\n", "memory",
             static_cast<double>(held) / static_cast<double>(json.size()),
             static_cast<double>(list.memory_bytes()) / static_cast<double>(json.size()));
}
