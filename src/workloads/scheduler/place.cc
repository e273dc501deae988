// The scheduler's filters. Source of the rules and of the refusals' texts: kube-scheduler 1.35 (framework plugins).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "workloads/pods.h"
#include "workloads/scheduler/scheduler.h"

namespace slipway::workloads {

namespace {

// Requests by resource; cpu in thousandths, the rest in units.
using Amounts = std::map<std::string, int64_t>;

int64_t amount(std::string_view resource, const Value& quantity) {
  auto parsed = kinds::Quantity::parse(quantity.is_int() ? std::to_string(quantity.as_int()) : quantity.str());
  if (!parsed) return 0;
  return resource == "cpu" ? parsed->milli() : parsed->value();
}

Amounts requests(const Value& pod) {
  Amounts sum, sidecars, init_peak;
  auto of = [](const Value& container) {
    Amounts amounts;
    for (const auto& [resource, quantity] : container["resources"]["requests"].members()) {
      amounts[resource.str()] = amount(resource, quantity);
    }
    return amounts;
  };
  for (const Value& container : pod["spec"]["containers"].items()) {
    for (const auto& [resource, n] : of(container)) sum[resource] += n;
  }
  for (const Value& container : pod["spec"]["initContainers"].items()) {
    bool sidecar = container["restartPolicy"].as_string() == "Always";
    for (const auto& [resource, n] : of(container)) {
      if (sidecar) sidecars[resource] += n;
      int64_t peak = n + (sidecar ? 0 : sidecars[resource]);
      init_peak[resource] = std::max(init_peak[resource], sidecar ? sidecars[resource] : peak);
    }
  }
  for (const auto& [resource, n] : sidecars) sum[resource] += n;
  for (const auto& [resource, n] : init_peak) sum[resource] = std::max(sum[resource], n);
  for (const auto& [resource, quantity] : pod["spec"]["overhead"].members())
    sum[resource.str()] += amount(resource, quantity);
  return sum;
}

bool tolerates(const Value& pod, const Value& taint) {
  for (const Value& t : pod["spec"]["tolerations"].items()) {
    auto effect = t["effect"].as_string();
    if (!effect.empty() && effect != taint["effect"].as_string()) continue;
    auto key = t["key"].as_string();
    if (key.empty() ? t["operator"].as_string() != "Exists" : key != taint["key"].as_string()) continue;
    if (t["operator"].as_string() == "Exists" || t["value"].as_string() == taint["value"].as_string()) return true;
  }
  return false;
}

bool term_matches(const Value& term, const Value& node) {
  if (term["matchExpressions"].empty() && term["matchFields"].empty()) return false;
  auto selector = kinds::Selector::from_label_selector(Value{{"matchExpressions", term["matchExpressions"]}});
  bool greater_less = false;
  for (const Value& e : term["matchExpressions"].items()) {
    auto op = e["operator"].as_string();
    if (op != "Gt" && op != "Lt") continue;
    greater_less = true;
    auto have = base::parse_int(node["metadata"]["labels"][e["key"].as_string()].as_string());
    auto want = base::parse_int(e["values"][0].as_string());
    if (!have || !want || (op == "Gt" ? *have <= *want : *have >= *want)) return false;
  }
  if (greater_less) {
    ArrayBuilder rest;
    for (const Value& e : term["matchExpressions"].items()) {
      auto op = e["operator"].as_string();
      if (op != "Gt" && op != "Lt") rest.push(e);
    }
    selector = kinds::Selector::from_label_selector(Value{{"matchExpressions", rest.build()}});
  }
  if (!selector || !selector->matches(node["metadata"]["labels"])) return false;
  for (const Value& e : term["matchFields"].items()) {
    bool in = std::any_of(e["values"].items().begin(), e["values"].items().end(),
                          [&](const Value& v) { return v.as_string() == kinds::name_of(node); });
    if (in == (e["operator"].as_string() == "NotIn")) return false;
  }
  return true;
}

bool selected(const Value& pod, const Value& node) {
  if (!kinds::Selector::from_map(pod["spec"]["nodeSelector"]).matches(node["metadata"]["labels"])) return false;
  const Value& required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  if (required.is_null()) return true;
  for (const Value& term : required["nodeSelectorTerms"].items()) {
    if (term_matches(term, node)) return true;
  }
  return false;
}

std::vector<std::string> host_ports(const Value& pod) {
  std::vector<std::string> ports;
  for (const Value& container : pod["spec"]["containers"].items()) {
    for (const Value& port : container["ports"].items()) {
      if (port["hostPort"].as_int() == 0) continue;
      ports.push_back(fmt::format("{}/{}/{}", port["hostPort"].as_int(), port["protocol"].as_string("TCP"),
                                  port["hostIP"].as_string("0.0.0.0")));
    }
  }
  return ports;
}

bool ports_clash(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (const auto& x : a) {
    for (const auto& y : b) {
      auto xs = base::split(x, '/'), ys = base::split(y, '/');
      bool same_ip = xs[2] == ys[2] || xs[2] == "0.0.0.0" || ys[2] == "0.0.0.0";
      if (xs[0] == ys[0] && xs[1] == ys[1] && same_ip) return true;
    }
  }
  return false;
}

// Why this node does not do; empty when it does. Several resources may be short at once.
std::vector<std::string> refusals(const Value& pod, const Value& node, const std::vector<const Value*>& there,
                                  int64_t* room) {
  if (node["spec"]["unschedulable"].as_bool() &&
      !tolerates(pod, Value{{"key", "node.kubernetes.io/unschedulable"}, {"effect", "NoSchedule"}})) {
    return {"node(s) were unschedulable"};
  }
  for (const Value& taint : node["spec"]["taints"].items()) {
    auto effect = taint["effect"].as_string();
    if (effect == "PreferNoSchedule" || tolerates(pod, taint)) continue;
    return {
        fmt::format("node(s) had untolerated taint {{{}: {}}}", taint["key"].as_string(), taint["value"].as_string())};
  }
  if (!selected(pod, node)) return {"node(s) didn't match Pod's node affinity/selector"};
  auto mine = host_ports(pod);
  Amounts used;
  for (const Value* other : there) {
    if (!mine.empty() && ports_clash(mine, host_ports(*other))) {
      return {"node(s) didn't have free ports for the requested pod ports"};
    }
    for (const auto& [resource, n] : requests(*other)) used[resource] += n;
  }
  std::vector<std::string> reasons;
  const Value& allocatable = node["status"]["allocatable"];
  if (static_cast<int64_t>(there.size()) + 1 > amount("pods", allocatable["pods"])) reasons.push_back("Too many pods");
  for (const auto& [resource, n] : requests(pod)) {
    if (n > 0 && used[resource] + n > amount(resource, allocatable[resource])) {
      reasons.push_back("Insufficient " + resource);
    }
  }
  *room = amount("cpu", allocatable["cpu"]) - used["cpu"];
  return reasons;
}

}  // namespace

Placement place(const Value& pod, const std::vector<Value>& nodes, const std::vector<Value>& pods) {
  if (nodes.empty()) return {"", "no nodes available to schedule pods"};
  std::map<std::string, int> reasons;
  Placement best;
  int64_t best_room = 0;
  for (const Value& node : nodes) {
    std::vector<const Value*> there;
    for (const Value& other : pods) {
      auto phase = other["status"]["phase"].as_string();
      if (phase == "Succeeded" || phase == "Failed") continue;
      if (other["spec"]["nodeName"].as_string() == kinds::name_of(node)) there.push_back(&other);
    }
    int64_t room = 0;
    auto refused = refusals(pod, node, there, &room);
    for (const auto& reason : refused) ++reasons[reason];
    if (refused.empty() && (best.node.empty() || room > best_room)) {
      best.node = kinds::name_of(node);
      best_room = room;
    }
  }
  if (!best.node.empty()) return best;
  std::vector<std::string> texts;
  for (const auto& [reason, count] : reasons) texts.push_back(fmt::format("{} {}", count, reason));
  std::sort(texts.begin(), texts.end());  // with their counts, as kube-scheduler does
  best.refusal = fmt::format(
      "0/{} nodes are available: {}. preemption: 0/{} nodes are available: {} Preemption is not "
      "helpful for scheduling.",
      nodes.size(), base::join(texts, ", "), nodes.size(), nodes.size());
  return best;
}

}  // namespace slipway::workloads
