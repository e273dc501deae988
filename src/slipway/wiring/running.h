// Which Slipway uses a data directory: a lock held while it runs, and a file that says how to reach it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/world.h"
#include "value/value.h"

namespace slipway::wiring {

struct Running {
  int pid = 0;
  std::string url, kubeconfig, containerd_socket, pod_cidr;
  bool own_containerd = true;
};

// Takes the directory. Error: conflict, naming the process that has it and the way out.
Result<std::unique_ptr<runtime::FileLock>> take_data_directory(World& world, const std::string& data);
// The process that has taken it, 0 when that cannot be told; nothing when none has. What `up` wrote names one that may
// have died, and its number may be somebody else's by now.
std::optional<int> holder_of(World& world, const std::string& data);
// A machine has one bridge, one set of rules and one cluster DNS: it runs the containers of one data directory at a
// time, stopped Slipways included, since their containers go on. Known by a file under /run, so a reboot frees the
// machine. Error: conflict, naming the other directory and the way out.
Result<> claim_machine(World& world, const std::string& data);
void free_machine(World& world, const std::string& data);  // when no container is left; nothing when it is another's

std::string own_socket(const std::string& data);  // of the containerd that we start
// Whether it may run: whoever ends it removes its pid file.
bool noted_containerd(World& world, const std::string& data);

Result<> write_running(World& world, const std::string& data, const Running& running);
// What the last `up` wrote; nothing when none did.
std::optional<Running> read_running(World& world, const std::string& data);
// What there is to stop: what was written, and the containers of one that could not write it, or of an earlier one.
std::optional<Running> what_ran(World& world, const std::string& data);

}  // namespace slipway::wiring
