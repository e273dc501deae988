#include "render/kustomize/cluster_kinds.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace slipway::render::kustomize {
namespace {

struct Version {
  std::string_view api_version;
  std::string_view kinds;  // * cluster-scoped, + cluster-scoped and without a schema
};
constexpr auto versions = std::to_array<Version>({
    {"admissionregistration.k8s.io/v1",
     "*MutatingWebhookConfiguration +ValidatingAdmissionPolicy +ValidatingAdmissionPolicyBinding "
     "*ValidatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "*MutatingWebhookConfiguration *ValidatingWebhookConfiguration"},
    {"apiextensions.k8s.io/v1", "*CustomResourceDefinition"},
    {"apiextensions.k8s.io/v1beta1", "*CustomResourceDefinition"},
    {"apiregistration.k8s.io/v1", "*APIService"},
    {"apiregistration.k8s.io/v1beta1", "*APIService"},
    {"apps/v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"},
    {"authentication.k8s.io/v1", "TokenRequest TokenReview"},
    {"authentication.k8s.io/v1beta1", "TokenReview"},
    {"authorization.k8s.io/v1",
     "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"},
    {"authorization.k8s.io/v1beta1",
     "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"},
    {"autoscaling/v1", "HorizontalPodAutoscaler Scale"},
    {"autoscaling/v2beta1", "HorizontalPodAutoscaler"},
    {"autoscaling/v2beta2", "HorizontalPodAutoscaler"},
    {"batch/v1", "CronJob Job"},
    {"batch/v1beta1", "CronJob"},
    {"certificates.k8s.io/v1", "*CertificateSigningRequest"},
    {"certificates.k8s.io/v1beta1", "*CertificateSigningRequest"},
    {"coordination.k8s.io/v1", "Lease"},
    {"coordination.k8s.io/v1beta1", "Lease"},
    {"discovery.k8s.io/v1", "EndpointSlice"},
    {"discovery.k8s.io/v1beta1", "EndpointSlice"},
    {"events.k8s.io/v1", "Event"},
    {"events.k8s.io/v1beta1", "Event"},
    {"extensions/v1beta1", "Ingress"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "*FlowSchema *PriorityLevelConfiguration"},
    {"networking.k8s.io/v1", "Ingress *IngressClass NetworkPolicy"},
    {"networking.k8s.io/v1beta1", "Ingress *IngressClass"},
    {"node.k8s.io/v1", "*RuntimeClass"},
    {"node.k8s.io/v1beta1", "*RuntimeClass"},
    {"policy/v1", "PodDisruptionBudget"},
    {"policy/v1beta1", "Eviction PodDisruptionBudget *PodSecurityPolicy"},
    {"rbac.authorization.k8s.io/v1", "*ClusterRole *ClusterRoleBinding Role RoleBinding"},
    {"rbac.authorization.k8s.io/v1beta1", "*ClusterRole *ClusterRoleBinding Role RoleBinding"},
    {"scheduling.k8s.io/v1", "*PriorityClass"},
    {"scheduling.k8s.io/v1beta1", "*PriorityClass"},
    {"storage.k8s.io/v1", "*CSIDriver *CSINode *StorageClass *VolumeAttachment"},
    {"storage.k8s.io/v1beta1", "*CSIDriver *CSINode CSIStorageCapacity *StorageClass *VolumeAttachment"},
    {"v1",
     "APIGroup APIVersions Binding *ComponentStatus ConfigMap Endpoints Event LimitRange *Namespace *Node "
     "*NodeProxyOptions *PersistentVolume PersistentVolumeClaim Pod PodAttachOptions PodExecOptions "
     "PodPortForwardOptions PodProxyOptions PodTemplate ReplicationController ResourceQuota Secret Service "
     "ServiceAccount ServiceProxyOptions Status"},
});
static_assert(std::ranges::is_sorted(versions, {}, &Version::api_version));

enum class Mark { none, namespaced, cluster, cluster_without_schema };
Mark mark_of(std::string_view api_version, std::string_view kind) {
  auto at = std::ranges::lower_bound(versions, api_version, {}, &Version::api_version);
  if (at == versions.end() || at->api_version != api_version) return Mark::none;
  for (std::string_view word : base::split(at->kinds, ' ')) {
    Mark mark = word[0] == '*' ? Mark::cluster : word[0] == '+' ? Mark::cluster_without_schema : Mark::namespaced;
    if (mark != Mark::namespaced) word.remove_prefix(1);
    if (word == kind) return mark;
  }
  return Mark::none;
}

}  // namespace

bool is_known_cluster_kind(std::string_view api_version, std::string_view kind) {
  Mark mark = mark_of(api_version, kind);
  return mark == Mark::cluster || mark == Mark::cluster_without_schema;
}
bool has_builtin_schema(std::string_view api_version, std::string_view kind) {
  Mark mark = mark_of(api_version, kind);
  return mark == Mark::cluster || mark == Mark::namespaced;
}

}  // namespace slipway::render::kustomize
