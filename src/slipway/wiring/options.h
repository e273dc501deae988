// What `slipway up` was told, checked before anything is touched.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace slipway::wiring {

enum class NodeKind { containerd, simulated, none };

struct UpOptions {
  std::string data;               // absolute
  std::string listen;             // "127.0.0.1:6443"
  size_t connections_max = 2000;  // to the API, at once; over it the longest idle one is closed
  std::string kubeconfig;         // where to write ours
  std::string cluster;            // a kubeconfig: drive that cluster instead of an embedded one
  std::string repository, path, revision;
  NodeKind node = NodeKind::containerd;
  std::string containerd_socket;
  std::string pod_cidr, service_cidr;
  std::vector<std::pair<std::string, std::string>> mirrors;
  bool plain = false;  // lines instead of the live view
};
// Errors: bad_request, naming the way out.
Result<UpOptions> read_up_options(World& world, const cli::Invocation& said);

// The options of `up`, and of whatever else takes a data directory.
std::vector<cli::Option> up_option_list();
inline const cli::Option data_option{"--data", "DIR", "where everything is kept", "/var/lib/slipway"};

}  // namespace slipway::wiring
