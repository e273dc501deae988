// The pod's status as the kubelet writes it: container statuses, phase, conditions. Pure.
#pragma once

#include <map>
#include <string>

#include "node/pod/decide.h"

namespace slipway::node::pod {

struct Waiting {
  std::string reason, message;
};

// What decide() found out and the status shows.
struct Verdicts {
  std::map<std::string, Waiting> waiting;  // by container name: CrashLoopBackOff, ErrImagePull, ...
  bool sandbox_ready = false;
  std::string sandbox;                    // the current one's id
  bool ended = false;                     // deleted or terminal, and nothing runs any more
  std::string fail_reason, fail_message;  // the node ends the pod: DeadlineExceeded
};

Value make_status(const Seen& seen, const Verdicts& verdicts, WallTime now);

// By name in a containerStatuses list; null when absent.
const Value& find_status(const Value& statuses, std::string_view name);

}  // namespace slipway::node::pod
