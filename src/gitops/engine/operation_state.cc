#include "gitops/engine/operation_state.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::gitops {

namespace {

Value with_retry(const Value& operation) {
  return operation["retry"].is_object() ? operation : operation.with_member("retry", Value::object());
}

// "10:07AM", as a person reads it; UTC.
std::string clock(WallTime at) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  int64_t minutes = (seconds / 60) % (24 * 60), hours = minutes / 60;
  return fmt::format("{}:{:02}{}", hours % 12 == 0 ? 12 : hours % 12, minutes % 60, hours < 12 ? "AM" : "PM");
}

}  // namespace

OperationState OperationState::begin(const Value& operation, WallTime now) {
  OperationState state;
  state.operation = with_retry(operation);
  state.phase = "Running";
  state.started_at = base::format_rfc3339(now);
  return state;
}

bool OperationState::is_of(const Value& other) const {
  return operation == with_retry(other);
}

Value OperationState::value() const {
  ObjectBuilder state;
  state.set("operation", operation).set("phase", phase).set_unless_empty("message", readable(message));
  state.set("startedAt", started_at).set_unless_empty("finishedAt", finished_at);
  state.set_unless_empty("retryCount", retries);
  ObjectBuilder result;
  set_revisions(result, source, revisions);
  set_source(result, source);
  ArrayBuilder list;
  for (const TaskResult& r : results) list.push(r.value());
  if (list.size() > 0) result.set("resources", list.build());
  state.set("syncResult", result.build());
  return state.build();
}

OperationState OperationState::from(const Value& value) {
  OperationState state;
  state.operation = value["operation"];
  state.phase = value["phase"].str();
  state.message = value["message"].str();
  state.started_at = value["startedAt"].str();
  state.finished_at = value["finishedAt"].str();
  state.retries = value["retryCount"].as_int();
  state.revisions = revisions_of(value["syncResult"]);
  state.source = source_of(value["syncResult"]);
  for (const Value& r : value["syncResult"]["resources"].items()) state.results.set(TaskResult::from(r));
  return state;
}

Duration OperationState::retry_delay() const {
  return retry().delay_after(std::max<int64_t>(retries - 1, 0));
}

void OperationState::end(bool succeeded, std::string_view phase_when_not, std::string text, WallTime now) {
  finished_at = base::format_rfc3339(now);
  if (succeeded) {
    phase = "Succeeded";
    message = std::move(text);
    return;
  }
  Retry policy = retry();
  bool dry = operation["sync"]["dryRun"].as_bool();
  bool again = phase != "Terminating" && !dry && (policy.limit < 0 || retries < policy.limit);
  if (again) {
    ++retries;
    phase = "Running";
    message = fmt::format("{}. Retrying attempt #{} at {}.", text, retries, clock(now + retry_delay()));
    return;
  }
  phase = phase_when_not;
  message = retries > 0 ? fmt::format("{} (retried {} times).", text, retries) : std::move(text);
}

Value with_history(const Value& history, const OperationState& state, int64_t limit) {
  std::vector<Value> entries(history.items().begin(), history.items().end());
  int64_t id = entries.empty() ? 0 : entries.back()["id"].as_int() + 1;
  ObjectBuilder entry;
  entry.set("id", id);
  set_revisions(entry, state.source, state.revisions);
  set_source(entry, state.source);
  entry.set("deployStartedAt", state.started_at).set("deployedAt", state.finished_at);
  entry.set("initiatedBy",
            state.operation["initiatedBy"].is_object() ? state.operation["initiatedBy"] : Value::object());
  entries.push_back(entry.build());
  size_t most = static_cast<size_t>(std::clamp<int64_t>(limit, 0, 1000));
  if (entries.size() > most) entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(most));
  return Value::array(std::move(entries));
}

}  // namespace slipway::gitops
