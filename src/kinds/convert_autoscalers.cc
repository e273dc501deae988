// autoscaling/v1 and v2. v1's spec and status know the CPU alone. All else that v2 says - other metrics, behavior, the
// metrics seen and the conditions - is in v1 a JSON text in an annotation, and those texts are compared by clients: so
// metrics are printed as the structs that Kubernetes has for them (their fields stand in tables/autoscaling.kinds), the
// behavior as its internal struct, with capital names and nulls. A text that cannot be read says nothing.
#include "base/text.h"
#include "kinds/conversion.h"
#include "kinds/go_json.h"
#include "kinds/object.h"

namespace slipway::kinds {

namespace {

constexpr std::string_view metrics_key = "autoscaling.alpha.kubernetes.io/metrics",
                           current_key = "autoscaling.alpha.kubernetes.io/current-metrics",
                           behavior_key = "autoscaling.alpha.kubernetes.io/behavior",
                           conditions_key = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view round_trip_keys[] = {metrics_key,
                                                current_key,
                                                behavior_key,
                                                conditions_key,
                                                "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
                                                "autoscaling.alpha.kubernetes.io/scale-up-tolerance"};
constexpr int cpu_utilization_default = 80;

// Where a member of v1's metric stands in v2's.
struct Row {
  std::string_view source, v1, v2;
};
constexpr Row spec_rows[] = {
    {"object", "target", "/describedObject"},
    {"object", "metricName", "/metric/name"},
    {"object", "selector", "/metric/selector"},
    {"object", "targetValue", "/target/value"},
    {"object", "averageValue", "/target/averageValue"},
    {"pods", "metricName", "/metric/name"},
    {"pods", "selector", "/metric/selector"},
    {"pods", "targetAverageValue", "/target/averageValue"},
    {"resource", "name", "/name"},
    {"resource", "targetAverageUtilization", "/target/averageUtilization"},
    {"resource", "targetAverageValue", "/target/averageValue"},
    {"containerResource", "name", "/name"},
    {"containerResource", "container", "/container"},
    {"containerResource", "targetAverageUtilization", "/target/averageUtilization"},
    {"containerResource", "targetAverageValue", "/target/averageValue"},
    {"external", "metricName", "/metric/name"},
    {"external", "metricSelector", "/metric/selector"},
    {"external", "targetValue", "/target/value"},
    {"external", "targetAverageValue", "/target/averageValue"},
};
constexpr Row status_rows[] = {
    {"object", "target", "/describedObject"},
    {"object", "metricName", "/metric/name"},
    {"object", "selector", "/metric/selector"},
    {"object", "currentValue", "/current/value"},
    {"object", "averageValue", "/current/averageValue"},
    {"pods", "metricName", "/metric/name"},
    {"pods", "selector", "/metric/selector"},
    {"pods", "currentAverageValue", "/current/averageValue"},
    {"resource", "name", "/name"},
    {"resource", "currentAverageUtilization", "/current/averageUtilization"},
    {"resource", "currentAverageValue", "/current/averageValue"},
    {"containerResource", "name", "/name"},
    {"containerResource", "container", "/container"},
    {"containerResource", "currentAverageUtilization", "/current/averageUtilization"},
    {"containerResource", "currentAverageValue", "/current/averageValue"},
    {"external", "metricName", "/metric/name"},
    {"external", "metricSelector", "/metric/selector"},
    {"external", "currentValue", "/current/value"},
    {"external", "currentAverageValue", "/current/averageValue"},
};

const Type& type_of(std::string_view name) {
  return *builtin_type(fmt::format("io.k8s.api.autoscaling.{}", name));
}

// As Go would decode it into this type; nothing when it would not.
std::optional<Value> decoded(const Type& type, Value v) {
  Kind of;
  of.type = &type;
  auto conformed = conform(of, std::move(v));
  if (!conformed) return std::nullopt;
  return std::move(conformed->object);
}

std::optional<std::vector<Value>> decoded_list(const Type& type, std::string_view text) {
  auto parsed = value::parse_json(text);
  if (!parsed || !(parsed->is_array() || parsed->is_null())) return std::nullopt;
  std::vector<Value> list;
  for (const Value& item : parsed->items()) {
    auto one = decoded(type, item);
    if (!one) return std::nullopt;
    list.push_back(std::move(*one));
  }
  return list;
}

// v1 has no word for the kind of target: it follows from which amount is there.
std::string_view target_type(std::string_view source, const Value& target) {
  if (target.has("averageUtilization")) return "Utilization";
  bool value = source == "object" ? !target.has("averageValue") : source == "external" && target.has("value");
  return value ? "Value" : "AverageValue";
}

Value metric_to_v2(std::span<const Row> rows, const Value& v1) {
  Value metric{{"type", v1["type"].str()}};
  for (const Row& row : rows) {
    const Value& from = v1[row.source];
    if (!from.is_object()) continue;
    if (!metric.has(row.source)) metric = metric.with_member(row.source, Value::object());
    if (const Value* member = from.find(row.v1))
      metric = metric.with(fmt::format("/{}{}", row.source, row.v2), *member);
  }
  if (rows.data() != spec_rows) return metric;
  const Value untyped = metric;  // its members are gone through while it becomes another
  for (const auto& [source, of] : untyped.members())
    if (of.is_object())
      metric = metric.with(fmt::format("/{}/target/type", source.view()), target_type(source.view(), of["target"]));
  return metric;
}

Value metric_to_v1(std::span<const Row> rows, const Value& v2) {
  Value metric{{"type", v2["type"].str()}};
  for (const Row& row : rows) {
    const Value& from = v2[row.source];
    if (!from.is_object()) continue;
    if (!metric.has(row.source)) metric = metric.with_member(row.source, Value::object());
    if (const Value& member = from.at(row.v2); !member.is_null())
      metric = metric.with(fmt::format("/{}/{}", row.source, row.v1), member);
  }
  return decoded(type_of(rows.data() == spec_rows ? "v1.MetricSpec" : "v1.MetricStatus"), metric).value_or(metric);
}

bool is_cpu(const Value& metric) {
  return metric["type"].as_string() == "Resource" && metric["resource"]["name"].as_string() == "cpu";
}
const Value& cpu_target(const Value& metric) {
  static const Value none;
  return is_cpu(metric) ? metric["resource"]["target"]["averageUtilization"] : none;
}
Value cpu_metric(int64_t utilization) {
  Value target{{"type", "Utilization"}, {"averageUtilization", utilization}};
  return Value{{"type", "Resource"}, {"resource", Value{{"name", "cpu"}, {"target", std::move(target)}}}};
}

std::string go_list(const Type& type, const std::vector<Value>& list) {
  std::vector<std::string> texts;
  for (const Value& item : list) texts.push_back(GoJson::compact(type, item));
  return "[" + base::join(texts, ",") + "]";
}

// Every field of the internal struct, null where v2 has nothing.
std::string behavior_text(const Value& behavior) {
  auto member = [](const Value& v, std::string_view name) { return value::to_json(v[name]); };
  auto rules = [&](const Value& v) {
    if (!v.is_object()) return std::string("null");
    std::vector<std::string> policies;
    for (const Value& p : v["policies"].items())
      policies.push_back(fmt::format(R"({{"Type":{},"Value":{},"PeriodSeconds":{}}})", member(p, "type"),
                                     member(p, "value"), member(p, "periodSeconds")));
    return fmt::format(R"({{"StabilizationWindowSeconds":{},"SelectPolicy":{},"Policies":{},"Tolerance":{}}})",
                       member(v, "stabilizationWindowSeconds"), member(v, "selectPolicy"),
                       v["policies"].is_array() ? "[" + base::join(policies, ",") + "]" : "null",
                       member(v, "tolerance"));
  };
  return fmt::format(R"({{"ScaleUp":{},"ScaleDown":{}}})", rules(behavior["scaleUp"]), rules(behavior["scaleDown"]));
}

// Go finds a field whatever the case of its name.
Value with_small_initials(const Value& v) {
  if (v.is_array()) {
    std::vector<Value> items;
    for (const Value& item : v.items()) items.push_back(with_small_initials(item));
    return Value::array(std::move(items));
  }
  if (!v.is_object()) return v;
  std::vector<value::Member> members;
  for (const auto& [key, member] : v.members()) {
    std::string name = key.str();
    if (!name.empty()) name[0] = base::to_lower(name.substr(0, 1))[0];
    if (!member.is_null()) members.push_back({name, with_small_initials(member)});
  }
  return Value::object(std::move(members));
}

Value members_of(const Value& from, std::initializer_list<std::string_view> names) {
  ObjectBuilder to;
  for (std::string_view name : names)
    if (const Value* member = from.find(name)) to.set(name, *member);
  return to.build();
}

// The parts of v1 that are found in annotations go over what its own fields say.
Value spec_to_v2(const Value& v1, const Value& annotations) {
  Value spec = members_of(v1, {"scaleTargetRef", "minReplicas", "maxReplicas"});
  std::vector<Value> metrics;
  if (auto others = decoded_list(type_of("v1.MetricSpec"), annotations[metrics_key].as_string()))
    for (const Value& other : *others) metrics.push_back(metric_to_v2(spec_rows, other));
  const Value& cpu = v1["targetCPUUtilizationPercentage"];
  if (!cpu.is_null()) metrics.push_back(cpu_metric(cpu.as_int()));
  if (metrics.empty()) metrics.push_back(cpu_metric(cpu_utilization_default));
  spec = spec.with_member("metrics", Value::array(std::move(metrics)));
  if (auto behavior = value::parse_json(annotations[behavior_key].as_string()))
    if (auto read = decoded(type_of("v2.HorizontalPodAutoscalerBehavior"), with_small_initials(*behavior)))
      if (!read->empty()) spec = spec.with_member("behavior", *read);
  return spec;
}

Value status_to_v2(const Value& v1, const Value& annotations) {
  Value status = members_of(v1, {"observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas"});
  if (const Value& cpu = v1["currentCPUUtilizationPercentage"]; !cpu.is_null()) {
    Value resource{{"name", "cpu"}, {"current", Value{{"averageUtilization", cpu}}}};
    status = status.with_member("currentMetrics",
                                Value::array({Value{{"type", "Resource"}, {"resource", std::move(resource)}}}));
  }
  if (auto seen = decoded_list(type_of("v1.MetricStatus"), annotations[current_key].as_string())) {
    for (Value& metric : *seen) metric = metric_to_v2(status_rows, metric);
    status = status.with_member("currentMetrics", Value::array(std::move(*seen)));
  }
  if (auto conditions =
          decoded_list(type_of("v2.HorizontalPodAutoscalerCondition"), annotations[conditions_key].as_string()))
    status = status.with_member("conditions", Value::array(std::move(*conditions)));
  return status;
}

// With what Go writes for fields that were never set.
Value complete(std::string_view version, Value object) {
  const Kind* kind = builtin_catalog().find({"autoscaling", std::string(version), "HorizontalPodAutoscaler"});
  auto conformed = conform(*kind, object);
  return conformed ? std::move(conformed->object) : object;
}

}  // namespace

Value autoscaler_to_v2(const Value& v1) {
  const Value& annotations = v1["metadata"]["annotations"];
  Value v2 = members_of(v1, {"kind", "metadata"}).with_member("apiVersion", "autoscaling/v2");
  v2 = v2.with_member("spec", spec_to_v2(v1["spec"], annotations));
  v2 = v2.with_member("status", status_to_v2(v1["status"], annotations));
  return complete("v2", without_v1_annotations(std::move(v2)));
}

Value autoscaler_to_v1(const Value& v2) {
  const Value &spec = v2["spec"], &status = v2["status"];
  Value v1 = without_v1_annotations(members_of(v2, {"kind", "metadata"})).with_member("apiVersion", "autoscaling/v1");
  Value shown = members_of(spec, {"scaleTargetRef", "minReplicas", "maxReplicas"});
  Value seen = members_of(status, {"observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas"});
  std::vector<Value> others, current;
  for (const Value& metric : spec["metrics"].items()) {
    const Value& cpu = cpu_target(metric);
    if (cpu.is_null())
      others.push_back(metric_to_v1(spec_rows, metric));
    else if (!shown.has("targetCPUUtilizationPercentage"))
      shown = shown.with_member("targetCPUUtilizationPercentage", cpu);
  }
  for (const Value& metric : status["currentMetrics"].items()) {
    const Value& cpu = metric["resource"]["current"]["averageUtilization"];
    if (is_cpu(metric) && !cpu.is_null()) seen = seen.with_member("currentCPUUtilizationPercentage", cpu);
    current.push_back(metric_to_v1(status_rows, metric));
  }
  std::vector<value::Member> notes;
  if (!others.empty()) notes.push_back({metrics_key, go_list(type_of("v1.MetricSpec"), others)});
  if (!current.empty()) notes.push_back({current_key, go_list(type_of("v1.MetricStatus"), current)});
  if (spec["behavior"].is_object()) notes.push_back({behavior_key, behavior_text(spec["behavior"])});
  if (const Value& conditions = status["conditions"]; !conditions.empty()) {
    std::vector<Value> list(conditions.items().begin(), conditions.items().end());
    notes.push_back({conditions_key, go_list(type_of("v2.HorizontalPodAutoscalerCondition"), list)});
  }
  if (!notes.empty()) {
    const Value& annotations = v1["metadata"]["annotations"];
    Value all = (annotations.is_object() ? annotations : Value::object()).with_members(std::move(notes));
    v1 = v1.with("/metadata/annotations", std::move(all));
  }
  v1 = v1.with_member("spec", std::move(shown));
  return complete("v1", v1.with_member("status", std::move(seen)));
}

// Of the round trip: v2 says what they hold in its fields.
Value without_v1_annotations(Value object) {
  Value annotations = object["metadata"]["annotations"];
  bool any = false;
  for (std::string_view key : round_trip_keys) {
    any = any || annotations.has(key);
    annotations = annotations.is_object() ? annotations.without_member(key) : annotations;
  }
  if (!any) return object;
  return annotations.empty() ? object.without("/metadata/annotations")
                             : object.with("/metadata/annotations", annotations);
}

}  // namespace slipway::kinds
