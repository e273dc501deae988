// The pod state machine's pure middle: from the pod's object, what the runtime has of it and what this process
// remembers, to the next steps and the status to write. Nothing here waits; everything it needs is in Seen.
//
// Semantics: the kubelet's of Kubernetes 1.35 (reference/cluster.md 2.2).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/pod/spec.h"
#include "node/pod_runtime.h"

namespace slipway::node::pod {

enum class Verdict { unknown, success, failure };
struct ProbeResults {  // of one container id
  Verdict startup = Verdict::unknown, readiness = Verdict::unknown, liveness = Verdict::unknown;
};

// Why a container's last attempt to start failed, and when to try again.
struct StartFailure {
  std::string reason, message;  // "ErrImagePull", the registry's words
  WallTime at, retry_at;
  // A clock that went back behind the failure holds nobody up.
  bool holds(WallTime now) const { return now >= at && now < retry_at; }
};

// The crash back-off of one container name: 10 s doubling to 5 min, forgotten after 10 quiet minutes.
struct CrashBackoff {
  Duration delay{};
  WallTime updated;
};

struct Seen {
  Value pod;
  std::vector<SandboxStatus> sandboxes;          // newest first
  std::vector<ContainerStatus> containers;       // newest first, every attempt that is left
  std::map<std::string, ProbeResults> probes;    // by container id
  std::map<std::string, StartFailure> failures;  // by container name
  std::map<std::string, CrashBackoff> backoffs;  // by container name
  std::optional<StartFailure> sandbox_failure;
  bool stepping = false;                    // a sandbox is being made or containers are being started
  std::map<std::string, WallTime> killing;  // container id: when SIGKILL comes
  std::vector<std::string> host_ips;
  bool probes_pass = false;  // the runtime is simulated: nothing can be probed
};

struct StartContainer {
  std::string name;
  uint32_t restart_count = 0;
  std::optional<CrashBackoff> backoff;  // to remember from now on
};
struct KillContainer {
  std::string id, name;
  std::string message;  // of the Killing event: "Stopping container web"
  Duration grace{};
  int turn = 0;      // containers of a higher turn are told to end after those of lower ones have ended
  bool all = false;  // the pod ends: the whole set is one ordered shutdown
};
struct Notice {  // an Event to record, once for each key
  std::string key, type, reason, message, container;
};

struct Plan {
  std::vector<std::string> drop_sandboxes;  // stop and remove: nothing is left in them
  std::vector<std::string>
      stop_sandboxes;  // the pod has ended: its address is free again, its containers stay for logs
  bool create_sandbox = false;
  uint32_t sandbox_attempt = 0;
  std::vector<StartContainer> start;  // in this order
  std::vector<KillContainer> kill;
  std::vector<std::string> remove_containers;  // old attempts
  bool cancel_step = false;                    // what is being started is not wanted any more
  bool release =
      false;  // nothing runs and nothing will: volumes and sandboxes may go, and the object when it is deleted
  std::vector<Notice> notices;
  Value status;                        // complete; write it when it differs from the pod's
  std::optional<WallTime> look_again;  // when something is due without anything happening
};

Plan decide(const Seen& seen, WallTime now);

}  // namespace slipway::node::pod
