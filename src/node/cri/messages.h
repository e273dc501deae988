// CRI v1's messages that carry more than an id: to and from bytes, pure. Field numbers from api.proto (cri-api v0.35);
// what containerd 1.6 does not know is ignored by it.
#pragma once

#include "node/cri/wire.h"
#include "node/pod_runtime.h"

namespace slipway::node::cri {

Writer encode(const SandboxConfig& config);
Writer encode(const ContainerConfig& config, const SandboxConfig& sandbox);
Writer encode(const LinuxResources& resources);
Writer encode(const ImageAuth& auth);

// Errors: io, naming the message, when the bytes are malformed.
Result<ImageInfo> decode_image(std::string_view bytes);
Result<Sandbox> decode_sandbox(std::string_view bytes);
Result<SandboxStatus> decode_sandbox_status(std::string_view bytes);
Result<Container> decode_container(std::string_view bytes);
Result<ContainerStatus> decode_container_status(std::string_view bytes);
Result<ContainerStats> decode_stats(std::string_view bytes);
// An events.v1 Envelope; nothing for topics that mean nothing to us (exec'd processes, images).
Result<std::optional<RuntimeEvent>> decode_event(std::string_view bytes);

}  // namespace slipway::node::cri
