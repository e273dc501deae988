// status.operationState: a sync that runs, waits for another try, or has ended (reference/gitops.md 4.10, 4.16). Pure.
#pragma once

#include <optional>

#include "gitops/sync/progress.h"

namespace slipway::gitops {

struct OperationState {
  Value operation;    // a copy of .operation; `retry` is always there
  std::string phase;  // Running, Terminating, Failed, Error, Succeeded
  std::string message;
  std::string started_at, finished_at;  // RFC 3339; finished while running: waits for another try
  int64_t retries = 0;
  std::vector<std::string> revisions;  // one for each source
  Value source;                        // or a list of sources
  TaskResults results;

  bool is_running() const { return phase == "Running" || phase == "Terminating"; }
  bool waits_for_retry() const { return phase == "Running" && !finished_at.empty(); }
  Value value() const;
  static OperationState from(const Value& value);
  // A new one for this .operation.
  static OperationState begin(const Value& operation, WallTime now);
  // The running state belongs to this .operation.
  bool is_of(const Value& operation) const;

  Retry retry() const { return Retry::from(operation["retry"]); }
  // How long a failed operation waits before it is tried again.
  Duration retry_delay() const;
  // Ends it, or lets it wait for another try.
  void end(bool succeeded, std::string_view phase_when_not, std::string text, WallTime now);
};

// status.history with this operation's success on top, at most `limit` entries.
Value with_history(const Value& history, const OperationState& state, int64_t limit);

}  // namespace slipway::gitops
