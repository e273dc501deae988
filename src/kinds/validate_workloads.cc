// Deployments, ReplicaSets, DaemonSets, StatefulSets, and the budgets of their pods' disruption.
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {

namespace {

// The selector of a controller and the labels of its template: there, readable, not empty, matching.
void check_selector_and_template(Checks& c, const Value& spec, const Value* before, const Path& at,
                                 std::string_view whose, bool always_restart) {
  const Value& selector = spec["selector"];
  auto wrong = c.causes.size();
  if (selector.is_null()) {
    c.required(at / "selector");
  } else {
    c.label_selector(at / "selector", selector);
    if (selector["matchLabels"].empty() && selector["matchExpressions"].empty())
      c.invalid(at / "selector", selector, fmt::format("empty selector is invalid for {}", whose));
  }
  auto parsed = Selector::from_label_selector(selector);
  const Value& pod_template = spec["template"];
  Path in = at / "template";
  if (!parsed || (c.causes.size() > wrong && !selector.is_null() && !parsed->matches_everything())) {
    c.invalid(at / "selector", selector, "invalid label selector");
    return;
  }
  const Value& labels = pod_template["metadata"]["labels"];
  if (!parsed->matches_everything() && !parsed->matches(labels))
    c.invalid(in / "metadata" / "labels", labels, "`selector` does not match template `labels`");
  check_pod_template(c, pod_template, before ? &(*before)["template"] : nullptr, in);
  if (always_restart && pod_template["spec"]["restartPolicy"].as_string() != "Always" &&
      !pod_template["spec"]["restartPolicy"].is_null())
    c.not_supported(in / "spec" / "restartPolicy", pod_template["spec"]["restartPolicy"], {"Always"});
  if (always_restart && !pod_template["spec"]["activeDeadlineSeconds"].is_null())
    c.forbidden(in / "spec" / "activeDeadlineSeconds",
                fmt::format("activeDeadlineSeconds in {} is not Supported",
                            c.kind.id.kind == "Deployment" ? "ReplicaSet" : c.kind.id.kind));
}

bool is_zero_share(const Value& v) {
  return v.is_int() ? v.as_int() == 0 : v.as_string() == "0%";
}

void check_share(Checks& c, const Value& v, const Path& at) {
  if (v.is_string())
    c.invalid(at, v, percent_problems(v.as_string()));
  else
    c.not_negative(at, v);
}
void check_not_over_100(Checks& c, const Value& v, const Path& at) {
  if (!v.is_string() || !percent_problems(v.as_string()).empty()) return;
  auto number = base::parse_int(v.as_string().substr(0, v.as_string().size() - 1));
  if (!number || *number > 100) c.invalid(at, v, "must not be greater than 100%");
}

}  // namespace

void check_deployment_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  c.not_negative(at / "replicas", spec["replicas"]);
  check_selector_and_template(c, spec, before, at, "deployment", true);
  const Value& strategy = spec["strategy"];
  const Value& rolling = strategy["rollingUpdate"];
  Path here = at / "strategy";
  std::string type = strategy["type"].str();
  if (type == "Recreate") {
    if (rolling.is_object())
      c.forbidden(here / "rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
  } else if (type == "RollingUpdate") {
    const Value &unavailable = rolling["maxUnavailable"], &surge = rolling["maxSurge"];
    check_share(c, unavailable, here / "rollingUpdate" / "maxUnavailable");
    check_share(c, surge, here / "rollingUpdate" / "maxSurge");
    if (is_zero_share(unavailable) && is_zero_share(surge))
      c.invalid(here / "rollingUpdate" / "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
    check_not_over_100(c, unavailable, here / "rollingUpdate" / "maxUnavailable");
  } else if (!type.empty()) {
    // Upstream prints its internal struct here.
    base::Cause cause{"FieldValueNotSupported",
                      fmt::format("Unsupported value: {{\"Type\":{},\"RollingUpdate\":{}}}: supported values: "
                                  "\"Recreate\", \"RollingUpdate\"",
                                  value::to_json(strategy["type"]), value::to_json(rolling)),
                      here.str()};
    c.add(std::move(cause));
  }
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  c.not_negative(at / "revisionHistoryLimit", spec["revisionHistoryLimit"]);
  const Value& deadline = spec["progressDeadlineSeconds"];
  if (!deadline.is_null()) {
    c.not_negative(at / "progressDeadlineSeconds", deadline);
    if (deadline.as_int() <= spec["minReadySeconds"].as_int())
      c.invalid(at / "progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
  }
  if (before) c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
}

void check_replica_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  c.not_negative(at / "replicas", spec["replicas"]);
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  check_selector_and_template(c, spec, before, at, "deployment", true);
  if (before) c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
}

void check_daemon_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  check_selector_and_template(c, spec, before, at, "daemonset", true);
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  const Value& strategy = spec["updateStrategy"];
  c.fields(type_named("apps.v1.DaemonSetUpdateStrategy"), strategy, nullptr, at / "updateStrategy");
  if (strategy["type"].as_string() == "RollingUpdate") {
    Path here = at / "updateStrategy" / "rollingUpdate";
    for (std::string_view name : {"maxUnavailable", "maxSurge"})
      check_share(c, strategy["rollingUpdate"][name], here / name);
    bool no_surge = is_zero_share(strategy["rollingUpdate"]["maxSurge"]),
         none = is_zero_share(strategy["rollingUpdate"]["maxUnavailable"]);
    if (no_surge && none) c.required(here / "maxUnavailable", "cannot be 0 when maxSurge is 0");
    if (!no_surge && !none)
      c.invalid(here / "maxSurge", strategy["rollingUpdate"]["maxSurge"],
                "may not be set when maxUnavailable is non-zero");
  }
  c.not_negative(at / "revisionHistoryLimit", spec["revisionHistoryLimit"]);
  if (before) c.unchanged(at / "selector", spec["selector"], (*before)["selector"]);
}

namespace {

// The claims are volumes of the pods, and stand before the others; of two of one name the claim counts.
Value with_claims_as_volumes(const Value& spec) {
  ArrayBuilder volumes;
  std::set<std::string_view> claimed;
  for (const Value& claim : spec["volumeClaimTemplates"].items()) {
    const Value& name = claim["metadata"]["name"];
    if (claimed.insert(name.as_string()).second)
      volumes.push(Value{{"name", name}, {"persistentVolumeClaim", Value{{"claimName", name}}}});
  }
  if (claimed.empty()) return spec;
  for (const Value& volume : spec["template"]["spec"]["volumes"].items())
    if (!claimed.contains(volume["name"].as_string())) volumes.push(volume);
  return spec.with("/template/spec/volumes", volumes.build());
}

void check_stateful_strategy(Checks& c, const Value& strategy, const Path& at) {
  std::string_view type = strategy["type"].as_string();
  const Value& rolling = strategy["rollingUpdate"];
  const Type& shown = type_named("apps.v1.StatefulSetUpdateStrategy");
  if (type == "RollingUpdate") {
    c.not_negative(at / "rollingUpdate" / "partition", rolling["partition"]);
  } else if (type == "OnDelete") {
    if (rolling.is_object())
      c.invalid_printed(at / "rollingUpdate", in_go(*shown.field("rollingUpdate")->type.type, rolling),
                        "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type.empty()) {
    if (strategy.is_object()) c.required(at);
  } else {
    c.invalid_printed(at, in_go(shown, strategy), "must be 'RollingUpdate' or 'OnDelete'");
  }
}

}  // namespace

void check_stateful_set_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  if (std::string_view policy = spec["podManagementPolicy"].as_string("Parallel");
      policy != "OrderedReady" && policy != "Parallel")
    c.invalid(at / "podManagementPolicy", spec["podManagementPolicy"], "must be 'OrderedReady' or 'Parallel'");
  check_stateful_strategy(c, spec["updateStrategy"], at / "updateStrategy");
  for (std::string_view when : {"whenDeleted", "whenScaled"}) {
    const Value& policy = spec["persistentVolumeClaimRetentionPolicy"][when];
    if (!policy.is_null() && policy.as_string() != "Retain" && policy.as_string() != "Delete")
      c.not_supported(at / "persistentVolumeClaimRetentionPolicy" / when, policy, {"Retain", "Delete"});
  }
  c.not_negative(at / "replicas", spec["replicas"]);
  c.not_negative(at / "minReadySeconds", spec["minReadySeconds"]);
  c.not_negative(at / "ordinals" / "start", spec["ordinals"]["start"]);
  if (const Value& service = spec["serviceName"]; !before && !service.as_string().empty())
    c.invalid(at / "serviceName", service, dns_label_problems(service.as_string()));
  const Value& claims = spec["volumeClaimTemplates"];
  if (!before || claims != (*before)["volumeClaimTemplates"])
    for (size_t i = 0; i < claims.size(); ++i)
      check_claim_spec(c, claims[i]["spec"], nullptr, (at / "volumeClaimTemplates")[i] / "spec");
  bool same_template = before && spec["template"].same_node((*before)["template"]);
  // Said twice.
  if (!same_template) c.labels(at / "template" / "labels", spec["template"]["metadata"]["labels"]);
  check_selector_and_template(c, same_template ? spec : with_claims_as_volumes(spec), before, at, "statefulset", true);
  if (!before) return;
  Value same = spec;
  for (std::string_view name : {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                                "persistentVolumeClaimRetentionPolicy", "minReadySeconds"})
    same = before->has(name) ? same.with_member(name, (*before)[name]) : same.without_member(name);
  if (same != *before)
    c.forbidden(at,
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                "'updateStrategy', 'revisionHistoryLimit', "
                "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
}

void check_budget_spec(Checks& c, const Value& spec, const Value*, const Path& at) {
  bool both = !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null();
  if (both) c.invalid(at, spec, "minAvailable and maxUnavailable cannot be both set");
  for (std::string_view name : {"minAvailable", "maxUnavailable"})
    if (!spec[name].is_null()) {
      check_share(c, spec[name], at / name);
      check_not_over_100(c, spec[name], at / name);
    }
  c.label_selector(at / "selector", spec["selector"]);
}

}  // namespace slipway::kinds
