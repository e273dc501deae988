// Our own containerd: Debian's program with a configuration, root, state and sockets of its own under the data
// directory, so that it meets neither Docker's nor anybody else's. It runs in its own session and outlives us: it reads
// the containers' log pipes. The next start adopts it; when it dies it is started again, and containers do not notice.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/pod_runtime.h"
#include "runtime/world.h"

namespace slipway::node {

// What the machine allows; gathered once by read_host_facts().
struct HostFacts {
  bool cgroup_v2 = false;     // unified only; hybrid counts as v1
  bool systemd = false;       // systemd is the first process
  bool may_lower_oom = true;  // CAP_SYS_RESOURCE
  bool apparmor = false;      // enabled in the kernel, and apparmor_parser is there
  bool overlayfs = true;      // the data directory's file system carries overlayfs
};
Result<HostFacts> read_host_facts(World& world);

enum class CgroupDriver { cgroupfs, systemd };
CgroupDriver cgroup_driver(const HostFacts& facts);  // systemd only on v2 with systemd, as the kubelet advises

struct RegistryMirror {
  std::string host;               // as in image names: "127.0.0.1:5000", "docker.io"
  std::vector<std::string> urls;  // tried in this order: "http://127.0.0.1:5000"
};

struct ContainerdOptions {
  std::string directory;  // absolute, ours alone: root/, state/, config.toml, grpc.sock, containerd.{pid,log}
  std::string program = "containerd", importer = "ctr", runc = "runc";
  std::string cni_bin_directory = "/usr/lib/cni";
  std::string cni_conf_directory;  // the network room's
  std::string pause_image = "slipway.local/pause:1";
  std::string pause_archive;  // OCI archive that holds it, imported at each start when the image is missing
  std::vector<RegistryMirror> mirrors;
  Duration start_time_max = 30s;
};
// The configuration file, version 2 of containerd's format. Pure.
std::string containerd_config(const ContainerdOptions& options, const HostFacts& facts);
// Registry host files below certs.d: path relative to it, content. Pure.
std::vector<std::pair<std::string, std::string>> registry_files(const std::vector<RegistryMirror>& mirrors);

class Containerd {
 public:
  // Adopts the one that runs with this directory and configuration, else starts one; returns when it answers and has
  // the pause image. Errors: invalid (the directory is too long for a unix socket), unavailable (it does not start:
  // with the end of its log), not_found (no such program: names the package), io.
  static Task<Result<std::unique_ptr<Containerd>>> start(World& world, ContainerdOptions options);
  virtual ~Containerd() = default;  // stops nothing

  virtual const std::string& socket() const = 0;
  virtual int pid() const = 0;
  virtual bool adopted() const = 0;
  // Starts it again whenever it dies, with back-off, until canceled.
  virtual Task<void> supervise() = 0;
  // Ends it (SIGTERM, then SIGKILL). Containers go on; without it their logs stop when the pipes are full.
  virtual Task<Result<>> stop() = 0;
};

// Ends every pod that the runtime holds, for `slipway down`: all at once, each container with its pod's grace period
// (at most `grace_max`), then removes them. With `owner` (NodeAgent::owner) only that node's. Gives how many pods ran:
// a sandbox that was dead already, as all are after a reboot, is removed and not counted. Hooks are not run: whoever
// wants them deletes the pods from the cluster first.
Task<Result<int>> remove_all_pods(PodRuntime& runtime, std::string owner = {}, Duration grace_max = 30s);

// Ends and removes one pod: its containers at once, each with its pod's grace period, then its sandbox.
Task<Result<>> end_pod(PodRuntime& runtime, Sandbox sandbox, Duration grace_max = 30s);

// For `slipway down`, when no pod runs any more: unmounts what the pods' volumes hold in memory, Secrets and tokens.
Result<> forget_memory(World& world, std::string data_directory);

// For `slipway down --purge`, when no pod is left: unmounts and removes the pods' volumes below <data>/pods and their
// logs below <data>/log/pods, and the cgroups of ours that are empty. Then ends what a killed containerd lost track of
// (end_strays); its directory is <data>/containerd when not given. It must be ended before.
Task<Result<>> remove_leftovers(World& world, std::string data_directory, std::string cgroup_root = "slipway",
                                std::string containerd_directory = {});

// Imports an OCI or Docker archive through the runtime's `ctr`; the image is then found by the name written in it.
Task<Result<>> import_image(World& world, std::string importer, std::string socket, std::string archive);

}  // namespace slipway::node
