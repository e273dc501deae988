#include "cluster/embedded/admission/limits.h"

#include <algorithm>

#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "kinds/pod_resources.h"

namespace slipway::cluster {

namespace {

constexpr std::string_view annotation = "/metadata/annotations/kubernetes.io~1limit-ranger";

// The same for each of what a LimitRange speaks of: an amount that is enforced beside what was found.
struct Found {
  std::string_view type, resource;
  kinds::Quantity enforced;
  const kinds::Resources &requests, &limits;

  const kinds::Quantity* request() const { return of(requests); }
  const kinds::Quantity* limit() const { return of(limits); }
  const kinds::Quantity* of(const kinds::Resources& list) const {
    auto there = list.find(resource);
    return there == list.end() ? nullptr : &there->second;
  }
};

std::string minimum(const Found& f) {
  std::string text = fmt::format("minimum {} usage per {} is {}", f.resource, f.type, f.enforced.canonical());
  if (!f.request()) return text + ".  No request is specified";
  if (f.request()->nano < f.enforced.nano) return text + ", but request is " + f.request()->canonical();
  if (f.limit() && f.limit()->nano < f.enforced.nano) return text + ", but limit is " + f.limit()->canonical();
  return {};
}

// Claims know no limits: what is asked for counts.
std::string maximum_request(const Found& f) {
  std::string text = fmt::format("maximum {} usage per {} is {}", f.resource, f.type, f.enforced.canonical());
  if (!f.request()) return text + ".  No request is specified";
  return f.request()->nano > f.enforced.nano ? text + ", but request is " + f.request()->canonical() : "";
}

std::string maximum(const Found& f) {
  std::string text = fmt::format("maximum {} usage per {} is {}", f.resource, f.type, f.enforced.canonical());
  if (!f.limit()) return text + ".  No limit is specified";
  if (f.limit()->nano > f.enforced.nano) return text + ", but limit is " + f.limit()->canonical();
  if (f.request() && f.request()->nano > f.enforced.nano) return text + ", but request is " + f.request()->canonical();
  return {};
}

std::string ratio(const Found& f) {
  std::string text =
      fmt::format("{} max limit to request ratio per {} is {}, but ", f.resource, f.type, f.enforced.canonical());
  if (!f.request() || f.request()->nano == 0) return text + "no request is specified or request is 0";
  if (!f.limit() || f.limit()->nano == 0) return text + "no limit is specified or limit is 0";
  double provided = static_cast<double>(f.limit()->nano) / static_cast<double>(f.request()->nano);
  bool too_high = provided > static_cast<double>(f.enforced.nano) / 1e9;
  return too_high ? text + fmt::format("provided ratio is {:f}", provided) : "";
}

struct Constraint {
  std::string_view member;
  std::string (*problem)(const Found&);
};
constexpr Constraint of_pods[] = {{"min", minimum}, {"max", maximum}, {"maxLimitRequestRatio", ratio}};
constexpr Constraint of_claims[] = {{"min", minimum}, {"max", maximum_request}};

void check(std::vector<std::string>& problems, std::span<const Constraint> constraints, const Value& item,
           const kinds::Resources& requests, const kinds::Resources& limits) {
  for (const Constraint& constraint : constraints)
    for (const auto& [resource, amount] : kinds::resources_of(item[constraint.member])) {
      std::string problem = constraint.problem({item["type"].as_string(), resource, amount, requests, limits});
      bool new_one = !problem.empty() && std::ranges::find(problems, problem) == problems.end();
      if (new_one) problems.push_back(std::move(problem));
    }
}

// Fills in what is absent; the names of what was, for the annotation.
std::string fill(Value& list, const kinds::Resources& defaults) {
  std::vector<std::string> names;
  std::vector<value::Member> more;
  for (const auto& [name, amount] : defaults) {
    if (list.has(name)) continue;
    names.push_back(name);
    more.push_back({name, amount.canonical()});
  }
  if (!more.empty()) list = (list.is_object() ? list : Value::object()).with_members(std::move(more));
  return base::join(names, ", ");
}

}  // namespace

Value with_limit_defaults(const Value& limit_range, const Value& pod) {
  kinds::Resources requests, limits;
  for (const Value& item : limit_range["spec"]["limits"].items()) {
    if (item["type"].as_string() != "Container") continue;
    for (auto& [name, amount] : kinds::resources_of(item["defaultRequest"])) requests.insert_or_assign(name, amount);
    for (auto& [name, amount] : kinds::resources_of(item["default"])) limits.insert_or_assign(name, amount);
  }
  if (requests.empty() && limits.empty()) return pod;
  Value changed = pod;
  std::vector<std::string> notes;
  for (std::string_view list : {"containers", "initContainers"}) {
    if (!pod["spec"].has(list)) continue;
    ArrayBuilder containers;
    for (Value container : pod["spec"][list].items()) {
      Value asked = container["resources"]["requests"], limited = container["resources"]["limits"];
      std::string whose =
          fmt::format("{}container {}", list == "containers" ? "" : "init ", container["name"].as_string());
      std::string new_limits = fill(limited, limits), new_requests = fill(asked, requests);
      if (!new_requests.empty()) {
        container = container.with("/resources/requests", asked);
        notes.push_back(fmt::format("{} request for {}", new_requests, whose));
      }
      if (!new_limits.empty()) {
        container = container.with("/resources/limits", limited);
        notes.push_back(fmt::format("{} limit for {}", new_limits, whose));
      }
      containers.push(std::move(container));
    }
    changed = changed.with(fmt::format("/spec/{}", list), containers.build());
  }
  if (notes.empty()) return pod;
  return changed.with(annotation, "LimitRanger plugin set: " + base::join(notes, "; "));
}

std::vector<std::string> limit_problems(const Value& limit_range, const Value& object) {
  std::vector<std::string> problems;
  bool is_pod = object["kind"].as_string() == "Pod";
  for (const Value& item : limit_range["spec"]["limits"].items()) {
    std::string_view type = item["type"].as_string();
    if (!is_pod) {
      if (type == "PersistentVolumeClaim")
        check(problems, of_claims, item, kinds::resources_of(object["spec"]["resources"]["requests"]), {});
    } else if (type == "Pod") {
      check(problems, of_pods, item, kinds::pod_resources(object, "requests"), kinds::pod_resources(object, "limits"));
    } else if (type == "Container") {
      for (std::string_view list : {"containers", "initContainers"})
        for (const Value& container : object["spec"][list].items())
          check(problems, of_pods, item, kinds::resources_of(container["resources"]["requests"]),
                kinds::resources_of(container["resources"]["limits"]));
    }
  }
  return problems;
}

std::vector<Value> LimitAdmission::limit_ranges(const std::string& ns) const {
  auto listed = store_.list({.resource = "limitranges", .ns = ns});
  return listed ? std::move(listed->items) : std::vector<Value>();
}

namespace {

// New pods (their containers never change) and claims, but none on its way out.
bool is_limited(const Admission::Request& request) {
  if (!request.kind.id.group.empty() || !request.write.subresource.empty()) return false;
  if (request.kind.id.kind == "Pod") return request.before.is_null();
  return request.kind.id.kind == "PersistentVolumeClaim" && !is_deleting(request.before);
}

}  // namespace

Value LimitAdmission::with_defaults(const Admission::Request& request, Value object) const {
  if (!is_limited(request) || request.kind.id.kind != "Pod") return object;
  Value before = object;
  for (const Value& limit_range : limit_ranges(request.write.key.ns)) object = with_limit_defaults(limit_range, object);
  return object.same_node(before) ? object : with_quality(std::move(object));
}

Result<> LimitAdmission::check(const Admission::Request& request, const Value& object, std::string_view name) const {
  if (object.is_null() || !is_limited(request)) return {};
  for (const Value& limit_range : limit_ranges(request.write.key.ns)) {
    std::vector<std::string> problems = limit_problems(limit_range, object);
    if (problems.empty()) continue;
    std::string all = base::join(problems, ", ");
    return refused(request.kind, name, problems.size() > 1 ? "[" + all + "]" : all);
  }
  return {};
}

}  // namespace slipway::cluster
