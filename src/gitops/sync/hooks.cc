#include "gitops/sync/hooks.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::gitops {

namespace {

std::vector<std::string> words_of(const Value& object, std::string_view annotation) {
  std::vector<std::string> words;
  std::string text = object["metadata"]["annotations"][annotation].str();
  for (std::string_view word : base::split(text, ',')) {
    if (word = base::trim(word); !word.empty()) words.emplace_back(word);
  }
  return words;
}

void add(std::vector<Phase>& phases, Phase phase) {
  if (std::ranges::find(phases, phase) == phases.end()) phases.push_back(phase);
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::pre_sync:
      return "PreSync";
    case Phase::sync:
      return "Sync";
    case Phase::post_sync:
      return "PostSync";
    case Phase::sync_fail:
      return "SyncFail";
  }
  return "";
}

Hook hook_of(const Value& object) {
  Hook hook;
  auto argo = words_of(object, "argocd.argoproj.io/hook"), helm = words_of(object, "helm.sh/hook");
  hook.skip = argo.size() == 1 && argo[0] == "Skip";
  bool valid = false;
  for (const std::string& word : argo) {
    hook.is_hook = true;
    for (Phase phase : {Phase::pre_sync, Phase::sync, Phase::post_sync, Phase::sync_fail}) {
      if (word == to_string(phase)) add(hook.phases, phase), valid = true;
    }
    valid = valid || word == "Skip" || word == "PreDelete" || word == "PostDelete";
  }
  if (!valid) {
    for (const std::string& word : helm) {
      if (word == "crd-install") continue;
      hook.is_hook = true;
      if (word == "pre-install" || word == "pre-upgrade") add(hook.phases, Phase::pre_sync);
      if (word == "post-install" || word == "post-upgrade") add(hook.phases, Phase::post_sync);
    }
  }
  for (const std::string& word : words_of(object, "argocd.argoproj.io/hook-delete-policy")) {
    if (word == "HookSucceeded") hook.delete_succeeded = true;
    if (word == "HookFailed") hook.delete_failed = true;
    if (word == "BeforeHookCreation") hook.delete_before = true;
  }
  for (const std::string& word : words_of(object, "helm.sh/hook-delete-policy")) {
    if (word == "hook-succeeded") hook.delete_succeeded = true;
    if (word == "hook-failed") hook.delete_failed = true;
    if (word == "before-hook-creation") hook.delete_before = true;
  }
  if (!hook.delete_succeeded && !hook.delete_failed) hook.delete_before = true;
  return hook;
}

int64_t wave_of(const Value& object) {
  for (const char* annotation : {"argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"}) {
    std::string text = object["metadata"]["annotations"][annotation].str();
    if (text.starts_with('+')) text.erase(0, 1);
    if (auto wave = base::parse_int(text)) return *wave;
  }
  return 0;
}

int kind_order(std::string_view kind) {
  static constexpr std::string_view order[] = {
      "Namespace",
      "NetworkPolicy",
      "ResourceQuota",
      "LimitRange",
      "PodSecurityPolicy",
      "PodDisruptionBudget",
      "ServiceAccount",
      "Secret",
      "SecretList",
      "ConfigMap",
      "StorageClass",
      "PersistentVolume",
      "PersistentVolumeClaim",
      "CustomResourceDefinition",
      "ClusterRole",
      "ClusterRoleList",
      "ClusterRoleBinding",
      "ClusterRoleBindingList",
      "Role",
      "RoleList",
      "RoleBinding",
      "RoleBindingList",
      "Service",
      "DaemonSet",
      "Pod",
      "ReplicationController",
      "ReplicaSet",
      "Deployment",
      "HorizontalPodAutoscaler",
      "StatefulSet",
      "Job",
      "CronJob",
      "IngressClass",
      "Ingress",
      "APIService",
  };
  auto at = std::ranges::find(order, kind);
  return at == std::end(order) ? kind_order_last : static_cast<int>(at - std::begin(order));
}

}  // namespace slipway::gitops
