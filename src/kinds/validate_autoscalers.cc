// HorizontalPodAutoscalers, in the form of autoscaling/v2: what v1 says is judged after conversion.
#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"
#include "kinds/resource_names.h"

namespace slipway::kinds {

namespace {

constexpr int64_t stabilization_max_s = 3600, period_max_s = 1800;

// The sources of a metric in the order in which Kubernetes looks for them, and what their target must have.
struct Source {
  std::string_view name, type;
  bool resource;                // names a resource rather than a metric
  std::string_view one, other;  // amounts of the target
  std::string_view missing_at, missing, both;
};
constexpr Source sources[] = {
    {"object", "Object", false, "value", "averageValue", "averageValue",
     "must set either a target value or averageValue", ""},
    {"external", "External", false, "value", "averageValue", "averageValue",
     "must set either a target value for metric or a per-pod target",
     "may not set both a target value for metric and a per-pod target"},
    {"pods", "Pods", false, "averageValue", "averageValue", "averageValue",
     "must specify a positive target averageValue", ""},
    {"resource", "Resource", true, "averageValue", "averageUtilization", "averageUtilization",
     "must set either a target raw value or a target utilization",
     "may not set both a target raw value and a target utilization"},
    {"containerResource", "ContainerResource", true, "averageValue", "averageUtilization", "averageUtilization",
     "must set either a target raw value or a target utilization",
     "may not set both a target raw value and a target utilization"},
};

void check_segment(Checks& c, const Value& name, const Path& at, std::string_view missing = {}) {
  if (name.as_string().empty())
    c.required(at, missing);
  else
    c.invalid(at, name, path_segment_problems(name.as_string()));
}

std::string api_version_problem(std::string_view text, bool group_needed) {
  size_t slash = text.find('/');
  if (slash != text.npos && text.find('/', slash + 1) != text.npos)
    return fmt::format("unexpected GroupVersion string: {}", text);
  bool group = slash != text.npos && slash > 0;
  return group_needed && !group ? "apiVersion must specify API group" : "";
}

void check_reference(Checks& c, const Value& ref, const Path& at, bool group_needed, bool any_version) {
  check_segment(c, ref["kind"], at / "kind");
  check_segment(c, ref["name"], at / "name");
  std::string version = ref["apiVersion"].str();
  if (std::string why = api_version_problem(version, group_needed); !why.empty() && !any_version)
    c.invalid(at / "apiVersion", version, why);
}

bool is_positive(const Value& amount) {
  auto quantity = Quantity::parse(amount.as_string());
  return quantity && quantity->nano > 0;
}

void check_target(Checks& c, const Value& target, const Path& at) {
  std::string type = target["type"].str();
  if (type.empty()) c.required(at / "type", "must specify a metric target type");
  if (type != "Utilization" && type != "Value" && type != "AverageValue")
    c.invalid(at / "type", type, "must be either Utilization, Value, or AverageValue");
  for (std::string_view name : {"value", "averageValue"})
    if (const Value& amount = target[name]; !amount.is_null() && !is_positive(amount))
      c.invalid(at / name, amount, "must be positive");
  if (const Value& share = target["averageUtilization"]; !share.is_null() && share.as_int() < 1)
    c.invalid(at / "averageUtilization", share, "must be greater than 0");
}

void check_source(Checks& c, const Source& source, const Value& v, const Path& at, bool any_version) {
  if (source.name == "object") check_reference(c, v["describedObject"], at / "describedObject", false, any_version);
  if (source.resource) {
    if (v["name"].as_string().empty())
      c.required(at / "name", "must specify a resource name");
    else if (source.name == "containerResource")
      c.invalid(at / "name", v["name"], container_resource_problems(v["name"].as_string()));
  } else {
    check_segment(c, v["metric"]["name"], at / "metric" / "name", "must specify a metric name");
  }
  if (source.name == "containerResource") {
    if (v["container"].as_string().empty())
      c.required(at / "container", "must specify a container");
    else
      c.invalid(at / "container", v["container"], dns_label_problems(v["container"].as_string()));
  }
  const Value& target = v["target"];
  check_target(c, target, at / "target");
  bool one = !target[source.one].is_null(), other = !target[source.other].is_null();
  if (!one && !other) c.required(at / "target" / source.missing_at, source.missing);
  if (one && other && !source.both.empty()) c.forbidden(at / "target" / source.one, source.both);
}

void check_metric(Checks& c, const Value& metric, const Path& at, bool any_version) {
  static const std::vector<std::string> types = {"ContainerResource", "External", "Object", "Pods", "Resource"};
  std::string type = metric["type"].str();
  const Source* expected = nullptr;
  for (const Source& source : sources)
    if (source.type == type) expected = &source;
  if (type.empty()) c.required(at / "type", "must specify a metric source type");
  if (!expected) c.not_supported(at / "type", type, types);
  std::vector<const Source*> present;
  for (const Source& source : sources) {
    if (!metric[source.name].is_object()) continue;
    present.push_back(&source);
    if (present.size() == 1) check_source(c, source, metric[source.name], at / source.name, any_version);
  }
  if (!expected)
    c.not_supported(at / "type", type, types);  // said twice
  else if (!metric[expected->name].is_object())
    c.required(at / expected->name, "must populate information for the given metric source");
  if (present.size() == 1) return;
  for (const Source* source : present)
    if (source != expected) c.forbidden(at / source->name, "must populate the given metric source only");
}

void check_rules(Checks& c, const Value& rules, const Path& at) {
  if (!rules.is_object()) return;
  const Value& window = rules["stabilizationWindowSeconds"];
  Path window_at = at / "stabilizationWindowSeconds";
  if (window.as_int() < 0) c.invalid(window_at, window, "must be greater than or equal to zero");
  if (window.as_int() > stabilization_max_s)
    c.invalid(window_at, window, fmt::format("must be less than or equal to {}", stabilization_max_s));
  std::string_view select = rules["selectPolicy"].as_string("Max");
  if (select != "Disabled" && select != "Max" && select != "Min")
    c.not_supported(at / "selectPolicy", rules["selectPolicy"], {"Disabled", "Max", "Min"});
  const Value& policies = rules["policies"];
  if (policies.empty()) c.required(at / "policies", "must specify at least one Policy");
  for (size_t i = 0; i < policies.size(); ++i) {
    Path here = (at / "policies")[i];
    const Value& period = policies[i]["periodSeconds"];
    if (std::string type = policies[i]["type"].str(); type != "Pods" && type != "Percent")
      c.not_supported(here / "type", type, {"Percent", "Pods"});
    for (std::string_view name : {"value", "periodSeconds"})
      if (policies[i][name].as_int() <= 0) c.invalid(here / name, policies[i][name], "must be greater than zero");
    if (period.as_int() > period_max_s)
      c.invalid(here / "periodSeconds", period, fmt::format("must be less than or equal to {}", period_max_s));
  }
  if (auto tolerance = Quantity::parse(rules["tolerance"].as_string()); tolerance && tolerance->nano < 0)
    c.invalid(at / "tolerance", rules["tolerance"], "must be greater than or equal to 0");
}

// Metrics of a stored object that were wrong already may stay so.
bool had_wrong_versions(const Value& before) {
  for (const Value& metric : before["metrics"].items())
    if (!api_version_problem(metric["object"]["describedObject"]["apiVersion"].as_string(), false).empty()) return true;
  return false;
}

}  // namespace

void check_autoscaler_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  const Value &least = spec["minReplicas"], &most = spec["maxReplicas"], &target = spec["scaleTargetRef"];
  const int64_t least_min = before && (*before)["minReplicas"] == Value(0) ? 0 : 1;
  bool scales_to_zero = !least.is_null() && least.as_int() == 0;
  if (!least.is_null() && least.as_int() < least_min)
    c.invalid(at / "minReplicas", least, fmt::format("must be greater than or equal to {}", least_min));
  if (most.as_int() < 1) c.invalid(at / "maxReplicas", most, "must be greater than 0");
  if (!least.is_null() && most.as_int() < least.as_int())
    c.invalid(at / "maxReplicas", most, "must be greater than or equal to `minReplicas`");

  const Value& target_before = before ? (*before)["scaleTargetRef"] : Value();
  bool same_target = before && target_before["kind"] == target["kind"] &&
                     target_before["apiVersion"].as_string() == target["apiVersion"].as_string();
  check_reference(c, target, at / "scaleTargetRef", target["kind"].as_string() != "ReplicationController", same_target);

  const Value& metrics = spec["metrics"];
  bool any_version = before && had_wrong_versions(*before), counts_other_things = false;
  for (size_t i = 0; i < metrics.size(); ++i) {
    check_metric(c, metrics[i], (at / "metrics")[i], any_version);
    std::string_view type = metrics[i]["type"].as_string();
    counts_other_things |= type == "Object" || type == "External";
  }
  if (scales_to_zero && !counts_other_things)
    c.forbidden(at / "metrics",
                "must specify at least one Object or External metric to support scaling to zero replicas");
  for (std::string_view way : {"scaleUp", "scaleDown"}) check_rules(c, spec["behavior"][way], at / "behavior" / way);
}

void check_autoscaler_status(Checks& c, const Value& status, const Value*, const Path& at) {
  for (std::string_view name : {"currentReplicas", "desiredReplicas"}) c.not_negative(at / name, status[name]);
}

}  // namespace slipway::kinds
