// apply_defaults(): what Kubernetes 1.35 fills in before it stores an object. Most of it is in the tables ("= value");
// what depends on other fields is here, one function a type, run before the fields below it are looked at (as the
// generated defaulters do: parent first). Nothing is allocated here (cluster addresses, node ports, uids) and no other
// object is read (service accounts, priority classes): that is admission, and the write path's.
#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "kinds/conversion.h"
#include "kinds/object.h"
#include "kinds/table.h"

namespace slipway::kinds {
namespace {

using Step = Value (*)(Value);

// ---- what depends on other fields
// -------------------------------------------------------------------------------------

Value set_if_absent(Value v, std::string_view key, Value fallback) {
  return v[key].is_null() ? v.with_member(key, std::move(fallback)) : v;
}
// For fields that are not pointers: an empty text counts as absent.
Value set_if_empty(Value v, std::string_view key, Value fallback) {
  return v[key].is_null() || (v[key].is_string() && v[key].as_string().empty())
             ? v.with_member(key, std::move(fallback))
             : v;
}

// "registry:5000/app:tag@sha256:..." -> whether the image may change under its name.
Value pull_policy(std::string_view image) {
  size_t at = image.find('@');
  std::string_view name = image.substr(0, at);
  size_t slash = name.rfind('/');
  size_t colon = name.find(':', slash == name.npos ? 0 : slash);
  std::string_view tag = colon == name.npos ? std::string_view() : name.substr(colon + 1);
  if (tag.empty() && at == image.npos) tag = "latest";
  return tag == "latest" ? "Always" : "IfNotPresent";
}

Value container(Value v) {
  Value policy = pull_policy(v["image"].as_string());
  return set_if_empty(std::move(v), "imagePullPolicy", std::move(policy));
}

Value volume(Value v) {
  if (v.size() == (v.has("name") ? 1 : 0)) v = v.with_member("emptyDir", Value::object());
  if (v["image"].is_object())
    v = v.with_member("image",
                      set_if_empty(v["image"], "pullPolicy", pull_policy(v["image"]["reference"].as_string())));
  return v;
}

Value rolling(Value v, bool only_when_type_absent) {
  bool absent = v["type"].as_string().empty();
  if (absent) v = v.with_member("type", "RollingUpdate");
  if (v["type"].as_string() == "RollingUpdate" && (absent || !only_when_type_absent))
    v = set_if_absent(v, "rollingUpdate", Value::object());
  return v;
}
Value rolling_update(Value v) {
  return rolling(std::move(v), false);
}
Value stateful_set_strategy(Value v) {
  return rolling(std::move(v), true);
}

Value stateful_set_spec(Value v) {
  if (!v["volumeClaimTemplates"].is_array()) return v;
  ArrayBuilder claims;
  for (const Value& claim : v["volumeClaimTemplates"].items())
    claims.push(set_if_empty(set_if_empty(claim, "apiVersion", "v1"), "kind", "PersistentVolumeClaim"));
  return v.with_member("volumeClaimTemplates", claims.build());
}

Value replication_controller(Value v) {
  const Value labels = v["spec"]["template"]["metadata"]["labels"];
  if (!labels.is_object()) return v;
  if (v["spec"]["selector"].empty()) v = v.with("/spec/selector", labels);
  if (v["metadata"]["labels"].empty()) v = v.with("/metadata/labels", labels);
  return v;
}

Value daemon_set(Value v) {
  constexpr std::string_view generation = "/metadata/annotations/deprecated.daemonset.template.generation";
  return v.at(generation).is_null() ? v.with(generation, "1") : v;
}

Value job(Value v) {
  Value spec = v["spec"];
  if (spec["completions"].is_null() && spec["parallelism"].is_null()) spec = spec.with_member("completions", 1);
  spec = set_if_absent(spec, "parallelism", 1);
  spec = set_if_absent(spec, "backoffLimit", spec["backoffLimitPerIndex"].is_null() ? 6 : INT32_MAX);
  spec = set_if_absent(spec, "completionMode", "NonIndexed");
  spec = set_if_absent(spec, "suspend", false);
  spec = set_if_absent(spec, "podReplacementPolicy",
                       spec["podFailurePolicy"].is_null() ? "TerminatingOrFailed" : "Failed");
  spec = set_if_absent(spec, "manualSelector", false);
  v = v.with_member("spec", spec);
  const Value labels = spec["template"]["metadata"]["labels"];
  if (labels.is_object() && v["metadata"]["labels"].empty()) v = v.with("/metadata/labels", labels);
  return v;
}

Value autoscaler(Value v) {
  v = without_v1_annotations(std::move(v));
  if (v["spec"]["metrics"].empty())
    v = v.with("/spec/metrics",
               Value::array({Value{
                   {"type", "Resource"},
                   {"resource",
                    Value{{"name", "cpu"}, {"target", Value{{"type", "Utilization"}, {"averageUtilization", 80}}}}}}}));
  return v;
}

// A policy that changes by `value` of `type` every `period` seconds.
Value scaling_policy(std::string_view type, int value, int period) {
  return Value{{"type", type}, {"value", value}, {"periodSeconds", period}};
}
Value autoscaler_behavior(Value v) {
  for (std::string_view way : {"scaleUp", "scaleDown"}) {
    bool up = way == "scaleUp";
    Value rules = v[way].is_object() ? v[way] : Value::object();
    if (up) rules = set_if_absent(rules, "stabilizationWindowSeconds", 0);
    rules = set_if_absent(rules, "selectPolicy", "Max");
    rules = set_if_absent(rules, "policies",
                          up ? Value::array({scaling_policy("Pods", 4, 15), scaling_policy("Percent", 100, 15)})
                             : Value::array({scaling_policy("Percent", 100, 15)}));
    v = v.with_member(way, rules);
  }
  return v;
}

Value network_policy_spec(Value v) {
  if (v["policyTypes"].empty())
    v = v.with_member("policyTypes",
                      v["egress"].empty() ? Value::array({"Ingress"}) : Value::array({"Ingress", "Egress"}));
  return v;
}

Value rbac_subject(Value v) {
  std::string_view kind = v["kind"].as_string();
  return kind == "User" || kind == "Group" ? set_if_empty(v, "apiGroup", "rbac.authorization.k8s.io") : v;
}

Value service(Value v) {
  Value spec = v["spec"];
  std::string type = spec["type"].str("ClusterIP");
  std::string affinity = spec["sessionAffinity"].str("None");
  if (affinity == "None") spec = spec.without_member("sessionAffinityConfig");
  if (affinity == "ClientIP" && spec.at("/sessionAffinityConfig/clientIP/timeoutSeconds").is_null())
    spec = spec.with("/sessionAffinityConfig/clientIP/timeoutSeconds", 10800);
  if (spec["ports"].is_array()) {
    ArrayBuilder ports;
    for (const Value& port : spec["ports"].items()) {
      const Value& target = port["targetPort"];
      bool absent = target.is_null() || (target.is_int() && target.as_int() == 0) ||
                    (target.is_string() && target.as_string().empty());
      ports.push(absent ? port.with_member("targetPort", port["port"].as_int()) : port);
    }
    spec = spec.with_member("ports", ports.build());
  }
  bool outside = type == "NodePort" || type == "LoadBalancer" || (type == "ClusterIP" && !spec["externalIPs"].empty());
  if (outside) spec = set_if_empty(spec, "externalTrafficPolicy", "Cluster");
  if (type != "ExternalName") {
    spec = set_if_absent(spec, "internalTrafficPolicy", "Cluster");
    // Of the cluster's one address family. With a headless service without selector it would be two.
    spec = set_if_empty(spec, "ipFamilyPolicy", "SingleStack");
    if (spec["ipFamilies"].empty()) spec = spec.with_member("ipFamilies", Value::array({"IPv4"}));
    if (!spec["clusterIP"].as_string().empty() && spec["clusterIPs"].empty())
      spec = spec.with_member("clusterIPs", Value::array({spec["clusterIP"]}));
  }
  if (type == "LoadBalancer") spec = set_if_absent(spec, "allocateLoadBalancerNodePorts", true);
  return v.with_member("spec", spec);
}

Value load_balancer_ingress(Value v) {
  return v["ip"].as_string().empty() ? v : set_if_absent(v, "ipMode", "VIP");
}

Value name_space(Value v) {
  std::string_view name = name_of(v);
  constexpr std::string_view label = "/metadata/labels/kubernetes.io~1metadata.name";
  return name.empty() || v.at(label).as_string() == name ? v : v.with(label, Value(name));
}

// podCIDR is the first of podCIDRs; who knows only it changes both.
Value node_spec(Value v) {
  const Value only = v["podCIDR"], all = v["podCIDRs"];
  if (!only.as_string().empty() && (all.empty() || all[0] != only))
    return v.with_member("podCIDRs", Value::array({only}));
  return only.as_string().empty() && !all.empty() ? v.with_member("podCIDR", all[0]) : v;
}

Value node_status(Value v) {
  return v["capacity"].is_object() ? set_if_absent(v, "allocatable", v["capacity"]) : v;
}

Value secret(Value v) {
  if (!v["stringData"].is_object()) return v;
  std::vector<value::Member> encoded;
  for (const auto& member : v["stringData"].members())
    encoded.push_back({member.key, base::base64_encode(member.value.as_string())});
  return v.with_member("data", v["data"].with_members(std::move(encoded))).without_member("stringData");
}

Value fill_from(Value into, const Value& from) {
  std::vector<value::Member> absent;
  for (const auto& member : from.members())
    if (!into.has(member.key.view())) absent.push_back(member);
  return into.with_members(std::move(absent));
}

Value limit_range_item(Value v) {
  if (v["type"].as_string() != "Container") return v;
  Value limits = fill_from(v["default"].is_object() ? v["default"] : Value::object(), v["max"]);
  Value requests =
      fill_from(fill_from(v["defaultRequest"].is_object() ? v["defaultRequest"] : Value::object(), limits), v["min"]);
  if (!limits.empty()) v = v.with_member("default", limits);
  if (!requests.empty()) v = v.with_member("defaultRequest", requests);
  return v;
}

Value pod_spec(Value v) {
  // Two names of one thing.
  const Value name = v["serviceAccountName"], old_name = v["serviceAccount"];
  if (!name.as_string().empty() && old_name != name) return v.with_member("serviceAccount", name);
  if (name.as_string().empty() && !old_name.as_string().empty()) return v.with_member("serviceAccountName", old_name);
  return v;
}

// Only for pods themselves, not for the templates of pods. What lacks nothing stays the same node.
Value pod(Value v) {
  Value spec = v["spec"];
  for (std::string_view list : {"containers", "initContainers"}) {
    if (!spec[list].is_array()) continue;
    ArrayBuilder containers;
    bool changed = false;
    for (const Value& one : spec[list].items()) {
      Value c = one;
      const Value &limits = c["resources"]["limits"], &asked = c["resources"]["requests"];
      auto lacks = [&](const value::Member& member) { return !asked.has(member.key.view()); };
      if (limits.is_object() && (!asked.is_object() || std::ranges::any_of(limits.members(), lacks))) {
        const Value& requests = c["resources"]["requests"];
        c = c.with("/resources/requests", fill_from(requests.is_object() ? requests : Value::object(), limits));
      }
      if (spec["hostNetwork"].as_bool() && c["ports"].is_array()) {
        ArrayBuilder ports;
        for (const Value& port : c["ports"].items())
          ports.push(port["hostPort"].as_int() == 0 ? port.with_member("hostPort", port["containerPort"]) : port);
        Value named = ports.build();
        if (named != c["ports"]) c = c.with_member("ports", std::move(named));
      }
      changed = changed || !c.same_node(one);
      containers.push(std::move(c));
    }
    if (changed) spec = spec.with_member(list, containers.build());
  }
  spec = set_if_absent(std::move(spec), "enableServiceLinks", true);
  return spec.same_node(v["spec"]) ? v : v.with_member("spec", std::move(spec));
}

// By the OpenAPI name without "io.k8s.api.".
const std::unordered_map<std::string_view, Step>& steps() {
  static const std::unordered_map<std::string_view, Step> all = {
      {"core.v1.Container", container},
      {"core.v1.EphemeralContainer", container},
      {"core.v1.Volume", volume},
      {"core.v1.Pod", pod},
      {"core.v1.PodSpec", pod_spec},
      {"core.v1.Service", service},
      {"core.v1.LoadBalancerIngress", load_balancer_ingress},
      {"core.v1.Namespace", name_space},
      {"core.v1.NodeSpec", node_spec},
      {"core.v1.NodeStatus", node_status},
      {"core.v1.Secret", secret},
      {"core.v1.LimitRangeItem", limit_range_item},
      {"core.v1.ReplicationController", replication_controller},
      {"apps.v1.DeploymentStrategy", rolling_update},
      {"apps.v1.DaemonSetUpdateStrategy", rolling_update},
      {"apps.v1.DaemonSet", daemon_set},
      {"apps.v1.StatefulSetUpdateStrategy", stateful_set_strategy},
      {"apps.v1.StatefulSetSpec", stateful_set_spec},
      {"batch.v1.Job", job},
      {"autoscaling.v2.HorizontalPodAutoscaler", autoscaler},
      {"autoscaling.v2.HorizontalPodAutoscalerBehavior", autoscaler_behavior},
      {"networking.v1.NetworkPolicySpec", network_policy_spec},
      {"rbac.v1.Subject", rbac_subject},
  };
  return all;
}

// ---- the walk
// -----------------------------------------------------------------------------------------------------------

struct Plan {
  Step step = nullptr;
  bool anything = false;  // in this type or below it
};

// Which types have something to fill in, so that the rest of a tree is passed over.
class Plans {
 public:
  Plans() {
    for (const Type& type : builtin_tables().types) {
      Plan& plan = plans_[&type];
      std::string_view name = type.name;
      if (name.starts_with("io.k8s.api."))
        if (auto found = steps().find(name.substr(11)); found != steps().end())
          plan.step = found->second, plan.anything = true;
    }
    for (bool more = true; more;) {
      more = false;
      for (const Type& type : builtin_tables().types) {
        Plan& plan = plans_[&type];
        if (plan.anything) continue;
        for (const Field* field : type.sorted())
          if (!field->fallback.is_null() || below(field->type)) plan.anything = more = true;
      }
    }
  }
  Plan of(const Type* type) const {
    auto found = plans_.find(type);
    return found == plans_.end() ? Plan{nullptr, true} : found->second;  // types of CRDs: look
  }
  bool below(const FieldType& type) const {
    switch (type.shape) {
      case Shape::object:
        return of(type.type).anything;
      case Shape::list:
      case Shape::map:
        return type.element->shape == Shape::quantity || below(*type.element);
      default:
        return false;
    }
  }

