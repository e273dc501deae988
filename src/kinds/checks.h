// Validation's vocabulary: a place in the object, and the ways in which what stands there can be wrong, each in
// Kubernetes' own words (apimachinery's field.Error).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kinds/kind.h"
#include "kinds/label_rules.h"
#include "value/json.h"

namespace slipway::kinds {

// "spec.containers[0].name"
class Path {
 public:
  Path() = default;
  explicit Path(std::string text) : text_(std::move(text)) {}
  Path operator/(std::string_view name) const {
    return Path(text_.empty() ? std::string(name) : text_ + "." + std::string(name));
  }
  Path operator[](size_t index) const { return Path(text_ + "[" + std::to_string(index) + "]"); }
  Path key(std::string_view key) const { return Path(text_ + "[" + std::string(key) + "]"); }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

struct Checks {
  Checks(const Kind& kind, const Value& object, const Value* old) : kind(kind), object(object), old(old) {}

  const Kind& kind;
  const Value& object;
  const Value* old;  // null on create
  std::vector<base::Cause> causes = {};

  // An object may be wrong in a million places: no more is said than somebody reads. What is added to a full list falls
  // away, and long walks ask before they go on.
  bool full() const { return causes.size() >= kCausesMax || bytes_ > kBytesMax; }
  void add(base::Cause cause);

  void required(const Path& at, std::string_view detail = {});
  void invalid(const Path& at, const Value& value, std::string_view detail);
  void invalid(const Path& at, const Value& value, const Problems& problems) {
    for (const std::string& problem : problems) invalid(at, value, problem);
  }
  void invalid(const Path& at, std::string_view detail);  // the whole, which is not printed
  void invalid_printed(const Path& at, std::string_view value, std::string_view detail);
  void forbidden(const Path& at, std::string_view detail);
  void duplicate(const Path& at, const Value& value);
  void not_found(const Path& at, const Value& value, std::string_view detail = {});
  void not_supported(const Path& at, const Value& value, const std::vector<std::string>& supported);
  void too_long(const Path& at, size_t bytes_max);
  void too_many(const Path& at, size_t there, size_t max);

  void not_negative(const Path& at, const Value& number);
  void domain_prefixed_path(const Path& at, const Value& path);  // "example.org/name"
  void port_number(const Path& at, const Value& number);
  void port_number_or_name(const Path& at, const Value& port);
  void labels(const Path& at, const Value& labels);
  void annotations(const Path& at, const Value& annotations);
  void label_selector(const Path& at, const Value& selector);
  void unchanged(const Path& at, const Value& now, const Value& before);
  // What the tables say: required, enums, ranges, immutable, for a struct and all below it.
  void fields(const Type& type, const Value& v, const Value* before, const Path& at);
  void value(const FieldType& type, const Value& v, const Value* before, const Path& at);

 private:
  static constexpr size_t kCausesMax = 100;  // as many as kube-apiserver names of unknown fields
  static constexpr size_t kBytesMax = 256 << 10;
  size_t bytes_ = 0;
};

// What no word in a table says, by type; the step replaces the walk over that type and may call fields() itself.
using CheckStep = void (*)(Checks& c, const Value& v, const Value* before, const Path& at);
CheckStep check_step(std::string_view type_name);  // null: none

// Of what is written to the status subresource, for the kinds where that is judged; null: none.
CheckStep check_status_step(std::string_view type_name);

// "batch.v1.JobSpec"; it must be there.
const Type& type_named(std::string_view name);
// As Go prints its struct of this type: {"Name":"a","Values":null}. Not for those whose form within Kubernetes is
// another.
std::string in_go(const Type& type, const Value& v);

// validate_pods.cc
// `before`: the stored one, of which nothing is looked at again; null: there is none.
void check_pod_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_pod_template(Checks& c, const Value& pod_template, const Value* before, const Path& at);
void check_pod(Checks& c, const Value& pod, const Value* before, const Path& at);
// validate_claims.cc
void check_pod_claims(Checks& c, const Value& claims, const Path& at);
void check_container_claims(Checks& c, const Value& used, const Value& claims_of_pod, const Path& at);
// validate_storage.cc
void check_claim_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_volume_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
// validate_schedules.cc
void check_schedule(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_time_zone(Checks& c, const Value& zone, const Path& at);
// validate_quotas.cc
void check_quota_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_quota_status(Checks& c, const Value& status, const Value* before, const Path& at);
// validate_jobs.cc
void check_job(Checks& c, const Value& job, const Value* before, const Path& at);
void check_cron_job(Checks& c, const Value& job, const Value* before, const Path& at);
// validate_workloads.cc
void check_deployment_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_replica_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_daemon_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_stateful_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_budget_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
// validate_network.cc
void check_service_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_endpoints(Checks& c, const Value& endpoints, const Value* before, const Path& at);
void check_endpoint_slice(Checks& c, const Value& slice, const Value* before, const Path& at);
void check_ingress_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_network_policy_port(Checks& c, const Value& port, const Value* before, const Path& at);
// validate_limits.cc, validate_nodes.cc, validate_webhooks.cc
void check_limit_range_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_node(Checks& c, const Value& node, const Value* before, const Path& at);
void check_webhooks(Checks& c, const Value& configuration, const Value* before, const Path& at);
// validate_autoscalers.cc
void check_autoscaler_spec(Checks& c, const Value& spec, const Value* before, const Path& at);
void check_autoscaler_status(Checks& c, const Value& status, const Value* before, const Path& at);
// validate_kinds.cc: the rest

}  // namespace slipway::kinds
