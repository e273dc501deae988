// Images for containers: pull policy, credentials from imagePullSecrets, and the kubelet's Events about it.
#pragma once

#include <string>
#include <vector>

#include "node/env.h"
#include "node/pod_runtime.h"
#include "reconcile/reconcile.h"

namespace slipway::node {

// A reason for containerStatuses and its message.
struct StartError {
  std::string reason, message;
};
struct EnsuredImage {
  std::string reference;  // to create containers with
  ImageInfo info;
};
// Records Events about the container: Pulling, Pulled, Failed. `expected` semantics: either an image or why not
// (InvalidImageName, ErrImageNeverPull, ErrImagePull, ImageInspectError). Canceled: pulls end.
Task<tl::expected<EnsuredImage, StartError>> ensure_image(World& world, PodRuntime& runtime,
                                                          reconcile::EventRecorder& events, ObjectLookup lookup,
                                                          Value pod, Value container);

// Credentials that fit the image, in the order they are to be tried; empty: anonymous. `missing` receives the names of
// secrets that are not there or not readable.
std::vector<ImageAuth> credentials_for(const ObjectLookup& lookup, const Value& pod, std::string_view image,
                                       std::vector<std::string>* missing = nullptr);

// Registry and repository as the container world reads a short name: "nginx" is docker.io/library/nginx.
struct ImageName {
  std::string registry, repository, tag, digest;
  static Result<ImageName> parse(std::string_view text);  // invalid: `couldn't parse image name "X": ...`
};

// The pod an Event is about, with the container in fieldPath: involvedObject of the kubelet's container Events.
Value container_reference(const Value& pod, std::string_view container);

}  // namespace slipway::node
