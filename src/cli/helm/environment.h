// Helm's variables: what a flag is when the command line is silent of it.
#pragma once

#include <string_view>

namespace slipway::cli::helm {

enum class Reading { text, truth, list };

struct EnvironmentDefault {
  const char* variable;
  std::string_view flag;
  Reading reading;
};

// All that `helm env` lists and a command here heeds. Of the others $HELM_BURST_LIMIT and $HELM_QPS bound requests,
// which are too few here to be bounded, $HELM_MAX_HISTORY and $HELM_PLUGINS belong to releases and plugins, and the
// folders ($HELM_CONFIG_HOME) are no flags: config_file() in inputs.h looks there. Nothing is kept in caches.
inline constexpr EnvironmentDefault kEnvironment[] = {
    {"HELM_NAMESPACE", "--namespace", Reading::text},
    {"HELM_DEBUG", "--debug", Reading::truth},
    {"HELM_REGISTRY_CONFIG", "--registry-config", Reading::text},
    {"HELM_REPOSITORY_CONFIG", "--repository-config", Reading::text},
    {"HELM_KUBECONTEXT", "--kube-context", Reading::text},
    {"HELM_KUBEAPISERVER", "--kube-apiserver", Reading::text},
    {"HELM_KUBETOKEN", "--kube-token", Reading::text},
    {"HELM_KUBECAFILE", "--kube-ca-file", Reading::text},
    {"HELM_KUBETLS_SERVER_NAME", "--kube-tls-server-name", Reading::text},
    {"HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "--kube-insecure-skip-tls-verify", Reading::truth},
    {"HELM_KUBEASUSER", "--kube-as-user", Reading::text},
    {"HELM_KUBEASGROUPS", "--kube-as-group", Reading::list},
};

}  // namespace slipway::cli::helm
