// How commands reach a cluster: --kubeconfig, else the Slipway of --data, else $KUBECONFIG, else the Slipway of this
// machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/kubeconfig.h"
#include "cli/command.h"
#include "cluster/cluster.h"
#include "runtime/http.h"
#include "sources/repositories.h"

namespace slipway::cli {

inline const Option kubeconfig_option{"--kubeconfig", "FILE",
                                      "the cluster to talk to ($KUBECONFIG, else the Slipway of this machine)"};
inline const Option data_option{"--data", "DIR", "the Slipway that is kept there"};
inline const Option namespace_option{"--namespace", "NS", "the namespace", "", false, 'n'};
inline const Option clones_option{"--data", "DIR",
                                  "where clones are kept (else ~/.cache/slipway, as root /var/lib/slipway); a Slipway "
                                  "that is kept there is the one to talk to"};
inline const Option json_option{"--json", "", "an object instead of a table"};

// Where the Slipway of a data directory wrote its kubeconfig.
std::string kubeconfig_of(World& world, const std::string& data);

// Those that $KUBECONFIG lists, absolute, there or not.
std::vector<std::string> kubeconfigs_of_environment();
// Errors name the file, and what to do when there is none.
Result<apiserver::Connection> find_connection(World& world, const Invocation& said);
Task<Result<std::unique_ptr<cluster::Cluster>>> connect(World& world, Invocation said);
// For commands with clones_option: what to connect with. Where only clones are kept, --data says nothing of a cluster.
Invocation to_connect(World& world, Invocation said);
// For what a Cluster does not speak: logs and streams.
std::unique_ptr<runtime::HttpClient> http_client(World& world, const apiserver::Connection& connection);

// Where the command's own clones of remote repositories go: absolute, and writable for who asks.
std::string clones_directory(const Invocation& said);
// Repositories for one comparison, with the credentials that the cluster holds and lets the user read; where it has
// none for a URL, as the user's own git would reach it.
Task<std::unique_ptr<sources::Repositories>> repositories_of(World& world, Invocation said, cluster::Cluster& cluster);
// "web-1", "pod/web-1" and "pods/web-1" name a pod. Error: bad_request for anything else with a slash.
Result<std::string> pod_named(const std::string& word);

}  // namespace slipway::cli
