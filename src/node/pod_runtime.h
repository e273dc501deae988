// PodRuntime: what containers on this machine can do. Two implementations: cri/ (containerd) and simulated/ (whole pod
// lives on the World's time, without containers). testing/pod_contract.h holds both to one pod's life.
//
// Vocabulary and semantics are CRI v1's: a sandbox holds a pod's namespaces and address; containers live in a sandbox;
// labels given at creation come back in every list, which is how a restarted Slipway recognises what is its own.
//
// Errors everywhere: unavailable (the runtime does not answer), timeout, not_found (no such image, sandbox, container),
// and io with the runtime's own words, which are shown to the user as they are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "runtime/task.h"
#include "value/value.h"

namespace slipway::node {

using StringMap = std::map<std::string, std::string>;

// Labels that every sandbox and container of ours carries (the kubelet's names: crictl and log collectors read them).
inline constexpr const char* kLabelPodName = "io.kubernetes.pod.name";
inline constexpr const char* kLabelPodNamespace = "io.kubernetes.pod.namespace";
inline constexpr const char* kLabelPodUid = "io.kubernetes.pod.uid";
inline constexpr const char* kLabelContainerName = "io.kubernetes.container.name";
inline constexpr const char* kLabelOwner =
    "slipway.dev/node";  // of sandboxes: whose they are, where a runtime is shared
inline constexpr const char* kNoteContainerHash = "io.kubernetes.container.hash";
inline constexpr const char* kNoteRestartCount = "io.kubernetes.container.restartCount";
inline constexpr const char* kNoteGracePeriod = "io.kubernetes.pod.terminationGracePeriod";  // seconds
// A container that is meant to end by itself; the simulated runtime ends it.
inline constexpr const char* kNoteEndsByItself = "slipway.dev/ends-by-itself";

struct RuntimeVersion {
  std::string name, version;  // "containerd", "1.6.20~ds1"
};
struct RuntimeCondition {
  bool runtime_ready = false, network_ready = false;
  std::string message;   // why not, in the runtime's words
  bool is_down = false;  // it has not answered for so long that this is what is known of it
};

struct ImageAuth {  // all empty: anonymous
  std::string username, password, identity_token, registry_token, server_address;
};
struct ImageInfo {
  std::string id;  // "sha256:..." of the configuration
  std::vector<std::string> tags, digests;
  uint64_t size_bytes = 0;
  std::optional<int64_t> uid;  // the user it runs as; a name stands in username then
  std::string username;
};

struct PortMapping {
  std::string protocol = "TCP";
  int container_port = 0, host_port = 0;
  std::string host_ip;
};
struct DnsConfig {
  std::vector<std::string> servers, searches, options;
};
enum class SeccompProfile { runtime_default, unconfined };

struct SandboxConfig {
  std::string ns, name, uid;
  uint32_t attempt = 0;
  std::string hostname, log_directory;
  std::optional<DnsConfig> dns;  // absent: the host's resolv.conf
  std::vector<PortMapping> ports;
  StringMap labels, annotations, sysctls;
  std::string cgroup_parent;  // cgroupfs: "/kubepods/burstable/pod<uid>"
  bool host_network = false, host_pid = false, host_ipc = false, share_processes = false, privileged = false;
  std::optional<int64_t> run_as_user, run_as_group;
  std::vector<int64_t> supplemental_groups;
  SeccompProfile seccomp = SeccompProfile::unconfined;
};

struct Mount {
  std::string container_path, host_path;
  bool read_only = false;
  enum class Propagation { none, from_host, both } propagation = Propagation::none;
  // With a subPath: host_path is where `volume_path`/`sub_path` gets mounted (volumes::bind_sub_path) before the
  // container is made. A container writes into its volumes, so the plain path would be what it wants it to be.
  std::string volume, volume_path, sub_path;
};
// cgroup v1's words; containerd translates them on v2. 0: not set.
struct LinuxResources {
  int64_t cpu_period_us = 0, cpu_quota_us = 0, cpu_shares = 0, memory_limit_bytes = 0;
  int64_t oom_score_adj = 0;
  StringMap unified;  // cgroup v2 only: "memory.oom.group" and such
  bool operator==(const LinuxResources&) const = default;
};
struct ContainerConfig {
  std::string name;
  uint32_t attempt = 0;    // the restart count
  std::string image;       // the id or digest that ensure gave
  std::string image_spec;  // as the user wrote it
  std::vector<std::string> command, args;
  std::string working_directory;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<Mount> mounts;
  StringMap labels, annotations;
  std::string log_path;  // below the sandbox's log_directory: "web/0.log"
  bool in = false, in_once = false, tty = false;
  LinuxResources resources;
  bool privileged = false, read_only_root = false, no_new_privileges = false;
  std::vector<std::string> add_capabilities, drop_capabilities;
  std::optional<int64_t> run_as_user, run_as_group;
  std::vector<int64_t> supplemental_groups;
  SeccompProfile seccomp = SeccompProfile::unconfined;
  bool unmasked_proc = false;
};

struct Sandbox {
  std::string id;
  std::string ns, name, uid;
  uint32_t attempt = 0;
  bool ready = false;
  WallTime created;
  StringMap labels, annotations;
};
struct SandboxStatus : Sandbox {
  std::vector<std::string> ips;  // empty on the host's network
};

enum class ContainerState { created, running, exited, unknown };
struct Container {
  std::string id, sandbox, name;
  uint32_t attempt = 0;
  ContainerState state = ContainerState::unknown;
  WallTime created;
  StringMap labels, annotations;
};
struct ContainerStatus : Container {
  WallTime started, finished;  // the epoch: not yet
  int exit_code = 0;
  std::string reason, message;  // "Completed", "Error", "OOMKilled", "StartError"
  std::string image, image_ref, log_path;
};

struct ExecResult {
  std::string out, err;
  int exit_code = 0;
};
struct ContainerStats {
  std::string id;
  StringMap labels;
  WallTime taken;
  uint64_t cpu_core_ns = 0, memory_working_set_bytes = 0, memory_usage_bytes = 0, writable_layer_bytes = 0;
};

// Something about a container or sandbox changed; look again. id empty: events were lost, look at everything.
struct RuntimeEvent {
  enum class Kind { started, exited, out_of_memory, deleted, lost } kind;
  std::string id;
};
class RuntimeEvents {
 public:
  virtual ~RuntimeEvents() = default;
  virtual Task<Result<RuntimeEvent>> next() = 0;  // unavailable: subscribe again, then look at everything
};

struct StreamFlags {
  bool in = false, out = true, err = true, tty = false;
};

class PodRuntime {
 public:
  virtual ~PodRuntime() = default;
  virtual Task<Result<RuntimeVersion>> version() = 0;
  virtual Task<Result<RuntimeCondition>> condition() = 0;

