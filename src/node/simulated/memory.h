// What a simulated machine remembers over a restart of this program, as containerd would: its sandboxes, containers and
// images, as one JSON file.
#pragma once

#include <map>
#include <set>
#include <string>

#include "node/pod_runtime.h"
#include "value/value.h"

namespace slipway::node::simulated {

struct SimContainer : ContainerStatus {
  bool ends_by_itself = false, ignores_stop = false;
  uint64_t timer = 0;  // of its own end; 0: none
};

struct Memory {
  int addresses = 0;  // given out so far
  std::set<std::string> images;
  std::map<std::string, SandboxStatus> sandboxes;
  std::map<std::string, SimContainer> containers;
};

Value to_value(const Memory& memory);
// Members that are missing or of a wrong type are taken for nothing: the pods then start again.
Memory memory_from(const Value& value);

}  // namespace slipway::node::simulated
