#include "render/kustomize/cluster_kinds.h"

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::render::kustomize {
namespace {

using Entry = std::pair<std::string_view, std::string_view>;

constexpr auto cluster_kinds = std::to_array<Entry>({
    {"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"},
    {"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"},
    {"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"},
    {"apiextensions.k8s.io/v1", "CustomResourceDefinition"},
    {"apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"},
    {"apiregistration.k8s.io/v1", "APIService"},
    {"apiregistration.k8s.io/v1beta1", "APIService"},
    {"certificates.k8s.io/v1", "CertificateSigningRequest"},
    {"certificates.k8s.io/v1beta1", "CertificateSigningRequest"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration"},
    {"networking.k8s.io/v1", "IngressClass"},
    {"networking.k8s.io/v1beta1", "IngressClass"},
    {"node.k8s.io/v1", "RuntimeClass"},
    {"node.k8s.io/v1beta1", "RuntimeClass"},
    {"policy/v1beta1", "PodSecurityPolicy"},
    {"rbac.authorization.k8s.io/v1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"},
    {"scheduling.k8s.io/v1", "PriorityClass"},
    {"scheduling.k8s.io/v1beta1", "PriorityClass"},
    {"storage.k8s.io/v1", "CSIDriver"},
    {"storage.k8s.io/v1", "CSINode"},
    {"storage.k8s.io/v1", "StorageClass"},
    {"storage.k8s.io/v1", "VolumeAttachment"},
    {"storage.k8s.io/v1beta1", "CSIDriver"},
    {"storage.k8s.io/v1beta1", "CSINode"},
    {"storage.k8s.io/v1beta1", "StorageClass"},
    {"storage.k8s.io/v1beta1", "VolumeAttachment"},
    {"v1", "ComponentStatus"},
    {"v1", "Namespace"},
    {"v1", "Node"},
    {"v1", "NodeProxyOptions"},
    {"v1", "PersistentVolume"},
});
constexpr auto older_versions = std::to_array<Entry>({
    {"admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"},
    {"autoscaling/v2beta1", "HorizontalPodAutoscaler"},
    {"autoscaling/v2beta2", "HorizontalPodAutoscaler"},
    {"batch/v1beta1", "CronJob"},
    {"discovery.k8s.io/v1beta1", "EndpointSlice"},
    {"networking.k8s.io/v1beta1", "Ingress"},
    {"policy/v1beta1", "PodDisruptionBudget"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"},
    {"rbac.authorization.k8s.io/v1beta1", "Role"},
    {"rbac.authorization.k8s.io/v1beta1", "RoleBinding"},
});
static_assert(std::ranges::is_sorted(cluster_kinds) && std::ranges::is_sorted(older_versions));

}  // namespace

bool is_known_cluster_kind(std::string_view api_version, std::string_view kind) {
  return std::ranges::binary_search(cluster_kinds, Entry(api_version, kind));
}
bool is_later_kind(std::string_view api_version, std::string_view kind) {
  constexpr std::string_view versions[] = {"autoscaling/v2", "flowcontrol.apiserver.k8s.io/v1beta2",
                                           "flowcontrol.apiserver.k8s.io/v1beta3", "flowcontrol.apiserver.k8s.io/v1"};
  if (std::ranges::find(versions, api_version) != std::end(versions)) return true;
  auto one_of = [&](std::initializer_list<std::string_view> kinds) {
    return std::ranges::find(kinds, kind) != kinds.end();
  };
  if (api_version == "networking.k8s.io/v1") return !one_of({"Ingress", "IngressClass", "NetworkPolicy"});
  if (api_version == "storage.k8s.io/v1") return !one_of({"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"});
  if (api_version == "admissionregistration.k8s.io/v1")
    return !one_of({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"});
  return api_version.starts_with("resource.k8s.io/") || api_version.starts_with("storagemigration.k8s.io/") ||
         kind == "ClusterTrustBundle" || kind == "LeaseCandidate" || kind == "PodCertificateRequest";
}
bool is_known_older_version(std::string_view api_version, std::string_view kind) {
  return std::ranges::binary_search(older_versions, Entry(api_version, kind));
}

}  // namespace slipway::render::kustomize
