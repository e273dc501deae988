// For tests: small manifests, with what writing by hand brings along (quantities that are not canonical, no defaults).
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace slipway::gitops::testing {

inline std::string deployment(std::string_view name, std::string_view image, int replicas = 1,
                              std::string_view annotations = "{}") {
  return fmt::format(R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: {0}
  annotations: {3}
spec:
  replicas: {2}
  selector:
    matchLabels: {{app: {0}}}
  template:
    metadata:
      labels: {{app: {0}}}
    spec:
      containers:
      - name: main
        image: {1}
        resources: {{limits: {{cpu: 1000m, memory: 1024Mi}}}}
)",
                     name, image, replicas, annotations);
}
inline std::string config_map(std::string_view name, std::string_view value, std::string_view annotations = "{}") {
  return fmt::format(
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n  annotations: {}\ndata:\n  key: \"{}\"\n", name,
      annotations, value);
}
inline std::string job(std::string_view name, std::string_view annotations) {
  return fmt::format(R"(apiVersion: batch/v1
kind: Job
metadata:
  name: {}
  annotations: {}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: migrate:1
)",
                     name, annotations);
}

}  // namespace slipway::gitops::testing
