// One function a kind, found by group and kind; the first rule that fits says it.
#include "gitops/health/rules.h"

#include <map>

#include "base/text.h"
#include "gitops/health/health.h"
#include "kinds/kind.h"

namespace slipway::gitops {

std::string_view to_string(HealthStatus status) {
  switch (status) {
    case HealthStatus::none:
      return "";
    case HealthStatus::healthy:
      return "Healthy";
    case HealthStatus::suspended:
      return "Suspended";
    case HealthStatus::progressing:
      return "Progressing";
    case HealthStatus::missing:
      return "Missing";
    case HealthStatus::degraded:
      return "Degraded";
    case HealthStatus::unknown:
      return "Unknown";
  }
  return "";
}

HealthStatus health_of_text(std::string_view text) {
  for (HealthStatus s : {HealthStatus::healthy, HealthStatus::suspended, HealthStatus::progressing,
                         HealthStatus::missing, HealthStatus::degraded, HealthStatus::unknown}) {
    if (to_string(s) == text) return s;
  }
  return HealthStatus::none;
}

Value Health::value() const {
  if (status == HealthStatus::none && message.empty()) return Value();
  return ObjectBuilder().set_unless_empty("status", to_string(status)).set_unless_empty("message", message).build();
}

Health assess(const Value& object) {
  using Rule = Health (*)(const Value&);
  static const std::map<std::pair<std::string_view, std::string_view>, Rule>& rules =
      *new std::map<std::pair<std::string_view, std::string_view>, Rule>{
          {{"apps", "Deployment"}, deployment_health},
          {{"apps", "StatefulSet"}, stateful_set_health},
          {{"apps", "ReplicaSet"}, replica_set_health},
          {{"apps", "DaemonSet"}, daemon_set_health},
          {{"", "Pod"}, pod_health},
          {{"", "Service"}, service_health},
          {{"", "PersistentVolumeClaim"}, claim_health},
          {{"networking.k8s.io", "Ingress"}, ingress_health},
          {{"extensions", "Ingress"}, ingress_health},
          {{"batch", "Job"}, job_health},
          {{"batch", "CronJob"}, cron_job_health},
          {{"autoscaling", "HorizontalPodAutoscaler"}, autoscaler_health},
          {{"apiregistration.k8s.io", "APIService"}, api_service_health},
          {{"apiextensions.k8s.io", "CustomResourceDefinition"}, crd_health},
          {{"argoproj.io", "Application"}, application_health},
      };
  auto id = kinds::GroupVersionKind::of(object);
  auto rule = rules.find({id.group, id.kind});
  // CRDs say themselves that they are going.
  bool hook = false;
  for (const Value& finalizer : object["metadata"]["finalizers"].items()) {
    hook = hook || finalizer.as_string() == "argocd.argoproj.io/hook-finalizer";
  }
  if (!object["metadata"]["deletionTimestamp"].is_null() && !hook && id.kind != "CustomResourceDefinition") {
    return {HealthStatus::progressing, "Pending deletion"};
  }
  return rule == rules.end() ? Health{} : rule->second(object);
}

namespace {

const Value& condition(const Value& object, std::string_view type) {
  static const Value none;
  for (const Value& c : object["status"]["conditions"].items()) {
    if (c["type"].as_string() == type) return c;
  }
  return none;
}

bool lags(const Value& object) {
  return object["metadata"]["generation"].as_int() > object["status"]["observedGeneration"].as_int();
}

Health healthy(std::string message = {}) {
  return {HealthStatus::healthy, std::move(message)};
}
Health progressing(std::string message) {
  return {HealthStatus::progressing, std::move(message)};
}
Health degraded(std::string message) {
  return {HealthStatus::degraded, std::move(message)};
}

}  // namespace

Health deployment_health(const Value& object) {
  const Value &spec = object["spec"], &status = object["status"];
  if (spec["paused"].as_bool()) return {HealthStatus::suspended, "Deployment is paused"};
  if (lags(object)) {
    return progressing("Waiting for rollout to finish: observed deployment generation less than desired generation");
  }
  if (condition(object, "Progressing")["reason"].as_string() == "ProgressDeadlineExceeded") {
    return degraded(
        fmt::format("Deployment \"{}\" exceeded its progress deadline", object["metadata"]["name"].as_string()));
  }
  int64_t wanted = spec["replicas"].as_int(1), updated = status["updatedReplicas"].as_int();
  int64_t there = status["replicas"].as_int(), available = status["availableReplicas"].as_int();
  if (updated < wanted) {
    return progressing(
        fmt::format("Waiting for rollout to finish: {} out of {} new replicas have been updated...", updated, wanted));
  }
  if (there > updated) {
    return progressing(
        fmt::format("Waiting for rollout to finish: {} old replicas are pending termination...", there - updated));
  }
  if (available < updated) {
    return progressing(
        fmt::format("Waiting for rollout to finish: {} of {} updated replicas are available...", available, updated));
  }
  return healthy();
}

Health stateful_set_health(const Value& object) {
  const Value &spec = object["spec"], &status = object["status"];
  int64_t observed = status["observedGeneration"].as_int();
  if (observed == 0 || object["metadata"]["generation"].as_int() > observed) {
    return progressing("Waiting for statefulset spec update to be observed...");
  }
  int64_t wanted = spec["replicas"].as_int(1), ready = status["readyReplicas"].as_int();
  if (ready < wanted) return progressing(fmt::format("Waiting for {} pods to be ready...", wanted - ready));
  const Value& strategy = spec["updateStrategy"];
  std::string_view type = strategy["type"].as_string();
  int64_t updated = status["updatedReplicas"].as_int();
  if (type == "RollingUpdate" && strategy["rollingUpdate"].is_object()) {
    int64_t partition = strategy["rollingUpdate"]["partition"].as_int();
    if (partition > 0 && updated < wanted - partition) {
      return progressing(
          fmt::format("Waiting for partitioned roll out to finish: {} out of {} new pods have been updated...", updated,
                      wanted - partition));
    }
    return healthy(fmt::format("partitioned roll out complete: {} new pods have been updated...", updated));
  }
  if (type == "OnDelete") {
    return healthy(fmt::format("statefulset has {} ready pods", ready));
  }
  if (status["updateRevision"] != status["currentRevision"]) {
    return progressing(fmt::format("waiting for statefulset rolling update to complete {} pods at revision {}...",
                                   updated, status["updateRevision"].as_string()));
  }
  return healthy(fmt::format("statefulset rolling update complete {} pods at revision {}...",
                             status["currentReplicas"].as_int(), status["currentRevision"].as_string()));
}

Health replica_set_health(const Value& object) {
  if (lags(object)) {
    return progressing("Waiting for rollout to finish: observed replica set generation less than desired generation");
  }
  const Value& failure = condition(object, "ReplicaFailure");
  if (failure["status"].as_string() == "True") return degraded(failure["message"].str());
  int64_t wanted = object["spec"]["replicas"].as_int(1), available = object["status"]["availableReplicas"].as_int();
  if (available < wanted) {
    return progressing(
        fmt::format("Waiting for rollout to finish: {} out of {} new replicas are available...", available, wanted));
  }
  return healthy();
}

Health daemon_set_health(const Value& object) {
  const Value& status = object["status"];
  auto name = object["metadata"]["name"].as_string();
  if (lags(object)) {
    return progressing("Waiting for rollout to finish: observed daemon set generation less than desired generation");
  }
  int64_t wanted = status["desiredNumberScheduled"].as_int(), updated = status["updatedNumberScheduled"].as_int();
  int64_t available = status["numberAvailable"].as_int();
  if (object["spec"]["updateStrategy"]["type"].as_string() == "OnDelete") {
    return healthy(fmt::format("daemon set {} out of {} new pods have been updated", updated, wanted));
  }
  if (updated < wanted) {
    return progressing(
        fmt::format("Waiting for daemon set \"{}\" rollout to finish: {} out of {} new pods have been updated...", name,
                    updated, wanted));
  }
  if (available < wanted) {
    return progressing(
        fmt::format("Waiting for daemon set \"{}\" rollout to finish: {} of {} updated pods are available...", name,
                    available, wanted));
  }
  return healthy();
}

Health service_health(const Value& object) {
  if (object["spec"]["type"].as_string() != "LoadBalancer") return healthy();
  return object["status"]["loadBalancer"]["ingress"].empty() ? progressing("") : healthy();
}

Health ingress_health(const Value& object) {
  return object["status"]["loadBalancer"]["ingress"].empty() ? progressing("") : healthy();
}

Health claim_health(const Value& object) {
  auto phase = object["status"]["phase"].as_string();
  if (phase == "Lost") return degraded("");
  if (phase == "Pending") return progressing("");
  if (phase == "Bound") return healthy();
  return {HealthStatus::unknown, ""};
}

// A resumed Job keeps a condition Suspended=False: it is running, where Argo CD would call it Healthy.
Health job_health(const Value& object) {
  const Value &failed = condition(object, "Failed"), &complete = condition(object, "Complete");
  const Value& suspended = condition(object, "Suspended");
  if (!failed.is_null()) return degraded(failed["message"].str());
  if (suspended["status"].as_string() == "True") return {HealthStatus::suspended, suspended["message"].str()};
  if (!complete.is_null()) return healthy(complete["message"].str());
  return progressing("");
}

Health cron_job_health(const Value& object) {
  if (object["spec"]["suspend"].as_bool()) return {HealthStatus::suspended, "CronJob is Suspended"};
  const Value& status = object["status"];
  if (!status["lastScheduleTime"].is_string()) return healthy("CronJob has not been scheduled yet");
  if (!status["active"].empty()) {
    return progressing(fmt::format("CronJob has {} active job(s)", status["active"].size()));
  }
  if (!status["lastSuccessfulTime"].is_string())
    return degraded("CronJob has not completed its last execution successfully");
  // RFC 3339 in UTC sorts as text.
  if (status["lastSuccessfulTime"].as_string() < status["lastScheduleTime"].as_string()) {
    return degraded("CronJob has not completed its last execution successfully");
  }
  return healthy("CronJob has completed its last execution successfully");
}

Health autoscaler_health(const Value& object) {
  static constexpr std::string_view bad[][2] = {
      {"AbleToScale", "FailedGetScale"},
      {"AbleToScale", "FailedUpdateScale"},
      {"ScalingActive", "FailedGetResourceMetric"},
      {"ScalingActive", "FailedGetObjectMetric"},
      {"ScalingActive", "FailedGetPodsMetric"},
      {"ScalingActive", "FailedGetExternalMetric"},
      {"ScalingActive", "FailedComputeMetricsReplicas"},
      {"ScalingActive", "InvalidSelector"},
  };
  for (const Value& c : object["status"]["conditions"].items()) {
    for (const auto& [type, reason] : bad) {
      if (c["type"].as_string() == type && c["reason"].as_string() == reason) return degraded(c["message"].str());
    }
  }
  for (std::string_view type : {"AbleToScale", "ScalingLimited"}) {
    const Value& c = condition(object, type);
    if (c["status"].as_string() == "True") return healthy(c["message"].str());
  }
  return progressing("Waiting to Autoscale");
}

Health api_service_health(const Value& object) {
  const Value& available = condition(object, "Available");
  if (available.is_null()) return progressing("Waiting to be processed");
  std::string message = fmt::format("{}: {}", available["reason"].as_string(), available["message"].as_string());
  if (available["status"].as_string() == "True") return healthy(std::move(message));
  return progressing(std::move(message));
}

Health crd_health(const Value& object) {
  const Value& terminating = condition(object, "Terminating");
  if (terminating["status"].as_string() == "True") {
    return progressing(fmt::format("CRD is terminating: {}", terminating["message"].as_string()));
  }
  if (!object["metadata"]["deletionTimestamp"].is_null()) return progressing("CRD is terminating");
  if (object["status"]["conditions"].empty()) return progressing("Status conditions not found");
  const Value& names = condition(object, "NamesAccepted");
  const Value& schema = condition(object, "NonStructuralSchema");
  const Value& established = condition(object, "Established");
  if (established["status"].as_string() != "True" && established["reason"].as_string() == "Installing") {
    return progressing("CRD is being installed");
  }
  if (!names.is_null() && names["status"].as_string() != "True") {
    return degraded(fmt::format("CRD names have not been accepted: {}", names["message"].as_string()));
  }
  if (established["status"].as_string() != "True") return degraded("CRD is not established");
  if (schema["status"].as_string() == "True") {
    return degraded(fmt::format("Schema violations found: {}", schema["message"].as_string()));
  }
  return healthy("CRD is healthy");
}

// A child application stands for everything below it.
Health application_health(const Value& object) {
  const Value& health = object["status"]["health"];
  HealthStatus status = health_of_text(health["status"].as_string());
  if (status == HealthStatus::none) return progressing("");
  return {status, health["message"].str()};
}

}  // namespace slipway::gitops
