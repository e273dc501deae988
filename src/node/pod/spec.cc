#include "node/pod/spec.h"

#include "base/text.h"
#include "base/timestamp.h"
#include "kinds/object.h"
#include "kinds/pod_resources.h"
#include "value/json.h"

namespace slipway::node::pod {

std::vector<ContainerSpec> containers_of(const Value& pod) {
  std::vector<ContainerSpec> list;
  for (const Value& c : pod["spec"]["initContainers"].items())
    list.push_back({&c, c["restartPolicy"].as_string() == "Always" ? Role::sidecar : Role::init});
  for (const Value& c : pod["spec"]["containers"].items()) list.push_back({&c, Role::main});
  return list;
}

RestartPolicy restart_policy(const Value& pod) {
  std::string_view text = pod["spec"]["restartPolicy"].as_string();
  return text == "Never"       ? RestartPolicy::never
         : text == "OnFailure" ? RestartPolicy::on_failure
                               : RestartPolicy::always;
}

bool restarts_after(const Value& pod, const ContainerSpec& container, int exit_code) {
  if (container.role == Role::sidecar) return true;
  std::string_view own = (*container.spec)["restartPolicy"].as_string();
  if (own == "Always") return true;
  if (own == "Never") return false;
  if (own == "OnFailure") return exit_code != 0;
  switch (restart_policy(pod)) {
    case RestartPolicy::always:
      return container.role == Role::main || exit_code != 0;
    case RestartPolicy::on_failure:
      return exit_code != 0;
    case RestartPolicy::never:
      return false;
  }
  return false;
}

bool is_deleted(const Value& pod) {
  return !pod["metadata"]["deletionTimestamp"].is_null();
}

bool is_terminal(const Value& pod) {
  std::string_view phase = pod["status"]["phase"].as_string();
  return phase == "Succeeded" || phase == "Failed";
}

bool on_host_network(const Value& pod) {
  return pod["spec"]["hostNetwork"].as_bool();
}

std::string describe(const Value& pod) {
  return fmt::format("{}_{}({})", kinds::name_of(pod), kinds::namespace_of(pod), kinds::uid_of(pod));
}

Duration grace_period(const Value& pod) {
  const Value& asked = pod["metadata"]["deletionGracePeriodSeconds"];
  if (asked.is_number()) return base::whole_seconds(asked.as_int());
  return base::whole_seconds(pod["spec"]["terminationGracePeriodSeconds"].as_int(30));
}

std::string container_hash(const Value& container) {
  // FNV-1a over the canonical JSON: it must only tell "the same" from "changed", across restarts of this program
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : value::to_json(container.without_member("resources")))
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

std::string qos_class(const Value& pod) {
  const Value& said = pod["status"]["qosClass"];
  return said.is_string() ? said.str() : std::string(kinds::quality_of(pod));
}

}  // namespace slipway::node::pod
