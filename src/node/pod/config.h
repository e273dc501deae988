// From a pod's specification to what the runtime is asked for: sandbox, container, DNS, hosts file. Pure.
#pragma once

#include <map>
#include <string>

#include "node/agent.h"
#include "node/env.h"
#include "node/pod_runtime.h"

namespace slipway::node::pod {

std::string pod_directory(const NodeOptions& options, const Value& pod);  // <data>/pods/<uid>
std::string log_root(const NodeOptions& options);
std::string log_directory(const NodeOptions& options, const Value& pod);  // <log>/<ns>_<name>_<uid>

SandboxConfig sandbox_config(const NodeOptions& options, const Value& pod, uint32_t attempt,
                             std::string_view host_resolv_conf);

struct ContainerInputs {
  EnvInputs values;
  std::map<std::string, std::string> volumes;  // name to host path
  uint32_t restart_count = 0;
  ImageInfo image;
  std::string image_ref;
};
// Errors become CreateContainerConfigError, with the kubelet's words.
Result<ContainerConfig> container_config(const NodeOptions& options, const ContainerInputs& in);

// What nameservers a pod asks, by dnsPolicy and dnsConfig. Nothing: the machine's resolv.conf as it is.
std::optional<DnsConfig> dns_config(const NodeOptions& options, const Value& pod, std::string_view host_resolv_conf);
std::string hosts_file(const Value& pod, const std::vector<std::string>& pod_ips, const std::string& hostname,
                       std::string_view host_file, const std::string& cluster_domain);
std::string hostname_of(const Value& pod);

// Files of ours that are mounted into a container.
std::string hosts_path(const NodeOptions& options, const Value& pod);
std::string termination_path(const NodeOptions& options, const Value& pod, std::string_view container,
                             uint32_t restart_count);

}  // namespace slipway::node::pod
