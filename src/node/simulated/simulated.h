// PodRuntime without containers: sandboxes and containers live their lives on the World's time. Containers run until
// they are stopped; those that are meant to end by themselves (init containers, pods that do not restart) end well
// after a moment. Failures are made on request. The same pod state machine stands on it, so that everything above
// cannot tell.
//
// With a file it remembers what runs over a restart of this program, as containerd does; without, pods start again.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "node/pod_runtime.h"
#include "runtime/world.h"

namespace slipway::node::simulated {

struct SimulatedOptions {
  Duration pull_time = 50ms, sandbox_time = 20ms, start_time = 10ms, run_time = 300ms;
  // As with containerd, whose lists know of an end a while after its event: how long, and how long a list takes.
  Duration lists_lag{}, list_time{};
  std::string pod_network = "10.42.0";  // addresses are <pod_network>.2 to .254, then the next /24
  std::string file;                     // of its memory; empty: none
  // The node prepares files (volumes, hosts, logs) and runs probes as it does for real containers.
  bool as_real = false;
  // Asked for each pull: an error makes it fail with that message.
  std::function<std::optional<Error>(const std::string& image)> pull_fault;
};

class SimulatedRuntime : public PodRuntime {
 public:
  // What tests and demonstrations do to it. False: there is no such running container.
  virtual bool end_container(std::string pod, std::string container, int exit_code, std::string reason = "") = 0;
  virtual void kill_sandbox(std::string pod) = 0;            // as a reboot of the machine does
  virtual void set_answering(bool answering) = 0;            // false: every call is unavailable
  virtual void set_hanging(bool hanging) = 0;                // no call is answered before it is false again
  virtual void add_image(std::string image) = 0;             // present without a pull
  virtual uint64_t asked() const = 0;                        // calls so far
  virtual void set_ignores_stop(std::string container) = 0;  // SIGTERM is not heard: only SIGKILL ends it
};

std::unique_ptr<SimulatedRuntime> create(World& world, SimulatedOptions options = {});

}  // namespace slipway::node::simulated