  // `image` by name, with tag or digest, or by id. Nothing when it is not on this machine.
  virtual Task<Result<std::optional<ImageInfo>>> find_image(std::string image) = 0;
  // Gives the reference to create containers with. The error's message is the registry's.
  virtual Task<Result<std::string>> pull_image(std::string image, ImageAuth auth) = 0;
  virtual Task<Result<std::vector<ImageInfo>>> list_images() = 0;
  virtual Task<Result<>> remove_image(std::string image) = 0;

  virtual Task<Result<std::string>> run_sandbox(SandboxConfig config) = 0;  // its id
  virtual Task<Result<>> stop_sandbox(std::string id) = 0;                  // kills what runs in it; idempotent
  virtual Task<Result<>> remove_sandbox(std::string id) = 0;                // and its containers; idempotent
  virtual Task<Result<SandboxStatus>> sandbox_status(std::string id) = 0;
  virtual Task<Result<std::vector<Sandbox>>> list_sandboxes(StringMap labels = {}) = 0;

  virtual Task<Result<std::string>> create_container(std::string sandbox, ContainerConfig config,
                                                     SandboxConfig sandbox_config) = 0;
  virtual Task<Result<>> start_container(std::string id) = 0;
  // The image's stop signal, after `grace` SIGKILL; returns when it has ended. Idempotent.
  virtual Task<Result<>> stop_container(std::string id, Duration grace) = 0;
  virtual Task<Result<>> remove_container(std::string id) = 0;  // idempotent
  virtual Task<Result<ContainerStatus>> container_status(std::string id) = 0;
  virtual Task<Result<std::vector<Container>>> list_containers(StringMap labels = {}) = 0;
  virtual Task<Result<>> update_resources(std::string id, LinuxResources resources) = 0;

  // Error timeout: the command was killed.
  virtual Task<Result<ExecResult>> exec(std::string id, std::vector<std::string> command, Duration timeout) = 0;
  // URLs as NodeStreams gives them on. unsupported when simulated.
  virtual Task<Result<std::string>> exec_url(std::string id, std::vector<std::string> command, StreamFlags flags) = 0;
  virtual Task<Result<std::string>> attach_url(std::string id, StreamFlags flags) = 0;
  virtual Task<Result<std::string>> port_forward_url(std::string sandbox, std::vector<uint16_t> ports) = 0;

  virtual Task<Result<std::vector<ContainerStats>>> stats() = 0;
  virtual Task<Result<>> reopen_log(std::string id) = 0;  // after the file was renamed away
  // From now on. Subscribe before listing, so that nothing falls between.
  virtual Task<Result<std::unique_ptr<RuntimeEvents>>> events() = 0;

  // Ends what is still asked and waits for it; nothing is asked after it.
  virtual Task<void> close() { co_return; }

  // True where probes, lifecycle hooks and logs have nothing behind them: the agent then takes probes as passed.
  virtual bool simulated() const = 0;
};

}  // namespace slipway::node
