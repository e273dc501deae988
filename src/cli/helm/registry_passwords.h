// Who somebody logged in as at which registry: Helm's registry/config.json, then Docker's config.json, and the programs
// that these name (docker-credential-NAME).
#pragma once

#include "cli/helm/flags.h"
#include "runtime/world.h"
#include "sources/chart_repository.h"

namespace slipway::cli::helm {

// --registry-config, $HELM_REGISTRY_CONFIG, ~/.config/helm/registry/config.json; then $DOCKER_CONFIG/config.json,
// ~/.docker/config.json. Empty: nobody logged in. Errors: invalid, a file or a program that cannot be read; those of
// the system.
Task<Result<sources::RegistryPassword>> stored_password(World& world, Flags flags, std::string host);
// Into the first of these files, readable by its owner alone, or into the program that it names.
Task<Result<>> keep_password(World& world, Flags flags, std::string host, std::string username, std::string password);
Task<Result<>> forget_password(World& world, Flags flags, std::string host);

}  // namespace slipway::cli::helm
