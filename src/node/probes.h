// One probe of one container, asked once: httpGet, tcpSocket, exec, grpc; and lifecycle handlers, which are the same
// actions with other words. Thresholds and periods are probe_loop()'s.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "node/pod/decide.h"
#include "node/pod_runtime.h"
#include "reconcile/reconcile.h"
#include "runtime/world.h"

namespace slipway::node {

struct ProbeTarget {
  Value pod, container;
  std::string container_id, ip;  // of the pod; the host's on the host's network
};
struct ProbeAnswer {
  bool passed = false;
  std::string output;  // for the Unhealthy event: `HTTP probe failed with statuscode: 503`
};
// Takes no longer than timeoutSeconds, but for exec: the runtime needs a moment to kill the command, two minutes where
// it hangs. Error: the probe itself could not be tried (unknown port name); canceled.
Task<Result<ProbeAnswer>> probe_once(World& world, PodRuntime& runtime, ProbeTarget target, Value probe);

enum class ProbeKind { startup, readiness, liveness };
struct ProbeLoop {
  ProbeTarget target;
  ProbeKind kind = ProbeKind::readiness;
  Value probe;
  WallTime started;  // of the container
  // Whether startup is over; liveness and readiness wait for it.
  std::function<bool()> has_started;
  std::function<void(pod::Verdict)> report;  // when the verdict changed by its threshold
};
// Asks every periodSeconds until canceled, or until a startup or failed liveness verdict is final for this container.
// Records Unhealthy events.
Task<void> probe_loop(World& world, PodRuntime& runtime, reconcile::EventRecorder& events, ProbeLoop loop);

// postStart or preStop: exec, httpGet, tcpSocket or sleep. The error's message says what failed, without the command's
// output (it may hold secrets).
Task<Result<>> run_handler(World& world, PodRuntime& runtime, ProbeTarget target, Value handler, Duration time_max);

// A port by number or by the container's name for it.
Result<uint16_t> port_of(const Value& port, const Value& container);

}  // namespace slipway::node
