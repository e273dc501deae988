// ResourceQuotas: resources that can be counted, and scopes that fit them and one another.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"
#include "kinds/resource_names.h"
#include "value/json.h"

namespace slipway::kinds {

namespace {

constexpr std::array of_pods = {"pods",          "cpu",          "memory",         "limits.cpu",
                                "limits.memory", "requests.cpu", "requests.memory"};
constexpr std::array of_claims = {"persistentvolumeclaims", "requests.storage"};
constexpr std::array scopes = {
    "BestEffort",  "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass",
    "Terminating", "VolumeAttributesClass"};

bool is_among(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}
bool is_quota_resource(std::string_view name) {
  return is_standard_resource(name) && name != "storage";
}

bool fits(std::string_view scope, std::string_view resource) {
  if (scope == "BestEffort") return resource == "pods";
  if (scope == "VolumeAttributesClass") return is_among(of_claims, resource);
  return !is_among(scopes, scope) || is_among(of_pods, resource);
}

void check_amounts(Checks& c, const Value& amounts, const Path& at) {
  for (const auto& [key, amount] : amounts.members()) {
    std::string_view name = key.view();
    Path here = at.key(name);
    c.invalid(here, Value(key), resource_problems(name));
    if (name.find('/') == name.npos && !is_quota_resource(name))
      c.invalid(here, Value(key), "must be a standard resource for quota");
    auto quantity = Quantity::parse(amount.as_string());
    if (!quantity) continue;
    if (quantity->nano < 0) c.invalid(here, amount, "must be greater than or equal to 0");
    if (is_integer_resource(name) && quantity->nano % 1'000'000'000 != 0) c.invalid(here, amount, "must be an integer");
  }
}

// `shown`: what is wrong as a whole, as it is printed.
void check_fit(Checks& c, std::string_view scope, const Value& hard, const std::string& shown, const Path& at) {
  for (const auto& [key, amount] : hard.members())
    if (is_quota_resource(key.view()) && !fits(scope, key.view()))
      c.invalid_printed(at, shown, "unsupported scope applied to resource");
}

void check_conflicts(Checks& c, const std::vector<std::string>& all, const Value& shown, const Path& at) {
  auto has = [&](std::string_view scope) { return is_among(all, scope); };
  for (std::string_view scope : {"BestEffort", "Terminating"})
    if (has(scope) && has(fmt::format("Not{}", scope))) c.invalid(at, shown, "conflicting scopes");
}

void check_requirement(Checks& c, const Value& requirement, const Value& spec, const Path& at) {
  std::string scope = requirement["scopeName"].str(), op = requirement["operator"].str();
  if (!is_among(scopes, scope)) c.invalid(at / "scopeName", scope, "unsupported scope");
  check_fit(c, scope, spec["hard"], in_go(type_named("core.v1.ScopeSelector"), spec["scopeSelector"]), at);
  bool of_values = scope == "PriorityClass" || scope == "VolumeAttributesClass" || !is_among(scopes, scope);
  if (!of_values && op != "Exists")
    c.invalid(at / "operator", op,
              "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
              "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
              "ResourceQuotaScopeCrossNamespacePodAffinity");
  const Value& values = requirement["values"];
  if (op == "In" || op == "NotIn") {
    if (values.empty())
      c.required(at / "values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!values.empty())
      c.invalid(at / "values", values,
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  } else {
    c.invalid(at / "operator", op, "not a valid selector operator");
  }
}

}  // namespace

void check_quota_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  check_amounts(c, spec["hard"], at / "hard");
  std::vector<std::string> named, selected;
  for (const Value& scope : spec["scopes"].items()) {
    if (!is_among(scopes, scope.as_string())) c.invalid(at / "scopes", spec["scopes"], "unsupported scope");
    check_fit(c, scope.as_string(), spec["hard"], value::to_json(spec["scopes"]), at / "scopes");
    named.push_back(scope.str());
  }
  check_conflicts(c, named, spec["scopes"], at / "scopes");
  Path selector_at = at / "scopeSelector" / "matchExpressions";
  for (const Value& requirement : spec["scopeSelector"]["matchExpressions"].items()) {
    check_requirement(c, requirement, spec, selector_at);
    selected.push_back(requirement["scopeName"].str());
  }
  check_conflicts(c, selected, spec["scopes"], selector_at);
  if (!before) return;
  std::vector<std::string> named_before;
  for (const Value& scope : (*before)["scopes"].items()) named_before.push_back(scope.str());
  for (auto* list : {&named, &named_before}) {
    std::ranges::sort(*list);
    list->erase(std::ranges::unique(*list).begin(), list->end());
  }
  if (named != named_before) c.invalid(at / "scopes", spec["scopes"], "field is immutable");
}

void check_quota_status(Checks& c, const Value& status, const Value*, const Path& at) {
  check_amounts(c, status["hard"], at / "hard");
  check_amounts(c, status["used"], at / "used");
}

}  // namespace slipway::kinds
