#include "base/text.h"
#include "gitops/health/rules.h"

namespace slipway::gitops {

namespace {

bool is_fault(std::string_view reason) {
  return reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
}

// Init containers first: they are what a pod waits for first.
std::vector<const Value*> container_statuses(const Value& pod) {
  std::vector<const Value*> all;
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Value& status : pod["status"][list].items()) all.push_back(&status);
  }
  return all;
}

std::string failure_of(const Value& pod) {
  if (!pod["status"]["message"].as_string().empty()) return pod["status"]["message"].str();
  for (const Value* container : container_statuses(pod)) {
    const Value& ended = (*container)["state"]["terminated"];
    if (ended.is_null()) continue;
    if (!ended["message"].as_string().empty()) return ended["message"].str();
    if (ended["reason"].as_string() == "OOMKilled") return "OOMKilled";
    if (int64_t code = ended["exitCode"].as_int(); code != 0) {
      return fmt::format("container \"{}\" failed with exit code {}", (*container)["name"].as_string(), code);
    }
  }
  return "";
}

}  // namespace

Health pod_health(const Value& pod) {
  const Value& meta = pod["metadata"];
  std::string_view restart = pod["spec"]["restartPolicy"].as_string("Always");
  bool hook = meta["annotations"].has("argocd.argoproj.io/hook");
  bool ignores_restart = meta["annotations"]["argocd.argoproj.io/ignore-restart-policy"].as_string() == "true" && !hook;
  if (restart == "Always" || ignores_restart) {
    std::vector<std::string> messages;
    HealthStatus status = HealthStatus::none;
    for (const Value* container : container_statuses(pod)) {
      const Value& waiting = (*container)["state"]["waiting"];
      if (waiting.is_null() || !is_fault(waiting["reason"].as_string())) continue;
      status = HealthStatus::degraded;
      messages.push_back(waiting["message"].str());
    }
    if (status == HealthStatus::degraded) return {status, base::join(messages, ", ")};
  }
  std::string_view phase = pod["status"]["phase"].as_string();
  std::string message = pod["status"]["message"].str();
  if (phase == "Pending") return {HealthStatus::progressing, message};
  if (phase == "Succeeded") return {HealthStatus::healthy, message};
  if (phase == "Failed") return {HealthStatus::degraded, failure_of(pod)};
  if (phase != "Running") return {HealthStatus::unknown, message};
  if (restart != "Always") return {HealthStatus::progressing, message};
  for (const Value& c : pod["status"]["conditions"].items()) {
    if (c["type"].as_string() == "Ready" && c["status"].as_string() == "True") return {HealthStatus::healthy, message};
  }
  for (const Value& status : pod["status"]["containerStatuses"].items()) {
    if (!status["lastState"]["terminated"].is_null()) return {HealthStatus::degraded, message};
  }
  return {HealthStatus::progressing, message};
}

std::string stuck_pods(std::span<const Value> pods) {
  constexpr size_t named_max = 3;
  std::vector<std::string> texts;
  size_t more = 0;
  for (const Value& pod : pods) {
    for (const Value& c : pod["status"]["conditions"].items()) {
      if (c["reason"].as_string() != "Unschedulable" || c["status"].as_string() == "True") continue;
      if (texts.size() == named_max) {
        ++more;
        continue;
      }
      texts.push_back(
          fmt::format("pod {}: Unschedulable: {}", pod["metadata"]["name"].as_string(), c["message"].as_string()));
    }
    for (const Value* container : container_statuses(pod)) {
      const Value& waiting = (*container)["state"]["waiting"];
      if (!is_fault(waiting["reason"].as_string())) continue;
      if (texts.size() == named_max) {
        ++more;
        break;
      }
      std::string message = waiting["message"].str();
      texts.push_back(fmt::format("pod {}: container {}: {}{}{}", pod["metadata"]["name"].as_string(),
                                  (*container)["name"].as_string(), waiting["reason"].as_string(),
                                  message.empty() ? "" : ": ", message));
      break;  // one word a pod
    }
  }
  std::string text = base::join(texts, "; ");
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

}  // namespace slipway::gitops
