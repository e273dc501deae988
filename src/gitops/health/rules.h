// The rules behind assess(), one a kind.
#pragma once

#include "gitops/health/health.h"

namespace slipway::gitops {

Health deployment_health(const Value& object);
Health stateful_set_health(const Value& object);
Health replica_set_health(const Value& object);
Health daemon_set_health(const Value& object);
Health pod_health(const Value& object);
Health service_health(const Value& object);
Health ingress_health(const Value& object);
Health claim_health(const Value& object);
Health job_health(const Value& object);
Health cron_job_health(const Value& object);
Health autoscaler_health(const Value& object);
Health api_service_health(const Value& object);
Health crd_health(const Value& object);
Health application_health(const Value& object);

}  // namespace slipway::gitops
