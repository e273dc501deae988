// A pod's volumes on disk: <pods>/<uid>/volumes/<plugin>/<name>, named as the kubelet names them. ConfigMaps, Secrets,
// the downward API and projections are written as the kubelet's AtomicWriter does: files stand in a dated directory,
// `..data` links to it, and one rename exchanges everything at once. All but ConfigMaps stand in memory (tmpfs), so
// that no Secret and no token reaches the disk; after a reboot or `down` they are written anew.
#pragma once

#include <map>
#include <string>

#include "node/env.h"
#include "node/pod_runtime.h"
#include "runtime/world.h"

namespace slipway::node::volumes {

struct VolumeInputs {
  EnvInputs values;       // lookups and the pod's own fields; `container` is not used
  std::string directory;  // <pods>/<uid>
  // They were all prepared before and the pod runs: only what we write is brought up to date. emptyDir and hostPath
  // are the containers' by now.
  bool update = false;
};
struct Prepared {
  std::map<std::string, std::string> paths;  // volume name to host path, of those that stand
  std::vector<Error> errors;                 // of the others
};

// Makes or brings up to date all volumes of the pod: one that cannot be prepared holds up no other. Calling it again
// writes only what changed. Errors in the kubelet's words, to be shown in FailedMount events:
// `MountVolume.SetUp failed for volume "config" : configmap "x" not found`; unsupported for volume types that must wait
// for later (claims, CSI), naming them.
Prepared prepare(World& world, VolumeInputs inputs);
std::string set_up_failed(const Value& volume);  // how such an error begins

// Mounts what a subPath means at mount.host_path, making missing directories. A path that leads out of the volume, by
// whatever links, is forbidden; other errors are the system's. Again at each start of the container.
Result<> bind_sub_path(World& world, const Mount& mount);
Result<> unbind_sub_paths(World& world, std::string directory);  // all of <pods>/<uid>

// Unmounts and removes <pods>/<uid>; nothing there is fine.
Result<> remove_all(World& world, std::string directory);
// Unmounts everything below `directory`; what was in memory is gone. For when no container runs any more.
Result<> unmount_all(World& world, std::string directory);

std::vector<std::string> mounts_below(World& world, const std::string& directory);  // deepest first

// One file of a payload: bytes and mode.
struct PayloadFile {
  std::string bytes;
  uint32_t mode = 0644;
  bool operator==(const PayloadFile&) const = default;
};
using Payload = std::map<std::string, PayloadFile>;  // relative path ("app.yaml", "conf/app.yaml")

// What a volume of type configMap, secret, downwardAPI or projected holds. Pure.
Result<Payload> payload_of(const EnvInputs& in, const Value& volume);
// Exchanges the directory's content for the payload; writes nothing when it is equal. The visible names are links into
// ..data, so a reader sees all of the old or all of the new.
Result<> write_payload(World& world, std::string directory, const Payload& payload, std::optional<int64_t> group);

}  // namespace slipway::node::volumes