 private:
  std::unordered_map<const Type*, Plan> plans_;
};
const Plans& plans() {
  static const Plans& all = *new Plans;
  return all;
}

// `was`: what stood in this place in the stored object; null: nothing, or not known.
Value fill(const FieldType& type, const Value& v, const Value& was);

Value fill_struct(const Type& type, Value v, const Value& was, bool step = true) {
  Plan plan = plans().of(&type);
  if (!plan.anything) return v;
  if (plan.step && step) v = plan.step(std::move(v));
  for (const Field* field : type.sorted()) {
    const Value* now = v.find(field->name);
    bool absent = !now || now->is_null() || (!field->pointer && now->is_string() && now->as_string().empty()) ||
                  (!field->pointer && now->is_int() && now->as_int() == 0) ||
                  (!field->pointer && now->is_array() && now->empty());
    if (absent) {
      if (field->fallback.is_null()) continue;
      v = v.with_member(field->name, fill(field->type, field->fallback, {}));
    } else if (plans().below(field->type)) {
      Value next = fill(field->type, *now, was[field->name]);
      if (!next.same_node(*now)) v = v.with_member(field->name, std::move(next));
    }
  }
  return v;
}

Value fill(const FieldType& type, const Value& v, const Value& was) {
  if (v.same_node(was)) return v;
  switch (type.shape) {
    case Shape::object:
      return v.is_object() ? fill_struct(*type.type, v, was) : v;
    case Shape::list: {
      std::vector<Value> out;
      out.reserve(v.size());
      bool changed = false;
      for (const Value& item : v.items()) {
        out.push_back(fill(*type.element, item, was[out.size()]));
        changed = changed || !out.back().same_node(item);
      }
      return changed ? Value::array(std::move(out)) : v;
    }
    case Shape::map: {
      std::vector<value::Member> changed;
      for (const auto& member : v.members()) {
        Value next = fill(*type.element, member.value, {});
        if (!next.same_node(member.value)) changed.push_back({member.key, std::move(next)});
      }
      return changed.empty() ? v : v.with_members(std::move(changed));
    }
    case Shape::quantity: {  // resource lists are kept in thousandths
      auto quantity = Quantity::parse(v.as_string());
      if (!quantity || quantity->nano % 1'000'000 == 0) return v;
      quantity->nano = static_cast<__int128>(quantity->milli()) * 1'000'000;
      return quantity->canonical();
    }
    default:
      return v;
  }
}

}  // namespace

Value apply_defaults(const Kind& kind, Value object, const Value& stored) {
  if (!kind.type || !object.is_object()) return object;
  // No object's own step looks at its status.
  bool step = !is_same_but_for(object, stored, {"status"});
  return fill_struct(*kind.type, std::move(object), stored, step);
}

}  // namespace slipway::kinds
