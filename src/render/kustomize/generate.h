// ConfigMaps and Secrets made from literals, files and env files; and the hashes that generated names end in.
#pragma once

#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Errors: invalid (bad literal, repeated key, no name) and what reading a file gives, with the generator's place.
Result<Resource> generate(const Generator& generator, const Folder& folder, const KnownKinds* known);

// "k8t8hdkf6m": of a ConfigMap or Secret as kubectl and kustomize compute it; of other kinds our own.
std::string content_hash(const Value& object);
// Appends the hash to the names that need one.
void add_name_hashes(ResourceSet& set);

// Base64 as kustomize writes it into data: in lines of 70 when longer.
std::string data_base64(std::string_view bytes);

}  // namespace slipway::render::kustomize
