// The fields that kustomize 5.8.2's built-in transformers touch, and the names that refer to other resources. Gaps are
// part of compatibility: no ephemeralContainers, no serviceAccountName of a ReplicaSet. (Its row for IngressClass names
// a group that cannot match; it is left out.)
#include "render/kustomize/field_tables.h"

#include "base/text.h"

namespace slipway::render::kustomize {
namespace {

std::vector<FieldSpec> parse(std::string_view lines) {
  std::vector<FieldSpec> specs;
  for (std::string_view line : base::split_lines(lines))
    if (!base::trim(line).empty()) specs.push_back(FieldSpec::parse(line));
  return specs;
}

}  // namespace

const std::vector<FieldSpec>& selector_labels_fields() {
  static const auto specs = parse(R"(
Service,ReplicationController */v1 spec/selector create
Deployment,ReplicaSet,DaemonSet */* spec/selector/matchLabels create
Deployment,StatefulSet apps/* spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
Deployment,StatefulSet apps/* spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
Deployment,StatefulSet apps/* spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
Deployment,StatefulSet apps/* spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
Deployment,StatefulSet apps/* spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
StatefulSet apps/* spec/selector/matchLabels create
Job batch/* spec/selector/matchLabels
CronJob batch/* spec/jobTemplate/spec/selector/matchLabels
PodDisruptionBudget policy/* spec/selector/matchLabels
NetworkPolicy networking.k8s.io/* spec/podSelector/matchLabels
NetworkPolicy networking.k8s.io/* spec/ingress/from/podSelector/matchLabels
NetworkPolicy networking.k8s.io/* spec/egress/to/podSelector/matchLabels)");
  return specs;
}

const std::vector<FieldSpec>& template_labels_fields() {
  static const auto specs = parse(R"(
* */* metadata/labels create
ReplicationController */v1 spec/template/metadata/labels create
Deployment,ReplicaSet,DaemonSet */* spec/template/metadata/labels create
StatefulSet apps/* spec/template/metadata/labels create
Job batch/* spec/template/metadata/labels create
CronJob batch/* spec/jobTemplate/metadata/labels create
CronJob batch/* spec/jobTemplate/spec/template/metadata/labels create)");
  return specs;
}

const std::vector<FieldSpec>& claim_labels_fields() {
  static const auto specs = parse(R"(
StatefulSet apps/* spec/volumeClaimTemplates[]/metadata/labels create)");
  return specs;
}

const std::vector<FieldSpec>& annotations_fields() {
  static const auto specs = parse(R"(
* */* metadata/annotations create
ReplicationController */v1 spec/template/metadata/annotations create
Deployment,ReplicaSet,DaemonSet,StatefulSet */* spec/template/metadata/annotations create
Job batch/* spec/template/metadata/annotations create
CronJob batch/* spec/jobTemplate/metadata/annotations create
CronJob batch/* spec/jobTemplate/spec/template/metadata/annotations create)");
  return specs;
}

const std::vector<FieldSpec>& namespaces_fields() {
  static const auto specs = parse(R"(
Namespace */* metadata/name create
APIService apiregistration.k8s.io/* spec/service/namespace create
CustomResourceDefinition apiextensions.k8s.io/* spec/conversion/webhook/clientConfig/service/namespace)");
  return specs;
}

const std::vector<FieldSpec>& images_fields() {
  static const auto specs = parse(R"(
* */* spec/containers[]/image create
* */* spec/initContainers[]/image create
* */* spec/volumes[]/image/reference create
* */* spec/template/spec/containers[]/image create
* */* spec/template/spec/initContainers[]/image create
* */* spec/template/spec/volumes[]/image/reference create
* */* spec/jobTemplate/spec/template/spec/volumes[]/image/reference create)");
  return specs;
}

const std::vector<FieldSpec>& replicas_fields() {
  static const auto specs = parse(R"(
Deployment,ReplicationController,ReplicaSet,StatefulSet */* spec/replicas create)");
  return specs;
}

const std::vector<FieldSpec>& vars_fields() {
  static const auto specs = parse(R"(
CronJob */* spec/jobTemplate/spec/template/spec/containers/args
CronJob */* spec/jobTemplate/spec/template/spec/containers/command
CronJob */* spec/jobTemplate/spec/template/spec/containers/env/value
CronJob */* spec/jobTemplate/spec/template/spec/containers/volumeMounts/mountPath
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/args
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/command
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/env/value
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/volumeMounts/mountPath
CronJob */* spec/jobTemplate/spec/template/volumes/nfs/server
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/containers/args
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/containers/command
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/containers/env/value
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/containers/volumeMounts/mountPath
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/initContainers/args
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/initContainers/command
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/initContainers/env/value
DaemonSet,Deployment,Job,ReplicaSet,StatefulSet */* spec/template/spec/initContainers/volumeMounts/mountPath
DaemonSet,Deployment,Job,ReplicaSet */* spec/template/spec/volumes/nfs/server
Deployment */* spec/template/metadata/annotations
Ingress */* spec/rules/host
Ingress */* spec/tls/hosts
Ingress */* spec/tls/secretName
Pod */* spec/containers/args
Pod */* spec/containers/command
Pod */* spec/containers/env/value
Pod */* spec/containers/volumeMounts/mountPath
Pod */* spec/initContainers/args
Pod */* spec/initContainers/command
Pod */* spec/initContainers/env/value
Pod */* spec/initContainers/volumeMounts/mountPath
Pod */* spec/volumes/nfs/server
Service */* spec/ports/port
Service */* spec/ports/targetPort
StatefulSet */* spec/volumeClaimTemplates/spec/nfs/server
PersistentVolume */* spec/nfs/server
* */* metadata/labels
* */* metadata/annotations)");
  return specs;
}

const std::vector<NameReference>& name_references() {
  static const auto all = [] {
    std::vector<NameReference> out;
    for (std::string_view line : base::split_lines(R"(
> Deployment */*
HorizontalPodAutoscaler */* spec/scaleTargetRef/name
> ReplicationController */*
HorizontalPodAutoscaler */* spec/scaleTargetRef/name
> ReplicaSet */*
HorizontalPodAutoscaler */* spec/scaleTargetRef/name
> StatefulSet */*
HorizontalPodAutoscaler */* spec/scaleTargetRef/name
> ConfigMap */v1
Pod */v1 spec/volumes/configMap/name
Pod */v1 spec/containers/env/valueFrom/configMapKeyRef/name
Pod */v1 spec/initContainers/env/valueFrom/configMapKeyRef/name
Pod */v1 spec/containers/envFrom/configMapRef/name
Pod */v1 spec/initContainers/envFrom/configMapRef/name
Pod */v1 spec/volumes/projected/sources/configMap/name
PodTemplate */* template/spec/volumes/configMap/name
PodTemplate */* template/spec/containers/env/valueFrom/configMapKeyRef/name
PodTemplate */* template/spec/initContainers/env/valueFrom/configMapKeyRef/name
PodTemplate */* template/spec/containers/envFrom/configMapRef/name
PodTemplate */* template/spec/initContainers/envFrom/configMapRef/name
PodTemplate */* template/spec/volumes/projected/sources/configMap/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/volumes/configMap/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/containers/env/valueFrom/configMapKeyRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/containers/envFrom/configMapRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/initContainers/envFrom/configMapRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/volumes/projected/sources/configMap/name
CronJob */* spec/jobTemplate/spec/template/spec/volumes/configMap/name
CronJob */* spec/jobTemplate/spec/template/spec/volumes/projected/sources/configMap/name
CronJob */* spec/jobTemplate/spec/template/spec/containers/env/valueFrom/configMapKeyRef/name
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name
CronJob */* spec/jobTemplate/spec/template/spec/containers/envFrom/configMapRef/name
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/envFrom/configMapRef/name
Node */* spec/configSource/configMap
Role,ClusterRole */* rules/resourceNames
Ingress */* metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap
> Secret */v1
Pod */v1 spec/volumes/secret/secretName
Pod */v1 spec/containers/env/valueFrom/secretKeyRef/name
Pod */v1 spec/initContainers/env/valueFrom/secretKeyRef/name
Pod */v1 spec/containers/envFrom/secretRef/name
Pod */v1 spec/initContainers/envFrom/secretRef/name
Pod */v1 spec/imagePullSecrets/name
Pod */v1 spec/volumes/projected/sources/secret/name
PodTemplate */* template/spec/volumes/secret/secretName
PodTemplate */* template/spec/containers/env/valueFrom/secretKeyRef/name
PodTemplate */* template/spec/initContainers/env/valueFrom/secretKeyRef/name
PodTemplate */* template/spec/containers/envFrom/secretRef/name
PodTemplate */* template/spec/initContainers/envFrom/secretRef/name
PodTemplate */* template/spec/imagePullSecrets/name
PodTemplate */* template/spec/volumes/projected/sources/secret/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/volumes/secret/secretName
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/containers/env/valueFrom/secretKeyRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/containers/envFrom/secretRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/initContainers/envFrom/secretRef/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/imagePullSecrets/name
Deployment,ReplicaSet,DaemonSet,StatefulSet,Job */* spec/template/spec/volumes/projected/sources/secret/name
CronJob */* spec/jobTemplate/spec/template/spec/volumes/secret/secretName
CronJob */* spec/jobTemplate/spec/template/spec/volumes/projected/sources/secret/name
CronJob */* spec/jobTemplate/spec/template/spec/containers/env/valueFrom/secretKeyRef/name
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name
CronJob */* spec/jobTemplate/spec/template/spec/containers/envFrom/secretRef/name
CronJob */* spec/jobTemplate/spec/template/spec/initContainers/envFrom/secretRef/name
CronJob */* spec/jobTemplate/spec/template/spec/imagePullSecrets/name
Ingress */* spec/tls/secretName
Ingress */* metadata/annotations/ingress.kubernetes.io\/auth-secret
Ingress */* metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret
Ingress */* metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret
ServiceAccount */* imagePullSecrets/name
StorageClass */* parameters/secretName
StorageClass */* parameters/adminSecretName
StorageClass */* parameters/userSecretName
StorageClass */* parameters/secretRef
Role,ClusterRole */* rules/resourceNames
Service serving.knative.dev/v1 spec/template/spec/containers/env/valueFrom/secretKeyRef/name
PersistentVolume */* spec/azureFile/secretName
> Service */v1
StatefulSet apps/* spec/serviceName
Ingress */* spec/rules/http/paths/backend/serviceName
Ingress */* spec/backend/serviceName
Ingress */* spec/rules/http/paths/backend/service/name
Ingress */* spec/defaultBackend/service/name
APIService apiregistration.k8s.io/* spec/service/name
ValidatingWebhookConfiguration,MutatingWebhookConfiguration admissionregistration.k8s.io/* webhooks/clientConfig/service
> Role rbac.authorization.k8s.io/*
RoleBinding rbac.authorization.k8s.io/* roleRef/name
> ClusterRole rbac.authorization.k8s.io/*
RoleBinding,ClusterRoleBinding rbac.authorization.k8s.io/* roleRef/name
> ServiceAccount */v1
RoleBinding,ClusterRoleBinding rbac.authorization.k8s.io/* subjects
Pod */* spec/serviceAccountName
StatefulSet,Deployment,ReplicationController,Job,DaemonSet */* spec/template/spec/serviceAccountName
CronJob */* spec/jobTemplate/spec/template/spec/serviceAccountName
> PersistentVolumeClaim */v1
Pod */* spec/volumes/persistentVolumeClaim/claimName
StatefulSet,Deployment,ReplicationController,Job,DaemonSet */* spec/template/spec/volumes/persistentVolumeClaim/claimName
CronJob */* spec/jobTemplate/spec/template/spec/volumes/persistentVolumeClaim/claimName
> PersistentVolume */v1
PersistentVolumeClaim */* spec/volumeName
ClusterRole */* rules/resourceNames
> StorageClass storage.k8s.io/v1
PersistentVolume,PersistentVolumeClaim */* spec/storageClassName
StatefulSet */* spec/volumeClaimTemplates/spec/storageClassName
> PriorityClass scheduling.k8s.io/v1
Pod */* spec/priorityClassName
StatefulSet,Deployment,ReplicationController,Job,DaemonSet */* spec/template/spec/priorityClassName
CronJob */* spec/jobTemplate/spec/template/spec/priorityClassName
> ValidatingAdmissionPolicy admissionregistration.k8s.io/*
ValidatingAdmissionPolicyBinding admissionregistration.k8s.io/* spec/policyName)")) {
      if (line.empty()) continue;
      if (line.starts_with("> "))
        out.push_back({FieldSpec::parse(fmt::format("{} metadata/name", line.substr(2))), {}});
      else
        out.back().fields.push_back(FieldSpec::parse(line));
    }
    return out;
  }();
  return all;
}

}  // namespace slipway::render::kustomize
