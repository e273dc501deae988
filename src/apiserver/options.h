// Query parameters of the API as the cluster's options.
#pragma once

#include "apiserver/route.h"
#include "cluster/cluster.h"

namespace slipway::apiserver {

// Error: bad_request, in Kubernetes' words.
Result<cluster::ListOptions> list_options(const runtime::Request& request, const Route& route);

// fieldManager, fieldValidation, dryRun, force of a write. `manager_default` comes from the User-Agent.
Result<> write_options(const runtime::Request& request, std::string_view options_kind, cluster::Write& write);

}  // namespace slipway::apiserver
