#include "workloads/pods.h"

#include <algorithm>

#include "base/time.h"

namespace slipway::workloads {

bool is_terminating(const Value& object) {
  return !object["metadata"]["deletionTimestamp"].is_null();
}

bool is_active(const Value& pod) {
  auto phase = pod["status"]["phase"].as_string();
  return phase != "Succeeded" && phase != "Failed" && !is_terminating(pod);
}

static const Value& ready_condition(const Value& pod) {
  static const Value none;
  for (const Value& condition : pod["status"]["conditions"].items()) {
    if (condition["type"].as_string() == "Ready") return condition;
  }
  return none;
}

bool is_ready(const Value& pod) {
  return ready_condition(pod)["status"].as_string() == "True";
}

bool is_available(const Value& pod, int64_t min_ready_seconds, WallTime now, Duration* wait) {
  if (!is_ready(pod)) return false;
  if (min_ready_seconds == 0) return true;
  auto since = base::parse_rfc3339(ready_condition(pod)["lastTransitionTime"].as_string());
  if (!since) return false;
  if (*since > now + 1s) return true;  // the clock went back: nobody knows for how long it has been ready
  Duration missing = *since + std::chrono::seconds(min_ready_seconds) - now;
  if (missing <= Duration::zero()) return true;
  if (wait) *wait = *wait == Duration::zero() ? missing : std::min(*wait, missing);
  return false;
}

bool is_controlled_by(const Value& object, const Value& owner) {
  const Value& controller = kinds::controller_of(object);
  return !controller.is_null() && controller["uid"].as_string() == kinds::uid_of(owner);
}

Value controller_reference(const Value& owner) {
  return Value{{"apiVersion", owner["apiVersion"]}, {"kind", owner["kind"]}, {"name", owner["metadata"]["name"]},
               {"uid", owner["metadata"]["uid"]},   {"controller", true},    {"blockOwnerDeletion", true}};
}

Value adopting_patch(const Value& object, const Value& owner) {
  const Value& before = object["metadata"]["ownerReferences"];
  std::vector<Value> owners(before.items().begin(), before.items().end());
  owners.push_back(controller_reference(owner));
  return Value{{"metadata", Value{{"ownerReferences", Value::array(owners)}, {"uid", object["metadata"]["uid"]}}}};
}

int64_t restarts(const Value& pod) {
  int64_t most = 0;
  for (const Value& status : pod["status"]["containerStatuses"].items()) {
    most = std::max(most, status["restartCount"].as_int());
  }
  return most;
}

}  // namespace slipway::workloads
